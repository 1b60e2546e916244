"""One file per kind of answer, each a function `read(answer) -> Metadata`."""
