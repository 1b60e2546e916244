"""Remembers for a minute which origins have refused a picture, so that a page with a dead picture asks once. Pure.

Only answers that would be the same in a moment: what broke off, timed out or has to wait is tried again at once.
"""

from collections import OrderedDict

from imagepipe.errors import SourceFailed

SECONDS = 60.0
_MOST = 10_000  # some 300 bytes each
_FINAL = frozenset(
    {
        *("not_found", "http_error", "too_large", "unsupported_type", "invalid_url", "unsupported_scheme"),
        *("robots_denied", "blocked_address", "redirect_loop", "too_many_redirects"),
    }
)


class NegativeCache:
    """Of one pipeline, by the picture's address."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, str, str, float | None]] = OrderedDict()

    def get(self, url: str, now: float) -> SourceFailed | None:
        """A new error that says the same; None where there is none, or it is over."""
        until, message, ending, retry_at = self._known.get(url, (0.0, "", "", None))
        if until <= now:
            self.forget(url)
            return None
        return SourceFailed(message, ending, retry_at)

    def put(self, url: str, error: SourceFailed, now: float) -> None:
        """Remember it, if it is final for now."""
        if error.ending not in _FINAL:
            return
        self._known[url] = (now + SECONDS, str(error), error.ending, error.retry_at)
        self._known.move_to_end(url)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)

    def forget(self, url: str) -> None:
        """It may be there now."""
        self._known.pop(url, None)
