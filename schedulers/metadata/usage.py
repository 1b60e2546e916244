"""What of a page may leave us, by the page's own word (`fields/usage.py`). Pure.

Cards, records and notices are made of what `shown` leaves. Whoever hands out a page's bytes, text or exports asks
`refusal` first, with what it is for. From `unavailable_after` on nothing is handed out but the title.
"""

from enum import StrEnum

from msgspec import structs

from schedulers.metadata import clean, dates
from schedulers.metadata.model import Metadata, Provenance, Signal, Usage

WITHHELD = "withheld"
_DAY = 86_400


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


def refusal(usage: Usage | None, purpose: Purpose, now: float) -> str | None:
    """Why the whole page may not be handed out for `purpose` at `now` (epoch seconds): a sentence. None where it may.

    A limit of a snippet's length is one for the whole text too.
    """
    if usage is None:
        return None
    if (ended := _ended(usage, now)) is not None:
        return f"the page's {ended.source} says unavailable-after={ended.value}"
    for field in _FORBIDDEN_BY[purpose]:
        signal: Signal | None = getattr(usage, field)
        if signal is not None and signal.value is not True:
            return f"the page's {signal.source} says {field.replace('_', '-')}={_word(signal)}"
    return None


def unavailable_from(usage: Usage | None) -> float | None:
    """The moment (epoch seconds) from which the page does not want to be shown; of a day without a clock its end, in
    UTC. None where it names none."""
    if usage is None or usage.unavailable_after is None:
        return None
    written = str(usage.unavailable_after.value)
    try:
        moment = dates.moment(written).timestamp()
    except (ValueError, OverflowError):
        return None
    return moment + _DAY if len(written) == len("2027-06-25") else moment


def _ended(usage: Usage, now: float) -> Signal | None:
    moment = unavailable_from(usage)
    return None if moment is None or moment > now else usage.unavailable_after


def _word(signal: Signal) -> str:
    return "no" if signal.value is False else str(signal.value)


def shown(metadata: Metadata, now: float) -> Metadata:
    """`metadata` without what the page does not want to be shown at `now` (epoch seconds): its description, or the end
    of it, and its picture.

    What the other rules had to offer goes with the value.
    """
    usage = metadata.usage
    if usage is None:
        return metadata
    changes: dict[str, object] = {}
    withheld: dict[str, Signal] = {}
    limit, ended = usage.max_snippet, _ended(usage, now)
    if metadata.description is not None:
        if (never := usage.snippet or ended) is not None:
            changes["description"], withheld["description"] = None, never
        elif limit is not None and isinstance(limit.value, int) and len(metadata.description) > limit.value:
            changes["description"] = clean.shorten(metadata.description, limit.value) if limit.value > 1 else None
            withheld["description"] = limit
    preview = usage.max_image_preview
    unseen = preview if preview is not None and preview.value == "none" else ended
    if metadata.image is not None and unseen is not None:
        changes["image"], withheld["image"] = None, unseen
        changes["other_images"] = ()
    if not changes:
        return metadata
    said = {name: Provenance(f"{WITHHELD}:{signal.source}") for name, signal in withheld.items()}
    return structs.replace(metadata, **changes, provenance={**metadata.provenance, **said})


def withheld(metadata: Metadata) -> list[str]:
    """What `shown` took out: a sentence for each."""
    return [
        f"The {name} is left out or cut in cards and records: {said.rule.removeprefix(f'{WITHHELD}:')} asks for it."
        for name, said in metadata.provenance.items()
        if said.rule.startswith(f"{WITHHELD}:")
    ]
