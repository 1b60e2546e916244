"""The values that travel through the pipeline: what is asked, and the result of each level.

`Original` is the result of the originals, `VariantResult` that of the variants; `Rendered` is the picture that a
variant's result holds and `imagepipe.render` gives.

All frozen. A variant's `key` is canonical: two requests for the same picture have the same key, so they share one cache
entry and one render.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

Fit = Literal["inside", "cover", "contain", "fill"]
FITS: tuple[str, ...] = get_args(Fit)

Quality = int | Literal["fine"]
"""1 to 100, or the name of a table of them (`codecs.quality`)."""
Storage = Literal["anybody", "client", "nobody"]
"""Who may keep a picture by its origin's `Cache-Control`: any cache, the asking browser alone (`private`), nobody."""

MAX_SIDE = 8192
"""Longest side that may be asked for, after `dpr`; WebP's own limit is 16,383 (VP8 frame header)."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One named render step of a variant, for example `Filter("blur", 4.0)`."""

    name: str
    amount: float

    def __str__(self) -> str:
        return f"{self.name}:{self.amount:g}"


@dataclass(frozen=True, slots=True)
class Variant:
    """How a picture shall look. `format` is a codec's name, or `auto`: then the pipeline decides by `Accept`.

    `gravity` is a compass name (`north`, `southeast` …), `center`, `attention`, or a focal point `0.3,0.7`.
    `accepted` are the formats that `auto` may choose from, the most wanted first; none = by the picture alone.
    `background` is `rrggbb` or `rrggbbaa`; it fills `contain` and whatever a format without alpha cannot show.
    """

    width: int | None = None
    height: int | None = None
    fit: Fit = "inside"
    format: str = "auto"
    quality: Quality | None = None
    dpr: float = 1.0
    gravity: str = "center"
    background: str | None = None
    enlarge: bool = False
    animate: bool = True
    keep_copyright: bool = False
    filters: tuple[Filter, ...] = ()
    accepted: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Canonical text of everything that changes the bytes."""
        parts = (
            f"w{self.pixels(self.width) or ''}h{self.pixels(self.height) or ''}",
            self.fit,
            self.format if self.format != "auto" else f"auto({','.join(self.accepted)})",
            f"q{self.quality or ''}",
            self.gravity if self.fit == "cover" else "",
            self.background or "",
            f"{'e' if self.enlarge else ''}{'' if self.animate else 's'}{'c' if self.keep_copyright else ''}",
            "+".join(map(str, self.filters)),
        )
        return "/".join(parts)

    def pixels(self, side: int | None) -> int | None:
        """A side in real pixels, rounded half up: times `dpr`, or times as much of it as keeps both sides within what
        can be asked for, so that they stay in proportion."""
        if side is None:
            return None
        longest = max(self.width or 0, self.height or 0, side)
        exact = round(side * min(self.dpr, MAX_SIDE / longest), 6)  # 6: 1.1 has no exact number
        return max(1, min(MAX_SIDE, math.floor(exact + 0.5)))

    @property
    def is_plain(self) -> bool:
        """Only scaled as a whole: such a variant can stand in for its original when a smaller one is made."""
        return self.fit == "inside" and not self.filters and not self.background


def turned(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """A size as stored, in the orientation in which the picture is shown; or the other way round."""
    return (size[1], size[0]) if orientation >= 5 else size


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """What the header of a picture says, read without decoding. Sizes are as shown: orientation is applied.

    `frames` is 1 for a still picture. `scans` counts the passes of a JPEG. `plain`: surely without palette and alpha.
    `largest_part`: pixels of the largest part that a decoder makes room for; 0 where none exceeds the picture.
    `part_pixels`: pixels of all parts together, where these need not fit the picture. `reference_bytes`: of the frames
    that a decoder keeps because others are predicted from them. `cut_off`: the data end before the picture does.
    `palette`: its pixels are numbers of a palette. `opaque`: it is lossy and surely without alpha. `first_frame_only`:
    it is an animation beyond a limit, of which the first frame is shown, and `frames` is 1.
    """

    format: str
    width: int
    height: int
    frames: int = 1
    orientation: int = 1
    progressive: bool = False
    scans: int = 1
    has_location: bool = False
    plain: bool = False
    largest_part: int = 0
    part_pixels: int = 0
    reference_bytes: int = 0
    cut_off: bool = False
    palette: bool = False
    opaque: bool = False
    first_frame_only: bool = False

    @property
    def animated(self) -> bool:
        return self.frames > 1

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def stored(self) -> tuple[int, int]:
        """Width and height before the picture is turned as its orientation says."""
        return turned((self.width, self.height), self.orientation)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished picture. `lossless` tells whether a further variant made from it would be a first lossy generation.

    `original` is what the header of the bytes said that it was made from. `postponed` names the format that would have
    been sent if it were not too slow to make at once.
    """

    body: bytes
    content_type: str
    width: int
    height: int
    format: str = ""
    lossless: bool = False
    animated: bool = False
    problems: tuple[str, ...] = ()
    original: PictureInfo | None = None
    postponed: str | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """A picture as its origin sent it, with what the origin said about it. Times are epoch seconds.

    `stale_at`: from then on it is asked for again. `tags` are the caller's own, for purging together. `total` is the
    whole length where only the beginning is here. `trail` are the places of a look-up, in order; the last one had it.
    `storage` says who may keep it.
    """

    body: bytes
    content_type: str
    stored_at: float
    stale_at: float
    etag: str | None = None
    last_modified: str | None = None
    tags: tuple[str, ...] = ()
    total: int | None = None
    trail: tuple[str, ...] = ()
    storage: Storage = "anybody"

    @property
    def where(self) -> str:
        """Where it was found, for example `disk`."""
        return self.trail[-1] if self.trail else ""

    def same_version(self, other: "Original") -> bool:
        """Whether both are of the same bytes, as far as their origin has said."""
        return (self.etag, self.last_modified) == (other.etag, other.last_modified)


@dataclass(frozen=True, slots=True)
class Trace:
    """How a result came about: steps in order, each with the milliseconds since the one before."""

    steps: tuple[tuple[str, float], ...] = ()

    @property
    def text(self) -> str:
        """For `X-Pipeline-Trace`."""
        return " > ".join(name for name, _ in self.steps)

    @property
    def server_timing(self) -> str:
        """For `Server-Timing` (W3C): names are tokens, durations in milliseconds."""
        return ", ".join(f"{_token(name)};dur={spent:.1f}" for name, spent in self.steps)


@lru_cache(256)
def _token(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)


@dataclass(frozen=True, slots=True)
class VariantResult:
    """A variant as it is kept and as it is answered. `original`: what the original's header said.

    `stale_at` is epoch seconds, as is `last_modified`. `reworked`: encoded better than at first, or about to be.
    `where`, `trace` and `preview` tell how this answer came about and are empty in the cache; `preview` is a smaller,
    an unfinished picture: ask again. `storage`: who may keep it. `made_from`: where that was found of which it was made
    (`network`, `disk`, `ancestor` and so on).
    """

    rendered: Rendered
    variant: Variant
    original: PictureInfo
    etag: str
    last_modified: float
    stale_at: float
    tags: tuple[str, ...] = ()
    reworked: bool = False
    where: str = ""
    trace: Trace = Trace()
    preview: bool = False
    storage: Storage = "anybody"
    made_from: str = ""

    def found(self, where: str, trace: Trace, *, preview: bool = False) -> "VariantResult":
        """The same as an answer. Spelt out: `dataclasses.replace` takes as long as all else about a cached answer."""
        return VariantResult(
            self.rendered,
            self.variant,
            self.original,
            self.etag,
            self.last_modified,
            self.stale_at,
            self.tags,
            self.reworked,
            where,
            trace,
            preview,
            self.storage,
            self.made_from,
        )
