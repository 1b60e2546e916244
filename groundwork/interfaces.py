"""The addresses of this machine's network interfaces, which the address guard refuses to dial.

Asked once at the start, by whoever builds the `AddressPolicy`. What one way of asking does not know, another may, so
all answers are joined.
"""

import contextlib
import socket
import struct
import sys
from ipaddress import IPv6Address
from pathlib import Path

SIOCGIFCONF = 0x8912
IF_INET6 = Path("/proc/net/if_inet6")


def own_addresses() -> frozenset[str]:
    """Every address that the system says is ours."""
    return frozenset(_ipv4_addresses() | _ipv6_addresses() | _addresses_of_own_name())


def _ipv4_addresses() -> set[str]:
    """Linux's table of interface addresses, secondary ones included (netdevice(7))."""
    if sys.platform != "linux":
        return set()
    import array
    import fcntl

    room = array.array("B", bytes(64 * 1024))
    pointer, size = room.buffer_info()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, contextlib.suppress(OSError):
        answer = fcntl.ioctl(asking.fileno(), SIOCGIFCONF, struct.pack("iP", size, pointer))
        used = struct.unpack("iP", answer)[0]
        entry = 40 if struct.calcsize("P") == 8 else 32  # struct ifreq: a name of 16 bytes, then struct sockaddr
        table = room.tobytes()[:used]
        return {socket.inet_ntoa(table[start + 20 : start + 24]) for start in range(0, used, entry)}
    return set()


def _ipv6_addresses() -> set[str]:
    try:
        lines = IF_INET6.read_text().splitlines()
    except OSError:
        return set()
    return {str(IPv6Address(int(line.split()[0], 16))) for line in lines if line.strip()}


def _addresses_of_own_name() -> set[str]:
    try:
        found = socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return set()
    return {str(address[0]).partition("%")[0] for *_, address in found}
