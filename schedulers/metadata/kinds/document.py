"""Plain text and JSON: their first line, or the name that the document gives itself."""

import msgspec

from schedulers.metadata import clean, reading
from schedulers.metadata.charset import decode
from schedulers.metadata.kinds.answer import ReaderInput
from schedulers.metadata.model import Metadata

READ = 1_000_000
_LINES = 50
_TITLE_KEYS = ("title", "name", "headline", "label")
_DESCRIPTION_KEYS = ("description", "summary", "abstract", "subtitle")


def read_text(answer: ReaderInput) -> Metadata:
    """The first line is the title where it is short enough to be one, the first longer one the description."""
    text, encoding = decode(answer.body[:READ], answer.content_type)
    lines = [line.strip().lstrip("#=*- ").strip() for line in text[:20_000].splitlines()[:_LINES]]
    shown = [line for line in lines if line]
    title = shown[0] if shown and len(shown[0]) <= 200 else None
    rest = shown[1:] if title else shown
    description = next((line for line in rest if len(line) > 40), None)
    facts = reading.measure(None, text)
    return answer.described(
        type="text",
        title=clean.title(title) if title else None,
        description=clean.description(description) if description else None,
        word_count=facts.words,
        reading_time=facts.minutes,
        content_hash=facts.digest,
        encoding=encoding,
    )


def read_json(answer: ReaderInput) -> Metadata:
    try:
        value = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        value = None
    fields = value if isinstance(value, dict) else {}
    return answer.described(
        type="json", title=_first(fields, _TITLE_KEYS), description=_first(fields, _DESCRIPTION_KEYS), encoding="utf-8"
    )


def read_other(answer: ReaderInput) -> Metadata:
    """What nothing here understands: its name, and what the headers say."""
    return answer.described(type=answer.media_type or None)


def _first(fields: dict[object, object], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        value = fields.get(key)
        if isinstance(value, str) and (cleaned := clean.title(value, clean.DESCRIPTION_LIMIT)):
            return cleaned
    return None
