"""How an id is built: time, datacenter, worker and sequence in 63 bits, and back. Pure arithmetic.

Used by `worker.py` (which mints), by clients and by everybody who reads ids. Larger ids are later, so that `min_id_at`
and `max_id_at` turn a span of time into a span of ids. Epoch and widths are Twitter's
(https://github.com/twitter-archive/snowflake, IdWorker.scala), so that tweet ids decode to their tweet's time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from snowflake.errors import BadConfiguration, InvalidId, TimeOutOfRange

ID_BITS = 63  # the sign bit of a signed 64-bit column stays zero
TWITTER_EPOCH_MS = 1_288_834_974_657  # 2010-11-04T01:42:54.657Z
WARNED_YEARS = 5.0

_DAY_MS = 86_400_000
_LAST_DATETIME_MS = 253_402_300_799_999  # 9999-12-31, the end of datetime
_UNIX = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What an id says."""

    id: int
    unix_ms: int
    datacenter_id: int
    worker_id: int
    sequence: int

    @property
    def time(self) -> datetime:
        """When it was minted, in UTC."""
        return datetime_of(self.unix_ms)


@dataclass(frozen=True, slots=True)
class Layout:
    """How many bits an id has for each part: `time_bits`, `datacenter_bits`, `worker_bits` and `sequence_bits` make 63.

    `epoch_ms` is the moment 0 in Unix milliseconds, `unit_ms` the length of one tick.
    """

    time_bits: int = 41
    datacenter_bits: int = 5
    worker_bits: int = 5
    sequence_bits: int = 12
    epoch_ms: int = TWITTER_EPOCH_MS
    unit_ms: int = 1

    def __post_init__(self) -> None:
        _check_widths(self)
        if self.unit_ms < 1:
            raise BadConfiguration.of("unit_ms", self.unit_ms, "a whole number of milliseconds from 1 on", 1)
        if not 0 <= self.epoch_ms <= _LAST_DATETIME_MS:
            raise BadConfiguration.of("epoch_ms", self.epoch_ms, "Unix milliseconds from 1970 on", TWITTER_EPOCH_MS)
        if self.ends_ms > _LAST_DATETIME_MS:
            allowed = "such that epoch and unit lead no further than the year 9999"
            raise BadConfiguration.of("time_bits", self.time_bits, allowed, 41)

    @property
    def datacenters(self) -> int:
        return 1 << self.datacenter_bits

    @property
    def workers(self) -> int:
        return 1 << self.worker_bits

    @property
    def sequences(self) -> int:
        """Ids of one worker in one tick."""
        return 1 << self.sequence_bits

    @property
    def ends_ms(self) -> int:
        """The last Unix millisecond that an id can carry."""
        return self.epoch_ms + (self.unit_ms << self.time_bits) - 1

    def tick(self, unix_ms: int) -> int:
        """The number of the tick that a moment lies in. Raises `TimeOutOfRange`."""
        tick = (unix_ms - self.epoch_ms) // self.unit_ms
        if tick < 0 or tick >> self.time_bits:
            first, last = datetime_of(self.epoch_ms), datetime_of(self.ends_ms)
            raise TimeOutOfRange(f"{unix_ms} ms is outside of what ids can carry: {first:%Y-%m-%d} to {last:%Y-%m-%d}")
        return tick

    def tick_ms(self, tick: int) -> int:
        """The first Unix millisecond of a tick."""
        return self.epoch_ms + tick * self.unit_ms

    def encode(self, tick: int, datacenter_id: int, worker_id: int, sequence: int) -> int:
        """Parts that do not fit raise `BadConfiguration`, the tick `TimeOutOfRange`."""
        if tick < 0 or tick >> self.time_bits:
            raise TimeOutOfRange(f"tick {tick} does not fit in {self.time_bits} bits")
        check_below("datacenter_id", datacenter_id, self.datacenters)
        check_below("worker_id", worker_id, self.workers)
        check_below("sequence", sequence, self.sequences)
        upper = tick << self.datacenter_bits | datacenter_id
        return (upper << self.worker_bits | worker_id) << self.sequence_bits | sequence

    def decode(self, id: int | str) -> Decoded:
        """Raises `InvalidId` for what cannot be one."""
        number = parse_decimal(id) if isinstance(id, str) else id
        if number < 0 or number >> ID_BITS:
            raise InvalidId(f"{id!r} is no id: ids are whole numbers from 0 to 2^63 - 1")
        rest, sequence = divmod(number, self.sequences)
        rest, worker_id = divmod(rest, self.workers)
        tick, datacenter_id = divmod(rest, self.datacenters)
        return Decoded(number, self.tick_ms(tick), datacenter_id, worker_id, sequence)

    def min_id_at(self, time: datetime | float) -> int:
        """The lowest id that can carry this moment (a datetime with a zone, or Unix seconds)."""
        return self.tick(unix_ms_of(time)) << (ID_BITS - self.time_bits)

    def max_id_at(self, time: datetime | float) -> int:
        """The highest id that can carry this moment."""
        return self.min_id_at(time) | ((1 << (ID_BITS - self.time_bits)) - 1)

    def days_left(self, now_ms: int) -> float:
        """Days until the time's bits run out; negative afterwards."""
        return (self.ends_ms - now_ms) / _DAY_MS

    def expiry_warning(self, now_ms: int) -> str | None:
        """A sentence from five years before the end on, time enough to move to another epoch."""
        days = self.days_left(now_ms)
        if days > WARNED_YEARS * 365.25:
            return None
        return f"ids run out in {days:.0f} days, on {datetime_of(self.ends_ms):%Y-%m-%d}; plan for another epoch"


def unix_ms_of(time: datetime | float) -> int:
    """Whole Unix milliseconds, rounded down. Raises `TimeOutOfRange`."""
    if isinstance(time, datetime):
        if time.tzinfo is None:
            raise TimeOutOfRange(f"{time.isoformat()} has no time zone; add one, for example +00:00")
        return (time - _UNIX) // timedelta(milliseconds=1)
    return round(time * 1_000_000) // 1000


def datetime_of(unix_ms: int) -> datetime:
    """`unix_ms` (Unix milliseconds) as a datetime in UTC."""
    return _UNIX + timedelta(milliseconds=unix_ms)


def parse_decimal(text: str) -> int:
    """ASCII digits and nothing else: `int()` would take signs, blanks, underscores and other scripts' digits. Raises
    `InvalidId`."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise InvalidId(f"{text[:40]!r} is no id: up to 19 decimal digits")
    return int(text)


def check_below(name: str, value: int, limit: int) -> None:
    """Raise `BadConfiguration` unless 0 <= `value` < `limit`; `name` is the setting that the message names."""
    if not 0 <= value < limit:
        raise BadConfiguration.of(name, value, f"from 0 to {limit - 1}", 0)


def _check_widths(layout: Layout) -> None:
    widths = {
        "time_bits": (layout.time_bits, 1, 41),
        "datacenter_bits": (layout.datacenter_bits, 0, 5),
        "worker_bits": (layout.worker_bits, 0, 5),
        "sequence_bits": (layout.sequence_bits, 1, 12),
    }
    for name, (width, least, example) in widths.items():
        if not least <= width <= ID_BITS:
            raise BadConfiguration.of(name, width, f"from {least} to {ID_BITS}", example)
    total = sum(width for width, _, _ in widths.values())
    if total != ID_BITS:
        named = " + ".join(f"{name} {width}" for name, (width, _, _) in widths.items())
        raise BadConfiguration(f"{named} = {total} bits; the sum must be {ID_BITS}, for example 41 + 5 + 5 + 12")
