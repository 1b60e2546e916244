"""What every answer has: a request id, HEAD, validators, a coding."""

import asyncio
import gzip
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from groundwork.front import manners
from groundwork.front.encodings import accepted_coding
from groundwork.front.manners import Manners, request_id

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BODY = json.dumps({"text": "a duck on a pond " * 100}).encode()
JSON = (b"content-type", b"application/json")
KEPT = (b"cache-control", b"private, max-age=60")


def whole(body: bytes, *headers: tuple[bytes, bytes], status: int = 200) -> Any:
    async def app(_: Any, __: Any, send: Any) -> None:
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": body})

    return app


async def ask(
    app: Callable[..., Awaitable[None]], method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body; a header that stands twice fails."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    given = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    await Manners(app)({"type": "http", "method": method, "headers": given}, receive, send)
    start, *rest = messages
    told = [(name.decode(), value.decode("latin-1")) for name, value in start["headers"]]
    assert len(told) == len(dict(told))
    return start["status"], dict(told), b"".join(one.get("body", b"") for one in rest)


@pytest.mark.parametrize("given", ["abc-123", "a" * 128, "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "1:2/3+4=5~6"])
async def test_a_callers_request_id_comes_back(given: str) -> None:
    _, headers, _ = await ask(whole(b"ok"), x_request_id=given)
    assert headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a" * 129, "a b", "a\tb", "a\x1b[31m", "é", '"', "a,b"])
async def test_what_could_break_a_log_line_is_replaced(given: str) -> None:
    _, headers, _ = await ask(whole(b"ok"), x_request_id=given)
    assert headers["x-request-id"] != given
    assert headers["x-request-id"].isalnum()


async def test_what_is_logged_meanwhile_bears_the_id() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(request_id.get())
        await whole(b"ok")(scope, receive, send)

    await ask(app, x_request_id="one")
    assert seen == ["one"]
    assert request_id.get() == ""


async def test_head_is_get_without_the_body() -> None:
    got, had, _ = await ask(whole(BODY, JSON, KEPT))
    status, headers, body = await ask(whole(BODY, JSON, KEPT), "HEAD")
    assert (status, body) == (got, b"")
    assert {**headers, "x-request-id": ""} == {**had, "x-request-id": ""}


async def test_head_of_a_stream_ends_it() -> None:
    """The handler is told that its client has left, and what it sends goes nowhere."""
    told: list[Any] = []

    async def app(_: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        told.append(await receive())
        await send({"type": "http.response.body", "body": b"two", "more_body": True})

    assert (await ask(app, "HEAD"))[2] == b""
    assert told == [{"type": "http.disconnect"}]


async def test_what_may_be_kept_has_a_tag_and_is_not_sent_twice() -> None:
    _, headers, _ = await ask(whole(BODY, JSON, KEPT))
    status, again, body = await ask(whole(BODY, JSON, KEPT), if_none_match=headers["etag"])
    assert (status, body) == (304, b"")
    assert again["etag"] == headers["etag"]
    assert again["cache-control"] == "private, max-age=60"
    assert not [name for name in again if name.startswith("content-")]


@pytest.mark.parametrize("given", ['"x", {tag}', "*", "{strong}"])
async def test_tags_are_compared_weakly_and_in_lists(given: str) -> None:
    tag = (await ask(whole(BODY, JSON, KEPT)))[1]["etag"]
    wanted = given.replace("{tag}", tag).replace("{strong}", tag.removeprefix("W/"))
    assert (await ask(whole(BODY, JSON, KEPT), if_none_match=wanted))[0] == 304


async def test_another_body_has_another_tag() -> None:
    tag = (await ask(whole(BODY, JSON, KEPT)))[1]["etag"]
    assert (await ask(whole(BODY + b" ", JSON, KEPT), if_none_match=tag))[0] == 200


async def test_a_handlers_own_tag_stays() -> None:
    app = whole(BODY, JSON, KEPT, (b"etag", b'"own"'))
    assert (await ask(app))[1]["etag"] == '"own"'
    assert (await ask(app, if_none_match='W/"own"'))[0] == 304


@pytest.mark.parametrize("headers", [(JSON,), (JSON, (b"cache-control", b"no-store"))])
async def test_what_may_not_be_kept_has_no_tag(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    assert "etag" not in (await ask(whole(BODY, *headers)))[1]


async def test_errors_have_no_tag() -> None:
    assert "etag" not in (await ask(whole(BODY, JSON, KEPT, status=404)))[1]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.1, gzip", "gzip"),
        ("*", "zstd"),
        ("*;q=0.5, zstd;q=0", "gzip"),
        ("GZIP ; Q=1.0", "gzip"),
        ("identity", None),
        ("gzip;q=0", None),
        ("gzip;q=nan", None),
        ("gzip;q=x", None),
        ("br", None),
        ("", None),
        (",;=,", None),
        ("a," * 20 + "gzip", None),  # nobody sends so many
    ],
)
async def test_long_json_comes_in_a_coding_that_the_client_takes(accepted: str, coding: str | None) -> None:
    assert accepted_coding(accepted) == coding
    _, headers, body = await ask(whole(BODY, JSON), accept_encoding=accepted)
    assert headers.get("content-encoding") == coding
    assert headers["vary"] == "Accept-Encoding"
    assert headers["content-length"] == str(len(body))
    opened = {"gzip": gzip.decompress, "zstd": zstd.decompress}.get(coding or "", bytes)(body)
    assert opened == BODY


async def test_megabytes_are_encoded_beside_the_loop() -> None:
    body = b'"' + b"duck " * 1_000_000 + b'"'
    _, headers, encoded = await ask(whole(body, JSON), accept_encoding="gzip")
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(encoded) == body


@pytest.mark.parametrize(
    "app",
    [
        whole(b"[]", JSON),
        whole(BODY, (b"content-type", b"image/png")),
        whole(BODY, JSON, (b"content-encoding", b"br")),
    ],
    ids=["short", "no text", "encoded already"],
)
async def test_the_rest_comes_as_it_is(app: Any) -> None:
    _, headers, body = await ask(app, accept_encoding="gzip")
    assert headers.get("content-encoding") != "gzip"
    assert headers["content-length"] == str(len(body))


async def test_pieces_are_passed_on_at_once() -> None:
    seen: list[Any] = []

    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for piece in (b"one", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            seen.append(piece)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    assert (await ask(app, accept_encoding="gzip"))[2] == b"onetwo"
    assert seen == [b"one", b"two"]


async def test_large_answers_do_not_wait_for_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few are encoded beside the loop; the others go out as they are, and no body waits in memory."""
    go, begun = asyncio.Event(), 0

    async def slowly(encode: Callable[[bytes], bytes], body: bytes) -> bytes:
        nonlocal begun
        begun += 1
        await go.wait()
        return encode(body)

    monkeypatch.setattr(manners.asyncio, "to_thread", slowly)
    app, large = Manners(whole(BODY * 100, JSON)), len(BODY) * 100

    async def one() -> int:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "headers": [(b"accept-encoding", b"gzip")]}
        await app(scope, None, send)
        return len(sent[-1]["body"])

    tasks = [asyncio.create_task(one()) for _ in range(manners.MOST_BESIDE + 5)]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.sleep(0)
    assert [task.result() for task in tasks if task.done()] == [large] * 5
    go.set()
    assert sum(size < large for size in await asyncio.gather(*tasks)) == begun == manners.MOST_BESIDE
