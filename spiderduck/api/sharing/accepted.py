"""The answer to `POST /v1/events`: of each event the links found in it, and what was passed over."""

from collections.abc import Iterable, Sequence

import msgspec

from schedulers.events import PassedOver
from schedulers.links import Link, identify

MOST_TOLD = 1_000
"""Events of one request whose links are told one by one; nobody reads more by hand, and the answer would grow as large
as the body."""


class Ignored(msgspec.Struct):
    """What was not counted as a link, and why: it is broken, leads where another link of the event does, or has a
    scheme that nobody fetches. Of a plain event's text 100 are told at most."""

    text: str
    reason: str


class SharedEvent(msgspec.Struct):
    """An event as it was understood: its links in the form in which they are stored, in the order found."""

    id: str
    links: list[str]
    ignored: list[Ignored]


class Accepted(msgspec.Struct):
    """How many events were accepted, how many were already known, and the ids of all, in the order sent. An event that
    another process takes in the same moment is not known yet: its notices then have one id.

    `events` says what was found in each of them, in the same order; it is left out where there are more than 1,000.
    """

    accepted: int
    duplicates: int
    ids: list[str]
    events: list[SharedEvent] | msgspec.UnsetType = msgspec.UNSET


def links_found(
    identity: str, texts: Sequence[str], others: Iterable[PassedOver] = ()
) -> tuple[SharedEvent, list[Link]]:
    """The event, and the links of it that will be handled. `texts` are its links as they were written, `others` what
    only looked like links in its text."""
    links: dict[str, Link] = {}
    ignored = []
    for text in texts:
        link = identify(text)
        if link.invalid is not None:
            ignored.append(Ignored(link.url, link.invalid.reason))
        elif (same := links.get(link.key)) is not None:
            ignored.append(Ignored(link.url, f"it leads to the same page as {same.url}"))
        else:
            links[link.key] = link
    ignored += [Ignored(*one) for one in others]
    return SharedEvent(identity, [link.url for link in links.values()], ignored), list(links.values())
