"""Who sent a request: the peer, or the client that a trusted reverse proxy names in `X-Forwarded-For`. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

MOST_HOPS = 32
"""Entries of `X-Forwarded-For` that are read, from the right; no real chain of proxies is longer."""
IPV6_CLIENT_BITS = 64
"""One IPv6 customer has at least this network; addresses in it count as one client."""


def read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """`10.0.0.0/8`, or a single address. Raises ValueError for what is neither."""
    return tuple(ip_network(text.strip(), strict=False) for text in texts)


def client_address(peer: str, forwarded_for: str | None, trusted: Sequence[Network]) -> str:
    """The address of the client.

    `peer` is the other end of the connection, `forwarded_for` the request's `X-Forwarded-For` (several such headers
    joined with commas), `trusted` the networks of our own proxies. The header counts only where the peer is trusted:
    the right-most address that is none of ours is the client. What is left of it was written by strangers. An entry
    that is no address ends the search at the proxy that passed it on. Never raises.
    """
    found = _address(peer)
    if found is None:
        return peer
    if forwarded_for and trusted and _is_in(found, trusted):
        for entry in reversed(forwarded_for.rsplit(",", MOST_HOPS)[-MOST_HOPS:]):
            named = _address(_without_port(entry.strip()))
            if named is None:
                break
            found = named
            if not _is_in(found, trusted):
                break
    return str(found)


def client_group(address: str) -> str:
    """What limits are counted by: the IPv4 address itself, or the /64 of an IPv6 address. Never raises."""
    found = _address(address)
    if not isinstance(found, IPv6Address):
        return address
    return str(ip_network((found, IPV6_CLIENT_BITS), strict=False))


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
