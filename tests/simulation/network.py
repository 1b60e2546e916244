"""Links between simulated processes, which can be cut, and the way to a fetcher in another process.

The client's side is the real one (`fetchers.client.http`), down to the messages on the wire; only its connections are
simulated. What is sent over a cut link arrives when the link is whole again, as TCP has it; who dies resets its
connections.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from random import Random

import msgspec

from fetchers import wire
from fetchers.body.chunks import BodyEnd
from fetchers.client.http import HttpFetchers
from fetchers.errors import BrokenOff
from fetchers.fetcher import Fetcher
from fetchers.model import Response
from fetchers.ownership.zookeeper import ZookeeperOwnership
from groundwork.clock import Clock
from tests.simulation.loop import VirtualLoop

LATENCY = 0.0005


class Network:
    """Processes are known by name; broker, store and coordinator are names too. `fetcher-1#2` is the second start of
    `fetcher-1`, on the same machine."""

    def __init__(self, loop: VirtualLoop, random: Random) -> None:
        self.loop = loop
        self._random = random
        self._cut: dict[frozenset[str], asyncio.Event] = {}
        self._on_change: list[Callable[[], None]] = []
        self.fetchers: dict[str, tuple[str, Fetcher, ZookeeperOwnership, Clock]] = {}
        self.connections: dict[str, list[Connection]] = {}

    def is_cut(self, one: str, other: str) -> bool:
        return _link(one, other) in self._cut

    def cut(self, one: str, other: str) -> None:
        self._cut.setdefault(_link(one, other), asyncio.Event())
        self._changed()

    def heal(self, one: str, other: str) -> None:
        healed = self._cut.pop(_link(one, other), None)
        if healed is not None:
            healed.set()
        self._changed()

    def on_change(self, callback: Callable[[], None]) -> None:
        self._on_change.append(callback)

    def _changed(self) -> None:
        for callback in self._on_change:
            callback()

    async def travel(self, one: str, other: str) -> None:
        """Returns when something sent now has arrived."""
        await asyncio.sleep(self._random.expovariate(1 / LATENCY))
        while (healed := self._cut.get(_link(one, other))) is not None:
            await healed.wait()

    def died(self, name: str) -> None:
        """Its connections end, for those who are left."""
        self.fetchers = {address: found for address, found in self.fetchers.items() if found[0] != name}
        for connection in self.connections.pop(name, []):
            connection.reset()


def machine(name: str) -> str:
    """Where the process runs."""
    return name.partition("#")[0]


def _link(one: str, other: str) -> frozenset[str]:
    return frozenset((machine(one), machine(other)))


class SimulatedFetchers(HttpFetchers):
    """The real client on simulated connections, for the process `here`."""

    def __init__(self, network: Network, here: str, clock: Clock) -> None:
        super().__init__(clock)
        self._network = network
        self._here = here

    async def _connect(self, address: str) -> "Connection":  # type: ignore[override]
        async with asyncio.timeout(2.0):
            there = self._network.fetchers.get(address)
            await self._network.travel(self._here, "" if there is None else there[0])
        if address not in self._network.fetchers:
            raise ConnectionRefusedError(f"nobody listens at {address}")
        return Connection(self._network, self._here, address)


class Connection:
    """As `fetchers.client.connection.ServiceConnection`, with the service at its other end."""

    def __init__(self, network: Network, here: str, address: str) -> None:
        self._network = network
        self._here = here
        self._there, self._fetcher, self._ownership, self._clock = network.fetchers[address]
        self._unread: deque[bytes] = deque()
        self._more = asyncio.Event()
        self._over = True
        self._broken = False
        self._left = 0.0
        self._serving: asyncio.Task[None] | None = None
        network.connections.setdefault(self._there, []).append(self)

    @property
    def is_open(self) -> bool:
        return not self._broken

    @property
    def is_ready(self) -> bool:
        return self.is_open and self._over and not self._unread

    async def ask(self, question: bytes, seconds: float) -> int:
        head, _, body = question.partition(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].decode()
        self._over, self._left = False, seconds
        self._serving = self._network.loop.spawn(self._there, self._serve(path, body))
        while not self._unread and not self._over:
            await self._until_more()
        return 200

    async def read(self) -> bytes:
        while not self._unread and not self._over:
            await self._until_more()
        return self._unread.popleft() if self._unread else b""

    def close(self) -> None:
        """The other side learns of it, wherever the link is whole."""
        self.reset()
        if self._serving is not None and not self._network.is_cut(self._here, self._there):
            self._serving.cancel()

    def reset(self) -> None:
        self._broken = True
        self._more.set()
        held = self._network.connections.get(self._there)
        if held is not None and self in held:
            held.remove(self)

    async def _until_more(self) -> None:
        if self._broken:
            raise ConnectionResetError("the connection was reset")
        began = self._network.loop.time()
        async with asyncio.timeout(self._left):
            await self._more.wait()
        self._left -= self._network.loop.time() - began
        self._more.clear()
        if self._broken:
            raise ConnectionResetError("the connection was reset")

    async def _serve(self, path: str, body: bytes) -> None:
        """In the other process."""
        await self._network.travel(self._here, self._there)
        if path == "/v1/hop":
            await self._hop(body)
        else:
            await self._send(msgspec.json.encode(self._ownership.routes()))
        self._over = True
        self._more.set()

    async def _hop(self, body: bytes) -> None:
        """As `fetchers.service.server.Service` does it."""
        request = wire.unpack_request(body, self._clock.now())
        async with self._fetcher.open_own_hop(request) as (head, chunks):
            await self._send(wire.pack_head(head, self._clock.now()))
            if isinstance(head, Response):
                try:
                    async for piece in chunks:
                        await self._send(wire.pack_frame(wire.PIECE, piece))
                except BrokenOff:
                    pass  # the end says how
                await self._send(wire.pack_end(chunks.end or BodyEnd()))

    async def _send(self, data: bytes) -> None:
        await self._network.travel(self._there, self._here)
        self._unread.append(data)
        self._more.set()
