"""READ FIRST. From the bytes of one answer to `Metadata`: tell what they are, hand them to the reader of that kind.

Called by the extract stage and by `spiderduck inspect page`. Its one rule: whatever the bytes, it answers within bounds
and does not raise; what was found before a limit stands.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from schedulers.metadata import headers as response_headers
from schedulers.metadata import html
from schedulers.metadata.model import Metadata
from schedulers.metadata.ports import GenericPictures


def extract_metadata(
    body: bytes,
    *,
    url: str,
    content_type: str | None = None,
    status_code: int = 200,
    headers: Mapping[Any, Any] | Iterable[tuple[Any, Any]] = (),
    generic_pictures: GenericPictures | None = None,
) -> Metadata:
    """Everything that `body`, the answer for `url`, says about itself. Pure: no clock, no I/O."""
    fields = response_headers.read(headers)
    return html.read(body, url, content_type, status_code, fields, generic_pictures)
