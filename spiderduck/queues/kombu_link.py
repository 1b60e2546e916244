"""A connection to the broker, and the one thread that touches it.

Parts attach as `Line`s: each gets a channel at every (re)connection and a turn whenever there is something to do.
Whatever ends a connection (a restart, a cut, silence), the thread makes another one, and no line has to know why.
"""

import asyncio
import logging
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

import kombu
from kombu.exceptions import KombuError

from groundwork.engine_tls import EngineTls
from spiderduck.errors import StoreUnavailable
from spiderduck.settings.broker import BrokerConfig

log = logging.getLogger(__name__)

_kombu: Any = kombu  # most of it is not annotated
Value = TypeVar("Value")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
EVENTS_AT_ONCE = 500
CLOSE_SECONDS = 2.0
POLL_SECONDS = 0.01
"""For transports of kombu that have no socket to wait on."""


class Line(Protocol):
    """A part that uses the link. All is called from the link's thread, and may raise to have the link made anew."""

    def opened(self, connection: Any) -> None:
        """There is a connection: open a channel, declare, consume."""

    def work(self) -> None:
        """Send what waits."""

    def lost(self) -> None:
        """The connection is gone, and with it every channel and delivery tag."""


NOT_YET = "not connected yet"


class BrokerLink:
    """Runs from its making until `close`."""

    def __init__(self, config: BrokerConfig, name: str, declare: Callable[[Any], None]) -> None:
        self._config = config
        self._declare = declare
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._lines: list[Line] = []
        self._open_lines: list[Line] = []
        self._calls: deque[tuple[Callable[[Any], Any], asyncio.Future[Any]]] = deque()
        self._told: list[Callable[[], None]] = []
        self._waking, self._wake = socket.socketpair()
        self._waking.setblocking(False)
        self._wake.setblocking(False)
        self._closing = threading.Event()
        self.blocked = False
        self.trouble: str | None = NOT_YET
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def attach(self, line: Line) -> None:
        """From any thread; `opened` follows."""
        self._lines.append(line)
        self.poke()

    def detach(self, line: Line) -> None:
        """From the link's own thread (within a `call`)."""
        for lines in (self._lines, self._open_lines):
            if line in lines:
                lines.remove(line)

    def call(self, work: Callable[[Any], Value]) -> "asyncio.Future[Value]":
        """Run `work` in the thread when there is a connection; again on the next one where the connection broke
        meanwhile."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._calls.append((work, future))
        self.poke()
        return cast("asyncio.Future[Value]", future)

    async def ask(self, work: Callable[[Any], Value]) -> Value:
        """`call`, for somebody who does not wait for ever. Raises `StoreUnavailable` after `patience_seconds`."""
        try:
            async with asyncio.timeout(self._config.patience_seconds):
                return await self.call(work)
        except TimeoutError as error:
            raise StoreUnavailable(f"{self.trouble or 'the broker is slow'}; ask again later") from error

    def poke(self) -> None:
        """There is something to do. From any thread."""
        try:
            self._wake.send(b"\0")
        except BlockingIOError:
            return  # it has been woken often enough

    def tell(self, callback: Callable[[], None]) -> None:
        """From the thread: call that on the loop, together with whatever else this turn has to tell."""
        self._told.append(callback)

    async def close(self) -> None:
        """Send what waits, and end."""
        self._closing.set()
        self.poke()
        await asyncio.to_thread(self._thread.join)
        self._waking.close()
        self._wake.close()

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._closing.is_set():
            connection = self._connection()
            try:
                self._open(connection)
                pause = FIRST_PAUSE
                self._serve(connection)
            except (KombuError, OSError, *connection.connection_errors, *connection.channel_errors) as error:
                self._lost(error)
            except Exception as error:
                log.exception("%s: a surprise", self._name)
                self._lost(error)
            finally:
                self._end(connection)
            self._closing.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _connection(self) -> Any:
        silence = self._config.heartbeat_seconds * 1.5
        return _kombu.Connection(
            self._config.url,
            heartbeat=self._config.heartbeat_seconds,
            ssl=_encrypted(self._config.tls),
            connect_timeout=self._config.connect_timeout,
            transport_options={
                "on_blocked": self._on_blocked,
                "on_unblocked": self._on_unblocked,
                "read_timeout": silence,
                "write_timeout": silence,
                "client_properties": {"connection_name": f"{self._config.prefix} {self._name}"},
            }
            if self._config.url.startswith("amqp")
            else {},
        )

    def _open(self, connection: Any) -> None:
        others = max(0, len(connection.alt or ()) - 1)  # each host is tried once
        connection.ensure_connection(max_retries=others, interval_start=0.1, interval_step=0.1, interval_max=0.1)
        channel = connection.channel()
        self._declare(channel)
        channel.close()
        self.trouble = None
        log.info("%s: connected", self._name)

    def _serve(self, connection: Any) -> None:
        sock = getattr(getattr(connection.connection, "transport", None), "sock", None)
        beat = time.monotonic()
        while True:
            closing = self._closing.is_set()
            self._turn(connection)
            if closing:
                return
            _wait((sock or self._waking, self._waking), POLL_SECONDS if sock is None else 1.0)
            self._calm()
            self._drain(connection)
            if time.monotonic() - beat >= 1.0:
                beat = time.monotonic()
                connection.heartbeat_check()

    def _turn(self, connection: Any) -> None:
        for line in [line for line in self._lines if line not in self._open_lines]:
            line.opened(connection)
            self._open_lines.append(line)
        while self._calls:
            work, future = self._calls[0]
            result: Any = None if future.done() else work(connection)
            self._calls.popleft()
            self.tell(lambda future=future, result=result: _resolve(future, result))  # type: ignore[misc]
        for line in list(self._open_lines):
            line.work()
        self._flush()

    def _drain(self, connection: Any) -> None:
        try:
            for _ in range(EVENTS_AT_ONCE):
                connection.drain_events(timeout=0)
        except TimeoutError:
            self._flush()
            return
        self.poke()  # there may be more
        self._flush()

    def _calm(self) -> None:
        try:
            while self._waking.recv(4096):
                pass
        except BlockingIOError:
            return

    def _flush(self) -> None:
        told, self._told = self._told, []
        if told and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_call_all, told)

    def _lost(self, error: Exception) -> None:
        """One warning for an outage, not one for each attempt."""
        level = logging.WARNING if self.trouble in (None, NOT_YET) else logging.DEBUG
        self.trouble = f"the broker does not answer ({type(error).__name__}: {error})"
        log.log(level, "%s: %s; connecting again", self._name, self.trouble)

    def _end(self, connection: Any) -> None:
        for line in self._open_lines:
            line.lost()
        self._open_lines.clear()
        self.blocked = False
        self._flush()
        try:
            if self._closing.is_set() and self.trouble is None:
                connection.connection.transport.sock.settimeout(CLOSE_SECONDS)
                connection.release()
            else:
                connection.collect(socket_timeout=CLOSE_SECONDS)
        except Exception as error:  # noqa: BLE001 -- what is thrown away may fail as it likes
            log.debug("%s: closing: %s", self._name, error)

    def _on_blocked(self, reason: str) -> None:
        self.blocked = True
        self.trouble = f"the broker takes nothing at the moment ({reason})"
        log.warning("%s: %s", self._name, self.trouble)

    def _on_unblocked(self) -> None:
        self.blocked = False
        self.trouble = None
        self.poke()
        log.info("%s: the broker takes messages again", self._name)


def plain(channel: Any) -> Any:
    """The channel, which from now on gives bodies as they came.

    kombu decompresses a body whose sender says so, without a bound, and py-amqp decodes it; what fails there ends the
    connection, and comes again on the next one. So one message of another program would keep all others out.
    """
    channel.auto_decode = False
    as_kombu_does = channel.message_to_python

    def message_to_python(raw: Any) -> Any:
        properties = raw.get("properties", raw) if isinstance(raw, dict) else raw.properties
        for place in (properties.get("application_headers"), raw.get("headers") if isinstance(raw, dict) else None):
            if isinstance(place, dict):
                place.pop("compression", None)
        return as_kombu_does(raw)

    channel.message_to_python = message_to_python
    return channel


def _wait(readable: tuple[Any, ...], seconds: float) -> None:
    poll = select.poll()
    for one in readable:
        poll.register(one, select.POLLIN)
    poll.poll(seconds * 1000)


def _resolve(future: "asyncio.Future[Any]", result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _call_all(callbacks: list[Callable[[], None]]) -> None:
    for callback in callbacks:
        callback()


class _NameOfTheHost(dict[str, Any]):
    """kombu fills the name of the first host in, and keeps it for the others of the URL. This one asks to be filled in
    each time."""

    def __getitem__(self, key: str) -> Any:
        return None if key == "server_hostname" else super().__getitem__(key)


def _encrypted(tls: EngineTls) -> dict[str, Any] | bool:
    """As kombu takes it."""
    if not tls.enabled:
        return False
    given = {"ca_certs": tls.authority, "certfile": tls.certificate, "keyfile": tls.key}
    options: dict[str, Any] = {name: value for name, value in given.items() if value}
    options["cert_reqs"] = ssl.CERT_REQUIRED
    return _NameOfTheHost(options, server_hostname=None) if tls.check_names else options
