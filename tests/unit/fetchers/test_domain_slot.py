"""The politeness of one domain, in every order of events."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.model import RateLimit
from fetchers.politeness.slot import BACKOFF_FIRST, BACKOFF_LONGEST, FOREVER, FORGIVEN_AFTER, DomainSlot

NOW = 1_000_000.0


def send(slot: DomainSlot, now: float) -> None:
    slot.take()
    slot.written(now)


def test_a_full_bucket_lets_the_burst_out_at_once() -> None:
    slot = DomainSlot(RateLimit(1.0, 4))
    for _ in range(4):
        assert slot.ready_at(NOW) <= NOW
        send(slot, NOW)
    assert slot.ready_at(NOW) == pytest.approx(NOW + 1.0)


def test_an_unknown_past_waits_one_interval_and_starts_empty() -> None:
    slot = DomainSlot.starting_empty(RateLimit(0.5, 4), NOW)
    assert slot.ready_at(NOW) == pytest.approx(NOW + 2.0)
    send(slot, NOW + 2.0)
    assert slot.ready_at(NOW + 2.0) == pytest.approx(NOW + 4.0)


def test_the_interval_runs_from_the_write_not_from_the_start() -> None:
    """A slow connect cannot squeeze two arrivals together."""
    slot = DomainSlot(RateLimit(1.0, 1))
    slot.take()
    assert slot.ready_at(NOW + 5) == FOREVER
    slot.written(NOW + 5)
    assert slot.ready_at(NOW + 5) == pytest.approx(NOW + 6)


def test_crawl_delay_spaces_requests_whatever_the_bucket_says() -> None:
    slot = DomainSlot(RateLimit(10.0, 10))
    slot.crawl_delay = 5.0
    send(slot, NOW)
    assert slot.ready_at(NOW) == pytest.approx(NOW + 5.0)


def test_the_slowest_of_several_crawl_delays_holds_until_its_origin_takes_it_back() -> None:
    slot = DomainSlot(RateLimit(10.0, 10))
    for origin, seconds, expected in (("a", 5.0, 5.0), ("b", 20.0, 20.0), ("c", 0.0, 20.0), ("b", 2.0, 5.0)):
        slot.ask_for_delay(origin, seconds)
        assert slot.crawl_delay == expected
    slot.ask_for_delay("a", 0.0)
    slot.ask_for_delay("b", 0.0)
    assert slot.crawl_delay == 0.0


def test_of_many_crawl_delays_the_slowest_are_remembered() -> None:
    """A domain of a million hosts costs no more."""
    slot = DomainSlot(RateLimit(10.0, 10))
    for number in range(1000):
        slot.ask_for_delay(f"http://{number}.test", 1.0 + number % 50)
    assert slot.crawl_delay == 50.0


def test_backoff_doubles_to_a_day_and_is_forgiven_after_half_an_hour() -> None:
    slot, random = DomainSlot(RateLimit()), Random(1)
    now, pauses = NOW, []
    for _ in range(14):
        slot.trouble(now, random)
        pauses.append(slot.backoff_until - now)
        now = slot.backoff_until
    assert BACKOFF_FIRST <= pauses[0] <= BACKOFF_FIRST * 1.25
    assert all(later >= earlier * 1.5 for earlier, later in zip(pauses[:9], pauses[1:10], strict=True))
    assert BACKOFF_LONGEST <= pauses[-1] <= BACKOFF_LONGEST * 1.25
    slot.success(now + FORGIVEN_AFTER)
    slot.trouble(now + FORGIVEN_AFTER, random)
    assert slot.backoff_until - (now + FORGIVEN_AFTER) <= BACKOFF_FIRST * 1.25


def test_answers_of_requests_already_under_way_do_not_double_the_pause() -> None:
    slot, random = DomainSlot(RateLimit()), Random(1)
    for _ in range(4):
        slot.trouble(NOW, random)
    assert slot.backoff_until - NOW <= BACKOFF_FIRST * 1.25


def test_retry_after_is_obeyed_where_it_is_longer() -> None:
    slot = DomainSlot(RateLimit())
    slot.trouble(NOW, Random(1), retry_after=3600.0)
    assert slot.backoff_until == NOW + 3600.0
    assert slot.ready_at(NOW) == NOW + 3600.0


def test_a_pause_that_is_ended_by_hand_is_doubled_by_the_next_trouble_all_the_same() -> None:
    slot = DomainSlot(RateLimit())
    slot.trouble(NOW, Random(1))
    slot.resume()
    assert slot.ready_at(NOW) <= NOW
    slot.trouble(NOW, Random(1))
    assert slot.backoff_until >= NOW + 2 * BACKOFF_FIRST


def test_the_state_survives_a_snapshot() -> None:
    slot = DomainSlot(RateLimit(1.0, 2))
    send(slot, NOW)
    send(slot, NOW)
    slot.trouble(NOW, Random(1))
    later = DomainSlot(RateLimit(1.0, 2))
    later.restore(slot.snapshot(), NOW)
    assert later.ready_at(NOW) == slot.ready_at(NOW)


def most_in(slot: DomainSlot, seconds: float, start: float = NOW) -> int:
    """How many requests of an endless queue set out in that time."""
    count, now = 0, start
    while (now := max(now, slot.ready_at(now))) < start + seconds:
        send(slot, now)
        count += 1
    return count


def test_a_rate_rises_above_the_configured_one_only_to_a_ceiling() -> None:
    plain, rising = DomainSlot(RateLimit(1.0, 4)), DomainSlot(RateLimit(1.0, 4, ceiling=5.0))
    for slot in (plain, rising):
        for _ in range(1000):
            slot.speed_up(NOW)
    assert (plain.pace, rising.pace) == (1.0, 5.0)
    assert most_in(plain, 100.0) == pytest.approx(104, abs=1)
    assert most_in(rising, 100.0) == pytest.approx(504, abs=1)
    later = DomainSlot(RateLimit(1.0, 4, ceiling=2.0))
    later.restore(rising.snapshot(), NOW + 1000.0)
    assert later.pace == 2.0  # what was learnt, as far as the ceiling of today goes
    later.slow_down(NOW + 1000.0)
    assert later.pace == 1.0


def test_a_lower_limit_takes_a_risen_rate_back() -> None:
    slot = DomainSlot(RateLimit(1.0, 4, ceiling=5.0))
    for _ in range(1000):
        slot.speed_up(NOW)
    slot.change_limit(RateLimit(1.0, 4), NOW)
    assert slot.pace == 1.0
    assert most_in(slot, 100.0) == pytest.approx(104, abs=1)


actions = st.lists(
    st.tuples(
        st.sampled_from(
            ["send", "send", "connect", "finish", "trouble", "good", "slow", "evict", "move", "restart", "resume"]
        ),
        st.floats(0, 5, allow_nan=False),
    ),
    max_size=120,
)


@given(
    actions=actions,
    per_second=st.sampled_from([0.2, 1.0, 3.0, 50.0]),
    burst=st.integers(1, 6),
    rise=st.sampled_from([None, 1.0, 1.5, 8.0]),
    seed=st.integers(0, 9),
)
def test_no_window_ever_holds_more_than_burst_plus_rate_times_t(
    actions: list[tuple[str, float]], per_second: float, burst: int, rise: float | None, seed: int
) -> None:
    """In every schedule of sends, slow connects, pauses, ends of pauses by hand, changes of pace, evictions, moves and
    restarts. The rate is the configured one, or the ceiling where there is one."""
    limit, random = RateLimit(per_second, burst, ceiling=rise and rise * per_second), Random(seed)
    slot, now, arrivals, unwritten = DomainSlot(limit), NOW, [], 0
    for action, seconds in actions:
        now += seconds
        if action in ("send", "connect") and slot.ready_at(now) <= now:
            slot.take()
            if action == "send":
                slot.written(now)
                arrivals.append(now)
            else:
                unwritten += 1
        elif action == "finish" and unwritten:
            unwritten -= 1
            slot.written(now)
            arrivals.append(now)
        elif action == "trouble":
            slot.trouble(now, random)
        elif action == "resume":
            slot.resume()
        elif action == "evict" and slot.is_idle(now):
            state, slot = slot.snapshot(), DomainSlot(limit)
            slot.restore(state, now)
        elif action == "good":
            for _ in range(20):
                slot.speed_up(now)
        elif action == "slow":
            slot.slow_down(now)
        elif action == "move" and not unwritten:
            state, slot = slot.snapshot(), DomainSlot.starting_empty(limit, now)
            slot.restore(state, now)
        elif action == "restart" and not unwritten:
            slot = DomainSlot.starting_empty(limit, now)  # killed: nothing of the old state is known
    for first in range(len(arrivals)):
        for last in range(first, len(arrivals)):
            allowed = burst + (limit.ceiling or per_second) * (arrivals[last] - arrivals[first])
            assert last - first + 1 <= allowed * (1 + 1e-9) + 1e-6
