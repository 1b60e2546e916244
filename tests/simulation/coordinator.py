"""ZooKeeper, as far as fetchers share domains through it: sessions, ephemeral nodes, versions, transactions.

`Client` has the calls of kazoo's client that `fetchers.ownership` makes. An answer can be lost on a cut link although
what was asked for is done; a session ends when it was not heard for its time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from kazoo.client import KazooState  # type: ignore[import-untyped]
from kazoo.exceptions import (  # type: ignore[import-untyped]
    BadVersionError,
    ConnectionLoss,
    NodeExistsError,
    NoNodeError,
    RolledBackError,
    SessionExpiredError,
)

from tests.simulation.network import LATENCY, Network

NAME = "coordinator"
ANY_VERSION = -1


class Stat(NamedTuple):
    version: int
    czxid: int
    ephemeralOwner: int


@dataclass(slots=True)
class Node:
    data: bytes
    owner: int
    czxid: int
    version: int = 0

    @property
    def stat(self) -> Stat:
        return Stat(self.version, self.czxid, self.owner)


class Server:
    """One server that is always there; only the links to it are cut."""

    def __init__(self, now: Callable[[], float], session_seconds: float) -> None:
        self._now = now
        self._heard: dict[int, float] = {}
        self._nodes: dict[str, Node] = {}
        self._number = 0
        self.session_seconds = session_seconds

    def open(self) -> int:
        self._number += 1
        self._heard[self._number] = self._now()
        return self._number

    def hear(self, session: int) -> bool:
        """False where that session is over."""
        for one in [one for one, at in self._heard.items() if self._now() - at > self.session_seconds]:
            self.end(one)
        if session in self._heard:
            self._heard[session] = self._now()
        return session in self._heard

    def end(self, session: int) -> None:
        self._heard.pop(session, None)
        self._nodes = {path: node for path, node in self._nodes.items() if node.owner != session}

    def do(self, session: int, call: str, *args: Any) -> Any:
        if not self.hear(session):
            raise SessionExpiredError()
        return getattr(self, f"_{call}")(session, *args)

    def _create(self, session: int, path: str, data: bytes, ephemeral: bool, include_data: bool) -> Any:
        if path in self._nodes:
            raise NodeExistsError(path)
        self._number += 1
        node = self._nodes[path] = Node(data, session if ephemeral else 0, self._number)
        return (path, node.stat) if include_data else path

    def _set(self, _: int, path: str, data: bytes, version: int) -> Stat:
        node = self._at(path, version)
        node.data = data
        node.version += 1
        return node.stat

    def _delete(self, _: int, path: str, version: int) -> bool:
        self._at(path, version)
        del self._nodes[path]
        return True

    def _get(self, _: int, path: str) -> tuple[bytes, Stat]:
        node = self._at(path)
        return node.data, node.stat

    def _exists(self, _: int, path: str) -> Stat | None:
        node = self._nodes.get(path)
        return None if node is None else node.stat

    def _children(self, _: int, path: str) -> list[str]:
        self._at(path)
        start = f"{path}/"
        return [one.removeprefix(start) for one in self._nodes if one.startswith(start)]

    def _commit(self, session: int, steps: Sequence[tuple[Any, ...]]) -> list[Any]:
        """All or nothing."""
        try:
            for _, path, *rest in steps:
                self._at(path, rest[0])
        except (NoNodeError, BadVersionError):
            return [RolledBackError()] * len(steps)
        return [self._delete(session, path, rest[0]) for call, path, *rest in steps if call == "delete"]

    def _at(self, path: str, version: int = ANY_VERSION) -> Node:
        node = self._nodes.get(path)
        if node is None:
            raise NoNodeError(path)
        if version not in (ANY_VERSION, node.version):
            raise BadVersionError(path)
        return node


class Result:
    """As kazoo's `IAsyncResult`."""

    def __init__(self) -> None:
        self.value: Any = None
        self.exception: Exception | None = None
        self._done = False
        self._links: list[Callable[[Result], None]] = []

    def rawlink(self, callback: Callable[["Result"], None]) -> None:
        if self._done:
            callback(self)
        else:
            self._links.append(callback)

    def wait(self, _seconds: float) -> bool:
        return self._done

    def set(self, value: Any = None, exception: Exception | None = None) -> None:
        self.value, self.exception, self._done = value, exception, True
        for link in self._links:
            link(self)


class Client:
    """As `KazooClient`, for the process `here`."""

    chroot = ""

    def __init__(self, server: Server, network: Network, here: str, random: Random) -> None:
        self._server = server
        self._network = network
        self._loop = network.loop
        self._here = here
        self._random = random
        self._listeners: list[Callable[[str], Any]] = []
        self._running = False
        self.client_id: tuple[int, bytes] | None = None
        self.granted_seconds = server.session_seconds

    def add_listener(self, listener: Callable[[str], Any]) -> None:
        self._listeners.append(listener)

    def start_async(self) -> Result:
        self._running, self.client_id = True, None
        started = Result()
        self._live()
        started.set()
        return started

    def stop(self) -> None:
        self._running = False
        if self.client_id is not None and not self._is_cut:
            self._server.end(self.client_id[0])
        self.client_id = None

    def close(self) -> None: ...

    @property
    def _is_cut(self) -> bool:
        return self._network.is_cut(self._here, NAME)

    def _live(self) -> None:
        """What kazoo's thread does: keep the session alive, or begin another one."""
        if not self._running:
            return
        if not self._is_cut:
            if self.client_id is not None and not self._server.hear(self.client_id[0]):
                self.client_id = None
                for listener in self._listeners:
                    listener(KazooState.LOST)
            if self.client_id is None:
                self.client_id = (self._server.open(), b"")
        self._loop.call_later(self._server.session_seconds / 6, self._live)

    # Calls ---------------------------------------------------------------------------

    def create_async(
        self, path: str, value: bytes, ephemeral: bool = False, makepath: bool = False, include_data: bool = False
    ) -> Result:
        return self._call("create", path, value, ephemeral, include_data)

    def set_async(self, path: str, value: bytes, version: int = ANY_VERSION) -> Result:
        return self._call("set", path, value, version)

    def delete_async(self, path: str, version: int = ANY_VERSION) -> Result:
        return self._call("delete", path, version)

    def get_async(self, path: str) -> Result:
        return self._call("get", path)

    def exists_async(self, path: str) -> Result:
        return self._call("exists", path)

    def get_children_async(self, path: str) -> Result:
        return self._call("children", path)

    def transaction(self) -> "Transaction":
        return Transaction(self)

    def _call(self, call: str, *args: Any) -> Result:
        result = Result()
        self._later(self._arrive, result, None if self.client_id is None else self.client_id[0], call, args)
        return result

    def _arrive(self, result: Result, session: int | None, call: str, args: tuple[Any, ...]) -> None:
        if session is None or self._is_cut:
            self._lose(result)
            return
        value, error = None, None
        try:
            value = self._server.do(session, call, *args)
        except Exception as raised:  # noqa: BLE001 -- it is the answer
            error = raised
        self._later(self._come_back, result, value, error)

    def _come_back(self, result: Result, value: Any, error: Exception | None) -> None:
        if self._is_cut:
            self._lose(result)
        else:
            result.set(value, error)

    def _lose(self, result: Result) -> None:
        """kazoo gives a connection up after two thirds of the session."""
        self._loop.call_later(self._server.session_seconds * 2 / 3, result.set, None, ConnectionLoss())

    def _later(self, callback: Callable[..., None], *args: Any) -> None:
        self._loop.call_later(self._random.expovariate(1 / LATENCY), callback, *args)


class Transaction:
    """As kazoo's `TransactionRequest`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._steps: list[tuple[Any, ...]] = []

    def check(self, path: str, version: int) -> None:
        self._steps.append(("check", path, version))

    def delete(self, path: str, version: int = ANY_VERSION) -> None:
        self._steps.append(("delete", path, version))

    def commit_async(self) -> Result:
        return self._client._call("commit", self._steps)
