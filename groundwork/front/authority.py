"""The authority of a request (`Host`, RFC 9110 section 7.2) and of an origin, read strictly. Pure."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

_AUTHORITY = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._~!$&'()*+,;=%-]{1,255})(?::(?P<port>[0-9]{0,5}))?"
)
_SCHEMES = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Authority:
    """`host` in lower case, without a final dot; an IP literal in its shortest form. `port`: "" for none."""

    host: str
    port: str
    is_address: bool


def read_authority(text: str) -> Authority | None:
    """None for what is no `host[:port]`: user information, blanks, a zone, an empty host."""
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        return None
    host, port = found["host"], found["port"] or ""
    if port and not 0 < int(port) < 65_536:
        return None
    if host.startswith("["):
        address = _address(host[1:-1])
        return Authority(f"[{_as_browsers(address)}]", port, True) if isinstance(address, IPv6Address) else None
    host = host.lower().removesuffix(".")
    return Authority(host, port, isinstance(_address(host), IPv4Address)) if host else None


def read_origin(text: str) -> tuple[str, Authority] | None:
    """The scheme and the authority of an `Origin` (RFC 6454), its port filled in; None for `null` and all else."""
    scheme, separator, rest = text.partition("://")
    authority = read_authority(rest)
    if not separator or scheme.lower() not in _SCHEMES or authority is None:
        return None
    scheme = scheme.lower()
    return scheme, Authority(authority.host, authority.port or _SCHEMES[scheme], authority.is_address)


def default_port(scheme: str) -> str:
    """Of `http` or `https`."""
    return _SCHEMES[scheme]


def ascii_host(name: str) -> str:
    """A host name of the settings as browsers send it. Raises ValueError for what is none."""
    bare = name.strip().lower().removesuffix(".")
    try:
        encoded = bare if bare.isascii() else bare.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"{name!r} is no host name") from error
    read = read_authority(encoded)
    if read is None or read.port or "*" in encoded:
        raise ValueError(f"{name!r} is no host name; it takes names without a scheme or a port, e.g. links.example.com")
    return read.host


def _as_browsers(address: IPv6Address) -> str:
    """In hexadecimal throughout (https://url.spec.whatwg.org/#concept-ipv6-serializer); Python writes the end of a
    mapped address in decimal since 3.13."""
    if address.ipv4_mapped is None:
        return str(address)
    return f"::ffff:{int(address.ipv4_mapped) >> 16:x}:{int(address.ipv4_mapped) & 0xFFFF:x}"


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
