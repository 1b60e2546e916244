"""Which addresses may be dialled: none that lead into a private network. Pure; the network is asked elsewhere.

The transport asks it for every answer of a resolver and again at the socket, just before each connect, for pages, hops,
robots.txt and pictures alike. It fails closed. What cannot be read as one plain address is refused.

Networks after IANA's special-purpose address registries (RFC 6890), with what the standard library's `is_global` lets
through: addresses that carry an IPv4 address within (mapped, translated, NAT64, 6to4, Teredo, ISATAP).
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DEFAULT_PORTS = (80, 443, 8000, 8080, 8443)

REFUSED_V4 = (
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "a private network"),
    ("100.64.0.0/10", "carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "the virtual machine's host on Azure"),
    ("169.254.0.0/16", "link-local, with the cloud's metadata service"),
    ("172.16.0.0/12", "a private network"),
    ("192.0.0.0/24", "IETF protocol assignments"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "AS112, sinks of reverse look-ups (RFC 7535)"),
    ("192.52.193.0/24", "automatic multicast tunnels (RFC 7450)"),
    ("192.88.99.0/24", "6to4 relays, deprecated"),
    ("192.168.0.0/16", "a private network"),
    ("192.175.48.0/24", "AS112, sinks of reverse look-ups (RFC 7534)"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved, with broadcast"),
)

REFUSED_V6 = (
    ("::1/128", "loopback"),
    ("::/16", "unspecified, or an IPv4 address in a deprecated form"),
    ("64:ff9b::/32", "translation to IPv4 within a network (RFC 8215)"),
    ("100::/8", "discard-only or not assigned"),
    ("200::/7", "not assigned"),
    ("400::/6", "not assigned"),
    ("800::/5", "not assigned"),
    ("1000::/4", "not assigned"),
    ("2001::/23", "IETF protocol assignments, with Teredo"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4, deprecated"),
    ("2620:4f:8000::/48", "AS112, sinks of reverse look-ups (RFC 7534)"),
    ("3ffe::/16", "the 6bone, given back"),
    ("3fff::/20", "documentation"),
    ("4000::/2", "segment routing or not assigned"),
    ("8000::/1", "local, multicast or not assigned"),
)

MAPPED = IPv6Network("::ffff:0:0/96")
NAT64 = IPv6Network("64:ff9b::/96")
IN_LOW_32_BITS = (
    MAPPED,
    NAT64,
    IPv6Network("64:ff9b:1::/48"),  # RFC 8215
    IPv6Network("::ffff:0:0:0/96"),  # translated, RFC 2765
    IPv6Network("::/96"),  # compatible, RFC 4291, section 2.5.5.1
)
LOOPBACK = 1
LOW_32_BITS = 0xFFFF_FFFF
ISATAP_MARKS = (0x0000_5EFE, 0x0200_5EFE)
"""RFC 5214, section 6.1: the interface identifier of a tunnel to the IPv4 address in the last bits."""


class AddressPolicy:
    """What one deployment may dial. Immutable.

    `allow_addresses` are networks exempt from the guard and from the limit on ports (tests, demos, split-horizon
    networks). `own_addresses` are this machine's: a public one leads to services that listen for our own network only.
    """

    def __init__(
        self,
        allow_addresses: Iterable[str] = (),
        own_addresses: Iterable[str] = (),
        ports: Iterable[int] = DEFAULT_PORTS,
    ) -> None:
        self._allowed = tuple(ip_network(network, strict=False) for network in allow_addresses)
        self._own = frozenset(ip_address(address.partition("%")[0]) for address in own_addresses)
        self._ports = frozenset(ports)

    def allows(self, address: str) -> bool:
        """Whether `address` may be dialled."""
        return self.refusal(address) is None

    def refusal(self, address: str) -> str | None:
        """None where `address` may be dialled, else the reason: a clause for the operator.

        It names the address, so it must not reach a caller, who would learn from it where a name leads inside.
        """
        parsed = _parse(address)
        if parsed is None:
            return f"{address[:60]!r} is no plain address"
        if self._is_exempt(parsed):
            return None
        if parsed in self._own or (isinstance(parsed, IPv6Address) and _carries(parsed, self._own)):
            return f"{parsed} is this machine's own address"
        return _refusal(parsed)

    def port_refusal(self, port: int, address: str) -> str | None:
        """None where a URL with `port` may be dialled at `address`."""
        if port in self._ports or self.exempts(address):
            return None
        return f"port {port} is none of {', '.join(map(str, sorted(self._ports)))}"

    def exempts(self, address: str) -> bool:
        """Whether `allow_addresses` names it."""
        parsed = _parse(address)
        return parsed is not None and self._is_exempt(parsed)

    def _is_exempt(self, address: Address) -> bool:
        return any(address in network for network in self._allowed)


_DEFAULT_POLICY = AddressPolicy()


def is_allowed(address: str) -> bool:
    """Whether the default policy lets `address` be dialled."""
    return _DEFAULT_POLICY.allows(address)


def _parse(address: str) -> Address | None:
    """The address; a mapped one as the IPv4 address that a system dials for it. None for garbage and scoped ones."""
    if "%" in address:
        return None
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed in MAPPED:
        return _embedded(parsed)
    return parsed


def ipv4_within(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a packet to `address` ends at, by way of the system, a translator or a tunnel."""
    if _is_isatap(address) or any(address in network for network in IN_LOW_32_BITS):
        return None if int(address) <= LOOPBACK else _embedded(address)
    return address.sixtofour or (address.teredo[1] if address.teredo is not None else None)


@lru_cache(maxsize=4096)
def _refusal(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return _refused_by(address, _V4)
    if address in NAT64 or _is_isatap(address):
        # The IPv4 address within is where the packet goes; in a network with NAT64 every IPv4 site looks like this.
        inner = _refusal(_embedded(address))
        if inner is not None or address in NAT64:
            return None if inner is None else f"{address} leads to {inner}"
    return _refused_by(address, _V6)


def _embedded(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & LOW_32_BITS)


def _carries(address: IPv6Address, own: frozenset[Address]) -> bool:
    """Whether a packet to `address` ends at one of `own`, by way of a translator or a tunnel."""
    return (address in NAT64 or _is_isatap(address)) and _embedded(address) in own


def _is_isatap(address: IPv6Address) -> bool:
    return (int(address) >> 32) & LOW_32_BITS in ISATAP_MARKS


def _refused_by(address: Address, table: tuple[tuple[Network, str], ...]) -> str | None:
    for network, what in table:
        if address in network:
            return f"{address} is in {network} ({what})"
    return None


def _compiled(table: tuple[tuple[str, str], ...]) -> tuple[tuple[Network, str], ...]:
    return tuple((ip_network(network), what) for network, what in table)


_V4 = _compiled(REFUSED_V4)
_V6 = _compiled(REFUSED_V6)
