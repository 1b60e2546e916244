"""Remembers which pictures could not be had or shown, so that a page with a dead picture costs one attempt. Pure.

A body that is no picture is an entry of this cache and of no other, so it is told apart from a good one and has a short
life.
"""

from dataclasses import dataclass
from typing import Final, TypeVar

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
"""For what would be the same in a moment: absent, forbidden, too large."""
NO_PICTURE_SECONDS = 30.0
"""For a body that is no picture: mostly a challenge, a note of maintenance or a broken transfer."""
BACK_OFF_SECONDS = 10.0
"""For a server in trouble; doubled each time, up to a minute, or to the following where an old picture stands in."""
MOST_BACK_OFF_SECONDS = 600.0
MOST_PAUSE_SECONDS = 3600.0
"""A `Retry-After` beyond it is not believed."""
NO_PICTURE: Final = (BrokenPicture, UnsupportedFormat, DecoderCrashed)
"""What is wrong with the bytes themselves, whatever is to be made of them."""
LOAD = ""
"""The attempt to load the picture; others are named after what was to be made of it."""
_MOST = 10_000  # pictures, some 300 bytes for each attempt
_MOST_ATTEMPTS = 8
_FINAL = frozenset(
    {
        *("not_found", "too_large", "unsupported_type", "invalid_url", "unsupported_scheme"),
        *("robots_denied", "blocked_address", "redirect_loop", "too_many_redirects"),
    }
)
_PAUSES = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class _Entry:
    error: ImageError
    until: float
    failures: int


class NegativeCache:
    """Of one pipeline, by the picture's address and what was attempted."""

    def __init__(self) -> None:
        self._known: LRUCache[str, dict[str, _Entry]] = LRUCache(_MOST)

    def get(self, url: str, now: float, attempt: str = LOAD) -> ImageError | None:
        """A new error that says the same; None where there is none, or it is over."""
        entry = self._known.get(url, {}).get(attempt)
        return None if entry is None or entry.until <= now else _again(entry.error, entry.until)

    def put(self, url: str, error: ImageError, now: float, attempt: str = LOAD, *, stands_in: bool = False) -> None:
        """Remember it, for as long as it is likely to hold. `stands_in`: an old picture is served meanwhile, so that
        its origin need not be asked again at once even where nothing came of it."""
        attempts = self._known.get(url, {})
        before = attempts.get(attempt)
        failures = 1 if before is None else before.failures + 1
        seconds = _life(error, failures, now, stands_in)
        if not seconds:
            return
        if len(attempts) >= _MOST_ATTEMPTS:
            attempts.clear()
        attempts[attempt] = _Entry(_again(error), now + seconds, failures)
        self._known[url] = attempts

    def loaded(self, url: str) -> None:
        """It is there now."""
        self._known.get(url, {}).pop(LOAD, None)

    def changed(self, url: str) -> None:
        """It is another picture: what could not be made of the one before, may be made of it."""
        attempts = self._known.pop(url, {})
        if LOAD in attempts:
            self._known[url] = {LOAD: attempts[LOAD]}

    def forget(self, url: str) -> None:
        """It may be there now."""
        self._known.pop(url, None)


def _life(error: ImageError, failures: int, now: float, stands_in: bool) -> float:
    """Seconds; 0 for what is tried again at once (it broke off, timed out, or has to wait)."""
    if not isinstance(error, SourceFailed):
        return _life_of_bytes(error)
    if error.status in _PAUSES and error.retry_at is not None:
        return min(max(error.retry_at - now, 1.0), MOST_PAUSE_SECONDS)
    if error.ending in _FINAL or (error.status is not None and error.status < 500 and error.status not in _PAUSES):
        return SECONDS
    if error.status is None and not stands_in:
        return SECONDS if error.ending == "http_error" else 0.0
    most = MOST_BACK_OFF_SECONDS if stands_in else SECONDS
    return float(min(BACK_OFF_SECONDS * 2 ** min(failures - 1, 16), most))


def _life_of_bytes(error: ImageError) -> float:
    if isinstance(error, NO_PICTURE):
        return NO_PICTURE_SECONDS
    return SECONDS if isinstance(error, (EncodeFailed, PictureTooLarge)) else 0.0


E = TypeVar("E", bound=ImageError)


def _again(error: E, until: float | None = None) -> E:
    """An equal one, without the traceback and the cause of the first."""
    if isinstance(error, SourceFailed):
        return type(error)(str(error), error.ending, error.retry_at or until, error.status)
    return type(error)(str(error))
