"""What a caller is told of an address that may not be dialled: the same, wherever the name leads."""

import asyncio
import ssl
from collections.abc import Sequence

import pytest

from fetchers.errors import BlockedAddress, ConnectError, TransportError
from fetchers.transport.dialler import Dialler
from fetchers.transport.resolver import Overrides, Resolver
from fetchers.urls import split
from groundwork.address_guard import AddressPolicy

INSIDE = ["10.1.2.3", "127.0.0.1", "169.254.169.254", "192.168.7.7", "192.31.196.1", "fd00::7", "64:ff9b::a01:203"]


async def refusal(*addresses: str, allowed: Sequence[str] = (), port: int = 80) -> TransportError:
    """What dialling a name with these addresses raises."""

    async def lookup(_: str) -> list[tuple[str, float]]:
        return [(address, 60.0) for address in addresses]

    policy = AddressPolicy(allowed, own_addresses=["93.184.215.14"])
    dialler = Dialler(policy, Overrides({}), Resolver(lookup), ssl.create_default_context())
    with pytest.raises(TransportError) as raised:
        await dialler.dial(split(f"http://inside.test:{port}/"), asyncio.Protocol)
    return raised.value


@pytest.mark.parametrize("port", [80, 22])
async def test_the_reason_is_the_same_for_every_inside_address(port: int) -> None:
    """Whichever it is, our own included, beside a public one, and whatever the port."""
    told = [await refusal(address, port=port) for address in (*INSIDE, "93.184.215.14")]
    told.append(await refusal("8.8.8.8", "10.0.0.1", port=port) if port == 80 else told[0])
    assert {type(one) for one in told} == {BlockedAddress}
    assert {str(one) for one in told} == {"inside.test is not dialled: its address is not a public one"}


async def test_a_failed_connection_does_not_tell_the_address(unused_tcp_port: int) -> None:
    """A name that leads to an address which the operator allowed, where nothing listens."""
    error = await refusal("127.0.0.1", allowed=["127.0.0.0/8"], port=unused_tcp_port)
    assert isinstance(error, ConnectError)
    assert str(error).startswith("no connection to inside.test: ")
    assert "127" not in str(error)


async def test_the_operator_finds_the_address_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """At debug, which is off by default."""
    with caplog.at_level("DEBUG", "fetchers"):
        await refusal("10.1.2.3")
    assert "10.1.2.3 is in 10.0.0.0/8 (a private network)" in caplog.text
