"""Settings of a generator and of its service, with defaults and units. Frozen; `validate()` says which value is wrong
and what would be right."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from groundwork.settings import SettingError, Sources, load
from snowflake.errors import BadConfiguration
from snowflake.layout import Layout
from snowflake.worker import BRIDGE_LIMIT_MS

PREFIX = "SNOWFLAKE_"
HIGH_WATER_MS = 500  # how far ahead of use the time is written; what a start after a crash may have to wait
MOST_WAIT_MS = 5_000  # a start waits that long for the clock to pass an earlier holder's time, and otherwise refuses


@dataclass(frozen=True, slots=True)
class GeneratorConfig:
    """How ids are minted, whoever holds the worker id.

    `bridge_ms`: how far the clock may go back before ids are refused (0 to 1000). `random_start`: begin each tick at a
    random sequence number; plain sequences make every id of a quiet worker even, which is bad where ids are sharded by
    remainder. `most_step_ms`: how far the clock may jump ahead between two looks at it.
    """

    layout: Layout = field(default_factory=Layout)
    bridge_ms: int = 0
    random_start: bool = False
    most_step_ms: int = 60_000

    def validate(self) -> None:
        """Raises `BadConfiguration`. A layout checks itself."""
        if not 0 <= self.bridge_ms <= BRIDGE_LIMIT_MS:
            raise BadConfiguration.of("bridge_ms", self.bridge_ms, f"from 0 to {BRIDGE_LIMIT_MS}", BRIDGE_LIMIT_MS)
        if self.most_step_ms < 1:
            raise BadConfiguration.of("most_step_ms", self.most_step_ms, "milliseconds from 1 on", 60_000)

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> "GeneratorConfig":
        """From `SNOWFLAKE_BRIDGE_MS`, `SNOWFLAKE_EPOCH_MS` and so on, one variable for each field, layout included.

        Raises `BadConfiguration`.
        """
        places = {name: f"layout.{name}" for name in Layout.__dataclass_fields__}
        try:
            config = load(cls, Sources(None, environment, PREFIX, lenient=True, places=places))
        except SettingError as error:
            raise BadConfiguration(str(error)) from error
        config.validate()
        return config


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """`own_sequences`: how many numbers of each tick the server keeps while range leases run. The other limits bound
    what one caller may ask for. `peers`: URLs of other servers to compare clocks and worker ids with."""

    own_sequences: int = 1024
    most_batch: int = 100_000
    most_lease_ms: int = 900_000
    horizon_ms: int = 900_000
    peers: tuple[str, ...] = field(default=())

    def validate(self, sequences: int) -> None:
        """`sequences`: the layout's. Raises `BadConfiguration`."""
        if not 1 <= self.own_sequences <= sequences:
            raise BadConfiguration.of("own_sequences", self.own_sequences, f"from 1 to {sequences}", sequences // 4)
        for name, value in (("most_batch", self.most_batch), ("most_lease_ms", self.most_lease_ms)):
            if value < 1:
                raise BadConfiguration.of(name, value, "1 or more", 100_000)
        if self.horizon_ms < self.most_lease_ms:
            allowed = f"at least most_lease_ms ({self.most_lease_ms})"
            raise BadConfiguration.of("horizon_ms", self.horizon_ms, allowed, self.most_lease_ms * 2)
