"""What the calls give, typed. Fields that this version does not know are passed over, so that a newer server works."""

import msgspec

from schedulers.metadata import Metadata, Provenance
from schedulers.record import Record


class UrlRecord(Record, frozen=True, kw_only=True):
    """All that is known of a URL; `metadata` and `provenance` decoded."""

    metadata: Metadata | None = None  # type: ignore[assignment]  # the server's own type keeps it as JSON
    provenance: dict[str, Provenance] | None = None  # type: ignore[assignment]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvent about a URL. `event_id` is the event that shared it; None for an update of a page that was announced
    before. `id` is the same where a notice comes again; `sharer` is the hash of who shared it, where the event told."""

    id: str
    type: str
    subject: str
    time: str
    outcome: str
    data: UrlRecord
    event_id: str | None = None
    sharer: str | None = None


class Results(msgspec.Struct):
    """Of a batch, in the order asked."""

    results: list[UrlRecord]


class Versions(msgspec.Struct):
    """Of a page, the newest first; `next_cursor` leads to older ones."""

    versions: list[UrlRecord]
    next_cursor: str | None = None


class Pulled(msgspec.Struct):
    """Of a durable queue."""

    notices: list[Notice]
    position: int | None = None
