"""A URL's record: the JSON that every look-up and every notice gives. Names and shapes are fixed; fields may be added.

Made from what the store keeps (`model.UrlState`, `model.Page`). Metadata and provenance are passed through as the JSON
they are stored as, never parsed.
"""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from schedulers.model import Page, Redirect, Status, UrlState
from schedulers.shares import Shares
from schedulers.urls import clean_url
from schedulers.verdict import Verdict

EARLIEST = -62_135_596_800.0
LATEST = 253_402_300_799.0
"""The years from 1 to 9999."""

NOWHERE = frozenset({Status.UNKNOWN, Status.PENDING, Status.DEFERRED, Status.INVALID_URL})
"""What a record says nothing of a destination for."""

Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
StoredMetadata = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/Metadata"})]
StoredUsage = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/Usage"})]
StoredProvenance = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        description="Which rule gave each field of the metadata, and what the other rules offered.",
        extra_json_schema={
            "type": "object",
            "additionalProperties": {"$ref": "#/components/schemas/Provenance"},
        },
    ),
]


class ContentRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the body was: media type, bytes, digest, and the encoding of a text."""

    type: str
    length: int
    sha256: str
    encoding: str | None = None


class RedirectRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One hop: the URL that redirected, with which status, and how where not by `Location`."""

    url: str
    status_code: int
    by: str | None = None


class ErrorRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the latest fetch failed. The older metadata was kept."""

    status: Status
    reason: str
    at: Time
    reason_code: str | None = None


class PausedRecord(msgspec.Struct, frozen=True):
    """The URL waits until that moment: which answer to which URL made it, or its domain's turn."""

    until: Time
    because: str


class Record(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All that is known of a URL. Ids are strings, for JavaScript loses bits above 2^53.

    `reason_code` is a stable word beside `reason`, where the status alone does not say why. `destination` is where a
    person ends up, `redirects` how; `clean_url` is the destination without tracking parameters, which
    `removed_parameters` names. `blocked_by` names the wall that stood before the page at the last try. From
    `gone_since` on the page was answered 404 or 410, and the metadata are its last good ones.
    """

    url: str
    status: Status
    reason: str | None = None
    reason_code: str | None = None
    page_id: str | None = None
    resolved_url: str | None = None
    destination: str | None = None
    clean_url: str | None = None
    removed_parameters: tuple[str, ...] = ()
    canonical_url: str | None = None
    dedup_key: str | None = None
    redirects: list[RedirectRecord] | None = None
    status_code: int | None = None
    fetched_at: Time | None = None
    checked_at: Time | None = None
    fresh_until: Time | None = None
    until: Time | None = None
    paused: PausedRecord | None = None
    content: ContentRecord | None = None
    last_error: ErrorRecord | None = None
    blocked_by: str | None = None
    gone_since: Time | None = None
    verdict: Verdict | None = None
    shares: Shares | None = None
    usage: StoredUsage | None = None
    metadata: StoredMetadata | None = None
    provenance: StoredProvenance | None = None


class SharedRecord(Record, frozen=True, omit_defaults=True, kw_only=True):
    """The record as a notice carries it: with the event that shared the URL, and what came of that share."""

    event_id: str
    outcome: str


def iso_time(moment: float) -> str:
    """Epoch seconds as UTC with milliseconds, e.g. `2026-11-22T10:47:34.120Z`. A moment that RFC 3339 cannot say is the
    nearest that it can, and what is no moment the last one."""
    moment = max(moment, EARLIEST) if moment < LATEST else LATEST
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _iso(moment: float | None) -> str | None:
    return None if moment is None else iso_time(moment)


def record_fields(state: UrlState, page: Page | None) -> dict[str, object]:
    """The record's fields, ready for `Record` or `SharedRecord`."""
    fields: dict[str, object] = {
        "url": state.url,
        "status": state.status,
        "reason": state.reason,
        "reason_code": state.reason_code,
        "dedup_key": state.key,
        **_destination(state),
        "blocked_by": state.blocked_by,
        "gone_since": _iso(state.gone_since),
        "resolved_url": state.resolved_url,
        "redirects": [_redirect(step) for step in state.redirects] if state.resolved_url else None,
        "status_code": state.status_code,
        "checked_at": _iso(state.checked_at),
        "fresh_until": _iso(state.fresh_until),
        "until": _iso(state.until),
    }
    if state.until is not None and state.status is Status.DEFERRED:
        fields["paused"] = PausedRecord(iso_time(state.until), state.reason or "its turn has not come")
    if state.last_error is not None:
        error = state.last_error
        fields["last_error"] = ErrorRecord(error.status, error.reason, iso_time(error.at), error.code)
    if page is not None:
        content = page.content
        fields.update(
            page_id=str(page.id),
            status_code=page.status_code,
            canonical_url=page.canonical_url,
            fetched_at=iso_time(page.fetched_at),
            content=ContentRecord(content.type, content.length, content.sha256, content.encoding),
            usage=None if page.usage is None else msgspec.Raw(page.usage),
            metadata=msgspec.Raw(page.metadata),
            provenance=msgspec.Raw(page.provenance),
        )
    return fields


def _destination(state: UrlState) -> dict[str, object]:
    """Where a person ends up who follows the URL, as far as it is known; nothing for a URL that was not asked yet."""
    if state.status in NOWHERE:
        return {}
    destination = state.url
    if state.redirects and state.resolved_url is not None:
        destination, fragment = state.resolved_url, state.url.partition("#")[2]
        if fragment and "#" not in destination:  # as browsers do for a `Location` without one (Fetch Standard, 4.4)
            destination = f"{destination}#{fragment}"
    clean = clean_url(destination)
    return {"destination": destination, "clean_url": clean.url, "removed_parameters": clean.removed}


def record_of(state: UrlState, page: Page | None) -> Record:
    """The record of a URL and its newest page."""
    return Record(**record_fields(state, page))  # type: ignore[arg-type]


def page_state(page: Page) -> UrlState:
    """A page by itself, as the state of its own address."""
    return UrlState(page.key, page.url, Status.FETCHED, page_id=page.id)


def unknown_record(url: str, key: str) -> Record:
    """The record of a URL that nobody has shared yet."""
    return Record(
        url=url,
        status=Status.UNKNOWN,
        dedup_key=key,
        reason="nobody has shared this URL yet; send it to POST /v1/events and it will be fetched",
    )


def _redirect(step: Redirect) -> RedirectRecord:
    return RedirectRecord(step.url, step.status_code, None if step.by == "location" else step.by)
