"""What goes over the wire. Ids are numbers and strings: JavaScript loses bits of numbers above 2^53."""

from typing import Annotated

import msgspec

from snowflake.layout import Decoded
from snowflake.moments import write_moment


class OneId(msgspec.Struct, frozen=True):
    id: int
    id_str: str


class ManyIds(msgspec.Struct, frozen=True):
    """In increasing order."""

    ids: list[int]
    ids_str: list[str]


class DecodedId(msgspec.Struct, frozen=True):
    id: int
    id_str: str
    time: str
    unix_ms: int
    datacenter_id: int
    worker_id: int
    sequence: int

    @classmethod
    def of(cls, decoded: Decoded) -> "DecodedId":
        return cls(
            decoded.id,
            str(decoded.id),
            write_moment(decoded.time),
            decoded.unix_ms,
            decoded.datacenter_id,
            decoded.worker_id,
            decoded.sequence,
        )


class IdsAt(msgspec.Struct, frozen=True):
    """The lowest and the highest id of this millisecond."""

    time: str
    min_id: int
    min_id_str: str
    max_id: int
    max_id_str: str


class LayoutShape(msgspec.Struct, frozen=True):
    time_bits: int
    datacenter_bits: int
    worker_bits: int
    sequence_bits: int
    epoch_ms: int
    unit_ms: int


class LeaseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`per_ms`: sequence numbers of each tick; `length_ms`: of the window; `from_ms`: not before (Unix
    milliseconds). The document has the limits that hold where the settings change none."""

    per_ms: Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": 3072})] = 128
    length_ms: Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": 900_000})] = 60_000
    from_ms: Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 0})] = 0


class LeaseAnswer(msgspec.Struct, frozen=True):
    """The right to every id with a time from `from_ms` to `until_ms` (both included), this datacenter and worker, and
    `sequences` sequence numbers from `first_sequence` on. `now_ms` is the server's clock: a holder whose own clock
    cannot be trusted counts from there."""

    datacenter_id: int
    worker_id: int
    first_sequence: int
    sequences: int
    from_ms: int
    until_ms: int
    now_ms: int
    layout: LayoutShape


class Identity(msgspec.Struct, frozen=True):
    """Who a server is and what its clock shows, for its peers; and what it has done, for its operator."""

    datacenter_id: int
    worker_id: int
    now_ms: int
    ids: int = 0
    requests: int = 0
    leases: int = 0
    waits: int = 0
    clock_refusals: int = 0
    renewals: int = 0
    days_left: float = 0.0
    user_agents: dict[str, int] = {}
