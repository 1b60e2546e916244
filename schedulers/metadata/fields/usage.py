"""What may be done with the page, from every signal that a site can give: one value for each question, the strictest.

`<meta name=robots>` and `X-Robots-Tag` (Google's documentation of both; `noai` and `noimageai` are DeviantArt's),
`Content-Signal` (contentsignals.org), AIPREF's `Content-Usage` (draft-ietf-aipref-attach), the TDM Reservation Protocol
(W3C community group, 2024), Really Simple Licensing (rslstandard.org). What robots.txt says comes with the answer.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from schedulers.metadata import dates
from schedulers.metadata.headers import typed_link
from schedulers.metadata.model import Provenance, Robots, Signal, Usage
from schedulers.metadata.options import ReadingOptions
from schedulers.metadata.page import HtmlPage

_VALUES = 10
_LONGEST = 5_000
_PREVIEWS = ("none", "standard", "large")
_VALUED = ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")
_SCOPED = re.compile(r"\s*([a-z0-9_*.-]{1,60})\s*:\s*(.*)", re.DOTALL)
# Only commas part directives, by the documentation; templates write spaces and semicolons too.
_LIST = re.compile(r"[,;\s]+")
_RULES_OF = {
    "noindex": ("index",),
    "nofollow": ("follow",),
    "noarchive": ("archive",),
    "nocache": ("archive",),
    "nosnippet": ("snippet",),
    "noimageindex": ("image_index",),
    "notranslate": ("translate",),
    "none": ("index", "follow"),
    "noai": ("ai_input", "ai_train", "ai_images"),
    "noimageai": ("ai_images",),
}
_ROBOTS_NAMES = {name: f"no{name.replace('_', '')}" for name in ("index", "follow", "archive", "snippet", "translate")}
# Names of the vocabularies in one set: Content-Signal's own, and those of AIPREF's drafts.
_SIGNALS = {
    "search": ("search",),
    "ai-input": ("ai_input",),
    "ai-use": ("ai_input",),
    "ai-output": ("ai_input",),
    "ai-train": ("ai_train",),
    "train-ai": ("ai_train",),
    "train-genai": ("ai_train",),
    "genai": ("ai_train",),
    "ai": ("ai_train", "ai_input"),
    "tdm": ("tdm",),
}
_SAID = {"yes": True, "y": True, "?1": True, "no": False, "n": False, "?0": False}
_RSL_TYPE = "application/rsl+xml"
_RSL = re.compile(r"<(?:rsl:)?prohibits\b[^<>]{0,100}\busage\b[^<>]{0,100}>([^<>]{0,500})</", re.IGNORECASE)
_RSL_USES = {
    "all": ("search", "ai_input", "ai_train"),
    "ai-all": ("ai_input", "ai_train"),
    "ai": ("ai_input", "ai_train"),
    "ai-train": ("ai_train",),
    "train-ai": ("ai_train",),
    "ai-input": ("ai_input",),
    "ai-use": ("ai_input",),
    "ai-index": ("ai_input",),
    "search": ("search",),
}

Said = tuple[str, bool | int | str]
"""A field of `Usage` and its value."""


def read(page: HtmlPage, options: ReadingOptions) -> Usage | None:
    """Everything that is said; `None` where nothing is."""
    found: dict[str, Signal] = {}
    for source, values in _by_source(page, options):
        for said, value in values:
            _take(found, said, Signal(value, source))
    return Usage(**found) if found else None


def robots_of(usage: Usage | None) -> Robots | None:
    """The part that the classic directives say."""
    if usage is None:
        return None
    given: dict[str, object] = {}
    for field, name in (*_ROBOTS_NAMES.items(), ("image_index", "noimageindex")):
        if (signal := getattr(usage, field)) is not None:
            given[name] = True
    for field in ("max_snippet", "max_image_preview", "max_video_preview", "unavailable_after"):
        if (signal := getattr(usage, field)) is not None:
            given[field] = signal.value
    return Robots(**given) if given else None  # type: ignore[arg-type]


def provenance_of(usage: Usage) -> Provenance:
    """Where the first of its values stands; each value names its own source."""
    first = next(one for field in usage.__struct_fields__ if (one := getattr(usage, field)) is not None)
    return Provenance(first.source)


def _by_source(page: HtmlPage, options: ReadingOptions) -> Iterator[tuple[str, Iterable[Said]]]:
    meta, headers = page.meta, page.headers
    for name in dict.fromkeys(("robots", options.product.lower())):
        for value in meta.get(name, ())[:_VALUES]:
            yield (
                f"meta:{name}",
                _directives(_LIST.split(value.lower()) if ":" not in value else value.lower().split(",")),
            )
    for value in headers.get("x-robots-tag", ())[:_VALUES]:
        yield "header:x-robots-tag", _directives(_addressed(value, options.product.lower()))
    for name in ("content-signal", "content-usage"):
        for value in headers.get(name, ())[:_VALUES]:
            yield f"header:{name}", _signals(value)
    # What robots.txt says of a longer path comes first, and for the same question it alone counts.
    usage = [one for one in options.preferences if one.startswith("usage: ")]
    if usage:
        yield "robots.txt", _first_of_each(said for one in usage for said in _signals(one.removeprefix("usage: ")))
    for name in ("tdm-reservation", "tdm-policy"):
        for place, values in (("header", headers.get(name)), ("meta", meta.get(name))):
            if values:
                yield f"{place}:{name}", _tdm(name, values[0], page)
    for name in ("tdm-reservation", "tdm-policy"):
        for one in options.preferences:
            if one.startswith(f"{name}: "):
                yield "tdmrep.json", _tdm(name, one.removeprefix(f"{name}: "), page)
    yield from _licenses(page, options.preferences)


def _take(found: dict[str, Signal], field: str, new: Signal) -> None:
    """The stricter of two stays; of equal ones the first."""
    old = found.get(field)
    if old is None or _strictness(field, new.value) > _strictness(field, old.value):
        found[field] = new


def _strictness(field: str, value: bool | int | str) -> float:
    if isinstance(value, bool):
        return float(not value)
    if isinstance(value, int):
        return -float(value)
    return -float(_PREVIEWS.index(value)) if field == "max_image_preview" else 0.0


def _addressed(value: str, product: str) -> list[str]:
    """The directives of a header for everybody and for `product`. A crawler's name holds for what follows it
    (`googlebot: noindex, nofollow, otherbot: none`)."""
    ours, concerned = [], True
    for part in value[:_LONGEST].lower().split(","):
        scoped = _SCOPED.match(part)
        if scoped is not None and scoped[1] not in _VALUED and not _is_date_part(part):
            concerned = scoped[1] in (product, "*")
            part = scoped[2]
        if concerned:
            ours.append(part)
    return ours


def _is_date_part(part: str) -> bool:
    """`25 jun 2027 15:00:00 gmt` has colons too."""
    return part.lstrip()[:1].isdigit()


def _directives(parts: list[str]) -> Iterator[Said]:
    for part, following in pairwise((*parts[: 10 * _VALUES], "")):
        name, _, argument = part.strip().partition(":")
        name, argument = name.strip(), argument.strip()
        for field in _RULES_OF.get(name, ()):
            yield field, False
        if name in ("max-snippet", "max-video-preview"):
            if argument.isdecimal() and len(argument) <= 9:  # -1 means no limit
                yield name.replace("-", "_"), int(argument)
        elif name == "max-image-preview" and argument in _PREVIEWS:
            yield "max_image_preview", argument
        elif name.startswith("unavailable_after"):
            yield from _until(part.partition("unavailable_after")[2].lstrip(" :"), following)


def _until(text: str, following: str) -> Iterator[Said]:
    """The date may hold a comma (RFC 822)."""
    for written in (text, f"{text},{following}"):
        if (moment := dates.iso(written)) is not None:
            yield "unavailable_after", moment
            return


def _signals(value: str) -> Iterator[Said]:
    """`search=yes, ai-train=no`; parameters behind a semicolon say nothing here."""
    for part in value[:_LONGEST].lower().split(",")[: 10 * _VALUES]:
        name, _, argument = part.partition(";")[0].strip().partition("=")
        said = _SAID.get(argument.strip().strip('"'))
        if said is not None:
            for field in _SIGNALS.get(name.strip(), ()):
                yield field, said


def _first_of_each(said: Iterable[Said]) -> Iterator[Said]:
    first: dict[str, bool | int | str] = {}
    for field, value in said:
        first.setdefault(field, value)
    yield from first.items()


def _tdm(name: str, value: str, page: HtmlPage) -> Iterator[Said]:
    if name == "tdm-policy":
        if (url := page.absolute(value.strip())) is not None:
            yield "tdm_policy", url
    elif value.strip() in ("0", "1"):
        yield "tdm", value.strip() == "0"


def _licenses(page: HtmlPage, preferences: tuple[str, ...]) -> Iterator[tuple[str, Iterable[Said]]]:
    """Where the terms lie, and what those written into the page prohibit."""
    for link in page.links.get("license", ())[:_VALUES]:
        if (link.get("type") or "").strip().lower() == _RSL_TYPE and (url := page.absolute(link.get("href"))):
            yield "link:license", [("license", url)]
    if "link" in page.headers and (url := page.absolute(typed_link(page.headers, "license", _RSL_TYPE))) is not None:
        yield "header:link", [("license", url)]
    for one in preferences:
        if one.startswith("license: ") and (url := page.absolute(one.removeprefix("license: ").strip())):
            yield "robots.txt", [("license", url)]
    for text in page.rsl:
        yield "rsl", list(_prohibited(text))


def _prohibited(text: str) -> Iterator[Said]:
    for uses in _RSL.findall(text[: 10 * _LONGEST]):
        for use in uses.lower().replace(",", " ").split():
            for field in _RSL_USES.get(use, ()):
                yield field, False
