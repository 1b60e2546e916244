"""An SVG is described, never passed on: it can hold scripts, so no `image` is set and nothing will render it."""

import re

from schedulers.metadata import clean
from schedulers.metadata.kinds.answer import ReaderInput
from schedulers.metadata.model import Metadata

READ = 200_000

_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,2000})</title", re.IGNORECASE)
_DESCRIPTION = re.compile(r"<desc[^>]{0,200}>([^<]{1,5000})</desc", re.IGNORECASE)


def read(answer: ReaderInput) -> Metadata:
    text = answer.body[:READ].decode("utf-8", "replace")
    title, description = _TITLE.search(text), _DESCRIPTION.search(text)
    return answer.described(
        type="image",
        title=clean.title(title[1]) if title else None,
        description=clean.description(description[1]) if description else None,
    )
