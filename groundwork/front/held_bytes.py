"""Bytes that clients make a server keep: bodies that are not whole yet, and answers that are not taken. Pure.

Neither ends by itself while a client moves a little, so that there is a bound for all together. Above it a client has
to go: of those from the address with the most bytes, the one that came first. Who sends or takes at a usual pace is
done long before that.
"""

from typing import Protocol, cast


class Holder(Protocol):
    """A connection."""

    def give_way(self) -> bool:
        """Let go of the bytes at once. False where a whole request is at work, which cannot be taken back."""


class HeldBytes:
    """The sum over all connections, and who gives way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[Holder, tuple[object, int]] = {}
        self.total = 0
        self.given_way = 0

    def hold(self, holder: Holder, address: str, size: int) -> None:
        """`holder` keeps `size` bytes from now on; 0: none. Connections without an `address` of their own ("", behind a
        proxy) count one by one. While all keep more than they may, others give way, and at last `holder` itself."""
        if not size:
            self.release(holder)
            return
        before = self._held.get(holder, (None, 0))[1]
        self._held[holder] = (address or holder, size)  # keeps the place that it has in the order
        self.total += size - before
        if self.total > self._most and len(self._held) > 1:
            self._make_room(holder)

    def release(self, holder: object) -> None:
        """It keeps nothing any more. Does nothing for one that kept nothing."""
        if (found := self._held.pop(cast(Holder, holder), None)) is not None:
            self.total -= found[1]

    def _make_room(self, newest: Holder) -> None:
        sums: dict[object, int] = {}
        for address, size in self._held.values():
            sums[address] = sums.get(address, 0) + size
        in_order = sorted(self._held, key=lambda one: (one is newest, -sums[self._held[one][0]]))
        for one in in_order:
            if self.total <= self._most:
                return
            if one.give_way():
                self.given_way += 1
                self.release(one)
