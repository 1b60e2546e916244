"""What of a page may leave us, by the page's own word (`fields/usage.py`). Pure.

Cards, records and notices are made of what `shown` leaves. Whoever hands out a page's bytes, text or exports asks
`refusal` first, with what it is for.
"""

from enum import StrEnum

from msgspec import structs

from schedulers.metadata import clean
from schedulers.metadata.model import Metadata, Provenance, Signal, Usage

WITHHELD = "withheld"


class Purpose(StrEnum):
    """What a page's bytes or text are wanted for. `ANY` stands for a caller who does not say."""

    ANY = "any"
    DISPLAY = "display"
    INDEX = "index"
    AI_INPUT = "ai-input"
    AI_TRAIN = "ai-train"


_FORBIDDEN_BY = {
    Purpose.DISPLAY: ("archive", "snippet", "max_snippet"),
    Purpose.INDEX: ("index", "search"),
    Purpose.AI_INPUT: ("ai_input", "tdm"),
    Purpose.AI_TRAIN: ("ai_train", "tdm"),
}
_FORBIDDEN_BY[Purpose.ANY] = tuple(
    field for one in (Purpose.DISPLAY, Purpose.AI_INPUT, Purpose.AI_TRAIN) for field in _FORBIDDEN_BY[one]
)


def refusal(usage: Usage | None, purpose: Purpose) -> str | None:
    """Why the whole page may not be handed out for `purpose`: a sentence. None where it may.

    A limit of a snippet's length is one for the whole text too.
    """
    if usage is None:
        return None
    for field in _FORBIDDEN_BY[purpose]:
        signal: Signal | None = getattr(usage, field)
        if signal is not None and signal.value is not True:
            return f"the page's {signal.source} says {field.replace('_', '-')}={_word(signal)}"
    return None


def _word(signal: Signal) -> str:
    return "no" if signal.value is False else str(signal.value)


def shown(metadata: Metadata) -> Metadata:
    """`metadata` without what the page does not want to be shown: its description, or the end of it, and its picture.

    What the other rules had to offer goes with the value.
    """
    usage = metadata.usage
    if usage is None:
        return metadata
    changes: dict[str, object] = {}
    withheld: dict[str, Signal] = {}
    limit = usage.max_snippet
    if metadata.description is not None:
        if usage.snippet is not None:
            changes["description"], withheld["description"] = None, usage.snippet
        elif limit is not None and isinstance(limit.value, int) and len(metadata.description) > limit.value:
            changes["description"] = clean.shorten(metadata.description, limit.value) if limit.value > 1 else None
            withheld["description"] = limit
    preview = usage.max_image_preview
    if metadata.image is not None and preview is not None and preview.value == "none":
        changes["image"], withheld["image"] = None, preview
        changes["other_images"] = ()
    if not changes:
        return metadata
    said = {name: Provenance(f"{WITHHELD}:{signal.source}") for name, signal in withheld.items()}
    return structs.replace(metadata, **changes, provenance={**metadata.provenance, **said})
