"""What can go wrong with ids. `code` is stable; `retryable`: the same call may succeed later without anybody's help."""

from collections.abc import Mapping

from groundwork.errors import CodedError


class SnowflakeError(CodedError):
    """Base of every error of this package."""

    code = "snowflake_error"


class BadConfiguration(SnowflakeError, ValueError):
    """A value that cannot work. The text names the value, its range and an example."""

    code = "bad_configuration"

    @classmethod
    def of(cls, name: str, value: object, allowed: str, example: object) -> "BadConfiguration":
        return cls(f"{name} is {value!r}; it must be {allowed}, for example {example!r}")


class InvalidId(SnowflakeError, ValueError):
    """Not an id of this layout, or not a text form of one."""

    code = "invalid_id"


class TimeOutOfRange(SnowflakeError, ValueError):
    """Before the layout's epoch or after its end."""

    code = "time_out_of_range"


class ClockMovedBack(SnowflakeError):
    """The clock shows less than at the last id. Nothing was minted and nothing forgotten; it may catch up, and after
    two seconds ids go on behind the last one until it has."""

    code = "clock_moved_back"
    retryable = True

    def __init__(self, milliseconds: int) -> None:
        super().__init__(
            f"the clock went back: it is {milliseconds} ms behind the last id; "
            "no ids until it has caught up, or for two seconds (bridge_ms=1000 bridges up to a second at once)"
        )
        self.milliseconds = milliseconds


class ClockJumpedForward(SnowflakeError):
    """The wall clock advanced much more than time passed. Lasts until the clock is right, or has kept its new time for
    a minute."""

    code = "clock_jumped_forward"
    retryable = True

    def __init__(self, milliseconds: int, bound: int) -> None:
        super().__init__(
            f"the clock jumped {milliseconds} ms forward (more than {bound} ms); ids from the future would have to be "
            "waited for afterwards. If the new time is right, they go on in a minute"
        )
        self.milliseconds = milliseconds


class ClockBehindHighWater(SnowflakeError):
    """At the start: an earlier holder of the worker id may have minted up to a time that is far ahead of the clock."""

    code = "clock_behind_high_water"
    retryable = True

    def __init__(self, worker_id: int, milliseconds: int, most: int) -> None:
        super().__init__(
            f"worker id {worker_id} was used up to {milliseconds} ms ahead of this clock, and a start waits for "
            f"at most {most} ms; set the clock right, or wait that long"
        )
        self.milliseconds = milliseconds


class LeaseUnavailable(SnowflakeError):
    """The place that keeps worker ids (a folder, a coordinator) cannot be used."""

    code = "lease_unavailable"
    retryable = True


class LeaseCorrupt(SnowflakeError):
    """The durable record beside a worker id cannot be read, so that nothing says up to when it was used."""

    code = "lease_corrupt"


class WorkerIdTaken(SnowflakeError):
    """Somebody else holds this worker id."""

    code = "worker_id_taken"
    retryable = True


class RegistryExhausted(SnowflakeError):
    """Every worker id is held; `holders` says by whom."""

    code = "registry_exhausted"
    retryable = True

    def __init__(self, where: str, holders: Mapping[int, str]) -> None:
        listed = "; ".join(f"{worker_id}: {holder}" for worker_id, holder in sorted(holders.items()))
        super().__init__(f"all {len(holders)} worker ids of {where} are held ({listed}); stop one of the holders")
        self.holders = dict(holders)


class LeaseLost(SnowflakeError):
    """The worker id is, or may soon be, somebody else's. Final for this generator: make a new one."""

    code = "lease_lost"


class LeaseDoubtful(SnowflakeError):
    """The coordinator has been silent up to the lease's own deadline; ids flow again when it answers in time."""

    code = "lease_doubtful"
    retryable = True


class GeneratorClosed(SnowflakeError):
    """`close()` was called."""

    code = "generator_closed"


class NoSequencesLeft(SnowflakeError):
    """All shares of the sequence numbers are granted for the time asked for."""

    code = "no_sequences_left"
    retryable = True


class ServiceUnavailable(SnowflakeError):
    """No server of the id service answered."""

    code = "ids_unavailable"
    retryable = True


class NoRangeLease(SnowflakeError):
    """The client holds no lease that is valid now; it keeps asking for one."""

    code = "no_range_lease"
    retryable = True


class InsaneNeighbourhood(SnowflakeError):
    """Peers disagree with this server about who is who, or about the time."""

    code = "insane_neighbourhood"
