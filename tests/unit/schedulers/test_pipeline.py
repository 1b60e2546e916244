"""What the READ FIRST of the pipeline says about the flow holds."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

import schedulers
from fetchers.model import CutBy, Ended, Ending, FetchResult, HopRequest, NotNow, Response
from schedulers.config import SchedulersConfig
from schedulers.metadata import FAILURE, Metadata, Provenance
from schedulers.model import ArchiveLocation, Change, Content, Known, Message, Page, Status, UrlState
from schedulers.notice import Notice
from schedulers.pipeline import Pipeline, unfurl
from schedulers.ports import FlowPorts, Judge, Knows
from schedulers.record import record_of
from schedulers.verdict import TAKEDOWN, TAKEN_DOWN, Judged, Previous, Verdict, previous_to
from tests.clock import FakeClock

A = "http://news.test/a"
PAGE = Page(3, A, A, 100.0, 200, Content("text/html", 1, "00"), b'{"title":"Old"}', b"{}")
GOOD = UrlState(A, A, Status.FETCHED, page_id=3, resolved_url=A, fresh_until=2_000_000.0)
EVENT = Message(b'{"id":"one","urls":["http://news.test/a"]}', "one")


class Outside:
    """Everything that the flow needs, in memory: one known URL at the most, one answer, and what was completed."""

    def __init__(self, answer: Any = None, known: Known = Known()) -> None:  # noqa: B008 -- frozen
        self.answer = answer or Response(A, 200, (("content-type", "text/html"),), b"<title>A</title>", 1.0)
        self.known = known
        self.completed: list[tuple[str, str, Change, Notice]] = []
        self.erased: list[ArchiveLocation] = []

    async def look_up(self, key: str, event_id: str | None = None) -> Known:
        return self.known

    async def mark(self, state: UrlState) -> None: ...

    async def complete(self, event_id: str, key: str, change: Change, notice: Notice) -> None:
        self.completed.append((event_id, key, change, notice))

    async def fetch(self, request: HopRequest, knows: Knows | None = None) -> FetchResult:
        return FetchResult(request.url, (), self.answer)

    async def extract(self, response: Response) -> Metadata:
        return Metadata(title="A")

    async def append(self, page_id: int, response: Response, metadata: bytes) -> ArchiveLocation:
        return ArchiveLocation("one.warc.gz", 0, 1, "ab")

    async def erase(self, locations: Any) -> bool:
        self.erased += locations
        return True

    async def publish(self, messages: Any, *, bulk: bool = False) -> list[bool]:
        return [True] * len(messages)

    def next_id(self) -> int:
        return 7


class Passed:
    """Notes the stages that are passed."""

    def __init__(self, stages: list[str]) -> None:
        self._stages = stages

    def stage(self, name: str, seconds: float) -> None:
        self._stages.append(name)

    def ended(self, outcome: str, seconds: float | None) -> None: ...


def pipeline(outside: Any, stages: list[str] | None = None, judge: Judge = lambda url, known: None) -> Pipeline:
    ports = FlowPorts(*[outside] * 8, FakeClock(), judge=judge)
    return Pipeline(ports, SchedulersConfig(), Passed([] if stages is None else stages))


ROBOTS = Ended(Ending.ROBOTS_DENIED, "its robots.txt says no")
START = ["read_event", "single_flight", "decide"]


@pytest.mark.parametrize(
    ("known", "answer", "passed", "outcomes"),
    [
        (Known(), None, ["fetch", "extract", "archive", "store", "ask_for_picture"], ["fetched"]),
        (Known(), ROBOTS, ["fetch", "store"], ["robots_denied"]),
        (Known(), Response(A, 404, (), b"", 1.0), ["fetch", "extract", "store"], ["http_error"]),
        (
            Known(False, replace(GOOD, fresh_until=1.0), PAGE),
            Response(A, 304, (), b"", 1.0),
            ["fetch", "extract", "store"],
            ["fetched"],
        ),
        (Known(False, GOOD, PAGE), None, ["store"], ["reused"]),
        (Known(True, GOOD, PAGE), None, ["ask_for_picture"], []),
    ],
)
async def test_a_url_passes_the_stages_in_order_until_its_result_is_known(
    known: Known, answer: Any, passed: list[str], outcomes: list[str]
) -> None:
    """The last one was finished by an earlier delivery: nothing is stored or announced again."""
    stages: list[str] = []
    outside = Outside(answer, known)
    await pipeline(outside, stages).handle(EVENT)
    assert stages == [*START, *passed]
    assert [notice.outcome for *_, notice in outside.completed] == outcomes


UNREADABLE = Metadata(provenance={FAILURE: Provenance("it took too long")})


@pytest.mark.parametrize("page", [None, PAGE])
async def test_a_page_that_could_not_be_read_fails_and_never_replaces_what_is_known(page: Page | None) -> None:
    """Nothing is archived of it; a good page stays, and the record says how the latest fetch of it ended."""
    known = Known() if page is None else Known(False, replace(GOOD, fresh_until=1.0), page)
    outside, stages = Outside(known=known), list[str]()

    async def unreadable(response: Response) -> Metadata:
        return UNREADABLE

    outside.extract = unreadable  # type: ignore[method-assign]
    await pipeline(outside, stages).handle(EVENT)
    ((_, _, change, notice),) = outside.completed
    (state,) = change.states
    assert (stages, notice.outcome, change.page) == ([*START, "fetch", "extract", "store"], "failed", None)
    if page is None:
        assert (state.status, state.reason) == (Status.FAILED, "the page could not be read: it took too long")
    else:
        assert (state.status, state.page_id) == (Status.FETCHED, page.id)
        assert state.last_error is not None
        assert state.last_error.status is Status.FAILED


@pytest.mark.parametrize(
    ("cut_by", "title", "status"),
    [
        ("time", None, Status.TIMED_OUT),
        ("disconnect", None, Status.PROTOCOL_ERROR),
        ("unspecified", None, Status.PROTOCOL_ERROR),
        ("disconnect", "A", Status.FETCHED),
        ("length", None, Status.FETCHED),
        (None, None, Status.FETCHED),
    ],
)
async def test_a_page_that_broke_off_before_it_said_anything_replaces_nothing(
    cut_by: CutBy | None, title: str | None, status: Status
) -> None:
    """Its URL keeps the page that is known; what a browser would show is taken."""

    class Says(Outside):
        async def extract(self, response: Response) -> Metadata:
            return Metadata(title=title)

    answer = Response(A, 200, (("content-type", "text/html"),), b"<", 1.0, cut_by=cut_by)
    outside = Says(answer, Known(False, replace(GOOD, fresh_until=1.0), PAGE))
    await pipeline(outside).handle(EVENT)
    (_, _, change, notice) = outside.completed[0]
    assert notice.outcome == status
    assert (change.page is None) is (status is not Status.FETCHED)


async def test_an_error_page_that_could_not_be_read_is_an_http_error() -> None:
    outside = Outside(Response(A, 404, (), b"", 1.0))

    async def unreadable(response: Response) -> Metadata:
        return UNREADABLE

    outside.extract = unreadable  # type: ignore[method-assign]
    await pipeline(outside).handle(EVENT)
    assert [notice.outcome for *_, notice in outside.completed] == ["http_error"]


async def test_who_is_given_up_is_stored_and_announced_by_the_same_stage() -> None:
    stages: list[str] = []
    outside = Outside(known=Known(False, GOOD, PAGE))
    await pipeline(outside, stages).give_up(EVENT, "boom")
    ((event_id, key, change, notice),) = outside.completed
    assert (event_id, key, notice.outcome, stages) == ("generic one", A, "failed", ["read_event", "store"])
    (state,) = change.states
    assert (state.status, state.page_id) == (Status.FETCHED, 3)
    assert state.last_error is not None
    assert "boom" in state.last_error.reason


async def test_the_verdict_is_told_and_remembered_in_every_state() -> None:
    """Of the URL that was shared, and of what lies behind it; with what was said before."""
    before = Judged(verdict="no_match", as_of="2026-11-22T10:00:00.000Z")
    outside = Outside(known=Known(False, replace(GOOD, fresh_until=1.0, judged=before), PAGE))

    def judge(url: str, known: Known) -> Verdict:
        assert known.state is not None
        found = Verdict(verdict="warn", as_of="2026-11-23T10:00:00.000Z")
        return msgspec.structs.replace(found, previous=previous_to(found, known.state.judged))

    await pipeline(outside, judge=judge).handle(EVENT)
    ((_, _, change, notice),) = outside.completed
    told = msgspec.json.decode(notice.body)["data"]["verdict"]
    assert (told["verdict"], told["previous"]) == ("warn", {"verdict": "no_match", "as_of": before.as_of})
    (state,) = change.states
    assert state.judged is not None
    assert (state.judged.verdict, state.judged.previous) == ("warn", Previous(verdict="no_match", as_of=before.as_of))
    assert Verdict(verdict="warn", as_of="later").remembered(state.judged) is state.judged


async def test_what_was_finished_is_not_given_up() -> None:
    outside = Outside(known=Known(True))
    await pipeline(outside).give_up(EVENT, "boom")
    assert outside.completed == []


async def test_what_cannot_be_parsed_stays_an_invalid_url_when_it_is_given_up() -> None:
    outside = Outside()
    await pipeline(outside).give_up(Message(b'{"id":"one","urls":["http://[bad/"]}', "one"), "boom")
    assert [notice.outcome for *_, notice in outside.completed] == ["invalid_url"]


@pytest.mark.parametrize(
    ("text", "answer", "status"),
    [
        (A, None, "fetched"),
        (A, ROBOTS, "robots_denied"),
        (A, NotNow(9.0, "busy"), "late"),
        ("http://[bad/", None, "invalid_url"),
    ],
)
async def test_the_command_line_gets_the_record_that_the_flow_would_store(text: str, answer: Any, status: str) -> None:
    outside = Outside(answer)
    record = await unfurl(text, outside, outside, FakeClock(), 1.0)  # type: ignore[arg-type]
    assert record.status == status
    if status in ("fetched", "robots_denied"):
        await pipeline(outside).handle(EVENT)
        ((_, _, change, _),) = outside.completed
        stored = record_of(change.states[0], change.page)
        shown = msgspec.structs.replace(record, page_id=stored.page_id, content=stored.content)
        assert shown == stored


def test_nothing_is_asserted_that_a_position_in_the_flow_guarantees() -> None:
    """The types say it."""
    (package,) = schedulers.__path__
    files = [path for path in Path(package).rglob("*.py") if "metadata" not in path.parts]
    assert len(files) > 30
    for path in files:
        tree = ast.parse(path.read_text("utf-8"))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)], path


class CountedHold:
    """Room of a body."""

    users = 1

    def share(self) -> None:
        self.users += 1

    def release(self) -> None:
        self.users -= 1


@pytest.mark.parametrize("status", [200, 404, 503])
@pytest.mark.parametrize("fails", [False, True])
async def test_a_body_is_released_when_its_url_has_ended(status: int, fails: bool) -> None:
    """However it ended: understood, an error, put off, or with a surprise."""
    hold = CountedHold()
    answer = Response(A, status, (("content-type", "text/html"),), b"<title>A</title>", 1.0, hold=hold)
    outside = Outside(answer)

    async def fail(*_: object, **__: object) -> None:
        assert hold.users == 1, "released before it was used"
        raise OSError("the disk is full")

    if fails:
        outside.extract = outside.append = fail  # type: ignore[method-assign, assignment]
        with pytest.raises(OSError, match="disk"):
            await pipeline(outside).handle(EVENT)
    else:
        await pipeline(outside).handle(EVENT)
    assert hold.users == 0


@pytest.mark.parametrize(
    ("known", "answer", "erased"),
    [
        (Known(), None, 1),
        (Known(False, replace(GOOD, fresh_until=1.0), PAGE), None, 1),
        (Known(False, replace(GOOD, fresh_until=1.0), PAGE), Response(A, 304, (), b"", 1.0), 0),
        (Known(False, replace(GOOD, fresh_until=1.0), PAGE), Response(A, 500, (), b"", 1.0), 0),
        (Known(False, GOOD, PAGE), None, 0),
    ],
)
async def test_what_is_taken_down_while_it_is_handled_leaves_nothing(known: Known, answer: Any, erased: int) -> None:
    """Neither the new page nor the one that was known; what the archive got is erased."""

    def judge(url: str, found: Known) -> Verdict:
        return Verdict(verdict="block", basis=TAKEDOWN, as_of="2026-11-30T12:00:00Z")

    outside = Outside(answer, known)
    await pipeline(outside, judge=judge).handle(EVENT)
    ((_, _, change, told),) = outside.completed
    (state,) = change.states
    assert (change.page, state.page_id, state.status, state.reason_code) == (None, None, "blocked_domain", TAKEN_DOWN)
    assert b"metadata" not in told.body
    assert len(outside.erased) == erased
