"""Spans make whole traces across tasks and processes; what failed or was slow is kept; without a recorder nothing
happens."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from groundwork import spans
from groundwork.spans import MOST_SPANS, OFF, Recorder, Span, first, leaf, of_event, recording, sampled, span, within
from groundwork.trace import current


class Kept(list[Span]):
    """What a recorder handed on."""

    def recorder(self, share: float = 1.0, slow_seconds: float = 60.0) -> Recorder:
        return Recorder(self.extend, share, slow_seconds)

    def named(self, name: str) -> Span:
        (found,) = [one for one in self if one.name == name]
        return found


async def test_children_of_tasks_belong_to_what_began_them() -> None:
    kept = Kept()

    async def work(number: int) -> None:
        with leaf("hop", number=number):
            await asyncio.sleep(0)

    with recording(kept.recorder()), within(of_event("e1"), "event") as event, span("share"):
        await asyncio.gather(work(1), work(2))
    share = kept.named("share")
    assert [one.parent for one in kept if one.name == "hop"] == [share.place.span_id] * 2
    assert share.parent == event.span.place.span_id  # type: ignore[union-attr]
    assert {one.place.trace_id for one in kept} == {of_event("e1").trace_id}
    assert kept.named("event").parent == of_event("e1").span_id
    assert current.get() is None
    assert all(one.ended >= one.began > 0 for one in kept)


def test_the_trace_of_an_event_is_the_same_everywhere() -> None:
    """Also its first span, which the intake tells, linked to the request that brought it."""
    kept = Kept()
    assert of_event("e1") == of_event("e1") != of_event("e2")
    assert len(of_event("\ud800").trace_id) == 32
    with recording(kept.recorder()), span("request"):
        first(of_event("e1"), "event", time.time_ns(), event_id="e1")
    event, request = kept.named("event"), kept.named("request")
    assert (event.place, event.parent) == (of_event("e1"), "")
    assert [one.trace_id for one in event.links] == [request.place.trace_id]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_traces_is_kept_the_same_in_every_process(share: float) -> None:
    one, other = Kept(), Kept()
    for kept in (one, other):
        with recording(kept.recorder(share)):
            for number in range(1000):
                with within(of_event(str(number)), "event"):
                    assert (sampled() is not None) == kept.recorder(share).samples(of_event(str(number)).trace_id)
    assert [span.place.trace_id for span in one] == [span.place.trace_id for span in other]
    assert abs(len(one) - 1000 * share) < 60


def fails(error: BaseException) -> None:
    with span("event"):
        with leaf("decide"):
            pass
        with span("fetch"):
            raise error


def test_what_failed_is_kept_whole_and_cancelling_is_no_failure() -> None:
    kept = Kept()
    with recording(kept.recorder(share=0.0)):
        with pytest.raises(ValueError, match="broken"):
            fails(ValueError("broken"))
        with pytest.raises(asyncio.CancelledError):
            fails(asyncio.CancelledError())
        with span("told") as here, leaf("hop") as hop:
            hop.fail("it answered 503")
            here.set(kind="request")
    assert [one.name for one in kept] == ["decide", "fetch", "event", "hop", "told"]
    assert kept.named("fetch").failed == "ValueError: broken"
    assert kept.named("told").attributes == {"kind": "request"}


def test_slow_work_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, now = Kept(), [1_000]
    monkeypatch.setattr(spans, "time", SimpleNamespace(time_ns=lambda: now[0]))
    with recording(kept.recorder(share=0.0, slow_seconds=2.0)):
        for seconds in (1, 3):
            with span(f"{seconds} s"):
                now[0] += seconds * spans.NS
    assert [one.name for one in kept] == ["3 s"]


def test_memory_is_bounded_and_what_is_left_out_is_counted() -> None:
    kept = Kept()
    with recording(kept.recorder()), span("event"):
        for _ in range(MOST_SPANS + 50):
            with leaf("hop"):
                pass
    assert len(kept) == MOST_SPANS + 1
    assert kept.named("event").attributes == {"spans_left_out": 50}


async def test_a_task_that_goes_on_is_told_as_its_work_was() -> None:
    for share, names in ((1.0, ["event", "late"]), (0.0, [])):
        kept, go = Kept(), asyncio.Event()

        async def later(go: asyncio.Event = go) -> None:
            with leaf("late"):
                await go.wait()

        with recording(kept.recorder(share)):
            with span("event"):
                task = asyncio.create_task(later())
                await asyncio.sleep(0)
            go.set()
            await task
        assert [one.name for one in kept] == names


def test_nothing_is_recorded_without_a_recorder() -> None:
    assert span("fetch") is leaf("hop") is within(of_event("e"), "event") is OFF
    with span("fetch") as here:
        here.set(url="http://a.test/")
        here.fail("no")
        assert not here.is_on
        assert sampled() is None
    first(of_event("e"), "event", 1)
