"""What one handling leaves in the store: the states of every URL of the chain, and the new page. Pure.

A failure never takes away good metadata. A URL that had a page keeps it and gains `last_error`.
"""

import hashlib
from dataclasses import replace

import msgspec

from fetchers.media_type import essence_of
from fetchers.urls import registrable_domain, split
from schedulers.config import Freshness
from schedulers.context import Dropped, Failed, NewPage, NotModified, Reached, Result, Reused, Settled, Understood
from schedulers.links import Chain, Member, key_of
from schedulers.metadata import decode_usage, encode_provenance, encode_usage, unavailable_from
from schedulers.model import (
    REUSED,
    ArchiveLocation,
    Change,
    Content,
    Failure,
    Known,
    LastError,
    Page,
    Status,
    UrlState,
)
from schedulers.verdict import Judged

UNKNOWN = Known()

GONE = frozenset({404, 410})
"""Answers by which a page is no longer there."""

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


def settle(result: Result, now: float, freshness: Freshness) -> Settled:
    """What to store and what to announce for every result that a share can have."""
    match result:
        case NewPage():
            return _new_page(result, now, freshness)
        case Reused(state, page):
            return Settled(REUSED, state, page, Change())
        case Reached():
            return _reached(result, now)
        case Failed():
            return _failed(result, now, freshness)
        case NotModified():
            return _not_modified(result, now, freshness)
        case Dropped(link, known, failure):
            state = _kept(known, failure, now, None) or UrlState(
                link.key,
                link.url,
                failure.status,
                reason=failure.reason,
                reason_code=failure.code,
                checked_at=now,
                judged=None if known.state is None else known.state.judged,
            )
            return Settled(failure.status.value, state, known.page, Change((state,)))


def page_of(understood: Understood, page_id: int, metadata: bytes, archived: ArchiveLocation | None) -> Page:
    """The page as it is stored; `metadata` are the encoded values. `archived` is None where nothing is archived.

    The validators of a provider's answer are not the page's.
    """
    response, said = understood.response, understood.metadata
    url = understood.page_url or response.url
    media_type = essence_of(response.content_type)
    digest = archived.sha256 if archived is not None else hashlib.sha256(response.body).hexdigest()
    encoding = None if said.encoding is None else said.encoding.lower()
    return Page(
        id=page_id,
        key=key_of(url) or understood.chain.link.key,
        url=url,
        fetched_at=response.fetched_at,
        status_code=response.status_code,
        content=Content(media_type, len(response.body), digest, encoding),
        metadata=metadata,
        provenance=encode_provenance(said),
        canonical_url=said.canonical_url,
        etag=response.header("etag") if url == response.url else None,
        last_modified=response.header("last-modified") if url == response.url else None,
        archived=archived,
        usage=encode_usage(said),
    )


def fresh_seconds(
    status: Status, status_code: int | None, settings: Freshness, before: UrlState | None = None
) -> float:
    """Seconds from the end of a fetch for which the URL is not fetched again, by how the fetch ended. `before` is what
    was known of the URL: a name that has no address once more is asked less often.
    """
    if status is Status.DNS_ERROR:
        return min(max(settings.dns_error, 2 * _dns_error_lasted(before)), settings.client_error)
    if status is Status.FETCHED:
        return settings.success
    if status is Status.ROBOTS_DENIED:
        return settings.robots_denied
    if status is Status.HTTP_ERROR:
        # 429 is the server's state of the moment, as a 5xx is, and no word about the page.
        is_client_error = status_code is not None and 400 <= status_code < 500 and status_code != 429
        return settings.client_error if is_client_error else settings.server_error
    return settings.client_error if status in OF_THE_PAGE else settings.server_error


def _dns_error_lasted(before: UrlState | None) -> float:
    """For how long the last look-up's failure was kept; 0 where the last fetch did not end by one."""
    if before is None or before.fresh_until is None or before.checked_at is None:
        return 0.0
    last = before.status if before.last_error is None else before.last_error.status
    return before.fresh_until - before.checked_at if last is Status.DNS_ERROR else 0.0


def _new_page(new: NewPage, now: float, freshness: Freshness) -> Settled:
    page = new.page
    fresh_until = now + fresh_seconds(Status.FETCHED, None, freshness)
    ends = unavailable_from(decode_usage(page.usage))
    if ends is not None and now < ends < fresh_until:
        fresh_until = ends  # from then on less of it may be shown
    states = tuple(
        UrlState(
            member.key,
            member.url,
            Status.FETCHED,
            page_id=page.id,
            resolved_url=page.url,
            status_code=page.status_code,
            redirects=member.redirects,
            checked_at=now,
            fresh_until=fresh_until,
            blocked_by=new.blocked_by,
            trace=member.trace,
            judged=_judged(new.chain, member),
            changed_at=_changed_at(new.chain.known.get(member.key, UNKNOWN), page, now),
        )
        for member in new.chain.members
    )
    return Settled(Status.FETCHED.value, states[0], page, Change(states, page))


def _reached(reached: Reached, now: float) -> Settled:
    """The members of the chain take over what is known of its target."""
    found = reached.target.state
    states = tuple(
        replace(
            found,
            key=member.key,
            url=member.url,
            resolved_url=found.resolved_url or found.url,
            redirects=(*member.redirects, *found.redirects),
            trace=(*member.trace, *found.trace),
            last_error=None,
            judged=_judged(reached.chain, member),
            changed_at=found.changed_at
            if reached.target.page is None
            else _changed_at(reached.chain.known.get(member.key, UNKNOWN), reached.target.page, now)
            or found.changed_at,
        )
        for member in reached.chain.members
    )
    return Settled(REUSED, states[0], reached.target.page, Change(states))


def _failed(failed: Failed, now: float, freshness: Freshness) -> Settled:
    failure, chain = failed.failure, failed.chain
    before = chain.known.get(chain.link.key, UNKNOWN).state
    fresh_until = now + fresh_seconds(failure.status, failed.status_code, freshness, before)

    def state_of(member: Member) -> UrlState:
        kept = _kept(chain.known.get(member.key, UNKNOWN), failure, now, fresh_until)
        if kept is not None:
            gone_since = kept.gone_since or now if failed.status_code in GONE else kept.gone_since
            return replace(kept, gone_since=gone_since, trace=member.trace)
        return UrlState(
            member.key,
            member.url,
            failure.status,
            reason=failure.reason,
            reason_code=failure.code,
            blocked_by=failure.blocked_by,
            resolved_url=chain.url if member.redirects else None,
            status_code=failed.status_code,
            redirects=member.redirects,
            checked_at=now,
            fresh_until=fresh_until,
            trace=member.trace,
            judged=_judged(chain, member),
        )

    states = tuple(state_of(member) for member in chain.members)
    page = chain.known.get(chain.link.key, UNKNOWN).page
    return Settled(failure.status.value, states[0], page, Change(states))


def _not_modified(same: NotModified, now: float, freshness: Freshness) -> Settled:
    """The page stays as it is and was checked now."""
    fresh = now + fresh_seconds(Status.FETCHED, None, freshness)
    state = replace(
        same.state,
        status=Status.FETCHED,
        checked_at=now,
        fresh_until=fresh,
        last_error=None,
        reason=None,
        reason_code=None,
        blocked_by=None,
        gone_since=None,
    )
    return Settled(Status.FETCHED.value, state, same.page, Change((state,)))


class _Shown(msgspec.Struct):
    """What of the metadata a person would see change."""

    title: str | None = None
    content_hash: str | None = None


_decode_shown = msgspec.json.Decoder(_Shown).decode


def _changed_at(before: Known, page: Page, now: float) -> float | None:
    """When the URL was found to show something else: another title and another text, for either alone changes on many
    good pages, or a page of another domain."""
    if before.state is None:
        return None
    if before.page is None or before.page.id == page.id:
        return before.state.changed_at
    old, new = _decode_shown(before.page.metadata), _decode_shown(page.metadata)
    is_other = old.title != new.title and old.content_hash != new.content_hash
    has_moved = registrable_domain(split(before.page.url).host) != registrable_domain(split(page.url).host)
    return now if is_other or has_moved else before.state.changed_at


def _judged(chain: Chain, member: Member) -> Judged | None:
    """The last verdict on a member of the chain, which the store judges anew."""
    state = chain.known.get(member.key, UNKNOWN).state
    return None if state is None else state.judged


def _kept(known: Known, failure: Failure, now: float, fresh_until: float | None) -> UrlState | None:
    """What was good before, with the failure as `last_error`; None where there was no page."""
    if known.state is None or known.state.page_id is None:
        return None
    error = LastError(failure.status, failure.reason or failure.status.value, now, failure.code)
    return replace(
        known.state, last_error=error, checked_at=now, fresh_until=fresh_until, blocked_by=failure.blocked_by
    )
