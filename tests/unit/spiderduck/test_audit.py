"""The audit log: appended to, read from its end, whole after a torn line."""

import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spiderduck.api.front.audit import Audit
from spiderduck.audit import PIECE, AuditEntry, FileAudit, append, newest
from tests.clock import FakeClock


def entry(number: int, detail: str | None = None) -> AuditEntry:
    at = "2026-11-22T10:00:00.000Z"
    return AuditEntry(at=at, by="ops", action="list.put", subject=f"list {number}", detail=detail)


async def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    await FileAudit(tmp_path / "audit.jsonl").note(entry(1))
    assert stat.S_IMODE((tmp_path / "audit.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize("most", [1, 50, 400, 1000])
def test_a_long_log_is_read_from_its_end(tmp_path: Path, most: int) -> None:
    file = tmp_path / "audit.jsonl"
    for number in range(400):
        append(file, entry(number, "x" * 500))
    assert file.stat().st_size > 3 * PIECE
    found, before = [], None
    while True:
        page = newest(file, most, before)
        assert len(page.entries) <= most
        found += [one.subject for one in page.entries]
        if (before := page.next) is None:
            break
    assert found == [f"list {number}" for number in range(399, -1, -1)]


def test_what_is_long_is_cut_and_what_is_torn_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    append(file, entry(1, "y" * 1_000_000))
    with file.open("ab") as torn:
        torn.write(b'{"at":"2026')
    append(file, entry(2))
    found = newest(file, 10).entries
    assert [one.subject for one in found] == ["list 2", "list 1"]
    assert len(found[1].detail or "") == 2_000


async def test_the_folder_is_made_with_the_first_entry(tmp_path: Path) -> None:
    """A process of a cluster may have written nothing before."""
    log = FileAudit(tmp_path / "data" / "audit.jsonl")
    await log.note(AuditEntry(at="2026-11-30T12:00:00Z", by=None, action="queue.deleted", subject="team"))
    assert [one.subject for one in (await log.newest(10)).entries] == ["team"]
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


async def test_a_change_stands_where_it_cannot_be_written_down(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Then the process's log has the entry."""
    (tmp_path / "data").write_text("no folder")
    services: Any = SimpleNamespace(audit=FileAudit(tmp_path / "data" / "audit.jsonl"), clock=FakeClock())
    request: Any = SimpleNamespace(scope={"state": {}})
    await Audit(services).note(request, "queue.deleted", "team")
    assert "queue.deleted" in caplog.text
