"""Where a URL leads, as callers are told. Pure."""

from collections.abc import Iterable

import msgspec

from schedulers.model import Status, UrlState
from schedulers.record import Record, RedirectRecord, Time, iso_time


class Resolved(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Where a URL leads. `chain` holds the URLs that redirect, the asked one first; it is empty where there is no
    redirect. `destination` is absent as long as it is not known."""

    url: str
    status: Status
    destination: str | None = None
    clean_url: str | None = None
    chain: list[RedirectRecord]


class ResolvedUrls(msgspec.Struct):
    """In the order asked."""

    results: list[Resolved]


class RedirectEdge(msgspec.Struct, omit_defaults=True, kw_only=True):
    """`url` redirected to `to` with `status_code`; `by` says how where it was not by `Location`; `seen_at` is when it
    was asked last."""

    url: str
    to: str
    status_code: int
    by: str | None = None
    seen_at: Time | None = None


class RedirectEdges(msgspec.Struct):
    """`next_cursor` leads to those behind them, and is null at the end."""

    redirects: list[RedirectEdge]
    next_cursor: str | None = None


def resolved(record: Record) -> Resolved:
    """Of a URL's record."""
    return Resolved(
        url=record.url,
        status=record.status,
        destination=record.destination,
        clean_url=record.clean_url,
        chain=record.redirects or [],
    )


def edges(state: UrlState) -> list[RedirectEdge]:
    """The chain that begins with a URL, step by step."""
    if state.resolved_url is None or not state.redirects:
        return []
    targets: Iterable[str] = (*(step.url for step in state.redirects[1:]), state.resolved_url)
    seen_at = None if state.checked_at is None else iso_time(state.checked_at)
    return [
        RedirectEdge(
            url=step.url,
            to=target,
            status_code=step.status_code,
            by=None if step.by == "location" else step.by,
            seen_at=seen_at,
        )
        for step, target in zip(state.redirects, targets, strict=True)
    ]
