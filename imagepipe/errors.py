"""What can go wrong with a picture, as one family: nothing else leaves this package.

`code` is stable and goes into answers, logs and metrics; `retryable` says that the same call may succeed later. The
HTTP status of each is decided in one table (`imagepipe.service.problems`).
"""

from groundwork.errors import CodedError


class ImageError(CodedError):
    """Base of every error of this package."""

    code = "image_error"


class UnsupportedFormat(ImageError):
    """The bytes begin like no picture that a registered codec reads, or the format asked for cannot be written."""

    code = "unsupported_format"


class BrokenPicture(ImageError):
    """The bytes begin like a picture, but a decoder refused them: truncated, damaged or contradicting themselves."""

    code = "broken_picture"


class PictureTooLarge(ImageError):
    """A cap was passed (bytes, pixels, frames, scans) before anything was decoded; the message names it."""

    code = "picture_too_large"


class InvalidVariant(ImageError):
    """A parameter of the wanted variant is unknown or out of range."""

    code = "invalid_variant"


class EncodeFailed(ImageError):
    """The picture was read, but the encoder of the wanted format failed on it."""

    code = "encode_failed"


class RenderTimedOut(ImageError):
    """Rendering took longer than its limit."""

    code = "render_timed_out"
    retryable = True


class DecoderCrashed(ImageError):
    """The isolated process that held this picture died; a new one has taken its place."""

    code = "decoder_crashed"


class Busy(ImageError):
    """As many renders wait as may wait. `retry_after` is in seconds."""

    code = "busy"
    retryable = True

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeadlineExceeded(ImageError):
    """The answer was not ready within the request's time; what was loaded is kept."""

    code = "deadline_exceeded"
    retryable = True


class SourceFailed(ImageError):
    """The picture could not be had from its origin. `ending` is the source's own name for how it ended, `status` what
    its server answered, `retry_at` (epoch seconds) when it may be asked again."""

    code = "source_failed"
    retryable = True

    def __init__(self, message: str, ending: str, retry_at: float | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.ending = ending
        self.retry_at = retry_at


class SourceNotAllowed(ImageError):
    """The picture's address is not http(s), or its host is not on the pipeline's list."""

    code = "source_not_allowed"


class SourceBlocked(ImageError):
    """The operator forbids to ask for anything at this address, or at one that it redirects to."""

    code = "blocked_domain"


class RecordsUnavailable(ImageError):
    """Nobody can say at the moment whether the picture belongs to a record."""

    code = "records_unavailable"
    retryable = True


class NotSigned(ImageError):
    """The request carries no signature where one is needed, a wrong one, or one that is over."""

    code = "not_signed"


class UnknownPipeline(ImageError):
    """No pipeline of that name is configured."""

    code = "unknown_pipeline"


class InvalidSetting(ImageError, ValueError):
    """A setting is out of range; the message names it, its format and its limit."""

    code = "invalid_setting"
