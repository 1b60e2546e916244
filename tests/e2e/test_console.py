"""The console in a real browser, with a key that may only read: no page has an error, axe-core finds nothing in either
theme and on a phone, the flows work with the keyboard, and what a page says of itself stays text."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from spiderduck.console.shell import PAGES
from tests.e2e.product import Product
from tests.e2e.test_generated_clients import ROOT, installed, run
from tests.engines.fixtures import need
from tests.origin import Origin, page

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.engine("node"),
    pytest.mark.engine("chromium"),
    pytest.mark.timeout(300),
]

READER, KEEPER = "a-key-that-reads-0123456789", "a-key-that-does-all-0123456789"
KEYS = [
    {"name": "reader", "key": READER, "scopes": ["read"]},
    {"name": "keeper", "key": KEEPER, "scopes": ["admin"]},
]
POND, HOSTILE = "http://news.test/pond", "http://evil.test/x"
MARKUP = "<img src=x onerror=ran=1><script>ran=1</script><b>bold</b>"
NEEDS_ADMIN = frozenset({"pictures"})
"""Pages that ask for another key, where this one is not enough."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the browser tells of all pages, in one run."""
    folder = tmp_path_factory.mktemp("console")
    sources = ROOT / "tests" / "clients" / "console"
    modules = _modules(sources)
    shutil.copy(sources / "check.mjs", folder)
    (folder / "node_modules").symlink_to(modules)
    settings = {"SPIDERDUCK_API__KEYS": json.dumps(KEYS)}
    with Origin() as origin, Product(folder / "data", origin.port, settings) as product:
        origin.answers["news.test/pond"] = page("The pond", '<meta name="description" content="Ducks live there.">')
        origin.answers["evil.test/x"] = page(MARKUP.replace("<", "&lt;"))
        product.client.headers["Authorization"] = f"Bearer {KEEPER}"
        product.send({"urls": [POND, HOSTILE]})
        product.ended(POND, HOSTILE)
        paths = {one.name: one.path for one in PAGES if one.name not in NEEDS_ADMIN}
        paths |= {"link": f"/link?url={quote(POND, safe='')}", "domains": "/domains?domain=news.test"}
        script, base = folder / "check.mjs", str(product.client.base_url).rstrip("/")
        said = run(need("node"), script, need("chromium"), base, READER, json.dumps(paths), HOSTILE, at=folder)
        yield json.loads(said.splitlines()[-1])


def _modules(sources: Path) -> Path:
    """Installed once for all checkouts, by the lock file."""
    folder = installed(sources / "package-lock.json")
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(sources / name, folder)
        run("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", at=folder)
        (folder / "done").touch()
    return folder / "node_modules"


def test_no_page_has_an_error_and_axe_finds_nothing(told: dict[str, Any]) -> None:
    assert told["findings"] == []


def test_a_reader_finds_a_link_with_the_keyboard(told: dict[str, Any]) -> None:
    assert told["focused"] == "key", "the dialog asks for the key"
    assert told["rows"] == ["The pond"], "the filter of the address holds"
    assert told["path"] == "/link"
    assert told["missing"] == "Your key lacks the scope admin."
    assert told["plain"].startswith("The pond\nDucks live there.\n")
    assert told["first"] == "Skip to the content"


def test_what_a_page_says_of_itself_stays_text(told: dict[str, Any]) -> None:
    assert told["title"] == MARKUP
    assert (told["made"], told["ran"]) == (0, False)
