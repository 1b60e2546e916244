"""Remembers for a minute which pictures cannot be had or shown, so that a page with a dead picture costs one attempt.
Pure.

Only what would be the same in a moment: an origin's refusal, and a picture that its bytes or its size forbid to show.
What broke off, timed out or has to wait is tried again at once.
"""

from typing import TypeVar

from cachetools import LRUCache

from imagepipe.errors import (
    BrokenPicture,
    DecoderCrashed,
    EncodeFailed,
    ImageError,
    PictureTooLarge,
    SourceFailed,
    UnsupportedFormat,
)

SECONDS = 60.0
_MOST = 10_000  # pictures, some 300 bytes for each attempt
_MOST_ATTEMPTS = 8
_FINAL = frozenset(
    {
        *("not_found", "http_error", "too_large", "unsupported_type", "invalid_url", "unsupported_scheme"),
        *("robots_denied", "blocked_address", "redirect_loop", "too_many_redirects"),
    }
)
_OF_THE_PICTURE = (BrokenPicture, DecoderCrashed, EncodeFailed, PictureTooLarge, UnsupportedFormat)
LOAD = ""
"""The attempt to load the picture; others are named after what was to be made of it."""


class NegativeCache:
    """Of one pipeline, by the picture's address and what was attempted."""

    def __init__(self) -> None:
        self._known: LRUCache[str, dict[str, tuple[float, ImageError]]] = LRUCache(_MOST)

    def get(self, url: str, now: float, attempt: str = LOAD) -> ImageError | None:
        """A new error that says the same; None where there is none, or it is over."""
        attempts = self._known.get(url, {})
        until, error = attempts.get(attempt, (now, None))
        if error is None:
            return None
        if until <= now:
            del attempts[attempt]
            return None
        return _again(error)

    def put(self, url: str, error: ImageError, now: float, attempt: str = LOAD) -> None:
        """Remember it, if it is final for now."""
        if error.ending not in _FINAL if isinstance(error, SourceFailed) else not isinstance(error, _OF_THE_PICTURE):
            return
        attempts = self._known.setdefault(url, {})
        if len(attempts) >= _MOST_ATTEMPTS:
            attempts.clear()
        attempts[attempt] = (now + SECONDS, _again(error))

    def loaded(self, url: str) -> None:
        """It is there now."""
        self._known.get(url, {}).pop(LOAD, None)

    def forget(self, url: str) -> None:
        """It may be there now, or be another picture."""
        self._known.pop(url, None)


E = TypeVar("E", bound=ImageError)


def _again(error: E) -> E:
    """An equal one, without the traceback and the cause of the first."""
    if isinstance(error, SourceFailed):
        return type(error)(str(error), error.ending, error.retry_at)
    return type(error)(str(error))
