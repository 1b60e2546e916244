"""What one handling leaves in the store: the states of every URL of the chain, and the new page. Pure.

Called by the `store` stage. A failure never takes away good metadata. A URL that had a page keeps it and gains
`last_error`.
"""

import hashlib
from dataclasses import replace

from fetchers.model import Hop, Response
from schedulers.config import Freshness
from schedulers.errors import InvalidUrl
from schedulers.freshness import fresh_seconds
from schedulers.metadata import encode_metadata, encode_provenance
from schedulers.model import (
    REUSED,
    Change,
    Content,
    Context,
    Known,
    LastError,
    Page,
    Redirect,
    Settled,
    Status,
    UrlState,
)
from schedulers.urls import dedup_key

UNKNOWN = Known()


Settlement = tuple[str, UrlState, Page | None, Change]


def settle(ctx: Context, now: float, freshness: Freshness) -> Settlement:
    """The outcome to announce, the shared URL's state and page as a look-up will give them, and the change to store."""
    if ctx.result is None:
        return _without_fetch(ctx, now)
    steps = chain(ctx)
    response = ctx.result.outcome
    if ctx.settled is not None:
        return _failed(ctx, steps, ctx.settled, now, freshness)
    if response is None:
        return _reached_known(ctx, steps)
    assert isinstance(response, Response), "every other ending is settled by the fetch stage"
    if ctx.metadata is None:
        return _not_modified(ctx, steps, now, freshness)
    page = new_page(ctx, response)
    fresh = now + fresh_seconds(Status.FETCHED, None, freshness)
    states = tuple(
        UrlState(
            key,
            url,
            Status.FETCHED,
            page_id=page.id,
            resolved_url=page.url,
            status_code=page.status_code,
            redirects=rest,
            checked_at=now,
            fresh_until=fresh,
        )
        for key, url, rest in steps
    )
    return Status.FETCHED.value, states[0], page, Change(states, page)


Step = tuple[str, str, tuple[Redirect, ...]]
"""The key and URL of one member of a chain, and the redirects that follow from it."""


def chain(ctx: Context) -> list[Step]:
    """Every URL of the chain, the shared one first, each one once."""
    assert ctx.result is not None
    hops = [_redirect(hop) for hop in ctx.result.hops]
    members = [(step.key, step.url, tuple(hops[index:])) for index, step in enumerate(hops)]
    if ctx.result.outcome is not None or not hops:
        last = _key_of(ctx.result.url) or ctx.key
        members.append((last, ctx.result.url, ()))
    # The shared URL under its own key, also where it differs from the fetched one by its fragment.
    members[0] = (ctx.key, ctx.url, members[0][2])
    different: dict[str, Step] = {}
    for member in members:
        different.setdefault(member[0], member)
    return list(different.values())


def new_page(ctx: Context, response: Response) -> Page:
    """The page as it is stored."""
    assert ctx.metadata is not None
    assert ctx.page_id is not None
    encoding = None if ctx.metadata.encoding is None else ctx.metadata.encoding.lower()
    media_type = (response.header("content-type") or "text/html").partition(";")[0].strip().lower()
    digest = ctx.archived.sha256 if ctx.archived is not None else hashlib.sha256(response.body).hexdigest()
    return Page(
        id=ctx.page_id,
        key=_key_of(response.url) or ctx.key,
        url=response.url,
        fetched_at=response.fetched_at,
        status_code=response.status_code,
        content=Content(media_type, len(response.body), digest, encoding),
        metadata=encode_metadata(ctx.metadata),
        provenance=encode_provenance(ctx.metadata),
        canonical_url=ctx.metadata.canonical_url,
        etag=response.header("etag"),
        last_modified=response.header("last-modified"),
        archived=ctx.archived,
    )


def _without_fetch(ctx: Context, now: float) -> Settlement:
    """Reused, or dropped by the policy."""
    known = ctx.known.get(ctx.key, UNKNOWN)
    settled = ctx.settled or Settled(Status.FAILED, Status.FAILED.value, "it was never handled to its end")
    if settled.outcome == REUSED and known.state is not None:
        return REUSED, known.state, known.page, Change()
    state = _with_failure(ctx.key, ctx.url, (), known, settled, now, fresh_until=None)
    return settled.outcome, state, known.page, Change((state,))


def _reached_known(ctx: Context, steps: list[Step]) -> Settlement:
    """The chain led to a URL that is known and fresh: its members take over what is known."""
    assert ctx.result is not None
    known = ctx.known[_key_of(ctx.result.url) or ctx.key]
    found = known.state
    assert found is not None, "only what is known ends a chain"
    states = tuple(
        replace(
            found,
            key=key,
            url=url,
            resolved_url=found.resolved_url or found.url,
            redirects=(*rest, *found.redirects),
            last_error=None,
        )
        for key, url, rest in steps
    )
    return REUSED, states[0], known.page, Change(states)


def _failed(ctx: Context, steps: list[Step], settled: Settled, now: float, freshness: Freshness) -> Settlement:
    assert ctx.result is not None
    outcome = ctx.result.outcome
    code = outcome.status_code if isinstance(outcome, Response) else None
    fresh = now + fresh_seconds(settled.status, code, freshness)
    states = tuple(
        _with_failure(key, url, rest, ctx.known.get(key, UNKNOWN), settled, now, fresh, code, ctx.result.url)
        for key, url, rest in steps
    )
    return settled.outcome, states[0], ctx.known.get(ctx.key, UNKNOWN).page, Change(states)


def _not_modified(ctx: Context, steps: list[Step], now: float, freshness: Freshness) -> Settlement:
    """304: the page stays as it is and was checked now."""
    known = ctx.known.get(ctx.key, UNKNOWN)
    assert known.state is not None, "a conditional request is made only where there is a page"
    fresh = now + fresh_seconds(Status.FETCHED, None, freshness)
    state = replace(known.state, status=Status.FETCHED, checked_at=now, fresh_until=fresh, last_error=None, reason=None)
    return Status.FETCHED.value, state, known.page, Change((state,))


def _with_failure(
    key: str,
    url: str,
    rest: tuple[Redirect, ...],
    known: Known,
    settled: Settled,
    now: float,
    fresh_until: float | None,
    status_code: int | None = None,
    resolved_url: str | None = None,
) -> UrlState:
    if known.state is not None and known.state.page_id is not None:
        error = LastError(settled.status, settled.reason or settled.status.value, now)
        return replace(known.state, last_error=error, checked_at=now, fresh_until=fresh_until)
    return UrlState(
        key,
        url,
        settled.status,
        reason=settled.reason,
        resolved_url=resolved_url if rest else None,
        status_code=status_code,
        redirects=rest,
        checked_at=now,
        fresh_until=fresh_until,
    )


def _redirect(hop: Hop) -> Redirect:
    return Redirect(hop.url, _key_of(hop.url) or hop.url, hop.status_code, hop.by)


def _key_of(url: str) -> str | None:
    try:
        return dedup_key(url)
    except InvalidUrl:
        return None
