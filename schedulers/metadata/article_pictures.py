"""The best picture in a page's body, by place, declared size and name; sprites, pixels, avatars, logos and ads are out.

Asker by `fields/image` when the head names none. A picture must earn its place, and none is better than somebody's
logo.
"""

import re
from collections.abc import Iterator
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from schedulers.metadata import clean
from schedulers.metadata.addresses import absolute
from schedulers.metadata.body import is_hidden
from schedulers.metadata.model import Image

CANDIDATES = 60
# Characters of a `<noscript>`, and pictures in one; sources of a `<picture>`.
NOSCRIPT = 5_000
_PER_NOSCRIPT = 3
_SOURCES = 10
# An undeclared size may be anything, so such a picture needs its place (article, figure) to be taken.
ENOUGH = 2.0
_HIDDEN = 10

# Names of files and hosts to see through: spacers, counters, ads. A word within a longer name may be the subject
# (`pixel-phone.jpg`, `loading-dock.jpg`).
_SIZES = r"(?:[-_.]?(?:\d{1,2}x\d{1,2}|\d{1,2}|image|img|gif|px|small|black|white|grey|gray))?"
_DECORATION = re.compile(
    rf"/(?:spacer|blank|pixel|transparent|clear|1x1|1px|dot|sprites?|placeholder|loading|spinner|loader|no[-_]?(?:image|img|photo|picture|thumb)"
    rf"|default[-_]?(?:image|img|thumb|thumbnail)|smilies|beacon|tracking[-_]?pixel|trans){_SIZES}"
    r"(?:[-_](?:available|found))?\.(?:gif|png|jpe?g|webp|svg)(?:$|[?#])"
    r"|/(?:pagead|smilies|sprites|adserver|adsystem|piwik\.php|matomo\.php|b/ss)(?=[/?]|$)"
    r"|^https?://(?:[^/]*\.)?(?:scorecardresearch|doubleclick|quantserve|feedburner|google-analytics|googletagmanager|amazon-adsystem)\.[a-z]+/"
    r"|^https?://(?:www\.)?facebook\.com/tr(?=[/?]|$)|^https?://(?:pixel|beacon|ads|adserver|stats|counter)\.|^https?://[^/]*gravatar\.com/"
)
_SUSPECT = (
    *(
        "spacer",
        "blank",
        "pixel",
        "trans",
        "clear",
        "1x1",
        "1px",
        "/dot",
        "sprite",
        "placeholder",
        "loading",
        "spinner",
        "loader",
    ),
    *(
        "noimage",
        "no-i",
        "no_i",
        "nophoto",
        "no-p",
        "no_p",
        "nopicture",
        "nothumb",
        "no-t",
        "no_t",
        "/default",
        "smilies",
        "beacon",
    ),
    *(
        "tracking",
        "pagead",
        "adserver",
        "adsystem",
        "piwik",
        "matomo",
        "/b/ss",
        "scorecard",
        "doubleclick",
        "quantserve",
    ),
    *("feedburner", "google-an", "googletag", "facebook.com/tr", "//ads", "//stats", "//counter", "gravatar"),
)
_SMALL_ROLE = re.compile(
    r"avatar|logo|icon|badge|author|profile|emoji|button|sponsor|advert|banner|share|social|thumb", re.I
)
_OUTSIDE = frozenset(("nav", "footer", "aside", "header", "form", "noscript", "button"))
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-hi-res-src", "data-full-src", "data-image", "src")
_SET = ("srcset", "data-srcset", "data-lazy-srcset")
_DIGITS = re.compile(r"^\s*(\d{1,5})(?:px)?\s*$")


def is_decoration(url: str) -> bool:
    """Whether an address shows that the picture carries nothing: spacers, counters, placeholders, ads."""
    address = url[:600].lower()
    # Most addresses hold none of the words anywhere, which takes a third of the time to see.
    for word in _SUSPECT:
        if word in address:
            return _DECORATION.search(address) is not None
    return False


def best_picture(tree: LexborHTMLParser, base: str) -> Image | None:
    """The picture with the highest score, if one scores enough; of equals the first."""
    best: Image | None = None
    highest = ENOUGH
    for place, (node, within) in enumerate(islice(_candidates(tree), CANDIDATES)):
        url = absolute(_source(node), base)
        if url is None or is_decoration(url):
            continue
        score = _score(node, url, place) + _place_score(within)
        if is_hidden(within) or (node is not within and is_hidden(node)):
            score -= _HIDDEN
        if score > highest:
            alt = node.attributes.get("alt")
            width, height = _sides(node)
            best = Image(url, width, height, None, clean.text(alt) if alt else None)
            highest = score
    return best


def _candidates(tree: LexborHTMLParser) -> Iterator[tuple[LexborNode, LexborNode]]:
    """Each picture with the element that says where it lies; a lazy loader's stand in the text of a `<noscript>`."""
    body = tree.body
    for node in body.css("img,noscript")[:CANDIDATES] if body is not None else ():
        if node.tag == "img":
            yield node, node
        elif "<img" in (text := node.text()[:NOSCRIPT]):
            for picture in LexborHTMLParser(text, is_fragment=True).css("img")[:_PER_NOSCRIPT]:
                yield picture, node


def _source(node: LexborNode) -> str | None:
    """The largest of a source set, then the address that a lazy loader would put in, then `src`."""
    attributes = node.attributes
    sets = [attributes.get(name) for name in _SET]
    parent = node.parent
    if parent is not None and parent.tag == "picture":
        sets += [one.attributes.get(name) for one in islice(parent.iter(), _SOURCES) for name in _SET]
    for value in sets:
        if value and (url := _largest(value)):
            return url
    for name in _LAZY:
        value = attributes.get(name)
        if value and not value.startswith("data:"):
            return value
    return None


def _largest(source_set: str) -> str | None:
    """The candidate with the largest width or density; commas inside URLs are followed by no space."""
    best, size = None, 0.0
    for candidate in re.split(r",\s+", source_set[:10_000])[:30]:
        url, _, descriptor = candidate.strip().partition(" ")
        number = descriptor.strip().rstrip(",wx")
        value = float(number) if number.replace(".", "", 1).isdecimal() else 1.0
        if url and not url.startswith("data:") and value > size:
            best, size = url, value
    return best


def _sides(node: LexborNode) -> tuple[int | None, int | None]:
    sides = []
    for name in ("width", "height"):
        match = _DIGITS.match(node.attributes.get(name) or "")
        sides.append(int(match[1]) or None if match else None)
    return sides[0], sides[1]


def _score(node: LexborNode, url: str, place: int) -> float:
    attributes = node.attributes
    width, height = _sides(node)
    words = " ".join(attributes.get(name) or "" for name in ("class", "id", "alt"))[:300]
    score = _size_score(width, height) - min(place, 20) * 0.05
    if _SMALL_ROLE.search(words) or _SMALL_ROLE.search(url.rsplit("/", 1)[-1][:200]):
        score -= 3
    if url.split("?", 1)[0].lower().endswith((".svg", ".gif", ".ico")):
        score -= 1.5
    if len((attributes.get("alt") or "").split()) >= 3:
        score += 0.5
    return score


def _size_score(width: int | None, height: int | None) -> float:
    if width is None and height is None:
        return 0.5
    if min(width or height or 0, height or width or 0) < 100:
        return -5
    if width and height and not 0.3 <= width / height <= 4:
        return -1
    return 2.5 if (width or 0) * (height or width or 0) >= 90_000 or (width or 0) >= 400 else 1


def _place_score(node: LexborNode) -> float:
    score, one = 0.0, node.parent
    for _ in range(12):
        if one is None or one.tag == "body":
            break
        tag = one.tag
        if tag in _OUTSIDE:
            score -= 4
        elif tag in ("article", "main"):
            score += 1.5
        elif tag in ("figure", "picture"):
            score += 1
        one = one.parent
    return score
