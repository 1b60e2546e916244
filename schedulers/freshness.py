"""For how long is a URL not fetched again? Pure; by how its fetch ended."""

from schedulers.config import Freshness
from schedulers.model import Status


def fresh_seconds(status: Status, status_code: int | None, settings: Freshness) -> float:
    """Seconds from the end of the fetch."""
    if status is Status.FETCHED:
        return settings.success
    if status is Status.ROBOTS_DENIED:
        return settings.robots_denied
    if status is Status.HTTP_ERROR:
        # 429 is the server's state of the moment, as a 5xx is, and no word about the page.
        is_client_error = status_code is not None and 400 <= status_code < 500 and status_code != 429
        return settings.client_error if is_client_error else settings.server_error
    return settings.client_error if status in OF_THE_PAGE else settings.server_error


OF_THE_PAGE = frozenset(
    {
        Status.BLOCKED_ADDRESS,
        Status.TOO_LARGE,
        Status.UNSUPPORTED_TYPE,
        Status.REDIRECT_LOOP,
        Status.TOO_MANY_REDIRECTS,
        Status.INTERSTITIAL,
    }
)
"""Endings that lie in what the page is, not in the state of a network: asked again as seldom as a 4xx."""
