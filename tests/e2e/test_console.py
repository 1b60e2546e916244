"""The console in a real browser: no page has an error, axe-core finds nothing in either theme and on a phone, nothing
moves while a page comes, the flows work with the keyboard, what a page says of itself stays text, and the pages look as
they were accepted.

`SPIDERDUCK_ACCEPT_SCREENSHOTS=1` accepts those of now. Look at each before it is committed.
"""

import asyncio
import base64
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image, ImageChops

from groundwork.clock import SystemClock
from schedulers.model import Message
from spiderduck.console.shell import PAGES
from spiderduck.database.sqlite import Database
from spiderduck.demo.site import picture
from spiderduck.queues.sqlite import SqliteQueue
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
SECRET, BUSY = "http://old.test/secret", "http://busy.test/report"
GIVEN_UP = ("http://late.test/1", "http://late.test/2")
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


async def give_up(data: Path) -> None:
    """As a process did that ended before: two events are among the dead letters."""
    data.mkdir()
    database = Database(data / "spiderduck.db")
    queue = SqliteQueue(database, SystemClock())
    running = asyncio.create_task(queue.run())
    for url in GIVEN_UP:
        await queue.publish([Message(json.dumps({"urls": [url]}).encode(), url)])
        await queue.bury(await queue.receive(), "Cassandra did not answer")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await database.close()


def paused(product: Product) -> None:
    """Until the domain that asked for rest is left alone."""
    over = time.monotonic() + 60
    while "backoff_until" not in product.client.get("/v1/domains/busy.test").json():
        assert time.monotonic() < over


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
    asyncio.run(give_up(folder / "data"))
    with Origin() as origin, Receiver() as receiver, Product(folder / "data", origin.port, settings) as product:
        described = (
            '<meta name="description" content="Ducks live there."><meta property="og:image" content="/duck.png">'
        )
        origin.answers["news.test/pond"] = page("The pond", described)
        origin.answers["news.test/duck.png"] = http(_drawn("PNG"), content_type="image/png")
        origin.answers["news.test/robots.txt"] = http("User-agent: *\nDisallow: /private/\n", content_type="text/plain")
        origin.answers["evil.test/x"] = page(MARKUP.replace("<", "&lt;"))
        origin.answers["busy.test/report"] = http("no", "503 Service Unavailable", Retry_After="600")
        origin.answers |= {one.removeprefix("http://"): page("Found after all") for one in (SECRET, *GIVEN_UP)}
        product.client.headers["Authorization"] = f"Bearer {KEEPER}"
        taken = threading.Event()

        def take(_: Taken) -> Answer:
            taken.set()
            return Answer()

        receiver.answers["/hook"] = take
        product.client.put("/v1/queues/mailer").raise_for_status()
        product.client.post("/v1/webhooks", json={"url": receiver.url("/hook")}).raise_for_status()
        product.send({"urls": [POND, HOSTILE, SECRET, BUSY]})
        product.ended(POND, HOSTILE, SECRET)
        paused(product)
        assert taken.wait(20)
        order = folder / "order.json"
        order.write_text(json.dumps(_order(product, folder)))
        said = run(need("node"), folder / "check.mjs", order, at=folder)
        late = [one["metadata"]["title"] for one in product.ended(*GIVEN_UP)]
        yield json.loads(said.splitlines()[-1]) | {"late": late}


def _order(product: Product, folder: Path) -> dict[str, Any]:
    first = {"links": "/links", "link": f"/link?url={quote(POND, safe='')}"}
    rest = {one.name: one.path for one in PAGES if one.name not in first}
    paths = first | rest | {"domains": "/domains?domain=busy.test"}
    return {
        "program": need("chromium"),
        "base": str(product.client.base_url).rstrip("/"),
        "reader": READER,
        "keeper": KEEPER,
        "pages": paths,
        "found": "/links?text=pond",
        "pond": POND,
        "hostile": HOSTILE,
        "secret": SECRET,
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


def test_a_server_that_is_away_is_told_and_when_it_is_back(told: dict[str, Any]) -> None:
    assert told["away"] == "The server cannot be reached. Is it running?"
    assert told["back"] is True


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


def test_the_pause_of_a_domain_is_told_and_ended(told: dict[str, Any]) -> None:
    assert told["paused"].startswith("Paused until ")
    assert "busy.test" in told["paused"]
    assert "503" in told["paused"]
    assert "Paused" not in told["resumed"]


def test_a_link_is_taken_down_and_that_is_lifted(told: dict[str, Any]) -> None:
    """The reason, which another admin wrote, stays text; the audit log has all that was done, newest first."""
    assert told["taken_down"] == "An admin took it down: nothing of it is kept or shown."
    assert told["reason"] == "<b>order 4711</b>"
    assert told["lifted"].startswith("Nothing is.")
    assert told["audited"][:5] == ["takedown.lifted", "dead.replayed", "dead.replayed", "domain.resumed", "takedown"]


def test_dead_letters_are_tried_again_one_and_all(told: dict[str, Any]) -> None:
    assert [one.endswith(": Cassandra did not answer.") for one in told["given_up"]] == [True, True]
    assert (told["left"], told["tried_again"]) == (1, "1 message is back in the queue.")
    assert told["late"] == ["Found after all"] * 2
    assert told["not_again"] == "Your key lacks the scope admin."


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
