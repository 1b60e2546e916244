"""What can go wrong while fetching as a surprise; expected endings are values (`fetchers.model.Ending`)."""

from typing import ClassVar


class FetcherError(Exception):
    """Base of every error of this package. `code` is stable; `retryable` says whether the same call may succeed later."""

    code: ClassVar[str] = "fetcher_error"
    retryable: ClassVar[bool] = False


class InvalidUrl(FetcherError, ValueError):
    """A text that the WHATWG URL Standard cannot parse."""

    code = "invalid_url"
