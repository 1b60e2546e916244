"""One page that fails is left alone by itself; a site that fails is left alone as a whole, and says why."""

import asyncio
from random import Random

import pytest

from fetchers.model import KeptPoliteness, NotNow, RateLimit, Response
from fetchers.politeness.queue import DomainQueue
from fetchers.politeness.slot import SLOWEST_PACE, DomainSlot
from fetchers.politeness.troubles import AT_ALL, FIRST_PAUSE, LONGEST_PAUSE, REMEMBERED_SECONDS, Troubles
from fetchers.stores.memory import MemoryHostStates
from tests.clock import FakeClock
from tests.unit.fetchers.small_web import FAST, ask, page, small_fetcher

NOW = 1_000_000.0


def test_the_pause_of_one_url_doubles_and_is_forgotten_by_an_answer() -> None:
    troubles = Troubles()
    pauses = [troubles.note("a", NOW + n) for n in range(9)]
    assert pauses == [min(FIRST_PAUSE * 2**n, LONGEST_PAUSE) for n in range(9)]
    assert not troubles.is_of_the_site
    troubles.answered("a")
    assert troubles.note("a", NOW + 10) == FIRST_PAUSE


def test_two_urls_in_a_row_are_the_sites_trouble_and_two_between_good_answers_are_not() -> None:
    """Several are, whatever was answered between them, until their time is over."""
    troubles = Troubles()
    for number in range(AT_ALL - 1):
        troubles.note(str(number), NOW + number)
        assert not troubles.is_of_the_site
        troubles.answered("good")
    troubles.note("last", NOW + 10)
    assert troubles.is_of_the_site
    troubles.answered("good")
    troubles.note("much later", NOW + 20 + REMEMBERED_SECONDS)
    assert not troubles.is_of_the_site
    troubles.note("next", NOW + 21 + REMEMBERED_SECONDS)
    assert troubles.is_of_the_site


def test_memory_is_bounded() -> None:
    troubles = Troubles()
    for number in range(10_000):
        troubles.note(f"u{number}", NOW)
    assert len(troubles._failing) < 100
    assert len(troubles._in_a_row) < 100


@pytest.mark.parametrize("status", [429, 503])
async def test_one_failing_page_does_not_pause_its_domain(status: int) -> None:
    """The others are answered at once; it alone gets a moment to come back at."""
    answers = {"http://a.test/bad": page(b"", status), "http://a.test/good": page()}
    async with small_fetcher(answers, FAST) as (fetcher, _, clock):
        for _ in range(5):
            bad = await fetcher.perform(ask("http://a.test/bad", clock))
            assert isinstance(bad, Response)
            assert bad.retry_at is not None
            assert bad.retry_at >= clock.now() + FIRST_PAUSE
            good = await fetcher.perform(ask("http://a.test/good", clock, wait=0.0))
            assert isinstance(good, Response)
        assert fetcher.domain_state("a.test").backoff_until is None


async def test_several_failing_pages_pause_their_domain_and_all_who_wait_are_told_why() -> None:
    """By which answer to which URL, in the domain's state and in the reason of whoever must wait."""
    answers = {f"http://a.test/{name}": page(b"", 503) for name in ("one", "two")}
    async with small_fetcher(answers, FAST) as (fetcher, _, clock):
        for name in ("one", "two"):
            await fetcher.perform(ask(f"http://a.test/{name}", clock))
        state = fetcher.domain_state("a.test")
        assert state.backoff_until is not None
        assert state.pause_reason is not None
        assert "http://a.test/two answered 503" in state.pause_reason
        put_off = await fetcher.perform(ask("http://a.test/three", clock, wait=1.0))
        assert isinstance(put_off, NotNow)
        assert "a.test is paused, since http://a.test/two answered 503" in put_off.reason
        assert put_off.until >= state.backoff_until


async def test_a_retry_after_pauses_the_domain_at_once() -> None:
    answers = {"http://a.test/one": page(b"", 429, retry_after="120")}
    async with small_fetcher(answers, FAST) as (fetcher, _, clock):
        await fetcher.perform(ask("http://a.test/one", clock))
        state = fetcher.domain_state("a.test")
        assert state.backoff_until is not None
        assert "answered 429 with Retry-After" in (state.pause_reason or "")


async def test_a_domain_that_asks_for_rest_is_asked_half_as_often_and_recovers() -> None:
    """Never more often than its limit, and never less than a sixteenth of it. What was learnt outlives the queue."""
    answers = {"http://a.test/busy": page(b"", 429, retry_after="1"), "http://a.test/good": page()}
    async with small_fetcher(answers, FAST) as (fetcher, _, clock):
        paces = []
        for _ in range(6):
            asking = asyncio.create_task(fetcher.perform(ask("http://a.test/busy", clock)))
            await clock.advance(4000.0)
            await asking
            paces.append(fetcher.domain_state("a.test").pace)
        assert paces == [1 / 2, 1 / 4, 1 / 8, SLOWEST_PACE, SLOWEST_PACE, SLOWEST_PACE]
        for _ in range(50):
            asking = asyncio.create_task(fetcher.perform(ask("http://a.test/good", clock)))
            await clock.advance(10.0)
            await asking
        assert fetcher.domain_state("a.test").pace == 1.0
    slot, again = DomainSlot(RateLimit(1.0, 4)), DomainSlot(RateLimit(1.0, 4))
    slot.slow_down(NOW)
    slot.trouble(NOW, Random(1))
    again.restore(slot.snapshot(), NOW)
    assert again.pace == 0.5


def test_a_slower_pace_spaces_requests_within_the_burst_too() -> None:
    slot = DomainSlot(RateLimit(1.0, 4))
    slot.slow_down(NOW)
    slot.take()
    slot.written(NOW)
    assert slot.ready_at(NOW) == NOW + 2.0
    assert slot.spacing() == 2.0


def test_answers_that_become_slow_are_a_reason_to_ask_less_often() -> None:
    """A domain that was always slow is not; and one that becomes slow is slowed step by step."""
    always = DomainQueue("always.test", DomainSlot(RateLimit(1.0, 4)))
    for _ in range(100):
        always.took(5.0, NOW)
    assert always.slot.pace == 1.0
    becoming = DomainQueue("becoming.test", DomainSlot(RateLimit(1.0, 4)))
    for _ in range(50):
        becoming.took(0.1, NOW)
    assert becoming.slot.pace == 1.0
    for _ in range(10):
        becoming.took(4.0, NOW)
    assert becoming.slot.pace == 0.5
    for _ in range(10):
        becoming.took(4.0, NOW)
    assert becoming.slot.pace == 0.25


async def test_what_was_learnt_and_why_it_is_paused_is_known_after_a_restart() -> None:
    """Before any request is made, and without a pause too."""
    states, clock = MemoryHostStates(), FakeClock()
    answers = {"http://a.test/busy": page(b"", 429, retry_after="9000"), "http://b.test/slow": page(b"", 200)}
    async with small_fetcher(answers, FAST, states=states, clock=clock) as (fetcher, _, _):
        await fetcher.perform(ask("http://a.test/busy", clock))
        await fetcher.perform(ask("http://b.test/slow", clock))
        queue = fetcher.queues.get("b.test")
        assert queue is not None
        queue.slot.slow_down(clock.now())
        asking = asyncio.create_task(fetcher.perform(ask("http://b.test/slow", clock)))
        await clock.advance(10.0)
        await asking
        paused = fetcher.domain_state("a.test")
    async with small_fetcher(answers, FAST, states=states, clock=clock) as (fetcher, _, _):
        assert fetcher.domain_state("a.test").backoff_until is None  # no queue yet
        kept = await fetcher.kept_domain_state("a.test")
        assert (kept.backoff_until, kept.pace) == (paused.backoff_until, 0.5)
        assert "http://a.test/busy answered 429 with Retry-After" in (kept.pause_reason or "")
        assert (await fetcher.kept_domain_state("b.test")).pace == 0.52
        assert (await fetcher.kept_domain_state("never.test")).pace == 1.0
        put_off = await fetcher.perform(ask("http://a.test/three", clock, wait=1.0))
        assert isinstance(put_off, NotNow)
        assert "http://a.test/busy answered 429" in put_off.reason


async def test_a_pace_is_kept_when_it_has_changed_much() -> None:
    """Not after each answer: a fetch costs no write."""
    saved: list[float] = []

    class States(MemoryHostStates):
        async def save(self, domain: str, state: KeptPoliteness) -> None:
            saved.append(state.pace)

    answers = {"http://a.test/busy": page(b"", 429, retry_after="1"), "http://a.test/good": page()}
    async with small_fetcher(answers, FAST, states=States()) as (fetcher, _, clock):
        for url in ("http://a.test/busy", *["http://a.test/good"] * 40):
            asking = asyncio.create_task(fetcher.perform(ask(url, clock)))
            await clock.advance(100.0)
            await asking
    assert saved == [0.5, pytest.approx(0.76), 1.0]
