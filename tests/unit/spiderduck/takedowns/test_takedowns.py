"""Takedowns over the embedded store: what they hold for, in which order things go, what crashes and races leave."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from schedulers.links import identify
from schedulers.model import Known, Redirect, Status, UrlState
from spiderduck.database.sqlite import Database
from spiderduck.errors import StoreUnavailable
from spiderduck.lists.judging import Judge
from spiderduck.subscriptions.ports import Filter
from spiderduck.takedowns.following import AGAIN_SECONDS
from spiderduck.takedowns.notices import RedactedSubscriptions, redacted
from spiderduck.takedowns.taking import MOST_COVERED
from tests.clock import FakeClock
from tests.unit.spiderduck.takedowns.process import PAGE, PICTURE, SHORT, SHORTER, Process


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "store.db")
    yield database
    await database.close()


@pytest.fixture
def process(database: Database) -> Process:
    return Process(database, FakeClock())


@pytest.mark.parametrize(
    ("url", "destination", "expected"),
    [
        (PAGE, True, {PAGE, SHORT, SHORTER}),
        (SHORT, True, {PAGE, SHORT, SHORTER}),
        (SHORTER, True, {PAGE, SHORT, SHORTER}),
        (f"{PAGE}?utm_source=x#y", True, {f"{PAGE}?utm_source=x#y", SHORT, SHORTER}),
        (SHORT, False, {SHORT, SHORTER}),
        (SHORTER, False, {SHORTER}),
        ("http://never.test/", True, {"http://never.test/"}),
    ],
)
async def test_it_holds_for_the_page_and_all_that_leads_there(
    process: Process, url: str, destination: bool, expected: set[str]
) -> None:
    await process.share(1, SHORTER, SHORT, PAGE)
    await process.share(2, "http://other.test/")
    assert await process.take(url, destination=destination) == expected
    in_force = process.lists.takedowns
    assert all(in_force.of(one) is not None for one in expected)
    assert in_force.of("http://other.test/") is None
    assert (await process.store.known(["http://other.test/"]))[0].page is not None


async def test_a_page_to_which_very_many_urls_lead_is_bounded(process: Process) -> None:
    for number in range(30):
        await process.share(number + 1, f"http://s.test/{number}", PAGE)
    assert len(await process.take(PAGE)) == 31 <= MOST_COVERED


async def test_what_is_left_of_notices_is_that_it_was_taken_down(process: Process) -> None:
    await process.share(1, SHORT, PAGE)
    await process.share(2, "http://other.test/")
    await process.take(PAGE)
    bodies = await process.told()
    secret = [body for body in bodies if b"A secret" in body]
    assert [msgspec.json.decode(body)["subject"] for body in secret] == ["http://other.test/"]
    of_short = msgspec.json.decode(bodies[0])
    assert of_short["data"].keys() <= {"url", "dedup_key", "event_id", "outcome", "status", "reason", "reason_code"}
    judged = [msgspec.json.decode(body) for body in bodies if b"url.judged" in body]
    assert {one["subject"] for one in judged} == {PAGE, SHORT}
    assert {one["data"]["verdict"]["basis"] for one in judged} == {"takedown"}


async def test_no_part_of_a_notice_outlives_what_it_tells_of(process: Process) -> None:
    """What changed, and what a later version may add."""
    await process.share(1, SHORT, PAGE)
    (body,) = await process.told()
    await process.take(PAGE)
    told = {
        **msgspec.json.decode(body),
        "changes": {"title": {"before": "A secret", "after": None}},
        "more": "A secret",
    }
    left = redacted(msgspec.json.encode(told), process.lists.takedowns)
    assert left is not None
    assert b"A secret" not in left
    assert msgspec.json.decode(left)["changes"] == {}


async def test_notices_that_cannot_be_written_over_come_out_without_content(process: Process) -> None:
    """As on a broker: they lie there as they were."""
    await process.share(1, SHORT, PAGE)
    (body,) = await process.told()
    await process.take(PAGE)
    left = redacted(body, process.lists.takedowns)
    assert left is not None
    assert b"A secret" not in left
    assert redacted(left, process.lists.takedowns) is None, "once"
    assert redacted(b"no json", process.lists.takedowns) is None
    subscription = await RedactedSubscriptions(process.log, process.lists.takedowns).open(None, Filter(), after=0)
    assert all(b"A secret" not in one.body for one in await subscription.receive(100))
    await subscription.close()


async def test_a_second_process_follows_and_nothing_is_told_twice(database: Database, process: Process) -> None:
    other = Process(database, process.clock)
    await other.following.load()
    await process.share(1, SHORT, PAGE)
    await process.take(SHORT)
    told = len(await process.told())
    assert other.lists.takedowns.of(PAGE) is None
    await other.following.look()
    assert other.lists.takedowns.of(PAGE) is not None
    assert set(other.purged) >= {PAGE, SHORT, PICTURE}
    assert len(await process.told()) == told
    await process.takedowns.lift(identify(SHORT))
    await other.following.look()
    assert other.lists.takedowns.of(PAGE) is None


async def test_what_was_written_meanwhile_goes_with_the_second_look(process: Process) -> None:
    """By a process that had not heard of it yet."""
    await process.share(1, PAGE)
    await process.take(PAGE)
    await process.share(2, PAGE)
    assert (await process.store.known([PAGE]))[0].page is not None
    await process.clock.advance(AGAIN_SECONDS)
    await process.following.look()
    assert (await process.store.known([PAGE]))[0].page is None
    assert {one.offset for one in process.erased} == {1, 2}


async def test_an_archive_that_is_away_is_emptied_later_also_after_a_restart(
    database: Database, process: Process
) -> None:
    await process.share(1, PAGE)
    process.is_away = True
    with pytest.raises(StoreUnavailable):
        await process.take(PAGE)
    assert (await process.store.known([PAGE]))[0].page is None
    assert process.lists.takedowns.of(PAGE) is not None, "in force before anything else"
    again = Process(database, process.clock)
    await again.following.load()
    assert again.lists.takedowns.of(PAGE) is not None
    await again.following.look()
    assert [one.offset for one in again.erased] == [1]
    (kept,) = await again.takedowns.all()
    assert kept.erased_at is not None


async def test_bytes_in_another_process_s_spool_are_asked_for_until_they_are_gone(process: Process) -> None:
    await process.share(1, PAGE)
    process.reaches_archive = False
    await process.take(PAGE)
    (kept,) = await process.takedowns.all()
    assert kept.erased_at is None
    for _ in range(2):
        await process.clock.advance(AGAIN_SECONDS)
        await process.following.look()
    assert (await process.takedowns.all())[0].erased_at is None
    process.reaches_archive = True
    await process.clock.advance(AGAIN_SECONDS)
    await process.following.look()
    assert (await process.takedowns.all())[0].erased_at is not None


async def test_at_the_same_moment_is_once(process: Process) -> None:
    await process.share(1, SHORT, PAGE)
    await asyncio.gather(process.take(PAGE), process.take(PAGE), process.following.look(), process.take(SHORT))
    assert {one.url for one in await process.takedowns.all()} == {PAGE, SHORT}
    assert (await process.store.known([PAGE, SHORT]))[0].page is None


async def test_what_was_lifted_is_known_no_more_and_may_come_again(process: Process) -> None:
    await process.share(1, SHORT, PAGE)
    await process.take(SHORT)
    assert await process.takedowns.lift(identify("http://other.test/")) is None
    lifted = await process.takedowns.lift(identify(SHORT))
    assert lifted is not None
    assert [one.state for one in await process.store.known([PAGE, SHORT])] == [None, None]
    await process.share(2, SHORT, PAGE)
    await process.clock.advance(2 * AGAIN_SECONDS)
    await process.following.look()
    assert (await process.store.known([SHORT]))[0].page is not None


async def test_a_verdict_names_the_hop_and_goes_before_lists(process: Process) -> None:
    await process.share(1, PAGE)
    await process.take(PAGE)
    late = UrlState(
        SHORT, SHORT, Status.FETCHED, page_id=2, resolved_url=PAGE, redirects=(Redirect(SHORT, SHORT, 301),)
    )
    verdict = Judge(process.lists, process.clock).verdict(SHORT, Known(state=late))
    assert (verdict.verdict, verdict.basis) == ("block", "takedown")
    assert verdict.matched is not None
    assert (verdict.matched.hop, verdict.matched.list) == (PAGE, "takedowns")
    assert (
        Judge(process.lists, process.clock).verdict(SHORT, Known(state=replace(late, resolved_url=SHORT))).basis is None
    )
