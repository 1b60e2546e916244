"""What can go wrong in the service. Every message says what to do; `exit_code` is what the command line ends with."""

from typing import ClassVar

from groundwork.errors import CodedError


class SpiderDuckError(CodedError):
    """Base of every error of this package."""

    code = "spiderduck_error"
    exit_code: ClassVar[int] = 1


class BadSetting(SpiderDuckError, ValueError):
    """A setting that is unknown, of the wrong type or out of range. Names the setting and what it takes."""

    code = "bad_setting"
    exit_code = 2


class PortInUse(SpiderDuckError):
    """Another program listens where we were told to."""

    code = "port_in_use"
    exit_code = 3


class DataInUse(SpiderDuckError):
    """Another process works on this data folder."""

    code = "data_in_use"
    exit_code = 4


class StoreUnavailable(SpiderDuckError):
    """The disk is full, or the store does not answer. Nothing was accepted; the same call may succeed later."""

    code = "store_unavailable"
    retryable = True
    exit_code = 5


class UnknownQueue(SpiderDuckError):
    """There is no durable queue of that name."""

    code = "not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no queue {name}; PUT /v1/queues/{name} makes it")


class TooManyQueues(SpiderDuckError):
    """As many durable queues as the settings allow."""

    code = "too_many_queues"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"there are {most} durable queues, which is as many as there may be (queues.most); "
            "delete one that nobody needs: DELETE /v1/queues/NAME"
        )


class NotHandedOut(SpiderDuckError):
    """An acknowledgement of something that nobody was given."""

    code = "not_handed_out"

    def __init__(self, name: str, position: int, handed: int) -> None:
        super().__init__(
            f"position {position} of the queue {name} was not handed out ({handed} is the last that was); "
            "nothing was acknowledged"
        )


class HandedOutElsewhere(NotHandedOut):
    """What is acknowledged was handed out by another process, or is with this one no more."""

    code = "handed_out_elsewhere"

    def __init__(self, name: str, position: int) -> None:
        SpiderDuckError.__init__(
            self,
            f"position {position} of the queue {name} was not handed out by this process, or went back to the queue. "
            "The broker takes an acknowledgement only from the process that handed the notices out, within a minute. "
            "Nothing was acknowledged, and they come again: pull once more. Where several API processes run, send all "
            "requests for a queue to the same one",
        )


class ReadElsewhere(SpiderDuckError):
    """A queue that takes one reader has one, in another process."""

    code = "read_elsewhere"

    def __init__(self, name: str) -> None:
        super().__init__(f"another process reads the queue {name}, which takes one reader")


class NoPast(SpiderDuckError):
    """The engine keeps no notices of before a queue was made."""

    code = "no_past"

    def __init__(self) -> None:
        super().__init__("a broker keeps nothing for a queue before it is made, which can begin only now")


class ServerUnreachable(SpiderDuckError):
    """The command line asked a server that does not answer."""

    code = "server_unreachable"
    retryable = True
    exit_code = 6


class WorkerIdLost(SpiderDuckError):
    """Somebody else may hold our worker id by now, so this process mints no more. Start it anew: it gets another."""

    code = "worker_id_lost"
    exit_code = 7


class PeersContradict(SpiderDuckError):
    """Another id service says that it is who we are, or that the time is another."""

    code = "peers_contradict"
    exit_code = 8


class NotInstalled(SpiderDuckError):
    """The library that this needs is an extra and is not there."""

    code = "not_installed"
    exit_code = 2


class BadQuery(SpiderDuckError):
    """A query that cannot run: it is no single SELECT, names what is not there, or takes too long or too much."""

    code = "bad_query"
    exit_code = 2
