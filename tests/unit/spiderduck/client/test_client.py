"""The Python client over answers made by hand: what it sends, how it reads, and how it goes on after a break."""

from collections.abc import Callable, Iterator

import httpx
import msgspec
import pytest

from schedulers.model import Status
from schedulers.record import Record
from spiderduck.client import ApiError, AsyncClient, Client, Notice, Unreachable, UrlRecord, asynchronous, sync
from spiderduck.client.connection import BadAddress, pause_after
from spiderduck.client.events import LONGEST_LINE, BadStream, NoticeReader

PROBLEM = {"type": "urn:x", "title": "Not allowed", "status": 403, "code": "forbidden", "detail": "lacks the scope"}


def notice(number: int) -> bytes:
    data = {"url": f"http://duck.test/{number}", "status": "fetched", "metadata": {"title": f"Duck {number}"}}
    told = {
        "id": f"n{number}",
        "type": "spiderduck.url.processed",
        "subject": data["url"],
        "time": "2026-11-22T10:47:34Z",
    }
    return msgspec.json.encode({**told, "outcome": "fetched", "data": data, "event_id": "e", "later": 1})


def frame(number: int) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (number, notice(number))


Handler = Callable[[httpx.Request], httpx.Response]


def client_of(handler: Handler) -> Client:
    client = Client("http://links.test", "secret")
    client.http = httpx.Client(
        base_url="http://links.test", headers=client.http.headers, transport=httpx.MockTransport(handler)
    )
    return client


def test_records_have_all_that_the_server_tells() -> None:
    assert set(UrlRecord.__struct_fields__) == set(Record.__struct_fields__)


@pytest.mark.parametrize("server", ["", "ftp://x", "http://", "http://[", "x://y"])
def test_what_is_no_address_is_refused(server: str) -> None:
    with pytest.raises(BadAddress):
        Client(server)


def test_a_host_and_port_are_an_address() -> None:
    assert str(Client("localhost:8080").http.base_url).rstrip("/") == "http://localhost:8080"


def test_a_look_up_sends_urls_and_gives_decoded_records() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer secret"
        assert msgspec.json.decode(request.content) == {"urls": ["a", "b"], "wait_ms": 1500, "schedule": True}
        records = [{"url": "a", "status": "fetched", "metadata": {"title": "A"}}, {"url": "b", "status": "pending"}]
        return httpx.Response(200, json={"results": records})

    first, second = client_of(answer).look_up("a", "b", wait=1.5, schedule=True)
    assert first.metadata is not None
    assert (first.metadata.title, second.status, second.metadata) == ("A", Status.PENDING, None)


def test_names_are_parts_of_a_path_and_nothing_more() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(200, json={"url": "a", "status": "fetched"})

    client_of(answer).page("1/../../x?y")
    assert asked == [b"/v1/pages/1%2F..%2F..%2Fx%3Fy"]


@pytest.mark.parametrize(
    ("answer", "code", "retryable", "retry_after"),
    [
        (httpx.Response(403, json=PROBLEM), "forbidden", False, None),
        (httpx.Response(429, json={**PROBLEM, "code": "slow"}, headers={"Retry-After": "7"}), "slow", True, 7.0),
        (httpx.Response(503, text="<html>proxy", headers={"Retry-After": "soon"}), "http_error", True, None),
        (httpx.Response(500, content=b"\xff"), "http_error", False, None),
        (httpx.Response(404, json=[1]), "http_error", False, None),
    ],
)
def test_a_refusal_is_an_error_with_its_code(
    answer: httpx.Response, code: str, retryable: bool, retry_after: float | None
) -> None:
    with pytest.raises(ApiError) as caught:
        client_of(lambda _: answer).unfurl("http://duck.test/")
    found = caught.value
    assert (found.status, found.code, found.retryable, found.retry_after) == (
        answer.status_code,
        code,
        retryable,
        retry_after,
    )
    assert str(found)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"url": 7}', b"\xff\xfe"])
def test_an_answer_of_something_else_is_said_to_be_one(body: bytes) -> None:
    with pytest.raises(Unreachable):
        client_of(lambda _: httpx.Response(200, content=body)).unfurl("http://duck.test/")


def test_nothing_that_answers_is_unreachable() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(Unreachable, match="links"):
        client_of(refuse).send_events({"text": "x"})


class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Some bytes, then a connection that breaks."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        raise httpx.ReadError("reset")

    async def __aiter__(self):  # type: ignore[no-untyped-def]
        for piece in self:
            yield piece


class Server:
    """Answers the stream from a list: an answer, or an error to raise."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.positions: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.positions.append(request.headers.get("last-event-id"))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


RESET = b'event: reset\nid: 40\ndata: {"position":40}\n\n'


def broken_server() -> Server:
    return Server(
        httpx.Response(200, stream=Broken(b": connected\n\n", frame(1), frame(2)[:30])),
        httpx.ConnectError("refused"),
        httpx.Response(503, json=PROBLEM),
        httpx.Response(200, stream=Broken(frame(2), b": still here\n\n" + RESET)),
        httpx.Response(200, content=frame(41) + frame(42)),
    )


def test_a_subscription_goes_on_where_it_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing twice and nothing missing, whatever happened in between."""
    monkeypatch.setattr(sync, "pause_after", lambda _: 0.0)
    server = broken_server()
    notices = client_of(server).notices(after="0", domain="duck.test")
    assert [next(notices).id for _ in range(4)] == ["n1", "n2", "n41", "n42"]
    assert server.positions == ["0", "1", "1", "1", "40"]


async def test_so_does_one_of_the_asynchronous_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asynchronous, "pause_after", lambda _: 0.0)
    server = broken_server()
    client = AsyncClient("http://links.test")
    client.http = httpx.AsyncClient(base_url="http://links.test", transport=httpx.MockTransport(server))
    found = []
    async for one in client.notices(after="0"):
        found.append(one.id)
        if len(found) == 4:
            break
    assert found == ["n1", "n2", "n41", "n42"]
    assert server.positions == ["0", "1", "1", "1", "40"]


@pytest.mark.parametrize("first", [httpx.ConnectError("refused"), httpx.Response(401, json=PROBLEM)])
def test_a_subscription_that_cannot_begin_says_so(first: httpx.Response | Exception) -> None:
    with pytest.raises((ApiError, Unreachable)):
        next(client_of(Server(first)).notices())


def test_pauses_grow_and_are_bounded() -> None:
    assert all(0.0 < pause_after(failures) <= 30.0 for failures in (0, 1, 5, 50, 10_000))
    assert pause_after(0) <= 0.5


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pieces_of_any_size_are_the_same_stream(size: int) -> None:
    stream = b": hello\r\n\r\n" + frame(1).replace(b"\n", b"\r\n") + "data: \n\n: é\n".encode() + frame(2)
    reader, found = NoticeReader(), list[Notice]()
    for start in range(0, len(stream), size):
        found += reader.feed(stream[start : start + size])
    assert [one.subject for one in found] == ["http://duck.test/1", "http://duck.test/2"]
    assert reader.position == "2"


def test_what_is_no_stream_of_ours_ends_it() -> None:
    with pytest.raises(BadStream):
        list(NoticeReader().feed(b"data: {}\n\n"))
    reader = NoticeReader()
    list(reader.feed(b"x" * LONGEST_LINE))
    with pytest.raises(BadStream):
        list(reader.feed(b"x"))


def test_a_queue_is_acknowledged_when_the_next_notice_is_asked_for() -> None:
    calls: list[str] = []
    batches = [[1, 2], [3]]

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(f"{request.method} {request.url.path} {request.content.decode()}".strip())
        if request.method == "PUT":
            return httpx.Response(403, json=PROBLEM)
        if request.method == "POST":
            return httpx.Response(204)
        numbers = batches.pop(0)
        told = b",".join(map(notice, numbers))
        return httpx.Response(200, content=b'{"notices":[%b],"position":%d}' % (told, numbers[-1]))

    notices = client_of(answer).queue("team")
    assert [next(notices).id for _ in range(2)] == ["n1", "n2"]
    assert calls == ["PUT /v1/queues/team", "GET /v1/queues/team"]
    assert next(notices).id == "n3"
    assert calls[2:] == ['POST /v1/queues/team/ack {"position":2}', "GET /v1/queues/team"]
