"""READ FIRST. From the bytes of one answer to `Metadata`: tell what they are, hand them to the reader of that kind.

Called by the extract stage and by `spiderduck inspect page`. Whatever the bytes, it answers within bounds and does not
raise; what was found before a limit stands.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from schedulers.metadata import clean, guard
from schedulers.metadata import headers as response_headers
from schedulers.metadata.kinds import document, feed, html, pdf, picture, playable, sniff, svg
from schedulers.metadata.kinds.answer import ReaderInput
from schedulers.metadata.model import Metadata, Provenance
from schedulers.metadata.options import PLAIN, Examined, ReadingOptions
from schedulers.metadata.ports import GenericPictures

READERS: dict[str, Callable[[ReaderInput], Metadata]] = {
    "html": html.read,
    "image": picture.read,
    "svg": svg.read,
    "pdf": pdf.read,
    "video": playable.read_video,
    "audio": playable.read_audio,
    "feed": feed.read,
    "json": document.read_json,
    "text": document.read_text,
    "other": document.read_other,
}

FAILURE = "failure"
"""The provenance of a page that could not be read: it has no other field, and this one's rule says why."""
REASON_LIMIT = 200


def examine(body: bytes, *, url: str, content_type: str | None = None) -> Examined:
    """What `body`, the answer for `url`, will be read as. Whoever decides by it where it is read hands it on to
    `extract_metadata`, which need not look again."""
    kind = kind_of(body, url=url, content_type=content_type)
    return Examined(kind, guard.tags_of(body) if kind == "html" else None)


def kind_of(body: bytes, *, url: str, content_type: str | None = None) -> str:
    """As what `body` will be read: a key of `READERS`."""
    return sniff.kind(ReaderInput(body, url, content_type))


def extract_metadata(
    body: bytes,
    *,
    url: str,
    content_type: str | None = None,
    status_code: int = 200,
    headers: Mapping[Any, Any] | Iterable[tuple[Any, Any]] = (),
    generic_pictures: GenericPictures | None = None,
    options: ReadingOptions = PLAIN,
) -> Metadata:
    """Everything that `body`, the answer for `url`, says about itself. Pure: no clock, no I/O. Never raises.

    `content_type`, `status_code` and `headers` are the answer's; without `content_type` that of `headers` counts.
    `generic_pictures` knows the pictures that a site shows on all its pages.
    `options` says how it is to be read.
    """
    fields = response_headers.read(headers)
    if content_type is None and (given := fields.get("content-type")):
        content_type = given[0]
    answer = ReaderInput(body, url, content_type, status_code, fields, generic_pictures, options)
    try:
        return READERS[sniff.kind(answer) if options.examined is None else options.examined.kind](answer)
    except Exception as error:  # noqa: BLE001  the last fence: strangers' bytes must not stop the flow; fuzzing looks for it
        reason = clean.text(f"{type(error).__name__}: {error}", REASON_LIMIT)
        return Metadata(provenance={FAILURE: Provenance(reason or type(error).__name__)})
