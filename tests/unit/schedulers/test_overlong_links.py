"""Links that grow on the way: what is typed in another script takes six characters a letter or more when it is sent."""

import asyncio

import pytest

from fetchers import urls
from fetchers.model import Response
from fetchers.redirect_target import LONGEST_TARGET, redirect_target
from schedulers.links import LONGEST_SERIALISED, LONGEST_URL, identify
from schedulers.urls import dedup_key, normalise
from spiderduck.api.urls.asking import read_all

PLACE = "http://a.test/"


@pytest.mark.parametrize("letter", ["ü", "語", "😀", '"'])
@pytest.mark.parametrize("where", ["", "?", "#"])
def test_a_link_counts_as_it_is_sent(letter: str, where: str) -> None:
    """The text is within the limit, its serialisation is not."""
    each = len(urls.parse(f"{PLACE}{where}{letter}")) - len(urls.parse(f"{PLACE}{where}x")) + 1
    fits = (LONGEST_SERIALISED - 40) // each
    if fits < LONGEST_URL - 40:
        link = identify(PLACE + where + letter * (fits + 50))
        assert link.invalid is not None
        assert "percent-encoded" in link.invalid.reason
        assert len(link.url) < 1000
    assert identify(PLACE + where + letter * min(fits, LONGEST_URL - 40)).invalid is None


@pytest.mark.parametrize("name", ["location", "refresh"])
def test_a_redirect_to_an_overlong_address_leads_nowhere(name: str) -> None:
    for count, leads in ((LONGEST_TARGET // 3 - 40, True), (LONGEST_TARGET // 3 + 40, False)):
        answer = Response(PLACE, 302, ((name, "/" + '"' * count),), b"", 0.0)
        assert (redirect_target(answer) is not None) == (leads and name == "location")


def test_what_is_in_its_one_form_costs_no_call_a_character() -> None:
    escaped = "%C3%BC%E2%82%AC%20%22%25" * 500
    assert normalise._ESCAPES.search(escaped) is None
    assert dedup_key(PLACE + escaped) == PLACE + escaped


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("%c3%bC", "%C3%BC"),
        ("%7e%2D%2e%5f", "~-._"),
        ("%", "%25"),
        ("%4", "%254"),
        ("%zz%G1", "%25zz%25G1"),
        ("[|]", "%5B%7C%5D"),
    ],
)
def test_all_else_gets_it(text: str, form: str) -> None:
    assert dedup_key(f"{PLACE}x{text}x") == f"{PLACE}x{form}x"


@pytest.mark.parametrize("function", [urls.parse, urls.split, urls.registrable_domain])
def test_a_cache_keeps_no_long_text(function: object) -> None:
    kept = {"parse": urls._absolute, "split": urls._split, "registrable_domain": urls._registrable_domain}
    cache = kept[function.__name__]  # type: ignore[attr-defined]
    before = cache.cache_info().currsize
    text = "a." * 2000 + "test"
    function(text if function is urls.registrable_domain else f"http://{text}/")  # type: ignore[operator]
    assert cache.cache_info().currsize <= before


async def test_a_batch_of_links_lets_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    monkeypatch.setattr("spiderduck.api.sharing.intake.SLICE_SECONDS", 0.0)
    task = asyncio.create_task(others())
    assert len(await read_all([f"{PLACE}{n}" for n in range(100)])) == 100
    task.cancel()
    assert turns >= 90
