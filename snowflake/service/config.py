"""Settings of the service, with defaults and units."""

from dataclasses import dataclass, field

from snowflake.errors import BadConfiguration


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
