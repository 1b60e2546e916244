"""The contract of the audit log on every adapter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spiderduck.audit import AuditEntry, AuditLog, FileAudit
from spiderduck.stores.cassandra_audit import CassandraAudit
from tests.clock import FakeClock
from tests.integration.cluster.keyspaces import emptied_keyspace

DAY = 86_400.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["file", pytest.param("cassandra", marks=pytest.mark.engine("cassandra"))])
async def log(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[AuditLog]:
    if request.param == "file":
        yield FileAudit(tmp_path / "audit.jsonl")
        return
    async with emptied_keyspace() as (session, config):
        yield CassandraAudit(session, config.keyspace, clock)


def entry(number: int) -> AuditEntry:
    return AuditEntry(at="2026-11-22T10:00:00.000Z", by="ops", action="list.put", subject=f"list {number}")


@pytest.mark.parametrize("most", [1, 2, 3, 4, 1000])
async def test_the_newest_come_first_page_by_page(log: AuditLog, clock: FakeClock, most: int) -> None:
    """Over three months."""
    assert await log.newest(most) == ([], None)
    for number in range(9):
        await log.note(entry(number))
        await clock.advance(9 * DAY)
    found: list[AuditEntry] = []
    page = await log.newest(most)
    while True:
        assert len(page.entries) <= most
        found += page.entries
        if page.next is None:
            break
        page = await log.newest(most, page.next)
    assert found == [entry(number) for number in range(8, -1, -1)]


async def test_what_comes_meanwhile_shifts_no_page(log: AuditLog, clock: FakeClock) -> None:
    for number in range(4):
        await log.note(entry(number))
        await clock.advance(1.0)
    first = await log.newest(2)
    await log.note(entry(4))
    second = await log.newest(2, first.next)
    assert [*first.entries, *second.entries] == [entry(number) for number in (3, 2, 1, 0)]


async def test_what_is_long_is_cut(log: AuditLog) -> None:
    await log.note(AuditEntry(at="2026-11-22T10:00:00.000Z", by=None, action="takedown", subject="x" * 9_000))
    ((found,), _) = await log.newest(1)
    assert (found.by, len(found.subject)) == (None, 2_000)
