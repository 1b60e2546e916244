"""Worker ids in ZooKeeper, through kazoo: an ephemeral node under `/snowflake-servers`, its time under
`/snowflake-times`. Serves the port `Registry`; `registered.py` holds the rules.

Kazoo's exceptions end here, and nothing waits longer than `answer_seconds` for an answer.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError, SessionExpiredError  # type: ignore[import-untyped]
from kazoo.protocol.states import KazooState  # type: ignore[import-untyped]

from groundwork.engine_tls import EngineTls
from groundwork.zookeeper import ANSWERS, UNAVAILABLE, make_chroot, make_client, stop
from snowflake.clock import SystemClock
from snowflake.errors import LeaseLost, LeaseUnavailable
from snowflake.leases.registered import HeldRegisteredLease, RegisteredLease
from snowflake.ports import Clock

SERVERS = "/snowflake-servers"
TIMES = "/snowflake-times"


@dataclass(frozen=True, slots=True)
class ZooKeeperLease:
    """`hosts` as kazoo takes them: `a:2181,b:2181/chroot`. `session_seconds`: how long ZooKeeper keeps the claim of a
    silent holder. `terms.deadline_ms` is how long that one goes on minting, which the time beside the id enforces.
    `auth` is `user:password` (digest); with it, what is made there can be read and written by that user only."""

    hosts: str
    terms: RegisteredLease = field(default_factory=RegisteredLease)
    session_seconds: float = 30.0
    answer_seconds: float = 5.0
    auth: str = field(default="", repr=False)
    tls: EngineTls = field(default_factory=EngineTls)

    def acquire(self, clock: Clock | None = None) -> HeldRegisteredLease:
        """Blocks. Raises `LeaseUnavailable`, `RegistryExhausted`, `ClockBehindHighWater`, `LeaseCorrupt`."""
        registry = ZooKeeperRegistry(self.hosts, self.session_seconds, self.answer_seconds, self.auth, self.tls)
        try:
            return self.terms.acquire_in(registry, f"ZooKeeper at {self.hosts}", clock or SystemClock())
        except BaseException:
            registry.close()
            raise


class ZooKeeperRegistry:
    """A session, from the constructor to `close`."""

    def __init__(
        self, hosts: str, session_seconds: float, answer_seconds: float, auth: str = "", tls: EngineTls | None = None
    ) -> None:
        """Raises `LeaseUnavailable`."""
        self._hosts = hosts
        self._answer_seconds = answer_seconds
        self._lost = False
        self._callback: Callable[[], None] | None = None
        self._client = make_client(hosts, auth, session_seconds, tls)
        self._client.add_listener(self._on_state)
        try:
            make_chroot(self._client, answer_seconds)
            self._client.start(timeout=answer_seconds)
            for path in (SERVERS, TIMES):
                self._client.ensure_path(path)
        except UNAVAILABLE as error:
            self.close()
            raise LeaseUnavailable(f"ZooKeeper at {hosts} does not answer: {error!r}") from error

    def holders(self) -> Mapping[int, bytes]:
        names = self._ask(self._client.get_children_async(SERVERS))
        found: dict[int, bytes] = {}
        for name in names:
            try:
                found[int(name)] = self._ask(self._client.get_async(f"{SERVERS}/{name}"))[0]
            except NoNodeError:
                continue  # given back since the list was made
        return found

    def claim(self, worker_id: int, data: bytes) -> bool:
        try:
            self._ask(self._client.create_async(f"{SERVERS}/{worker_id}", data, ephemeral=True))
        except NodeExistsError:
            return False
        return True

    def read(self, worker_id: int) -> tuple[bytes, int]:
        path = f"{TIMES}/{worker_id}"
        with suppress(NodeExistsError):
            self._ask(self._client.create_async(path, b""))
        data, stat = self._ask(self._client.get_async(path))
        return data, stat.version

    def write(self, worker_id: int, data: bytes, version: int) -> int | None:
        try:
            written: int = self._ask(self._client.set_async(f"{TIMES}/{worker_id}", data, version)).version
        except BadVersionError:
            return None
        return written

    def on_lost(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        if self._lost:
            callback()

    def close(self) -> None:
        self._callback = None
        stop(self._client)

    def _on_state(self, state: str) -> None:
        """In kazoo's thread. SUSPENDED is only doubt: the time written ahead decides how long that may last."""
        if state == KazooState.LOST:
            self._lost = True
            if self._callback is not None:
                self._callback()

    def _ask(self, asked: Any) -> Any:
        """The answer. `NodeExistsError`, `NoNodeError` and `BadVersionError` are answers too, for the caller."""
        try:
            return asked.get(timeout=self._answer_seconds)
        except ANSWERS:
            raise
        except SessionExpiredError as error:
            raise LeaseLost(f"the session with ZooKeeper at {self._hosts} has ended") from error
        except UNAVAILABLE as error:
            raise LeaseUnavailable(f"ZooKeeper at {self._hosts} does not answer: {error!r}") from error
