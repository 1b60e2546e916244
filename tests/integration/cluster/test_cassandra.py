"""What the Cassandra store promises beyond its port: migrations, timestamps, bounded partitions, unread writes."""

import asyncio
import os
import re
from dataclasses import replace

import pytest

from groundwork.clock import SystemClock
from schedulers.model import Change, Content, Page, Redirect, Status, UrlState
from spiderduck.errors import StoreUnavailable
from spiderduck.settings.cassandra import CassandraConfig
from spiderduck.stores.cassandra import CassandraStore
from spiderduck.stores.cassandra_keys import key_hash
from spiderduck.stores.cassandra_migration import Migration, read_schema
from spiderduck.stores.cassandra_opening import open_session, open_when_ready
from spiderduck.stores.cassandra_pictures import index_stored_pictures
from spiderduck.stores.cassandra_statements import statements
from spiderduck.stores.errors import SchemaTooNew, StatementRefused
from spiderduck.stores.sessions.ports import Session, Statement
from tests.clock import FakeClock
from tests.engines.ports import free_ports
from tests.engines.toxics import Toxiproxy
from tests.integration.cluster.keyspaces import (
    KEYSPACE,
    close,
    close_forgotten_sockets,
    elsewhere,
    emptied_keyspace,
    moment_of_id,
    opened_session,
    settings,
)

KEY = "http://news.test/a"


def page(identity: int) -> Page:
    return Page(identity, KEY, KEY, 1_000.5, 200, Content("text/html", 1, "00", "utf-8"), b"{}", b"{}")


def change(identity: int) -> Change:
    return Change((UrlState(KEY, KEY, Status.FETCHED, page_id=identity),), page(identity))


async def rows(session: Session, cql: str) -> list[tuple[object, ...]]:
    return list(await session.execute(Statement(cql, reads=True), ()))


@pytest.mark.engine("cassandra")
async def test_two_migrations_at_once_apply_each_version_once_and_a_third_none() -> None:
    config = elsewhere(settings(), f"{KEYSPACE}_race")
    async with opened_session(config) as first, opened_session(config) as second:
        clock = SystemClock()
        applied = await asyncio.gather(*(Migration(one, config, clock).run() for one in (first, second)))
        assert sorted(applied, key=len) == [[], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]
        assert await Migration(first, config, clock).run() == []
        assert await rows(first, f"SELECT holder FROM {config.keyspace}.schema_lock") == [], "the lock is given back"
        newest = [block.version for block in read_schema("ks")][-1]
        newer = f"INSERT INTO {config.keyspace}.schema_versions (name, version) VALUES ('spiderduck', 99)"
        since = f"INSERT INTO {config.keyspace}.schema_since (name, version, since) VALUES ('spiderduck', 99, %d)"
        await first.run(newer)
        with pytest.raises(SchemaTooNew, match="newer SpiderDuck"):
            await Migration(first, config, clock).run()
        await first.run(since % (newest + 1))
        with pytest.raises(SchemaTooNew, match=f"for code that knows schema {newest + 1}; this one knows {newest}"):
            await Migration(first, config, clock).missing()
        await first.run(since % newest)
        assert await Migration(first, config, clock).run() == [], "a process of the version before may start again"
        await close(await open_when_ready(config, clock))
        await first.run(f"DROP KEYSPACE {config.keyspace}")


def test_every_block_says_which_code_it_can_be_used_by() -> None:
    blocks = list(read_schema("ks"))
    assert [block.version for block in blocks] == list(range(1, len(blocks) + 1))
    assert all(1 <= block.since <= block.version and block.cqls for block in blocks)


@pytest.mark.engine("cassandra")
async def test_pictures_of_pages_that_were_stored_before_the_index_are_found() -> None:
    async with emptied_keyspace() as (session, config):
        store = CassandraStore(session, config, FakeClock(), moment_of_id)
        for identity in range(1, 8):
            blob = b'{"image":{"url":"http://p.test/%d.png"}}' % identity
            await store.write(KEY, replace(change(identity), page=replace(page(identity), metadata=blob)))
        await session.run(f"TRUNCATE {config.keyspace}.pictures")
        assert not await store.owns_picture("http://p.test/3.png")
        held = []

        async def hold_on() -> None:
            held.append(1)

        assert await index_stored_pictures(session, config.keyspace, hold_on) == 7
        assert held
        assert all([await store.owns_picture(f"http://p.test/{identity}.png") for identity in range(1, 8)])


@pytest.mark.engine("cassandra")
async def test_a_late_retry_never_hides_a_newer_page() -> None:
    async with emptied_keyspace() as (session, config):
        store = CassandraStore(session, config, FakeClock(), moment_of_id)
        await store.write(KEY, change(9))
        await store.write(KEY, change(7))
        known = await store.look_up(KEY)
        assert known.page is not None
        assert known.page.id == 9
        assert [one.id for one in await store.history(KEY, 10)] == [9, 7]
        (stamped,) = await rows(session, f"SELECT writetime(state) FROM {config.keyspace}.urls")
        assert stamped == (1_000_009_000_000,), "the time of the page's Snowflake id"


@pytest.mark.engine("cassandra")
async def test_an_event_that_two_schedulers_were_given_makes_one_version() -> None:
    """A link is cut, and the broker gives to another what the first still works on: each stores what it fetched."""
    async with emptied_keyspace() as (session, config):
        first, second = (CassandraStore(session, config, FakeClock(), moment_of_id) for _ in range(2))
        await second.write(KEY, change(9), "event")
        await first.write(KEY, change(7), "event")
        await first.write(KEY, change(8), "another")
        await first.write(KEY, change(5))
        assert [one.id for one in await second.history(KEY, 10)] == [9, 8, 5]
        assert await second.page(7) is not None, "who was told of it still finds it"


@pytest.mark.engine("cassandra")
async def test_an_ending_after_a_page_wins_although_the_ids_clock_is_ahead() -> None:
    async with emptied_keyspace() as (session, config):
        store = CassandraStore(session, config, FakeClock(), moment_of_id)
        await store.write(KEY, change(9))
        checked = replace(change(9).states[0], checked_at=2_000.0)
        await store.write(KEY, Change((checked,)))
        assert (await store.look_up(KEY)).state == checked


@pytest.mark.engine("cassandra")
async def test_what_is_kept_for_a_while_says_so_to_the_store() -> None:
    async with emptied_keyspace() as (session, config):
        store = CassandraStore(session, replace(config, pages_days=2.0), FakeClock(), moment_of_id)
        await store.write(KEY, change(9))
        await store.finish("event", KEY)
        await store.mark(UrlState(KEY, KEY, Status.PENDING))
        for column, table, days in (("head", "pages", 2), ("state", "urls", 2), ("mark", "urls", 7)):
            ((left,),) = await rows(session, f"SELECT ttl({column}) FROM {config.keyspace}.{table}")
            assert isinstance(left, int)
            assert (days - 1) * 86_400 < left <= days * 86_400


@pytest.mark.engine("cassandra")
async def test_long_lists_are_cut_by_time_and_read_from_the_newest_on() -> None:
    """Edges of three hours, and the versions of three months."""
    async with emptied_keyspace() as (session, config):
        clock = FakeClock()
        store = CassandraStore(session, config, clock, moment_of_id)
        for number in range(3):
            short = f"http://s.test/{number}"
            state = UrlState(short, short, Status.FETCHED, redirects=(Redirect(short, short, 301),))
            landing = replace(page(number), fetched_at=clock.now() + number * 31 * 86_400.0)
            await store.write(short, Change((state, *change(number).states), landing))
            await clock.advance(3_600.0)
        partitions = await rows(session, f"SELECT DISTINCT to_hash, hour FROM {config.keyspace}.redirected_from")
        assert len(partitions) == 3
        assert await store.redirects_to(KEY, 2) == ["http://s.test/0", "http://s.test/1"]
        assert await store.redirects_to(KEY, 2, "http://s.test/1") == ["http://s.test/2"]
        assert [one.id for one in await store.history(KEY, 2)] == [2, 1]
        assert [one.id for one in await store.history(KEY, 2, 1)] == [0]
        (edge,) = await rows(session, f"SELECT to_key FROM {config.keyspace}.redirects LIMIT 1")
        assert edge == (KEY,)


@pytest.mark.engine("cassandra")
@pytest.mark.parametrize("driver", ["acsylla", "cassandra-driver"])
async def test_a_chain_too_long_for_one_step_is_written_all_the_same(driver: str) -> None:
    """Twenty redirects with URLs of 2,000 characters: a batch of it would be refused."""
    async with emptied_keyspace(driver) as (session, config):
        store = CassandraStore(session, config, FakeClock(), moment_of_id)
        urls = [f"http://s{number}.test/{'x' * 2_000}" for number in range(20)]
        hops = tuple(Redirect(url, url, 301) for url in urls)
        states = tuple(
            UrlState(url, url, Status.FETCHED, page_id=9, redirects=hops[index:]) for index, url in enumerate(urls)
        )
        await store.write(urls[0], Change((*states, *change(9).states), page(9)))
        assert [known.state for known in await store.known(urls)] == list(states)
        assert [one.id for one in await store.history(KEY, 10)] == [9]


async def answers(session: Session, statement: Statement) -> bool:
    try:
        await session.execute(statement, (b"a",))
    except StoreUnavailable:
        return False
    return True


@pytest.mark.engine("cassandra", "toxiproxy")
@pytest.mark.parametrize("driver", ["acsylla", "cassandra-driver"])
async def test_reads_in_flight_on_a_link_that_is_cut_end_and_the_next_are_answered(
    driver: str, toxiproxy: Toxiproxy
) -> None:
    """Also those that are late already, so that a second copy of each is on its way."""
    with toxiproxy.link(os.environ["SPIDERDUCK_TEST_CASSANDRA"]) as link:
        async with emptied_keyspace(driver, link.port) as (session, config):
            ask = Statement(f"SELECT id FROM {config.keyspace}.finished WHERE id = ?", reads=True)
            assert not await session.execute(ask, (b"a",))
            link.spoil("timeout", timeout=0)
            asked = [asyncio.create_task(session.execute(ask, (b"%d" % number,))) for number in range(20)]
            await asyncio.sleep(config.speculative_after + 0.1)
            link.cut()
            async with asyncio.timeout(config.request_timeout + 2):
                ended = await asyncio.gather(*asked, return_exceptions=True)
            assert all(isinstance(one, StoreUnavailable) for one in ended)
            link.restore()
            async with asyncio.timeout(10):
                while not await answers(session, ask):
                    await asyncio.sleep(0.05)


def condition_of(cql: str) -> str:
    return cql.partition("WHERE")[2].strip()


def test_every_question_names_its_whole_partition_key() -> None:
    """So none of them walks over the cluster, but the one that is for it; each table says how large partitions are."""
    schema = "\n".join(cql for block in read_schema("ks") for cql in block.cqls)
    keys: dict[str, list[str]] = {}
    for table, body in re.findall(r"TABLE IF NOT EXISTS ks\.(\w+) \((.*?)\n\)", schema, re.DOTALL):
        compound = re.search(r"PRIMARY KEY \(\(([^)]*)\)", body)
        single = re.search(r"(\w+)\s+\w+ PRIMARY KEY", body)
        keys[table] = compound[1].split(", ") if compound else [single[1]] if single else []
    for name in statements("ks").__slots__:
        cql = getattr(statements("ks"), name).cql
        table = re.search(r"ks\.(\w+)", cql)
        assert table is not None
        assert "ALLOW FILTERING" not in cql
        if name.startswith("get"):
            condition = condition_of(cql)
            assert all(re.search(rf"\b{column} (=|IN) \?", condition) for column in keys[table[1]]), cql
        elif name.startswith("walk"):  # a page of the whole table, for the background alone
            assert condition_of(cql) == "token(key_hash) > ? LIMIT ?"
        elif "IF NOT EXISTS" in cql:  # a lightweight transaction takes its own timestamp, and none from us
            assert cql.endswith("USING TTL ?")
        elif cql.startswith("DELETE"):
            assert " USING TIMESTAMP ? WHERE " in cql
        elif name == "put_domain":  # when it was first met, which stays true for ever
            assert cql.endswith("USING TIMESTAMP ?")
        else:
            assert "TIMESTAMP ? AND TTL ?" in cql


def test_every_table_says_its_bound() -> None:
    from importlib import resources

    text = resources.files("spiderduck.stores").joinpath("schema.cql").read_text(encoding="utf-8")
    comments = re.findall(r"((?:^--.*\n)+)CREATE TABLE", text, re.MULTILINE)
    assert len(comments) == text.count("CREATE TABLE")
    assert all("Bound:" in comment for comment in comments)


def test_keys_are_short_whatever_the_url() -> None:
    assert len(key_hash("http://a.test/" + "x" * 100_000)) == 16


@pytest.mark.engine("cassandra")
@pytest.mark.parametrize("driver", ["acsylla", "cassandra-driver"])
async def test_a_start_waits_for_the_schema_and_says_so(driver: str, caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    config = elsewhere(settings(driver), f"{KEYSPACE}_start")
    async with opened_session(config) as session:
        with pytest.raises(StatementRefused):
            await rows(session, f"SELECT id FROM {config.keyspace}.pages")
        starting = asyncio.create_task(open_when_ready(config, clock))
        while "spiderduck migrate" not in caplog.text:
            await asyncio.sleep(0.01)
        await Migration(session, config, SystemClock()).run()
        while not starting.done():
            await clock.advance(1.0)
            await asyncio.sleep(0.01)
        await close(await starting)
        await session.run(f"DROP KEYSPACE {config.keyspace}")


@pytest.mark.engine("cassandra")
@pytest.mark.parametrize("driver", ["acsylla", "cassandra-driver"])
async def test_a_start_that_is_given_up_while_it_connects_ends(driver: str) -> None:
    for turns in range(10):
        opening = asyncio.create_task(open_session(settings(driver)))
        for _ in range(turns):
            await asyncio.sleep(0.002)
        if not opening.cancel():  # it was quicker: there was nothing to give up any more
            await close(await opening)
            continue
        with pytest.raises(asyncio.CancelledError):
            await opening
        close_forgotten_sockets()


@pytest.mark.parametrize("driver", ["acsylla", "cassandra-driver"])
async def test_a_cluster_that_is_not_there_is_tried_again_as_long_as_somebody_waits(driver: str) -> None:
    (port,) = free_ports(1)
    tries = 0

    async def three_times(error: StoreUnavailable) -> None:
        nonlocal tries
        tries += 1
        if tries == 3:
            raise error

    config = CassandraConfig(hosts=("127.0.0.1",), port=port, driver=driver, connect_timeout=1.0)
    with pytest.raises(StoreUnavailable):
        await open_session(config, three_times)
    close_forgotten_sockets()
