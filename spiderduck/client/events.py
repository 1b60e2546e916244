"""Server-sent events: lines in, notices and the position to resume from. Pure; the parser of the HTML standard (section
9.2.6) as far as this stream uses it."""

from collections.abc import Iterator

import msgspec

from spiderduck.client.errors import ClientError
from spiderduck.client.model import Notice

_decode = msgspec.json.Decoder(Notice).decode
LONGEST_LINE = 16 * 1024 * 1024
"""Bytes. A notice holds a record, which the server bounds far below."""


class BadStream(ClientError):
    """What comes is no stream of this API."""

    code = "bad_stream"


class NoticeReader:
    """Of one subscription, over any number of connections. `position` is that of the last notice, where the next
    connection goes on; `has_begun` says whether the server ever sent anything."""

    def __init__(self, position: str | None = None) -> None:
        self.position = position
        self.has_begun = False
        self.begin()

    def begin(self) -> None:
        """A new connection: what was cut off in the middle comes again."""
        self._rest: list[bytes] = []
        self._length = 0
        self._kind = self._data = self._id = ""

    def feed(self, chunk: bytes) -> Iterator[Notice]:
        """The notices that are whole by now. Raises `BadStream`."""
        self.has_begun = True
        *whole, last = chunk.split(b"\n")
        for line in whole:
            text = b"".join((*self._rest, line)).removesuffix(b"\r").decode("utf-8", "replace")
            self._rest, self._length = [], 0
            if (notice := self._line(text)) is not None:
                yield notice
        self._rest.append(last)
        self._length += len(last)
        if self._length > LONGEST_LINE:
            raise BadStream(f"a line of the stream is longer than {LONGEST_LINE:,} bytes")

    def _line(self, line: str) -> Notice | None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "id":
            self._id = value
        elif name == "data":
            self._data += value
        return None if line else self._event()

    def _event(self) -> Notice | None:
        """An empty line ends an event. A `reset` only moves the position."""
        kind, data, identity = self._kind, self._data, self._id
        self._kind = self._data = self._id = ""
        self.position = identity or self.position
        if not data or kind == "reset":
            return None
        try:
            return _decode(data)
        except msgspec.DecodeError as error:
            raise BadStream(f"an event of the stream is no notice: {error}") from error
