"""Say what the page is (`schedulers.metadata`), or how its answer ends this URL; then keep its bytes.

An error page or an interstitial never becomes metadata, and neither does a page that could not be read, or broke off
before it said anything: an answer without metadata would replace what is known of the page.
"""

from dataclasses import replace

from schedulers.context import Answered, Failed, NewPage, NotModified, Understood
from schedulers.metadata import FAILURE, Metadata, encode_metadata, shown, wall_kind
from schedulers.model import RATE_LIMIT, Failure, Status
from schedulers.ports import Archive, Extractor, Ids
from schedulers.settlement import UNKNOWN, page_of

BROKEN_OFF = frozenset({"disconnect", "time", "unspecified"})
"""Bodies that ended where nobody wanted it."""
NOT_MODIFIED, TOO_MANY_REQUESTS = 304, 429


class Extract:
    """Metadata for a good answer, the ending for every other one."""

    def __init__(self, extractor: Extractor) -> None:
        self._extractor = extractor

    async def __call__(self, answered: Answered) -> Understood | NotModified | Failed:
        chain, response = answered.chain, answered.response
        code = response.status_code
        if code == NOT_MODIFIED:
            known = chain.known.get(chain.link.key, UNKNOWN)
            if known.state is not None and known.page is not None:
                return NotModified(replace(known.state, trace=chain.members[0].trace), known.page)
        metadata = await self._extractor.extract(response)
        if metadata.interstitial is not None:
            reason = f"instead of the page it showed: {metadata.interstitial}"
            wall = metadata.interstitial
            return Failed(chain, Failure(Status.INTERSTITIAL, reason, wall_kind(wall), wall), code)
        if not 200 <= code < 300:
            limit = RATE_LIMIT if code == TOO_MANY_REQUESTS else None
            return Failed(chain, Failure(Status.HTTP_ERROR, f"its server answered {code}", None, limit), code)
        if (failure := metadata.provenance.get(FAILURE)) is not None:
            return Failed(chain, Failure(Status.FAILED, f"the page could not be read: {failure.rule}"), code)
        if response.cut_by in BROKEN_OFF and _says_nothing(metadata):
            late = response.cut_by == "time"
            reason = f"its body {'stopped' if late else 'broke off'} before it said anything of the page"
            return Failed(chain, Failure(Status.TIMED_OUT if late else Status.PROTOCOL_ERROR, reason), code)
        return Understood(
            chain, response, shown(metadata, response.fetched_at)
        )  # what is not to be shown goes no further


def _says_nothing(metadata: Metadata) -> bool:
    """Of what a card shows."""
    return not (metadata.title or metadata.description or metadata.image or metadata.video or metadata.audio)


class KeepInArchive:
    """Appends the bytes, so that the page's record can say where they lie. An orphan in the archive after a crash does
    no harm; a record that points nowhere does."""

    def __init__(self, archive: Archive, ids: Ids) -> None:
        self._archive = archive
        self._ids = ids

    async def __call__(self, understood: Understood) -> NewPage:
        page_id, metadata = self._ids.next_id(), encode_metadata(understood.metadata)
        archived = await self._archive.append(page_id, understood.response, metadata)
        page = page_of(understood, page_id, metadata, archived)
        return NewPage(understood.chain, page, understood.blocked_by)


def unarchived(understood: Understood) -> NewPage:
    """The page where nothing is kept: without an id and a place."""
    page = page_of(understood, 0, encode_metadata(understood.metadata), None)
    return NewPage(understood.chain, page, understood.blocked_by)
