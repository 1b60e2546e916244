"""What the documents say of the repository is there: relative links, and files that are named."""

import re
import struct
import textwrap
from pathlib import Path
from types import ModuleType

import pytest
from selectolax.lexbor import LexborHTMLParser

from fetchers.model import KeptPoliteness
from fetchers.ports import HostStateStore
from imagepipe.config import PictureLimits
from imagepipe.errors import BrokenPicture
from schedulers.metadata.page import HtmlPage

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "helm/*.md", ".github/*.md")
    for path in ROOT.glob(pattern)
    if not {"_build", "generated"} & set(path.relative_to(ROOT).parts)
)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)")
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w-]+\.(?:py|toml|md|yaml|cql|sql|txt))`")
GENERATED = "docs/reference/generated/"
RECIPES = {
    *("imagepipe/codecs/qoi.py", "schedulers/metadata/fields/license.py", "spiderduck/host_states/dbm.py"),
}
"""Files that a recipe in CONTRIBUTING.md has the reader make."""
OF_THE_READER = re.compile(r"^(?:https?|etc|var|my|FOLDER|\.venv)/")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_relative_links_lead_to_files(document: Path) -> None:
    """So that the documents can be read on a code host; pages that are generated count."""
    targets = [(document.parent / link).resolve() for link in LINK.findall(document.read_text(encoding="utf-8"))]
    gone = [named(target) for target in targets if not target.exists()]
    assert [name for name in gone if not name.startswith(GENERATED)] == []


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"])
def test_files_that_are_named_exist(name: str) -> None:
    """As paths from the root, or from the package that `bootstrap/` stands for."""
    text = (ROOT / name).read_text(encoding="utf-8")
    gone = [
        path
        for path in NAMED.findall(text)
        if path not in RECIPES and not any((ROOT / place / path).exists() for place in ("", "spiderduck", "helm"))
    ]
    assert [path for path in gone if not OF_THE_READER.match(path)] == []


def recipe(begins: str) -> ModuleType:
    """The module that a recipe of CONTRIBUTING.md has the reader write, as its block stands there."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = map(textwrap.dedent, re.findall(r"^ *```python\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE))
    (block,) = (one for one in blocks if one.startswith(f'"""{begins}'))
    made = ModuleType("recipe")
    exec(compile(block, "CONTRIBUTING.md", "exec"), made.__dict__)
    return made


def test_the_recipe_of_a_field_reads_it() -> None:
    """In the order of its ladder, with the provenance."""
    url, head = "https://news.example/a", '<link rel="license" href="/terms">'
    page = HtmlPage(url, LexborHTMLParser(f"<!doctype html><head>{head}</head>"), {})
    assert recipe("The licence").read(page) == "https://news.example/terms"
    assert page.provenance["license_url"].rule == "link:license"


def test_the_recipe_of_a_codec_recognises_and_refuses() -> None:
    """By the header alone."""
    codec, limits = recipe("QOI").Qoi(), PictureLimits()
    assert codec.recognises(b"qoif")
    info = codec.inspect(struct.pack(">4sIIBB", b"qoif", 30, 20, 4, 0), limits)
    assert (info.format, info.width, info.height) == ("qoi", 30, 20)
    with pytest.raises(BrokenPicture):
        codec.inspect(b"qoif", limits)


async def test_the_recipe_of_a_store_keeps_what_its_port_says(tmp_path: Path) -> None:
    """What an adapter of the port is given is what a later process gets from it."""
    make, kept = recipe("Politeness").DbmHostStates, KeptPoliteness(tat=3.5, pause_reason="it answered 503")
    states: HostStateStore = make(tmp_path / "states")
    await states.save("news.example", kept)
    assert await make(tmp_path / "states").load("news.example") == kept
    assert await states.load("other.example") is None
