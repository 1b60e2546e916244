"""Every Mermaid diagram is drawn, and every drawing belongs to one; drawings load nothing."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DRAWINGS = ROOT / "docs" / "diagrams"
SOURCES = [ROOT / "ARCHITECTURE.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]
_DIAGRAM = re.compile(r"^```mermaid\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def test_what_is_drawn_is_what_is_written() -> None:
    """`make diagrams` draws anew."""
    texts = [text for file in SOURCES if "_build" not in file.parts for text in _DIAGRAM.findall(file.read_text())]
    wanted = {f"{sha256(text.strip().encode()).hexdigest()[:16]}.svg" for text in texts}
    assert wanted == {one.name for one in DRAWINGS.iterdir()}


@pytest.mark.parametrize("name", sorted(one.name for one in DRAWINGS.iterdir()))
def test_a_drawing_loads_nothing(name: str) -> None:
    drawing = (DRAWINGS / name).read_text()
    assert not re.search(r"<script|@import|href=\"http|url\(\"?http|\son\w+=", drawing)
