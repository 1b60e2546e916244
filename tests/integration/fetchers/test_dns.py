"""Look-ups through c-ares against name servers on loopback: slow ones, failing ones, and ones that say no."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from fetchers.errors import DnsError
from fetchers.transport.resolver import SystemLookup

SERVFAIL, NXDOMAIN = 2, 3


class NameServer(asyncio.DatagramProtocol):
    """Answers every A question with one address and every other one with none, after `delay(name)` seconds."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gone = asyncio.Event()
        self.delay: Callable[[str], float] = lambda name: 0.0
        self.code: Callable[[str], int] = lambda name: 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.gone.set()

    @property
    def address(self) -> str:
        host, port = self._transport.get_extra_info("sockname")
        return f"{host}:{port}"

    def datagram_received(self, data: bytes, caller: tuple[str, int]) -> None:
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += data[at] + 1
        end, kind, name = at + 5, int.from_bytes(data[at + 1 : at + 3]), ".".join(labels).lower()
        self.asked.append(name)
        code = self.code(name)
        has_answer = kind == 1 and not code
        answer = data[:2] + bytes([0x81, 0x80 | code]) + data[4:6] + bytes([0, has_answer]) + bytes(4) + data[12:end]
        if has_answer:
            answer += b"\xc0\x0c\0\1\0\1" + (60).to_bytes(4) + b"\0\4\xc0\0\2\1"
        asyncio.get_running_loop().call_later(self.delay(name), self._send, answer, caller)

    def _send(self, answer: bytes, caller: tuple[str, int]) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(answer, caller)


@asynccontextmanager
async def name_servers(count: int) -> AsyncIterator[tuple[SystemLookup, list[NameServer]]]:
    loop = asyncio.get_running_loop()
    opened = [await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0)) for _ in range(count)]
    lookup = SystemLookup([server.address for _, server in opened])
    try:
        yield lookup, [server for _, server in opened]
    finally:
        await lookup.close()
        for transport, _ in opened:
            transport.abort()
        await asyncio.gather(*(server.gone.wait() for _, server in opened))


async def test_a_slow_first_answer_after_many_quick_ones_is_an_answer() -> None:
    """c-ares would cut it at a quarter of a second by then."""
    async with name_servers(1) as (lookup, (server,)):
        for number in range(30):
            await lookup(f"quick{number}.test")
        server.delay = lambda name: int(name.split(".")[0].removeprefix("slow")) / 1000
        answers = await asyncio.gather(*(lookup(f"slow{thousandths}.test") for thousandths in (400, 1000, 2000)))
    assert [addresses for ((addresses, _),) in answers] == ["192.0.2.1"] * 3


async def test_what_one_server_cannot_tell_another_one_is_asked() -> None:
    async with name_servers(2) as (lookup, servers):
        servers[0].code = lambda name: SERVFAIL
        for number in range(4):
            assert (await lookup(f"name{number}.test"))[0][0] == "192.0.2.1"
        servers[1].code = lambda name: SERVFAIL
        with pytest.raises(DnsError, match="could not be looked up"):
            await lookup("none.test")


async def test_a_name_that_does_not_exist_is_asked_for_once() -> None:
    """Both families, and not again by the patient resolver."""
    async with name_servers(1) as (lookup, (server,)):
        server.code = lambda name: NXDOMAIN
        with pytest.raises(DnsError, match="does not exist"):
            await lookup("no.test")
        assert len(server.asked) == 2
