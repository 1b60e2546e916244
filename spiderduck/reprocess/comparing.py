"""What today's extraction of an archived page says otherwise than the stored record. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from schedulers.metadata import Image, Metadata, Signal, Usage

NOT_COMPARED = frozenset({"provenance", "interstitial", "other_images"})
"""Provenance follows its values, and further pictures are tried only while none was measured."""


ROBOTS_TXT = "robots.txt"
"""The source of what a site says of the use of its pages there."""


class Difference(NamedTuple):
    """One field: what is stored, and what it would be. None where there is nothing."""

    field: str
    before: object
    after: object


def carried_over(stored: Metadata, found: Metadata) -> Metadata:
    """What was found, with what only a fetch can tell: the measures of the picture that was chosen then, where it is
    still one that the page names; and what robots.txt said of the use."""
    changes: dict[str, object] = {}
    if (image := _measured(stored, found)) is not None:
        changes["image"] = image
        changes["other_images"] = stored.other_images
    if (usage := _with_robots(stored.usage, found.usage)) != found.usage:
        changes["usage"] = usage
    return msgspec.structs.replace(found, **changes) if changes else found


def differences(stored: Metadata, found: Metadata) -> Iterator[Difference]:
    """Field by field, in the order of their names."""
    for name in sorted(Metadata.__struct_fields__):
        if name in NOT_COMPARED:
            continue
        before, after = getattr(stored, name), getattr(found, name)
        if before != after:
            yield Difference(name, msgspec.to_builtins(before) or None, msgspec.to_builtins(after) or None)


def _with_robots(stored: Usage | None, found: Usage | None) -> Usage | None:
    """With the stored word of robots.txt, which is no part of the page, unless the page itself is as strict now."""
    if stored is None:
        return found
    kept: dict[str, Signal] = {}
    for name in Usage.__struct_fields__:
        signal, other = getattr(stored, name), getattr(found, name, None)
        if signal is not None and signal.source == ROBOTS_TXT and (other is None or other.value is not False):
            kept[name] = signal
    return msgspec.structs.replace(found or Usage(), **kept) if kept else found


def _measured(stored: Metadata, found: Metadata) -> Image | None:
    """The stored picture, where it was measured and is still a candidate."""
    image = stored.image
    if image is None or image.bytes is None:
        return None
    named = {one.url for one in (found.image, *found.other_images) if one is not None}
    return image if image.url in named else None
