"""The versions of a page: which one was there at a moment, and what changed from one to the next. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from schedulers.model import Known, Page, Status
from schedulers.record import Record, page_state, record_fields

BESIDE_METADATA = ("status_code", "canonical_url")
UNTOLD = frozenset({"content_hash"})
"""Changes with every letter of the text; `content.sha256` says that already."""


class FieldChange(msgspec.Struct, omit_defaults=True):
    """A field of the metadata, or of the record, that differs from the version before; absent on one side where it was
    not there."""

    field: str
    before: msgspec.Raw | None = None
    after: msgspec.Raw | None = None


class Version(Record, frozen=True, omit_defaults=True, kw_only=True):
    """One fetched version of a page, and what changed since the one before it."""

    changed: tuple[FieldChange, ...] = ()


def known_at(now: Known, page: Page | None) -> Known:
    """What was known of a URL at a moment at which `page` was its newest version. Nothing where there was none yet."""
    if page is None or now.state is None:
        return Known()
    state = replace(
        now.state,
        status=Status.FETCHED,
        reason=None,
        page_id=page.id,
        status_code=page.status_code,
        checked_at=None,
        fresh_until=None,
        until=None,
        last_error=None,
    )
    return Known(state=state, page=page)


def described(versions: Sequence[Page]) -> list[Version]:
    """As records, the newest first, each with what changed since the one before it."""
    older = (*versions[1:], None)
    return [_version(page, before) for page, before in zip(versions, older, strict=True)]


def _version(page: Page, before: Page | None) -> Version:
    fields = record_fields(page_state(page), page)
    changed = () if before is None else tuple(_changes(before, page))
    return Version(**fields, changed=changed)  # type: ignore[arg-type]


def _changes(before: Page, after: Page) -> Iterator[FieldChange]:
    old, new = _fields(before), _fields(after)
    for name in sorted(old.keys() | new.keys()):
        if _bytes(old.get(name)) != _bytes(new.get(name)):
            yield FieldChange(name, old.get(name), new.get(name))


def _bytes(value: msgspec.Raw | None) -> bytes | None:
    return None if value is None else bytes(value)


def _fields(page: Page) -> dict[str, msgspec.Raw]:
    found = {
        name: value
        for name, value in msgspec.json.decode(page.metadata, type=dict[str, msgspec.Raw]).items()
        if name not in UNTOLD
    }
    beside = {name: getattr(page, name) for name in BESIDE_METADATA}
    beside["content.sha256"] = page.content.sha256
    return {**found, **{name: msgspec.Raw(msgspec.json.encode(value)) for name, value in beside.items() if value}}
