"""What came back for a URL, as every kind's reader takes it."""

from typing import NamedTuple
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser

from schedulers.metadata import clean
from schedulers.metadata.fields import canonical, usage
from schedulers.metadata.headers import Headers
from schedulers.metadata.model import Metadata, Provenance
from schedulers.metadata.options import PLAIN, ReadingOptions
from schedulers.metadata.page import HtmlPage
from schedulers.metadata.ports import GenericPictures


class ReaderInput(NamedTuple):
    """`content_type` is the transport's; `generic_pictures` the counter of pictures that a site's pages share."""

    body: bytes
    url: str
    content_type: str | None = None
    status_code: int = 200
    headers: Headers = {}  # noqa: RUF012  never changed
    generic_pictures: GenericPictures | None = None
    options: ReadingOptions = PLAIN

    @property
    def tags(self) -> int | None:
        """How many `<` the body holds, where that was counted."""
        return None if self.options.examined is None else self.options.examined.tags

    @property
    def media_type(self) -> str:
        """The essence of the content type: `text/html` of `text/html; charset=utf-8`."""
        return clean.media_type(self.content_type) or ""

    def described(self, **values: object) -> Metadata:
        """Metadata of something that is no page: what its reader found, and what headers and URL say."""
        page = HtmlPage(self.url, LexborHTMLParser(""), self.headers)
        given = {name: value for name, value in values.items() if value not in (None, ())}
        provenance = {name: Provenance("file") for name in given if name not in ("content_hash", "encoding", "type")}
        if "title" not in given and (title := self._file_name()):
            given["title"] = title
            provenance["title"] = Provenance("url:file-name")
        canonical_url, said = canonical.read(page), usage.read(page, self.options)
        provenance |= page.provenance
        return Metadata(
            canonical_url=canonical_url,
            robots=usage.robots_of(said),
            usage=said,
            provenance=provenance,
            **given,  # type: ignore[arg-type]
        )

    def _file_name(self) -> str | None:
        path = self.url.partition("://")[2].partition("?")[0].partition("#")[0]
        return clean.title(unquote(path.rpartition("/")[2])) if "/" in path else None
