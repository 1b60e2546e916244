"""Who may send to which domain, agreed on through ZooKeeper (`nodes.py` says what is written there).

A round (`_round`) runs several times a second: it renews our membership, sees who lives, expels who has not renewed for
a whole lease (`silence.py`), lets go of what is no longer ours and takes what is. A holding is good only until the
moment that a renewal proved, counted from before it was sent, and less than the lease and the session last after it. So
we stop before our buckets can be given to others, whether or not an event reaches us, also when this process was
stopped for a while.
"""

import asyncio
import logging
import math
import secrets
from collections.abc import Callable, Mapping

from kazoo.client import KazooClient, KazooState  # type: ignore[import-untyped]

from fetchers.errors import CoordinatorUnavailable
from fetchers.model import NotMine
from fetchers.ownership.assignment import BUCKETS, Assignment, bucket_of, rebalanced
from fetchers.ownership.holding import OwnershipCounters, ZookeeperHolding
from fetchers.ownership.kazoo_calls import begin_anew
from fetchers.ownership.nodes import Nodes, address_of
from fetchers.ownership.silence import TRUSTED_SHARE, Silences, lease_seconds, watched_by
from groundwork.clock import Clock
from groundwork.readiness import Trouble
from groundwork.zookeeper import granted_seconds

log = logging.getLogger(__name__)

SESSION_SHARE = 2 / 3
"""Of the session's time-out a proof is good for that share: the rest is for clocks, ticks and the way to the server."""
ROUNDS_IN_SESSION = 16
LONGEST_ROUND = 0.4
MOST_AT_ONCE = 128
"""Buckets that change hands in one round: the next renewal must not wait for all of them."""
REMEDY = "see whether ZooKeeper runs and answers quickly; other fetchers take the domains meanwhile"


def _token() -> str:
    return secrets.token_hex(4)


class ZookeeperOwnership:
    """`address` is where the other fetchers and the clients reach this one. `token` tells its memberships apart."""

    def __init__(
        self,
        client: KazooClient,
        address: str,
        clock: Clock,
        session_seconds: float,
        token: Callable[[], str] = _token,
    ) -> None:
        self._client = client
        self._nodes = Nodes(client, address, token)
        self._clock = clock
        self._session_seconds = session_seconds
        self._lease = lease_seconds(session_seconds)
        self._silences = Silences(self._lease)
        self._member = ""
        self._session: int | None = None
        self._held: dict[int, ZookeeperHolding] = {}
        self._trusted_until = -math.inf
        self._lost: Callable[[], None] = lambda: None
        self._leaving = False
        self.epoch = 0
        self.assignment = Assignment()
        self.counters = OwnershipCounters()

    # The port ---------------------------------------------------------------------------------------------------------

    def holding_of(self, domain: str) -> ZookeeperHolding | NotMine:
        bucket = bucket_of(domain)
        holding = self._held.get(bucket)
        if holding is not None and holding.holds():
            return holding
        owner = self.assignment.owner(bucket)
        if owner is None or owner == self._member:
            return NotMine(None, f"the queue of {domain} is on its way to another fetcher, or its owner is in doubt")
        return NotMine(address_of(owner), f"the queue of {domain} lives on another fetcher")

    def on_lost(self, callback: Callable[[], None]) -> None:
        self._lost = callback

    # Its state --------------------------------------------------------------------------------------------------------

    def is_trusted(self) -> bool:
        """Whether our session certainly lives in this moment."""
        return self._clock.monotonic() < self._trusted_until

    @property
    def held(self) -> int:
        """How many buckets are ours now."""
        return len(self._held) if self.is_trusted() else 0

    @property
    def ready(self) -> bool:
        """Whether we hold all that is to be ours."""
        return self.is_trusted() and bool(self._member) and len(self._held) == len(self.assignment.of(self._member)) > 0

    @property
    def trouble(self) -> Trouble | None:
        """Why we do not hold all that is to be ours; None while we do."""
        if self.ready:
            return None
        if self.is_trusted():
            return Trouble("it is not known yet who owns which domain", "starting", "wait some seconds")
        if self.counters.rounds:
            return Trouble("the session with ZooKeeper is in doubt, so nothing is sent", "lease_lost", REMEDY)
        return Trouble("ZooKeeper has not answered yet", "away", REMEDY)

    def addresses(self) -> list[str]:
        """Of all members."""
        return sorted({address_of(member) for member in self.assignment.members})

    def routes(self) -> dict[str, object]:
        """`addresses` of the members, and `owners`: for each bucket an index into them."""
        assignment = self.assignment
        return {"addresses": [address_of(member) for member in assignment.members], "owners": list(assignment.owners)}

    # Work -------------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Rounds until cancelled. The client must have been started."""
        self._client.add_listener(self._session_changed)
        pause = min(self._session_seconds / ROUNDS_IN_SESSION, LONGEST_ROUND)
        while not self._leaving:
            try:
                async with asyncio.timeout(self._session_trust()):
                    again = await self._round()
            except TimeoutError:
                # The link may be broken in one direction only, and keep a session alive that is of no use to us.
                self.counters.failed_rounds += 1
                await self._begin_anew("the coordinator does not answer, so another session is begun")
                again = False
            except CoordinatorUnavailable as error:
                self.counters.failed_rounds += 1
                log.warning(
                    "%s; %s", error, "what is ours stays so for now" if self.is_trusted() else "nothing is sent"
                )
                again = False
            if self._held and not self._is_of_this_session():
                self._end_all("the session is over")
            await self._clock.sleep(pause / 4 if again else pause)

    def leave(self) -> None:
        """Send nothing more. The buckets are free for others when the session is ended."""
        self._leaving = True
        self._end_all("this fetcher stops")

    async def _round(self) -> bool:
        """One look and what follows from it; True where another is wanted soon."""
        asked, epoch, session = self._clock.monotonic(), self.epoch, self._nodes.session
        if not self._member or session != self._session:
            self._member, self._session = await self._nodes.join(), session
        lives, (members, assignment, version), beats = await asyncio.gather(
            self._nodes.beat(self._member),
            self._nodes.look(),
            self._nodes.beats_of(watched_by(self._member, self.assignment.members)),
        )
        if epoch != self.epoch or session != self._nodes.session or self._leaving:
            return True
        if not lives:
            await self._begin_anew("others took this fetcher for gone, or its session was over")
            return True
        self._trusted_until = asked + self._trusted_seconds()
        self.counters.rounds += 1
        if self._member not in members:
            return True  # a server that is behind
        self.assignment = assignment
        if await self._expel(self._silences.look(beats, asked, self._clock.monotonic())):
            return True
        if set(assignment.members) != set(members):
            if await self._nodes.assign(rebalanced(assignment, members), version):
                fields = {"buckets": BUCKETS, "members": len(members)}
                log.info("%d buckets are shared by %d fetchers anew", BUCKETS, len(members), extra=fields)
            return True
        return await self._give() | await self._take(epoch, version)

    async def _expel(self, silent: Mapping[str, int]) -> bool:
        """Whether anybody was."""
        done = [member for member, beats in silent.items() if await self._nodes.expel(member, beats)]
        for member in done:
            self.counters.expelled += 1
            fields = {"member": address_of(member), "seconds": self._lease}
            log.warning("%s has been silent for %.1f s, and others take its buckets", *fields.values(), extra=fields)
        return bool(done)

    async def _give(self) -> bool:
        """Stop first, then let go, so that the next owner never meets us. True where there is more."""
        ours = set(self.assignment.of(self._member))
        leaving = [bucket for bucket in self._held if bucket not in ours][:MOST_AT_ONCE]
        if not leaving:
            return False
        for bucket in leaving:
            self._held.pop(bucket).ended = True
        self._lost()
        self.counters.given += len(leaving)
        log.info("%d buckets are handed over to other fetchers", len(leaving), extra={"buckets": len(leaving)})
        await self._nodes.let_go(leaving)
        return len(leaving) == MOST_AT_ONCE

    async def _take(self, epoch: int, version: int) -> bool:
        """Take what is ours and free; True where there is more, or something is still held by its former owner."""
        missing = [bucket for bucket in self.assignment.of(self._member) if bucket not in self._held]
        start = self.counters.rounds * MOST_AT_ONCE % max(len(missing), 1)  # what is busy keeps nothing else waiting
        wanted = [*missing[start:], *missing[:start]][:MOST_AT_ONCE]
        if not wanted:
            return False
        fences, busy = await self._nodes.take(wanted, self._member)
        self._hold(fences, epoch)
        if busy:
            self._hold(await self._nodes.ours_among(busy), epoch)
            left = [bucket for bucket in busy if bucket not in self._held]
            await self._nodes.clear(left, self.assignment.members, version)
        return len(wanted) == MOST_AT_ONCE or any(bucket not in self._held for bucket in wanted)

    def _hold(self, fences: Mapping[int, int], epoch: int) -> None:
        """From now on, unless the session in which they were taken has ended meanwhile."""
        if epoch != self.epoch or self._leaving:
            return
        since = self._clock.now()
        for bucket, fence in fences.items():
            self._held[bucket] = ZookeeperHolding(self, since, fence, epoch)
        self.counters.taken += len(fences)
        if fences:
            fields = {"buckets": len(fences), "members": len(self.assignment.members)}
            log.info("%d buckets are held here now, of %d in all", len(fences), len(self._held), extra=fields)

    # The session ------------------------------------------------------------------------------------------------------

    def _trusted_seconds(self) -> float:
        """For so long after a renewal nobody else takes what is ours."""
        return min(self._lease * TRUSTED_SHARE, self._session_trust())

    def _session_trust(self) -> float:
        """The server may have granted another time-out than was asked for."""
        return min(granted_seconds(self._client), self._session_seconds) * SESSION_SHARE

    async def _begin_anew(self, why: str) -> None:
        """With another session: what was held under this one is free at once, where the server can be told."""
        self.epoch += 1
        self._trusted_until = -math.inf
        self._end_all(why)
        await begin_anew(self._client)

    def _session_changed(self, state: str) -> None:
        """In kazoo's thread. A suspended session may live on, so only a lost one ends everything."""
        if state == KazooState.LOST:
            self.epoch += 1
            self._trusted_until = -math.inf
            self.counters.sessions_lost += 1

    def _is_of_this_session(self) -> bool:
        return all(holding._epoch == self.epoch for holding in self._held.values())

    def _end_all(self, why: str) -> None:
        held, self._held = self._held, {}
        for holding in held.values():
            holding.ended = True
        self._member = ""
        if held:
            fields = {"buckets": len(held), "reason": why}
            log.warning("%d buckets are no longer held here: %s", len(held), why, extra=fields)
        self._lost()
