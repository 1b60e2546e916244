"""Log lines are whole, harmless, and say whose they are."""

import io
import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundwork.log_fields import bound
from spiderduck.bootstrap.logs import AT_ONCE, FIELDS, WINDOW_SECONDS, Repeats, set_up_logs, without_queries


class Lines:
    """What was logged, as programs read it."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    root = logging.getLogger()
    kept, level, stream = root.handlers[:], root.level, io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    set_up_logs("info")
    yield Lines(stream)
    root.handlers[:] = kept
    root.setLevel(level)


def test_fields_and_ids_stand_beside_the_message(lines: Lines) -> None:
    with bound(event_id="e7", hop=1):
        logging.getLogger("of.test").info("hop: %s", "answered", extra={"status": 200, "hop": 2})
    (line,) = lines.read()
    assert (line["event"], line["level"], line["status"]) == ("hop: answered", "info", 200)
    assert (line["event_id"], line["hop"]) == ("e7", 2), "a line's own field comes before a bound one"


def test_decisions_about_different_domains_are_no_repeats(lines: Lines) -> None:
    """Each domain's pause is told; one that is told without end is counted."""
    log = logging.getLogger("of.test")
    for number in range(AT_ONCE * 3):
        log.info("%s is paused", f"{number}.test", extra={"domain": f"{number}.test"})
        log.info("%s is paused", "loud.test", extra={"domain": "loud.test"})
    told = [line["domain"] for line in lines.read()]
    assert len(set(told)) == AT_ONCE * 3 + 1
    assert told.count("loud.test") == AT_ONCE


def test_every_field_of_the_reference_can_be_in_a_line() -> None:
    """Those of the table of what happened, and no field that no page names."""
    text = (Path(__file__).parents[3] / "docs/reference/logs.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([a-z_]+)`", text))
    assert set(FIELDS) <= documented, set(FIELDS) - documented


def test_fields_that_no_page_of_ours_names_are_left_out(lines: Lines) -> None:
    logging.getLogger("library").warning("failed", extra={"password": "hunter2"})
    assert "hunter2" not in json.dumps(lines.read())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://a.test/b?token=1#c now", "see https://a.test/b?… now"),
        ("https://a.test/b#id_token=1", "https://a.test/b"),
        ("HTTPS://A.test/?q", "HTTPS://A.test/?…"),
        ('{"url":"http://a.test/?q=1","by":"x"}', '{"url":"http://a.test/?…","by":"x"}'),
        ("it's http://a.test/o'x?k=1", "it's http://a.test/o'x?…"),
        ("http://a.test/ is bare", "http://a.test/ is bare"),
        ("what? nothing", "what? nothing"),
    ],
)
def test_queries_are_left_out(text: str, shown: str) -> None:
    assert without_queries(text) == shown
    assert without_queries(shown) == shown


def test_queries_are_left_out_of_fields_and_tracebacks(lines: Lines) -> None:
    try:
        raise ValueError("http://a.test/?token=hidden")
    except ValueError:
        logging.getLogger("of.test").exception("at %s", "http://a.test/?hidden", extra={"url": "http://b.test/?hidden"})
    assert "hidden" not in json.dumps(lines.read())


def test_leaving_queries_out_takes_linear_time() -> None:
    began = time.perf_counter()
    without_queries("http://" * 40_000)
    without_queries("http://a?" * 40_000)
    assert time.perf_counter() - began < 5.0


def test_what_comes_from_outside_breaks_no_line(lines: Lines) -> None:
    hostile = 'x\n{"event":"forged"}\r\x1b[2J\u2028'
    logging.getLogger("of.test").warning("%s", hostile, extra={"reason": hostile, "url": hostile})
    (line,) = lines.read()
    assert not any(character in line[name] for name in ("event", "reason", "url") for character in "\n\r\x1b\u2028")


def test_a_long_value_is_cut(lines: Lines) -> None:
    logging.getLogger("of.test").warning("%s", "x" * 1_000_000)
    (line,) = lines.read()
    assert len(line["event"]) < 100_000


def test_repeats_are_let_through_some_of_the_times_and_counted() -> None:
    now = 0.0
    repeats = Repeats(lambda: now)

    def passes(message: str = "waits for %s", name: str = "of.test") -> logging.LogRecord | None:
        record = logging.LogRecord(name, logging.WARNING, "", 0, message, ("x",), None)
        return record if repeats.filter(record) else None

    assert sum(passes() is not None for _ in range(500)) == AT_ONCE
    assert passes("something else %s") is not None
    now = WINDOW_SECONDS + 1
    record = passes()
    assert record is not None
    assert record.__dict__["repeated"] == 500 - AT_ONCE
    assert all(passes("hop: %s", "fetchers.hop_log") for _ in range(500)), "what happened is no repeat"
