"""A URL as a person would pass it on: without the parameters that only say where a visitor came from. Pure.

Unlike the dedup key this URL is shown and followed, so that nothing else of it changes. The list is `tracking.toml`.
"""

from typing import NamedTuple
from urllib.parse import unquote_plus

from schedulers.urls.tracking import tracking_of


class CleanUrl(NamedTuple):
    """`removed`: the names of the parameters that were taken out, in the order in which they stood."""

    url: str
    removed: tuple[str, ...] = ()


def clean_url(url: str) -> CleanUrl:
    """`url`, as the parser serialised it, without tracking parameters in its query and its fragment."""
    if ("?" not in url and "#" not in url) or not url.startswith(("http://", "https://")):
        return CleanUrl(url)
    address, hash_sign, fragment = url.partition("#")
    before, mark, query = address.partition("?")
    authority = before[: before.find("/", 8)] if before.find("/", 8) > 0 else before
    removed: dict[str, None] = {}
    left = _left(query, authority, removed)
    # Campaigns are passed in fragments too; one that holds anything else is a place in the page.
    behind = (
        _left(fragment, authority, removed) if "=" in fragment and not fragment.startswith(("!", "/")) else fragment
    )
    if not removed:
        return CleanUrl(url)
    address = before + (mark + left if left else "")
    return CleanUrl(address + (hash_sign + behind if behind else ""), tuple(removed))


def _left(pairs: str, authority: str, removed: dict[str, None]) -> str:
    """What is left of `a=1&b=2`; notes in `removed` what is not."""
    if not pairs:
        return pairs
    is_tracking = tracking_of(authority)
    kept = []
    for pair in pairs.split("&"):
        name = unquote_plus(pair.partition("=")[0])
        if name and is_tracking(name):
            removed[name] = None
        else:
            kept.append(pair)
    return "&".join(kept)
