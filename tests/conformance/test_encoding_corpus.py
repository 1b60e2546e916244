"""html-encoding-sniffer's pages: the file name's suffix is the encoding that browsers find."""

from pathlib import Path

import pytest

from schedulers.metadata.charset import decode, sniff_encoding
from tests.corpora import CORPORA

CORPUS = CORPORA / "encoding"
FILES = sorted(CORPUS.rglob("*.html"))

pytestmark = pytest.mark.skipif(not FILES, reason=f"no corpus in {CORPUS}")


def expected(file: Path) -> str:
    """Of the pages in `utf` the suffix names what they declare; readable byte by byte, they are UTF-8."""
    suffix = file.stem.rpartition("_")[2]
    return "UTF-8" if suffix.startswith("charset-utf-16") else suffix


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_sniffing_finds_the_encoding_in_the_files_name(file: Path) -> None:
    """And decoding with it leaves no replacement character."""
    body = file.read_bytes()
    assert sniff_encoding(body) == expected(file)
    assert "\ufffd" not in decode(body)[0]
