"""Whether a URL may be a webhook's. Pure.

A first look, so that a mistake is told at once. What counts is the fetcher's guard, which looks at the address that is
dialled, at each attempt.
"""

from ipaddress import ip_address

from fetchers.config import Network
from fetchers.errors import InvalidUrl
from fetchers.urls import UrlParts, parse, split
from groundwork.address_guard import AddressPolicy
from spiderduck.webhooks.errors import BadReceiver

LONGEST_URL = 2048


def checked_url(text: str, network: Network) -> str:
    """The URL as it is stored. Raises `BadReceiver`, which says what would do."""
    if len(text) > LONGEST_URL:
        raise BadReceiver(f"the URL is longer than {LONGEST_URL} characters")
    try:
        url = parse(text).partition("#")[0]
        parts = split(url)
    except InvalidUrl as error:
        raise BadReceiver(f"{text[:200]!r} is no URL") from error
    if parts.scheme not in ("https", "http"):
        raise BadReceiver(f"a webhook's URL begins with https://, and this is {parts.scheme}:")
    if "@" in url.partition("//")[2].partition("/")[0]:
        raise BadReceiver("a webhook's URL holds no user and password; the signature says who sends it")
    _check_address(parts, network)
    return url


def _check_address(parts: UrlParts, network: Network) -> None:
    if _is_resolved(parts.host, network):
        return
    policy = AddressPolicy(network.allow_addresses, (), network.ports)
    address = _literal(parts.host)
    if address is not None and policy.exempts(address):
        return
    if address is not None and not policy.allows(address):
        raise BadReceiver(f"{parts.host} is no public address; fetchers.network.allow_addresses can name exceptions")
    may_be_exempt = address is None and bool(network.allow_addresses)
    if parts.scheme == "http" and not may_be_exempt:
        raise BadReceiver("a webhook's URL begins with https://; http:// is only for fetchers.network.allow_addresses")
    if parts.port not in network.ports and not may_be_exempt:
        ports = ", ".join(map(str, sorted(network.ports)))
        raise BadReceiver(f"the port is {parts.port}; it may be {ports} (fetchers.network.ports)")


def _literal(host: str) -> str | None:
    """The address that a host is, whoever looks it up."""
    if host.rstrip(".").rpartition(".")[2] == "localhost":  # RFC 6761, section 6.3
        return "127.0.0.1"
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        return None


def _is_resolved(host: str, network: Network) -> bool:
    """Whether `fetchers.network.resolve` says where this name leads."""
    return any(
        host == name or (name.startswith("*.") and host.endswith(name[1:]))
        for name in (one.lower().rstrip(".") for one in network.resolve)
    )
