"""W3C Trace Context: what is read, what is not, and what a log line shows of it."""

import logging
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork import trace
from groundwork.trace import Trace, TraceFilter

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


def test_a_parent_is_read_and_written_alike() -> None:
    assert trace.read(PARENT, "vendor=1,other=2") == Trace(TRACE, SPAN, "01", "vendor=1,other=2")
    assert Trace(TRACE, SPAN).parent == PARENT


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert trace.read(f"cc-{TRACE}-{SPAN}-01-more") == Trace(TRACE, SPAN)


@pytest.mark.parametrize(
    "parent",
    [
        None,
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\r\nx: y",
    ],
)
def test_what_is_no_parent_is_no_trace(parent: str | None) -> None:
    assert trace.read(parent) is None


@pytest.mark.parametrize("state", ["a=b\r\nx: y", "ä=b", "a=" + "b" * 600])
def test_a_state_that_cannot_be_passed_on_is_left_out(state: str) -> None:
    assert trace.read(PARENT, state) == Trace(TRACE, SPAN)


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_header_makes_it_raise(parent: str, state: str) -> None:
    trace.read(parent, state)


def test_a_child_is_in_the_same_trace_at_a_place_of_its_own() -> None:
    child = Trace(TRACE, SPAN, "00", "a=b").child(Random(1))
    assert (child.trace_id, child.flags, child.state) == (TRACE, "00", "a=b")
    assert child.span_id != SPAN
    assert trace.read(child.parent, child.state) == child


def test_a_log_line_names_its_trace() -> None:
    record = logging.LogRecord("a", logging.INFO, "a.py", 1, "hello", (), None)
    token = trace.current.set(Trace(TRACE, SPAN))
    try:
        assert TraceFilter().filter(record)
        assert record.__dict__["trace"] == TRACE
    finally:
        trace.current.reset(token)
    assert TraceFilter().filter(record)
    assert record.__dict__["trace"] == "-"
