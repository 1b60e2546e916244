"""Rows of what was taken down leave the files, and no later row comes of it."""

from pathlib import Path
from typing import Any

import pytest

from spiderduck.analytics.files import ParquetFiles
from spiderduck.analytics.forgetting import ForgettingRows, names_gone
from spiderduck.analytics.rows import Batch, told_in
from spiderduck.errors import StoreUnavailable
from spiderduck.settings.analytics import AnalyticsConfig

GONE, SHORT, KEPT = "http://news.test/gone", "http://short.test/x", "http://news.test/kept"


def fetch(url: str, identity: int = 1, redirect: str | None = None, kind: str = "page") -> dict[str, Any]:
    return {"row": f"{kind} {url} {redirect}", "kind": kind, "url": url, "id": identity, "fetch_redirect": redirect}


def share(url: str, destination: str | None = None) -> dict[str, Any]:
    return {"row": f"share {url} {destination}", "url": url, "destination": destination}


@pytest.fixture
def files(tmp_path: Path) -> ParquetFiles:
    found = ParquetFiles(tmp_path / "analytics", AnalyticsConfig())
    found.write(
        Batch(1, 1),
        {
            "fetches": [(0.0, fetch(KEPT)), (90_000.0, fetch(GONE)), (90_000.0, fetch(SHORT, 1, GONE))],
            "shares": [(0.0, share(GONE)), (0.0, share(SHORT, GONE)), (0.0, share(KEPT, KEPT))],
        },
    )
    found.write(
        Batch(2, 2), {"fetches": [(0.0, fetch("http://pictures.test/p.png", 7, kind="picture")), (0.0, fetch(KEPT, 8))]}
    )
    return found


def rows(files: ParquetFiles) -> set[str]:
    return {row for table in ("fetches", "shares") for row in files.dataset(table).to_table()["row"].to_pylist()}


async def test_rows_go_by_url_destination_redirect_and_page(files: ParquetFiles, tmp_path: Path) -> None:
    """A file in which nothing is left goes, and one in which nothing is gone stays as it is."""
    before = {path: path.stat().st_ino for path in tmp_path.rglob("*.parquet")}
    forgetting = ForgettingRows(files)
    assert await forgetting.forget(lambda url: url == GONE, frozenset()) == 4
    assert rows(files) == {
        f"page {KEPT} None",
        f"share {KEPT} {KEPT}",
        "picture http://pictures.test/p.png None",
    }
    assert await forgetting.forget(lambda url: url == GONE, {7}) == 1
    assert await forgetting.forget(lambda url: url == GONE, {7}) == 0
    assert rows(files) == {f"page {KEPT} None", f"share {KEPT} {KEPT}"}
    assert GONE.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    left = list(tmp_path.rglob("*.parquet"))
    assert len(left) == 3 < len(before)
    assert sum(path.stat().st_ino == before[path] for path in left) == 1


async def test_a_damaged_file_stops_nobody(files: ParquetFiles, tmp_path: Path) -> None:
    next(path for path in tmp_path.rglob("*.parquet") if "fetches" in str(path)).write_bytes(b"no parquet")
    assert await ForgettingRows(files).forget(lambda url: url == GONE, frozenset()) >= 2


async def test_a_disk_that_takes_nothing_is_said(files: ParquetFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(files, "_write", full)
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        await ForgettingRows(files).forget(lambda url: url == GONE, frozenset())


def test_no_row_is_made_of_what_is_taken_down() -> None:
    assert names_gone(fetch(SHORT, 1, GONE), lambda url: url == GONE)
    assert not names_gone(share(KEPT), lambda url: url == GONE)
    told = '{"id":"ab","type":"spiderduck.url.processed","time":"2027-01-15T08:00:00Z","data":{"url":"http://a.test/",'
    assert told_in(f'{told}"status":"fetched"}}}}'.encode()) is not None
    assert told_in(f'{told}"status":"blocked_domain","reason_code":"taken_down"}}}}'.encode()) is None
