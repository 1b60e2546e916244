"""Segments on their way to a remote store: another process reads, the store is away, a crash leaves some behind."""

from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from fetchers.model import Response
from spiderduck.content.fsspec import FsspecArchive
from spiderduck.content.ports import NotUploadedYet
from spiderduck.content.warc_repair import cut_to_whole_records
from spiderduck.errors import StoreUnavailable
from spiderduck.settings.archive import ArchiveConfig
from tests.clock import FakeClock
from tests.integration.cluster.remote_files import RemoteFiles, remote_files

PAGE = Response("http://news.test/", 200, (("content-type", "text/html"),), b"<title>A</title>", 1_700_000_000.0)


def archive(folder: Path, config: ArchiveConfig, clock: FakeClock) -> FsspecArchive:
    return FsspecArchive(folder, config, clock, software="SpiderDuck/test")


def in_memory(tmp_path: Path) -> RemoteFiles:
    with remote_files("memory", tmp_path) as files:
        assert files is not None
        return files


async def test_another_process_is_told_to_ask_again_until_the_segment_is_there(tmp_path: Path) -> None:
    files, clock = in_memory(tmp_path), FakeClock()
    writer, reader = archive(tmp_path / "a", files.config, clock), archive(tmp_path / "b", files.config, clock)
    location = await writer.append(7, PAGE, b"{}")
    assert await reader.read(location) == NotUploadedYet(61)
    await clock.advance(59.0)
    await writer.upload_due()
    assert await reader.read(location) == NotUploadedYet(61), "nothing is uploaded before its time"
    await clock.advance(2.0)
    await writer.upload_due()
    found = await reader.read(location)
    assert isinstance(found, tuple)
    assert found[2] == PAGE.body
    assert list((tmp_path / "a").iterdir()) == [], "what is there is gone from here"
    await writer.close()
    await reader.close()


async def test_segments_wait_in_the_spool_while_the_store_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, clock = in_memory(tmp_path), FakeClock()
    writer = archive(tmp_path / "a", files.config, clock)
    location = await writer.append(7, PAGE, b"{}")
    await clock.advance(61.0)

    def away(*_: object, **__: object) -> None:
        raise ConnectionError("nobody answers")

    with monkeypatch.context() as patch:
        patch.setattr(MemoryFileSystem, "put_file", away)
        assert not await writer.upload_due()
        assert writer.trouble is not None
        assert isinstance(await writer.read(location), tuple), "this process has the bytes itself"
        patch.setattr(MemoryFileSystem, "cat_file", away)
        other = archive(tmp_path / "b", files.config, clock)
        with pytest.raises(StoreUnavailable, match="nobody answers"):
            await other.read(location)
        await other.close()
    assert await writer.upload_due()
    assert (writer.trouble, list(files.contents())) == (None, [location.file])
    await writer.close()


async def test_what_a_crash_left_behind_is_uploaded_at_the_next_start(tmp_path: Path) -> None:
    files, clock = in_memory(tmp_path), FakeClock()
    crashed = archive(tmp_path / "a", files.config, clock)
    location = await crashed.append(7, PAGE, b"{}")
    whole = (tmp_path / "a" / location.file).read_bytes()
    with (tmp_path / "a" / location.file).open("ab") as file:
        file.write(whole[:20])
    await clock.advance(1.0)
    restarted = archive(tmp_path / "a", files.config, clock)
    assert await restarted.upload_due()
    assert files.contents() == {location.file: whole}
    await restarted.close()
    crashed._store.close()
    await crashed._spool.close()


async def test_closing_uploads_the_rest(tmp_path: Path) -> None:
    files, clock = in_memory(tmp_path), FakeClock()
    writer = archive(tmp_path / "a", files.config, clock)
    location = await writer.append(7, PAGE, b"{}")
    await writer.close()
    assert list(files.contents()) == [location.file]


def test_a_torn_file_is_cut_at_any_byte_to_its_last_whole_record(tmp_path: Path) -> None:
    from isal import igzip

    members = [igzip.compress(bytes([number]) * 50, 1) for number in range(3)]
    ends = [0, len(members[0]), len(members[0] + members[1]), len(b"".join(members))]
    for length in range(ends[-1] + 1):
        path = tmp_path / f"{length}"
        path.write_bytes(b"".join(members)[:length])
        expected = max(end for end in ends if end <= length)
        assert cut_to_whole_records(path) == length - expected
        assert (path.stat().st_size if path.exists() else 0) == expected
