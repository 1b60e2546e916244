"""What can go wrong while fetching as a surprise; expected endings are values (`fetchers.model.Ending`)."""

from fetchers.model import Ended, Ending
from groundwork.errors import CodedError


class FetcherError(CodedError):
    """Base of every error of this package."""

    code = "fetcher_error"


class InvalidUrl(FetcherError, ValueError):
    """A text that the WHATWG URL Standard cannot parse."""

    code = "invalid_url"


class TransportError(FetcherError):
    """A request that the network did not answer. The text is a sentence for a person.

    The code of each kind is the name of its ending. `unreached`: no connection came about.
    """

    code = "transport_error"
    retryable = True
    unreached = False

    def as_ending(self) -> Ended:
        """What a caller is told."""
        return Ended(Ending(self.code), str(self), unreached=self.unreached)


class BlockedAddress(TransportError):
    """The address guard refused the address that would have been dialled. Nothing was sent."""

    code = "blocked_address"
    retryable = False


class DnsError(TransportError):
    """The name has no address, or no name server said one."""

    code = "dns_error"


class TlsError(TransportError):
    """No secure connection: certificate, name or protocol version."""

    code = "tls_error"


class ConnectError(TransportError):
    """The address took no connection, or the connection ended before the first byte of an answer."""

    code = "connect_error"
    unreached = True


class TurnLost(FetcherError):
    """The right to send went to another fetcher, or is in doubt, before the request was written. Nothing was sent."""

    code = "turn_lost"
    retryable = True


class CoordinatorUnavailable(FetcherError):
    """The coordinator does not answer, so that what is kept there can be neither read nor changed now."""

    code = "coordinator_unavailable"
    retryable = True


class FetcherUnavailable(FetcherError):
    """No fetcher took the request: none is known, or none that is known answers."""

    code = "fetcher_unavailable"
    retryable = True


class BrokenOff(FetcherError):
    """An answer that ended before its end, after its beginning was handed on; `ended` says how."""

    code = "broken_off"
    retryable = True

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.reason)
        self.ended = ended


class TimedOut(TransportError):
    """Longer than a limit allows; `phase` is `connect`, `read`, or `late`: our own loop stood still meanwhile."""

    code = "timed_out"

    def __init__(self, message: str, phase: str) -> None:
        super().__init__(message)
        self.phase = phase
        self.unreached = phase == "connect"


class ProtocolError(TransportError):
    """An answer that is no HTTP, breaks off, or has more or longer headers than are taken."""

    code = "protocol_error"


class CutShort(ProtocolError):
    """An answer whose body ended before its end, or went on in a way that cannot be read. What came of it is kept."""
