"""The console in a real browser: no page has an error, axe-core finds nothing in either theme and on a phone, nothing
moves while a page comes, the flows work with the keyboard, what a page says of itself stays text, and the pages look as
they were accepted.

`SPIDERDUCK_ACCEPT_SCREENSHOTS=1` accepts those of now. Look at each before it is committed.
"""

import base64
import json
import os
import shutil
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image, ImageChops

from spiderduck.console.shell import PAGES
from spiderduck.demo.site import picture
from tests.e2e import console_data
from tests.e2e.product import Product
from tests.e2e.test_generated_clients import ROOT, installed, run
from tests.engines.fixtures import need
from tests.origin import Origin, http, page
from tests.receiver import Answer, Receiver, Taken

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
POND, HOSTILE, DUCK = "http://news.test/pond", "http://evil.test/x", "http://news.test/duck.png"
MARKUP = "<img src=x onerror=ran=1><script>ran=1</script><b>bold</b>"
ACCEPTED = ROOT / "docs" / "screenshots"
TAKEN_WITH = ACCEPTED / "taken-with.json"
SHOTS = {
    "overview": ("/", "light", "#rates canvas"),
    "links": ("/links", "light", "#rows img"),
    "link": (f"/link?url={quote(console_data.POND, safe='')}", "dark", "#told li"),
    "links-phone": ("/links", "phone", "#rows img"),
    "system": ("/system", "light", "#settings tbody tr"),
}
DIFFERENT = 24
"""Of 255: a pixel of another colour. Less is a rounding of the renderer."""
MOST_DIFFERENT = 0.002
"""The share of such pixels that is taken: a few letters more or less, not a part that moved."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("console")


@pytest.fixture(scope="module")
def told(folder: Path) -> Iterator[dict[str, Any]]:
    """What the browser tells of all pages, in one run."""
    sources = ROOT / "tests" / "clients" / "console"
    modules = _modules(sources)
    for script in sources.glob("*.mjs"):
        shutil.copy(script, folder)
    (folder / "node_modules").symlink_to(modules)
    settings = {
        "SPIDERDUCK_API__KEYS": json.dumps(KEYS),
        "SPIDERDUCK_FETCHERS__NETWORK__ALLOW_ADDRESSES": '["127.0.0.0/8"]',
    }
    with Origin() as origin, Receiver() as receiver, Product(folder / "data", origin.port, settings) as product:
        described = (
            '<meta name="description" content="Ducks live there."><meta property="og:image" content="/duck.png">'
        )
        origin.answers["news.test/pond"] = page("The pond", described)
        origin.answers["news.test/duck.png"] = http(_drawn("PNG"), content_type="image/png")
        origin.answers["news.test/robots.txt"] = http("User-agent: *\nDisallow: /private/\n", content_type="text/plain")
        origin.answers["evil.test/x"] = page(MARKUP.replace("<", "&lt;"))
        product.client.headers["Authorization"] = f"Bearer {KEEPER}"
        taken = threading.Event()

        def take(_: Taken) -> Answer:
            taken.set()
            return Answer()

        receiver.answers["/hook"] = take
        product.client.put("/v1/queues/mailer").raise_for_status()
        product.client.post("/v1/webhooks", json={"url": receiver.url("/hook")}).raise_for_status()
        product.send({"urls": [POND, HOSTILE]})
        product.ended(POND, HOSTILE)
        assert taken.wait(20)
        order = folder / "order.json"
        order.write_text(json.dumps(_order(product, folder)))
        said = run(need("node"), folder / "check.mjs", order, at=folder)
        yield json.loads(said.splitlines()[-1])


def _order(product: Product, folder: Path) -> dict[str, Any]:
    paths = {one.name: one.path for one in PAGES if one.name != "pictures"}  # whose own key a reader has not
    paths |= {"link": f"/link?url={quote(POND, safe='')}", "domains": "/domains?domain=news.test"}
    return {
        "program": need("chromium"),
        "base": str(product.client.base_url).rstrip("/"),
        "reader": READER,
        "keeper": KEEPER,
        "pages": paths,
        "pond": POND,
        "hostile": HOSTILE,
        "picture_url": DUCK,
        "robots_url": "http://news.test/private/x",
        "now": console_data.NOW,
        "answers": console_data.ANSWERS,
        "picture": base64.b64encode(picture("WEBP", "Why ducks float", (250, 210, 60))).decode(),
        "shots": [[path, view, str(folder / f"{name}.png"), ready] for name, (path, view, ready) in SHOTS.items()],
    }


def _drawn(kind: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 30), "gold").save(out, kind)
    return out.getvalue()


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
    assert told["findings"] == [], "\n".join(told["findings"])


def test_a_reader_finds_a_link_with_the_keyboard(told: dict[str, Any]) -> None:
    assert told["focused"] == "key", "the dialog asks for the key"
    assert told["rows"] == ["The pond"], "the filter of the address holds"
    assert told["outlined"] == "solid", "what has the focus is seen"
    assert told["path"] == "/link"
    assert told["missing"] == "Your key lacks the scope admin."
    assert told["plain"].startswith("The pond\nDucks live there.\n")
    assert told["withheld"] == "Shown to keys with the scope admin."
    assert told["first"] == "Skip to the content"


def test_what_a_page_says_of_itself_stays_text(told: dict[str, Any]) -> None:
    assert told["title"] == MARKUP
    assert (told["made"], told["ran"]) == (0, False)


def test_the_arrow_keys_move_through_a_chart(told: dict[str, Any]) -> None:
    assert told["moved"] is True


def test_robots_txt_is_judged_with_the_line_that_decides(told: dict[str, Any]) -> None:
    assert told["robots"] == "Forbidden. Line 2 forbids it: Disallow: /private/"
    assert told["marked"] == "Disallow: /private/"


def test_who_was_told_and_telling_once_more(told: dict[str, Any]) -> None:
    assert told["replayed"] == "1 delivery is made once more."
    assert told["told"][0] == "mailer"
    assert len(told["told"]) == 2, "the queue and the webhook"


def test_variants_stand_side_by_side(told: dict[str, Any]) -> None:
    assert told["variants"] == ["auto", "avif", "webp", "jpeg"]
    assert told["drawn"] is True


def test_settings_and_keys_are_shown_without_secrets(told: dict[str, Any]) -> None:
    assert "api.keys(hidden)" in told["settings"]
    assert KEEPER not in told["settings"]
    assert told["keys"] == ["keeper", "reader"]


def test_the_api_page_finds_and_tries_a_call(told: dict[str, Any]) -> None:
    assert "/v1/verdicts" in told["found"]
    assert len(told["found"]) < 10
    assert (told["tried"], told["anchor"]) == ("no_match", "#judge_urls")


@pytest.mark.parametrize("name", SHOTS)
def test_pages_look_as_they_were_accepted(name: str, told: dict[str, Any], folder: Path) -> None:
    """Where Chromium and the fonts are those of the accepted ones; others draw letters in their own way."""
    taken_with = {"chromium": told["chromium"].partition(".")[0], "fonts": told["fonts"]}
    accepted = ACCEPTED / f"{name}.webp"
    with Image.open(folder / f"{name}.png") as shot:
        now = shot.convert("RGB")
    if os.environ.get("SPIDERDUCK_ACCEPT_SCREENSHOTS"):
        now.save(accepted, lossless=True, quality=100, method=6)
        TAKEN_WITH.write_text(json.dumps(taken_with, indent=2) + "\n")
        return
    if taken_with != json.loads(TAKEN_WITH.read_text()):
        pytest.skip(f"the accepted screenshots were taken with {TAKEN_WITH.read_text()}, not with {taken_with}")
    with Image.open(accepted) as before:
        assert before.size == now.size
        shades = ImageChops.difference(before.convert("RGB"), now).convert("L").histogram()
    different = sum(shades[DIFFERENT:]) / sum(shades)
    assert different <= MOST_DIFFERENT, (
        f"{different:.2%} of {name} looks different: compare {folder / name}.png with it"
    )
