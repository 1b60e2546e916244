"""The data folder is its user's alone: made so, or closed at the start with what we wrote into it, and nothing else."""

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from spiderduck.bootstrap.data_folder import DataFolder


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_new_folder_is_private(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    DataFolder(tmp_path / "data").release()
    assert mode(tmp_path / "data") == 0o700
    assert mode(tmp_path / "data" / "lock") == 0o600
    assert not caplog.records


def test_an_open_folder_is_closed_with_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = tmp_path / "data"
    ours = [
        data / "spiderduck.db",
        data / "spiderduck.db-wal",
        data / "archive" / "a.warc",
        data / "images" / "x" / "y",
    ]
    for path in ours:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    with caplog.at_level(logging.INFO):
        DataFolder(data).release()
        DataFolder(data).release()
    assert {mode(path) for path in ours} == {0o600}
    assert {mode(path) for path in (data, data / "archive", data / "images", data / "images" / "x")} == {0o700}
    (line,) = [one.getMessage() for one in caplog.records]
    assert str(data) in line


def test_what_is_not_ours_stays_as_it_is(tmp_path: Path) -> None:
    """Other files in the folder, and what links lead to."""
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    (data / "archive").mkdir(parents=True)
    elsewhere.mkdir()
    others = [data / "notes.txt", elsewhere / "page"]
    for path in others:
        path.write_bytes(b"")
    (data / "archive" / "link").symlink_to(elsewhere)
    (data / "images").symlink_to(elsewhere)
    DataFolder(data).release()
    assert {mode(path) for path in others} == {0o644}
    assert mode(elsewhere) == 0o755


def test_a_folder_of_somebody_else_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A volume that is mounted for a group, say."""
    data = tmp_path / "data"
    data.mkdir()
    nobody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: nobody)
    DataFolder(data).release()
    assert mode(data) == 0o755
    assert not caplog.records
