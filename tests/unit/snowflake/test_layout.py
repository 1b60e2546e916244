"""How ids are built and read."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import snowflake
from snowflake.errors import BadConfiguration, InvalidId, TimeOutOfRange
from snowflake.layout import TWITTER_EPOCH_MS, Layout
from tests.corpora import CORPORA

LAYOUT = Layout()


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    time_bits = draw(st.integers(30, 43))
    sequence_bits = draw(st.integers(1, 63 - time_bits))
    worker_bits = draw(st.integers(0, 63 - time_bits - sequence_bits))
    datacenter_bits = 63 - time_bits - sequence_bits - worker_bits
    return Layout(time_bits, datacenter_bits, worker_bits, sequence_bits, draw(st.integers(0, 2 * 10**12)))


@settings(deadline=None)
@given(layouts(), st.data())
def test_what_is_encoded_is_decoded(layout: Layout, data: st.DataObject) -> None:
    """Every part comes back, for every layout."""
    tick = data.draw(st.integers(0, (1 << layout.time_bits) - 1))
    datacenter_id = data.draw(st.integers(0, layout.datacenters - 1))
    worker_id = data.draw(st.integers(0, layout.workers - 1))
    sequence = data.draw(st.integers(0, layout.sequences - 1))
    decoded = layout.decode(layout.encode(tick, datacenter_id, worker_id, sequence))
    assert (decoded.datacenter_id, decoded.worker_id, decoded.sequence) == (datacenter_id, worker_id, sequence)
    assert decoded.unix_ms == layout.tick_ms(tick)
    assert 0 <= decoded.id < 1 << 63


@settings(deadline=None)
@given(st.integers(0, (1 << 63) - 1))
def test_an_id_lies_between_the_bounds_of_its_time(id: int) -> None:
    """`min_id_at` and `max_id_at` of an id's time enclose it, and nothing of the next tick."""
    time = snowflake.decode(id).time
    assert snowflake.min_id_at(time) <= id <= snowflake.max_id_at(time)
    later = time + timedelta(milliseconds=1)
    if later <= datetime.fromtimestamp(LAYOUT.ends_ms / 1000, UTC):
        assert snowflake.max_id_at(time) < snowflake.min_id_at(later)


def test_a_known_tweet() -> None:
    """The layout is Twitter's: this tweet was sent on 2016-01-08 at 00:38:31 UTC."""
    assert snowflake.decode("685259250369601537").time.replace(microsecond=0) == datetime(
        2016, 1, 8, 0, 38, 31, tzinfo=UTC
    )


def test_real_tweets_decode_to_their_second() -> None:
    """Every tweet of the corpus that is younger than the format."""
    file = CORPORA / "events" / "tweets.jsonl"
    if not file.exists():
        pytest.skip(f"{file} is not there; SPIDERDUCK_CORPORA names the folder of real inputs")
    checked = 0
    for line in file.read_text(encoding="utf-8").splitlines():
        tweet = json.loads(line)
        if "id_str" in tweet and "created_at" in tweet and int(tweet["id_str"]) > 1 << 54:
            created = datetime.strptime(tweet["created_at"], "%a %b %d %H:%M:%S %z %Y")
            # The id was made a moment before or after the tweet's own stamp, perhaps across the second's border.
            assert abs(snowflake.decode(tweet["id_str"]).time - created) < timedelta(seconds=1)
            checked += 1
    assert checked > 0


def test_times_of_every_kind() -> None:
    """Unix seconds and datetimes of any zone name the same moment; a datetime without a zone names none."""
    moment = datetime(2026, 11, 22, 10, 47, 34, 120_999, tzinfo=UTC)
    expected = LAYOUT.min_id_at(moment)
    assert LAYOUT.min_id_at(moment.astimezone(timezone(timedelta(hours=5, minutes=30)))) == expected
    assert LAYOUT.min_id_at(moment.timestamp()) == expected
    assert LAYOUT.decode(expected).unix_ms % 1000 == 120
    with pytest.raises(TimeOutOfRange, match="time zone"):
        LAYOUT.min_id_at(moment.replace(tzinfo=None))


@pytest.mark.parametrize("id", [-1, 1 << 63, "", "-1", "1_000", " 1", "１２", "9" * 20, "abc"])
def test_what_is_no_id(id: int | str) -> None:
    """Refused, not read as something else."""
    with pytest.raises(InvalidId):
        snowflake.decode(id)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"time_bits": 42}, "64 bits"),
        ({"time_bits": 0, "sequence_bits": 53}, "time_bits"),
        ({"worker_bits": -1, "datacenter_bits": 11}, "worker_bits"),
        ({"unit_ms": 0}, "unit_ms"),
        ({"epoch_ms": -1}, "epoch_ms"),
        ({"unit_ms": 1000}, "year 9999"),
    ],
)
def test_a_layout_that_cannot_work_is_refused(values: dict[str, int], named: str) -> None:
    """The message names the value, and an example of a right one."""
    with pytest.raises(BadConfiguration, match=named) as caught:
        Layout(**values)
    assert "example" in str(caught.value)


def test_parts_that_do_not_fit_are_refused() -> None:
    """Nothing spills into the neighbouring bits."""
    for parts in ((1, 32, 0, 0), (1, 0, 32, 0), (1, 0, 0, 4096), (1, -1, 0, 0)):
        with pytest.raises(BadConfiguration, match=r"from 0 to (31|4095)"):
            LAYOUT.encode(*parts)
    with pytest.raises(TimeOutOfRange):
        LAYOUT.encode(1 << 41, 0, 0, 0)


def test_moments_that_no_id_can_carry() -> None:
    """Before the epoch and after the last tick; the bounds themselves are fine."""
    assert LAYOUT.tick(TWITTER_EPOCH_MS) == 0
    assert LAYOUT.tick(LAYOUT.ends_ms) == (1 << 41) - 1
    for moment in (TWITTER_EPOCH_MS - 1, LAYOUT.ends_ms + 1):
        with pytest.raises(TimeOutOfRange, match="2010-11-04 to 2080-07-10"):
            LAYOUT.tick(moment)


def test_the_end_is_announced_five_years_ahead() -> None:
    """Not a day earlier, and with the date."""
    five_years = round(5 * 365.25 * 86_400_000)
    assert LAYOUT.expiry_warning(LAYOUT.ends_ms - five_years - 86_400_000) is None
    assert "2080-07-10" in (LAYOUT.expiry_warning(LAYOUT.ends_ms - five_years + 1) or "")
    assert LAYOUT.days_left(LAYOUT.ends_ms - 86_400_000) == 1


def test_a_coarser_unit() -> None:
    """Ten milliseconds a tick: ids carry the tick's first millisecond, and last ten times as long."""
    layout = Layout(39, 8, 0, 16, 0, 10)
    assert layout.decode(layout.encode(layout.tick(12_345), 1, 0, 2)).unix_ms == 12_340
    assert layout.ends_ms == (10 << 39) - 1
