"""Why a request of httpx failed, in a few words. Its own are two lines for a status, and none for a time-out."""

import httpx


def http_reason(error: Exception) -> str:
    """`it answered 503`, or what was said, or at least the error's name. In one line."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"it answered {error.response.status_code}"
    return " ".join(str(error).split()) or type(error).__name__
