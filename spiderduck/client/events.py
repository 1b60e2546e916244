"""Server-sent events: bytes in, events out; and of these the notices and the position to resume from. Pure.

The parser of the HTML standard (section 9.2.6) as far as this stream uses it. The command line reads its events here as
well.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from spiderduck.client.errors import ClientError
from spiderduck.client.model import Notice

_decode = msgspec.json.Decoder(Notice).decode
LONGEST_LINE = 16 * 1024 * 1024
"""Bytes. A notice holds a record, which the server bounds far below."""


class BadStream(ClientError):
    """What comes is no stream of this API."""

    code = "bad_stream"


COMMENT = ":"
"""The `kind` of a comment, which keeps a quiet stream alive."""


class ServerEvent(NamedTuple):
    """One event as it came, or a comment."""

    kind: str
    data: str
    id: str = ""

    @property
    def is_notice(self) -> bool:
        """Not a `reset`, which only moves the position."""
        return bool(self.data) and self.kind not in ("reset", COMMENT)


class EventReader:
    """Of one connection."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._length = 0
        self._kind = self._data = self._id = ""

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """What is whole by now. Raises `BadStream`."""
        *whole, last = chunk.split(b"\n")
        for line in whole:
            text = b"".join((*self._rest, line)).removesuffix(b"\r").decode("utf-8", "replace")
            self._rest, self._length = [], 0
            if (event := self._line(text)) is not None:
                yield event
        self._rest.append(last)
        self._length += len(last)
        if self._length > LONGEST_LINE:
            raise BadStream(f"a line of the stream is longer than {LONGEST_LINE:,} bytes")

    def _line(self, line: str) -> ServerEvent | None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "id":
            self._id = value
        elif name == "data":
            self._data += value
        elif line and not name:
            return ServerEvent(COMMENT, value)
        elif not line:
            event = ServerEvent(self._kind, self._data, self._id)
            self._kind = self._data = self._id = ""
            return event
        return None


class NoticeReader:
    """Of one subscription, over any number of connections. `position` is that of the last notice, where the next
    connection goes on; `has_begun` says whether the server ever sent anything."""

    def __init__(self, position: str | None = None) -> None:
        self.position = position
        self.has_begun = False
        self.begin()

    def begin(self) -> None:
        """A new connection: what was cut off in the middle comes again."""
        self._events = EventReader()

    def feed(self, chunk: bytes) -> Iterator[Notice]:
        """The notices that are whole by now. Raises `BadStream`."""
        self.has_begun = True
        for event in self._events.feed(chunk):
            self.position = event.id or self.position
            if event.is_notice:
                yield _notice(event)


def _notice(event: ServerEvent) -> Notice:
    try:
        return _decode(event.data)
    except msgspec.DecodeError as error:
        raise BadStream(f"an event of the stream is no notice: {error}") from error
