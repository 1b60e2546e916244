"""What every ownership promises, on the local one and on real ZooKeeper; and what only several fetchers show."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from secrets import token_hex

import pytest
from kazoo.client import KazooClient  # type: ignore[import-untyped]
from kazoo.exceptions import NoAuthError  # type: ignore[import-untyped]

from fetchers.model import NotMine
from fetchers.ownership import kazoo_calls
from fetchers.ownership.assignment import BUCKETS
from fetchers.ownership.zookeeper import ZookeeperOwnership
from fetchers.ports import LocalOwnership, Ownership
from fetchers.service.metrics import ownership_figures
from groundwork import zookeeper
from groundwork.clock import SystemClock
from tests.engines.toxics import slow_link

SESSION = 2.0
DOMAINS = [f"d{number}.test" for number in range(60)]


class Member:
    """One ownership on ZooKeeper with its client."""

    def __init__(self, client: KazooClient, address: str) -> None:
        self.client = client
        self.address = address
        self.ownership = ZookeeperOwnership(client, address, SystemClock(), SESSION)
        self.lost = 0
        self.ownership.on_lost(self._count)
        self.running = asyncio.create_task(self.ownership.run())

    def _count(self) -> None:
        self.lost += 1

    def owned(self) -> set[str]:
        return {domain for domain in DOMAINS if not isinstance(self.ownership.holding_of(domain), NotMine)}

    async def end(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await kazoo_calls.stop(self.client)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


Join = Callable[[str], Awaitable[Member]]


@pytest.fixture
async def join(zookeeper_hosts: str, stack: AsyncExitStack) -> Join:
    chroot = f"/own-{token_hex(4)}/of/several/parts"

    async def join(address: str) -> Member:
        client = zookeeper.make_client(zookeeper_hosts + chroot, "", SESSION)
        await kazoo_calls.start(client)
        member = Member(client, address)
        stack.push_async_callback(member.end)
        return member

    return join


async def until(condition: Callable[[], bool], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.fixture(
    params=[
        "local",
        pytest.param("zookeeper", marks=pytest.mark.engine("zookeeper")),
        pytest.param("zookeeper behind a slow link", marks=pytest.mark.engine("zookeeper", "toxiproxy")),
    ]
)
async def ownership(request: pytest.FixtureRequest, stack: AsyncExitStack) -> Ownership:
    """Of a fetcher alone."""
    if request.param == "local":
        return LocalOwnership(SystemClock().now())
    hosts = request.getfixturevalue("zookeeper_hosts")
    if "slow" in request.param:
        hosts = f"127.0.0.1:{stack.enter_context(slow_link(request.getfixturevalue('toxiproxy'), hosts)).port}"
    client = zookeeper.make_client(hosts + f"/own-{token_hex(4)}/fetchers", "", SESSION)
    await kazoo_calls.start(client)
    member = Member(client, "http://a:1")
    stack.push_async_callback(member.end)
    await until(lambda: len(member.owned()) == len(DOMAINS))
    return member.ownership


async def test_who_is_alone_owns_everything(ownership: Ownership) -> None:
    now = SystemClock().now()
    for domain in DOMAINS:
        holding = ownership.holding_of(domain)
        assert not isinstance(holding, NotMine)
        assert holding.holds()
        assert now - 60 < holding.since <= now
        assert ownership.holding_of(domain) is holding, "one holding as long as it lasts"


async def test_each_domain_has_one_owner_and_the_others_say_who(join: Join) -> None:
    members = [await join(f"http://m{number}:1") for number in range(3)]

    def owners() -> dict[str, str]:
        """Domain → address, of what the members say that they hold."""
        held = [(domain, member.address) for member in members for domain in member.owned()]
        assert len(held) == len(dict(held)), "no domain has two owners at any moment"
        return dict(held)

    def all_agree() -> bool:
        owned = owners()
        answers = ((domain, member.ownership.holding_of(domain)) for member in members for domain in DOMAINS)
        return len(owned) == len(DOMAINS) and all(
            answer.owner == owned[domain] for domain, answer in answers if isinstance(answer, NotMine)
        )

    await until(all_agree)  # a member learns of another's buckets a moment after that took them


async def test_what_is_held_is_told_in_figures(join: Join) -> None:
    """For `/metrics`: both say how many they are and share the buckets; a round after round is counted."""
    one, two = await join("http://a:1"), await join("http://b:1")
    await until(lambda: bool(two.owned()) and len(one.owned()) + len(two.owned()) == len(DOMAINS))
    await until(lambda: one.ownership.held + two.ownership.held == BUCKETS)
    figures = [{figure.name: figure.value for figure in ownership_figures(each.ownership)} for each in (one, two)]
    assert all(told["members"] == 2 and told["coordinator_rounds"] > 0 for told in figures)
    assert sum(told["buckets_held"] for told in figures) == BUCKETS
    assert sum(told["buckets_taken"] for told in figures) >= BUCKETS


async def test_a_later_holder_has_a_higher_number(join: Join) -> None:
    first = await join("http://m0:1")
    await until(lambda: len(first.owned()) == len(DOMAINS))
    before = {domain: first.ownership.holding_of(domain) for domain in DOMAINS}
    second = await join("http://m1:1")
    await until(lambda: second.ownership.ready)
    assert first.lost >= 1
    for domain in second.owned():
        old, new = before[domain], second.ownership.holding_of(domain)
        assert not isinstance(old, NotMine)
        assert not isinstance(new, NotMine)
        assert not old.holds()
        assert new.fence > old.fence
        assert new.since > old.since


async def test_who_leaves_hands_over_at_once(join: Join) -> None:
    staying, leaving = await join("http://m0:1"), await join("http://m1:1")
    await until(lambda: staying.ownership.ready and leaving.ownership.ready)
    leaving.ownership.leave()
    assert leaving.owned() == set()
    await kazoo_calls.stop(leaving.client)
    await until(lambda: len(staying.owned()) == len(DOMAINS), seconds=SESSION)


async def test_who_falls_silent_is_relieved_although_its_session_lives(join: Join) -> None:
    """It stops of its own accord before anybody else begins, and takes part again when it wakes."""
    members = [await join(f"http://m{number}:1") for number in range(3)]
    silent, *others = members
    await until(lambda: all(member.ownership.ready for member in members))
    session = silent.client.client_id[0]
    silent.running.cancel()

    def relieved() -> bool:
        owned = [domain for member in members for domain in member.owned()]
        assert len(owned) == len(set(owned)), "no domain has two owners at any moment"
        return set().union(*(member.owned() for member in others)) == set(DOMAINS)

    await until(relieved, seconds=20.0)
    assert silent.client.client_id[0] == session
    assert silent.owned() == set()
    assert sum(member.ownership.counters.expelled for member in others) == 1
    silent.running = asyncio.create_task(silent.ownership.run())
    await until(lambda: silent.ownership.ready, seconds=20.0)
    assert silent.client.client_id[0] != session


async def test_what_somebody_else_took_meanwhile_is_not_cleared(join: Join) -> None:
    """Only under the assignment that was looked at, and only what nobody in it holds."""
    member = await join("http://m0:1")
    await until(lambda: member.ownership.ready)
    nodes = member.ownership._nodes
    members, _, version = await nodes.look()
    await nodes.clear([0, 1], members, version)
    assert await nodes.ours_among([0, 1]), "held by a member"
    await nodes.clear([0, 1], [], version - 1)
    assert len(await nodes.ours_among([0, 1])) == 2, "another assignment is in force"
    await nodes.clear([0, 1], [], version)
    assert await nodes.ours_among([0, 1]) == {}


async def test_when_nothing_proves_the_session_nothing_is_held(join: Join) -> None:
    """Its own deadline counts, no event is needed; and after a doubt the same holding is good again."""
    member = await join("http://m0:1")
    await until(lambda: member.ownership.ready)
    holding = member.ownership.holding_of(DOMAINS[0])
    assert not isinstance(holding, NotMine)
    proved = member.ownership._trusted_until
    member.ownership._trusted_until = 0.0
    assert not holding.holds()
    assert isinstance(member.ownership.holding_of(DOMAINS[0]), NotMine)
    member.ownership._trusted_until = proved
    assert holding.holds()


async def test_others_cannot_touch_what_is_ours_with_credentials(zookeeper_hosts: str, stack: AsyncExitStack) -> None:
    """Digest ACL on everything that is made."""
    chroot = f"/own-{token_hex(4)}/of/several/parts"
    client = zookeeper.make_client(zookeeper_hosts + chroot, "fetchers:secret", SESSION)
    await kazoo_calls.start(client)
    member = Member(client, "http://m0:1")
    stack.push_async_callback(member.end)
    await until(lambda: member.ownership.ready)
    stranger = zookeeper.make_client(zookeeper_hosts + chroot, "", SESSION)
    await kazoo_calls.start(stranger)
    stack.push_async_callback(kazoo_calls.stop, stranger)
    for path in ("/assignment", "/buckets/0000"):
        with pytest.raises(NoAuthError):
            await asyncio.to_thread(stranger.get, path)


async def test_a_server_that_grants_less_is_believed(zookeeper_hosts: str, stack: AsyncExitStack) -> None:
    """Else we would trust a session longer than it lasts. The test's server grants ten seconds at most."""
    client = zookeeper.make_client(zookeeper_hosts + f"/own-{token_hex(4)}", "", 60.0)
    await kazoo_calls.start(client)
    stack.push_async_callback(kazoo_calls.stop, client)
    assert zookeeper.granted_seconds(client) == pytest.approx(10.0, abs=0.01)
