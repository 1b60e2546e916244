"""Between the flow's values and a store's rows: the small parts of a page as one JSON blob, its big ones as they
are."""

import msgspec

from schedulers.model import ArchiveLocation, Content, Page, UrlState

NOTHING = msgspec.Raw(b"null")


class PageHead(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a page's row holds beside its id, key, URL and the two JSON blobs."""

    status_code: int
    content: Content
    canonical_url: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    archived: ArchiveLocation | None = None
    usage: msgspec.Raw = NOTHING


_encoder = msgspec.json.Encoder()
_states = msgspec.json.Decoder(UrlState)
_heads = msgspec.json.Decoder(PageHead)

PageRow = tuple[int, str, str, float, int, bytes, bytes, bytes]
"""id, key, url, fetched_at, version, head, metadata, provenance."""


def state_to_json(state: UrlState) -> bytes:
    """The state as JSON, for one column."""
    return _encoder.encode(state)


def state_from_json(blob: bytes) -> UrlState:
    """The inverse of `state_to_json`."""
    return _states.decode(blob)


def page_to_row(page: Page) -> PageRow:
    """The values of `page` in the order of the table's columns."""
    usage = NOTHING if page.usage is None else msgspec.Raw(page.usage)
    head = PageHead(
        page.status_code, page.content, page.canonical_url, page.etag, page.last_modified, page.archived, usage
    )
    return (
        page.id,
        page.key,
        page.url,
        page.fetched_at,
        page.version,
        _encoder.encode(head),
        page.metadata,
        page.provenance,
    )


def page_from_row(row: PageRow) -> Page:
    """The inverse of `page_to_row`."""
    identity, key, url, fetched_at, version, blob, metadata, provenance = row
    head = _heads.decode(blob)
    return Page(
        id=identity,
        key=key,
        url=url,
        fetched_at=fetched_at,
        status_code=head.status_code,
        content=head.content,
        metadata=metadata,
        provenance=provenance,
        canonical_url=head.canonical_url,
        etag=head.etag,
        last_modified=head.last_modified,
        archived=head.archived,
        version=version,
        usage=None if head.usage == NOTHING else bytes(head.usage),
    )
