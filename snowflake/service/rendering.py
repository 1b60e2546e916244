"""Ids as JSON at more than ten million a second. Pure; used by `server.py`.

Neighbouring ids share all digits but the last four, so that a range is its common prefix joined with a table of
endings: no number is converted. Exactly what `json.dumps` of the same lists would say, without blanks.
"""

from collections.abc import Iterable, Iterator

from litestar.types import Receive, Scope, Send

_BLOCK = 10_000
_ENDINGS = tuple(f"{number:04d}" for number in range(_BLOCK))


def render_one(id: int) -> bytes:
    """The JSON answer for one id."""
    return b'{"id":%d,"id_str":"%d"}' % (id, id)


def render_many(ranges: Iterable[range]) -> bytes:
    """`ManyIds` of all ids in these ranges."""
    blocks = [block for ids in ranges for block in _blocks(ids)]
    numbers = ",".join([_join(prefix, endings, ",") for prefix, endings in blocks])
    strings = '","'.join([_join(prefix, endings, '","') for prefix, endings in blocks])
    quote = '"' if blocks else ""
    return f'{{"ids":[{numbers}],"ids_str":[{quote}{strings}{quote}]}}'.encode("ascii")


def _blocks(ids: range) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Ids up to 9,999 have no prefix to share and would keep leading zeros: one by one."""
    start = ids.start
    while start < min(ids.stop, _BLOCK):
        yield str(start), ("",)
        start += 1
    while start < ids.stop:
        prefix, first = divmod(start, _BLOCK)
        stop = min(ids.stop, (prefix + 1) * _BLOCK)
        yield str(prefix), _ENDINGS[first : first + stop - start]
        start = stop


def _join(prefix: str, endings: tuple[str, ...], separator: str) -> str:
    return prefix + (separator + prefix).join(endings)


# Every answer is for one caller: no cache on the way may keep it.
_HEADERS = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))


class JsonAnswer:
    """An ASGI application that sends `body` with status 200."""

    __slots__ = ("_body",)

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = (*_HEADERS, (b"content-length", b"%d" % len(self._body)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})
