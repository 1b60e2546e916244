"""Names, steps of delay and headers on the broker: pure, so tested without one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedulers.model import Message
from spiderduck.queues.kombu_headers import KINDS, Envelope, from_headers, to_headers
from spiderduck.queues.topology import STEPS, Topology, step_for, topic, topic_pattern
from spiderduck.settings.broker import BrokerConfig

COUNT = st.integers(0, 200)


@given(st.floats(1.0, 86_400.0))
def test_any_delay_is_walked_in_few_steps_and_never_overshot(seconds: float) -> None:
    rest, steps = seconds, 0
    while (step := step_for(rest)) is not None:
        assert step <= rest
        rest, steps = rest - step, steps + 1
    assert 0 <= rest < 1
    assert steps <= len(STEPS)


def test_less_than_a_second_is_waited_in_memory() -> None:
    assert (step_for(0.99), step_for(-5.0), step_for(1.0)) == (None, None, 1)


@given(
    st.builds(
        Envelope,
        st.builds(
            Message,
            st.binary(),
            st.text(min_size=1),
            st.sampled_from(KINDS),
            st.none() | st.text(min_size=1),
            COUNT,
        ),
        COUNT,
        st.integers(1, 200),
        st.floats(0.0, 4e9),
    )
)
def test_a_message_comes_back_as_it_went(envelope: Envelope) -> None:
    assert from_headers(envelope.message.body, to_headers(envelope)) == envelope


@given(
    st.binary(), st.dictionaries(st.sampled_from(["event_id", "kind", "url", "due", "errors", "deferrals"]), st.text())
)
def test_what_another_program_sent_is_an_event(body: bytes, headers: dict[str, str]) -> None:
    """Whatever it put into the headers; where none names it, its `message_id` does, or it has no name yet."""
    envelope = from_headers(body, headers)
    assert envelope.message.body == body
    assert envelope.message.event_id == headers.get("event_id", "")
    assert from_headers(body, headers, "m7").message.event_id == (headers.get("event_id") or "m7")
    assert (envelope.errors, envelope.deliveries, envelope.due) == (0, 1, 0.0)


def test_each_kind_of_message_has_its_way_through_the_broker() -> None:
    assert {"event", "picture", "further"} <= set(KINDS)


FOREIGN: list[dict[str, object]] = [
    {"kind": "picture"},
    {"kind": ["further"]},
    {"url": "http://elsewhere.test/"},
    {"url": ["x"], "kind": {"a": 1}},
    {"errors": 2**62, "deliveries": 99, "deferrals": True},
    {"due": 2**40},
    {"event_id": "", "kind": "picture", "url": "http://["},
    {"event_id": None, "kind": None, "url": None, "due": None},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=range(len(FOREIGN)))
def test_headers_of_another_program_mean_nothing_here(headers: dict[str, object]) -> None:
    """They may have the names of ours; the event is handled whole, at once, and as what it is."""
    assert from_headers(b"{}", headers, "m") == Envelope(Message(b"{}", "m"), is_foreign=True)


def test_a_quorum_queues_own_count_is_read() -> None:
    assert from_headers(b"", {"x-delivery-count": 3}).deliveries == 4


def test_topics_run_from_the_top_level_down() -> None:
    assert topic("spiderduck.url.processed", "www.example.com") == "processed.com.example.www"
    assert topic("spiderduck.url.updated", "") == "updated"
    assert topic_pattern("example.com") == "*.com.example.#"
    longest = topic("processed", ".".join(["a" * 49] * 5) + ".example.com")
    assert longest.startswith("processed.com.example.")
    assert len(longest) <= 255


def test_installations_share_no_name() -> None:
    one, other = Topology(BrokerConfig()), Topology(BrokerConfig(prefix="other"))
    assert one.fanout.name == "spiderduck.notices"
    names = [{q.name for q in (t.events, t.dead, *t.deferred.values())} for t in (one, other)]
    assert not names[0] & names[1]
