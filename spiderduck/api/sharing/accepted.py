"""The answer to `POST /v1/events`: of each event the links found in it, and what was passed over."""

from collections.abc import Sequence

import msgspec

from schedulers.links import Link, identify

MOST_TOLD = 1_000
"""Events of one request whose links are told one by one; nobody reads more by hand, and the answer would grow as large
as the body."""


class Ignored(msgspec.Struct):
    """A text that was not counted as a link, and why."""

    text: str
    reason: str


class SharedEvent(msgspec.Struct):
    """An event as it was understood: its links in the form in which they are stored, in the order found."""

    id: str
    links: list[str]
    ignored: list[Ignored]


class Accepted(msgspec.Struct):
    """How many events were accepted, how many were already known, and the ids of all, in the order sent.

    `events` says what was found in each of them, in the same order; it is left out where there are more than 1,000.
    """

    accepted: int
    duplicates: int
    ids: list[str]
    events: list[SharedEvent] | msgspec.UnsetType = msgspec.UNSET


def links_found(identity: str, texts: Sequence[str]) -> tuple[SharedEvent, list[Link]]:
    """The event, and the links of it that will be handled. `texts` are its links as they were written."""
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
    return SharedEvent(identity, [link.url for link in links.values()], ignored), list(links.values())
