"""What a change says of the web's shape: redirect edges, and the domain that a URL belongs to. Pure; used by every
store."""

from typing import NamedTuple

from fetchers.errors import InvalidUrl
from fetchers.urls import registrable_domain, split
from schedulers.links import key_of
from schedulers.model import Change


class Edge(NamedTuple):
    """`from_key` answered with a redirect to `to_key`."""

    from_key: str
    to_key: str
    status_code: int


def edges(change: Change) -> list[Edge]:
    """Each step of the longest chain, from the URL that redirects to the one it leads to."""
    if not change.states or not change.states[0].redirects:
        return []
    redirects = change.states[0].redirects
    targets = [*(step.key for step in redirects[1:]), _end(change)]
    return [
        Edge(step.key, target, step.status_code)
        for step, target in zip(redirects, targets, strict=True)
        if step.key != target
    ]


def _end(change: Change) -> str:
    """The key of the chain's last URL. One that was known and fresh is not changed with the others."""
    last, resolved = change.states[-1], change.states[0].resolved_url
    return last.key if not last.redirects or resolved is None else key_of(resolved) or last.key


def domain_of(url: str) -> str:
    """The registrable domain; empty for what is no URL."""
    try:
        return registrable_domain(split(url).host)
    except InvalidUrl:
        return ""
