"""How many connections are open, in all and from one address, and which one goes when a newcomer finds no place."""

import logging
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import Protocol

from groundwork.front.held_bytes import HeldBytes, Holder
from groundwork.front.limits import FrontLimits

log = logging.getLogger(__name__)

REPORT_SECONDS = 60.0


class Displaced(Protocol):
    """A connection that may lose its place."""

    def displace(self) -> None:
        """Close at once. Called only while it waits for a head."""


class Holding(Displaced, Holder, Protocol):
    """One that may also have to let go of bytes."""


class Connections:
    """The places of one server. An IPv6 client counts by its /64, which one host has to itself.

    Every operation takes constant time. Whoever is admitted must be released, once.
    """

    def __init__(self, limits: FrontLimits, trusted: Sequence[str], now: Callable[[], float]) -> None:
        """`trusted`: networks of proxies, for which the limit per address does not hold. Raises ValueError."""
        self._limits = limits
        self._trusted = tuple(ip_network(network, strict=False) for network in trusted)
        self._now = now
        self._places: dict[Displaced, str] = {}
        self._waiting: dict[Displaced, None] = {}
        self._of_address: dict[str, dict[Displaced, None]] = {}
        self._waiting_of: dict[str, dict[Displaced, None]] = {}
        self._held = HeldBytes(limits.held_bytes)
        self.turned_away = 0
        self._reported_at = -REPORT_SECONDS

    def __len__(self) -> int:
        return len(self._places)

    def admit(self, connection: Displaced, address: str | None) -> bool:
        """Give it a place, as one that waits for a head; False where there is none."""
        group = self._group(address)
        full = len(self._of_address.get(group, ())) >= self._limits.connections_per_address if group else False
        if full and not self._displace_of(group):
            return self._turn_away(f"{group} has {self._limits.connections_per_address} connections open")
        if len(self._places) >= self._limits.connections and not self._displace(self._waiting):
            return self._turn_away(f"{self._limits.connections} connections are open")
        self._places[connection] = group
        self._of_address.setdefault(group, {})[connection] = None
        self.waits(connection, True)
        return True

    def waits(self, connection: Displaced, waiting: bool) -> None:
        """Whether it waits for a head (again, from now on) or a request of it is at work."""
        group = self._places.get(connection)
        if group is None:
            return
        for line in (self._waiting, self._waiting_of.setdefault(group, {})):
            line.pop(connection, None)
            if waiting:
                line[connection] = None

    def hold(self, connection: Holding, size: int) -> None:
        """So many bytes wait for it, or for more of what it sends. Others may have to give way, or it itself."""
        group = self._places.get(connection)
        if group is None:
            return
        before = self._held.given_way
        self._held.hold(connection, group, size)
        if self._held.given_way > before:
            self._report(f"a connection gave way: more than {self._limits.held_bytes:,} bytes wait for clients")

    def release(self, connection: Displaced) -> None:
        """It is closed. Does nothing for one that has no place."""
        group = self._places.pop(connection, None)
        if group is None:
            return
        self._waiting.pop(connection, None)
        self._held.release(connection)
        for table in (self._of_address, self._waiting_of):
            if (line := table.get(group)) is not None:
                line.pop(connection, None)
                if not line:
                    del table[group]

    def _displace_of(self, group: str) -> bool:
        return self._displace(self._waiting_of.get(group, {}))

    def _displace(self, line: dict[Displaced, None]) -> bool:
        oldest = next(iter(line), None)
        if oldest is None:
            return False
        self.release(oldest)
        oldest.displace()
        return True

    def _turn_away(self, why: str) -> bool:
        self.turned_away += 1
        self._report(f"a connection was turned away: {why} ({self.turned_away} so far)")
        return False

    def _report(self, what: str) -> None:
        if self._now() - self._reported_at >= REPORT_SECONDS:
            self._reported_at = self._now()
            log.warning("%s", what)

    def _group(self, address: str | None) -> str:
        """ "": counts in the total alone."""
        try:
            found = ip_address(address or "")
        except ValueError:
            return ""
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        if any(found in network for network in self._trusted):
            return ""
        return str(IPv6Network((int(found) >> 64 << 64, 64))) if isinstance(found, IPv6Address) else str(found)
