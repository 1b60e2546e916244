"""A video or audio file: title, artist, duration and frame size, from the first bytes where the container allows."""

import io

from tinytag import TinyTag

from schedulers.metadata import clean
from schedulers.metadata.kinds import containers
from schedulers.metadata.kinds.answer import ReaderInput
from schedulers.metadata.model import Media, Metadata

# Tags and indices stand at the front; what follows is sound and picture.
READ = 2_000_000
_LONGEST = 360_000.0


def read_video(answer: ReaderInput) -> Metadata:
    facts = containers.read(answer.body[:READ])
    media = Media(answer.url, _type(answer, "video"), facts.width, facts.height, _duration(facts.duration))
    title = clean.title(facts.title) if facts.title else None
    return answer.described(type="video", video=media, title=title)


def read_audio(answer: ReaderInput) -> Metadata:
    """By tinytag; a cut file keeps its tags and loses its duration, which would be that of the part."""
    whole = len(answer.body) <= READ and not _is_cut(answer)
    try:
        tag = TinyTag.get(file_obj=io.BytesIO(answer.body[:READ]))
    except Exception:  # noqa: BLE001  tinytag leaks struct.error, ValueError … on broken files
        return answer.described(type="audio", audio=Media(answer.url, _type(answer, "audio")))
    duration = _duration(tag.duration) if whole else None
    artist = clean.name(tag.artist) if tag.artist else None
    return answer.described(
        type="audio",
        audio=Media(answer.url, _type(answer, "audio"), duration=duration),
        title=clean.title(tag.title) if tag.title else None,
        author=artist,
        authors=(artist,) if artist else (),
    )


def _is_cut(answer: ReaderInput) -> bool:
    declared = answer.headers.get("content-length", [""])[0]
    return declared.isdecimal() and len(declared) < 19 and int(declared) > len(answer.body)


def _type(answer: ReaderInput, kind: str) -> str | None:
    return answer.media_type if answer.media_type.startswith(f"{kind}/") else None


def _duration(seconds: float | None) -> float | None:
    return round(seconds, 3) if seconds is not None and 0 < seconds < _LONGEST else None
