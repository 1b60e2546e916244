"""Machines on one machine: a network namespace each, an address each, and a cable that can be pulled.

For engines of several nodes, which must be partitioned as real ones are: what is sent to a machine whose cable is out
vanishes, and its own processes go on. Needs to be root in a network namespace of its own, where none of this meets the
network of whoever runs it: `unshare --net`, for others than root with `--user --map-root-user` (see the Makefile).
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.engines.errors import EngineError

BRIDGE = "switch"
OURS = "10.77.0.1"


def are_possible() -> bool:
    """Whether we are root in a network namespace that has no interface but its own loopback and what we put there."""
    return os.geteuid() == 0 and set(os.listdir("/proc/sys/net/ipv4/conf")) <= {
        "all",
        "default",
        "lo",
        BRIDGE,
        *(f"cable{number}" for number in range(99)),
    }


@dataclass(frozen=True)
class Machine:
    """`holder` is the process that keeps its namespace."""

    address: str
    cable: str
    holder: int

    def command(self, argv: Sequence[str]) -> Sequence[str]:
        """What runs that over there."""
        return ["nsenter", f"--net=/proc/{self.holder}/ns/net", "--", *argv]

    def cut(self) -> None:
        """Nobody reaches it, and it reaches nobody."""
        _ip("link", "set", self.cable, "down")

    def join(self) -> None:
        _ip("link", "set", self.cable, "up")


@contextmanager
def machines(addresses: Sequence[str], tell: Callable[[str], None]) -> Iterator[Sequence[Machine]]:
    """One for each address (10.77.x.y), all on one switch, to which this process belongs as 10.77.0.1. `tell` is the
    warden's."""
    _ip("link", "set", "lo", "up")
    _ip("link", "add", BRIDGE, "type", "bridge")
    _ip("addr", "add", f"{OURS}/16", "dev", BRIDGE)
    _ip("link", "set", BRIDGE, "up")
    holders: list[subprocess.Popen[bytes]] = []
    try:
        made = []
        for number, address in enumerate(addresses):
            holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], start_new_session=True)
            holders.append(holder)
            tell(f"watch {-holder.pid}")
            made.append(_plugged_in(number, address, holder.pid))
        yield made
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()
            tell(f"forget {-holder.pid}")
        _ip("link", "del", BRIDGE)


def _plugged_in(number: int, address: str, holder: int) -> Machine:
    cable, machine = f"cable{number}", Machine(address, f"cable{number}", holder)
    _own_namespace(holder)
    _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(holder))
    _ip("link", "set", cable, "master", BRIDGE)
    _ip("link", "set", cable, "up")
    for arguments in (
        ("link", "set", "lo", "up"),
        ("addr", "add", f"{address}/16", "dev", "eth0"),
        ("link", "set", "eth0", "up"),
    ):
        _run(machine.command(["ip", *arguments]))
    return machine


def _own_namespace(holder: int) -> None:
    """Return when the process has left our namespace."""
    ours = os.readlink("/proc/self/ns/net")
    while os.readlink(f"/proc/{holder}/ns/net") == ours:
        os.sched_yield()


def _ip(*arguments: str) -> None:
    _run(["ip", *arguments])


def _run(argv: Sequence[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EngineError(f"{' '.join(argv)}: {done.stderr.strip()}")
