"""What of a link a person who hunts spam would look at twice, beside any list. Pure."""

from collections.abc import Iterator, Sequence

from fetchers.errors import InvalidUrl
from fetchers.urls import split
from schedulers.model import Known
from spiderduck.lists.confusables import is_confusable

MANY_REDIRECTS = 4
"""Hops of a chain. Shorteners behind shorteners are how spam hides; an ordinary link has at most two."""


FRESH_SECONDS = 7 * 86_400.0
"""A domain that was first met so long ago is no longer fresh. Most spam domains are used within days."""


def signals(hops: Sequence[str], known: Known, now: float) -> Iterator[str]:
    """Stable words. `hops`: every URL of the chain. `now` in epoch seconds."""
    if any(_is_address(url) for url in hops):
        yield "ip_address_host"
    if any(_is_confusable(url) for url in hops):
        yield "confusable_host"
    if len(hops) > MANY_REDIRECTS:
        yield "many_redirects"
    state = known.state
    if state is None:
        return
    if state.blocked_by is not None:
        yield "interstitial"
    if state.changed_at is not None:
        yield "content_changed"
    if state.domain_since is not None and now - state.domain_since < FRESH_SECONDS:
        yield "fresh_domain"


def _is_confusable(url: str) -> bool:
    try:
        return is_confusable(split(url).host)
    except InvalidUrl:
        return False


def _is_address(url: str) -> bool:
    try:
        host = split(url).host
    except InvalidUrl:
        return False
    return host.startswith("[") or host.replace(".", "").isdigit()
