"""For whom a picture is loaded. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requester:
    """`client` counts for the limits ("" for our own work, which has none). Where `hosts` is not empty, redirects may
    lead to these hosts only: the permission came from that list."""

    client: str = ""
    hosts: tuple[str, ...] = ()

    def flight(self, key: str) -> str:
        """The key under which equal work is shared: never with somebody whose redirects may lead elsewhere."""
        return key if not self.hosts else f"{key}\nonly {' '.join(self.hosts)}"


OURSELVES = Requester()
