"""The first gate: only http and https are fetched."""

from fetchers.model import Ended, Ending, HopRequest
from fetchers.urls import UrlParts


async def check_scheme(request: HopRequest, parts: UrlParts) -> Ended | None:
    """None for a web address."""
    if parts.scheme in ("http", "https"):
        return None
    return Ended(Ending.UNSUPPORTED_SCHEME, f"only http and https are fetched, and this is {parts.scheme}:")
