"""What is kept beside a worker id."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snowflake.errors import LeaseCorrupt
from snowflake.grants import Grant
from snowflake.leases.record import Record
from snowflake.leases.record_file import RecordFile

numbers = st.integers(0, 2**62)
records = st.builds(Record, numbers, st.lists(st.builds(Grant, numbers, numbers, numbers, numbers)).map(tuple), numbers)


@settings(deadline=None)
@given(records, st.binary(max_size=30))
def test_a_record_comes_back(record: Record, after: bytes) -> None:
    """Whatever lies behind it."""
    assert Record.from_bytes(record.to_bytes() + after) == record


@settings(deadline=None)
@given(records, st.data())
def test_a_damaged_record_is_recognised(record: Record, data: st.DataObject) -> None:
    """One byte changed, or the end missing: not believed."""
    whole = record.to_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytes([whole[at] ^ data.draw(st.integers(1, 255))])
    assert Record.from_bytes(whole[:at] + changed + whole[at + 1 :]) != record
    assert Record.from_bytes(whole[:at]) is None


def opened(path: Path) -> RecordFile:
    file = RecordFile.open_locked(path)
    assert isinstance(file, RecordFile)
    return file


def test_a_torn_write_leaves_the_record_before(tmp_path: Path) -> None:
    """The two are written in turn, whichever was torn."""
    path = tmp_path / "worker"
    for newest in (2, 3):
        path.unlink(missing_ok=True)
        file = opened(path)
        for number in range(1, newest + 1):
            file.write(Record(number * 100, number=number))
        file.close()
        content = bytearray(path.read_bytes())
        torn = content.index(b'"high_water_ms":%d' % (newest * 100))
        content[torn + 17 : torn + 18] = b"\0"
        path.write_bytes(content)
        file = opened(path)
        assert file.read() == Record((newest - 1) * 100, number=newest - 1)
        file.write(Record(7, number=newest + 1))
        assert file.read() == Record(7, number=newest + 1)
        file.close()


def test_a_first_write_that_was_torn_counts_as_none(tmp_path: Path) -> None:
    """Nothing was permitted before it was durable."""
    path = tmp_path / "worker"
    path.write_bytes(b"\0" * 4096 + b"12345678 {torn".ljust(16_384, b" "))
    file = opened(path)
    assert file.read() == Record()
    file.close()


def test_a_file_that_says_nothing_any_more_is_refused(tmp_path: Path) -> None:
    """Both records gone: nobody knows up to when the worker id was used."""
    path = tmp_path / "worker"
    path.write_bytes(b"x" * 40_000)
    file = opened(path)
    with pytest.raises(LeaseCorrupt, match="damaged"):
        file.read()
    file.close()
