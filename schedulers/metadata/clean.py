"""Text as a person may see it: entities decoded, whitespace collapsed, control and bidi characters out, length bounded.

Every rule's value passes here before it counts. What comes out can be shown on one line and encoded.
"""

import html
import re
from functools import lru_cache
from unicodedata import category

import regex

TITLE_LIMIT = 300
DESCRIPTION_LIMIT = 1_000
NAME_LIMIT = 120

# Zalgo: one grapheme may carry any number of marks, so characters are bounded too.
_CHARACTERS_PER_GRAPHEME = 8
# Joiners that make emoji and several scripts (Persian, Hindi) what they are; every other format character goes.
_KEPT_FORMATS = frozenset("\u200c\u200d")
# Cc control, Cf format (bidi, soft hyphen, BOM), Cs lone surrogate, Co private use (icon fonts), Zl/Zp line ends.
_DROPPED = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,100}")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_NO_LETTER = re.compile(r"[\W_]+")
# More marks than any script stacks on one letter.
_MARKS = regex.compile(r"(\p{M}{4})\p{M}+")
# Elements that templates let slip into a text; `List<String>` has none of them.
_MARKUP = regex.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|center|cite|code|del|div|em|font|h[1-6]|i|img|ins|kbd|li|mark|nobr|ol|p|pre|q|s|script"
    r"|section|small|span|strike|strong|style|sub|sup|table|td|time|tr|tt|u|ul|var|wbr)(?![\w-])[^<>]{0,200}>",
    regex.IGNORECASE,
)
# The variables of template languages: Jinja and Vue, JavaScript, Ruby, ERB, Django, Windows' and create-react-app's,
# MODX. A title may speak of one; where one is all that stands between two separators, nobody filled it.
_VARIABLE = re.compile(
    r"\{{2,3}[^{}]{0,200}\}{2,3}|[$#]\{[^{}]{0,200}\}|<%[^%]{0,200}%>|<\?[^<>]{0,200}\?>|\{%[^%]{0,200}%\}|%{1,2}[A-Za-z_.]{2,60}%{1,2}"
    r"|__[A-Z][A-Z_]{1,60}__|\[\[[+*~$]?[\w.:-]{1,200}\]\]|\[(?:node|site|page|current-page|post|entry|term):[\w:-]{1,60}\]"
    r"|\{[$!@]?(?:page_?|post_?|og_?|meta_?)?(?:title|name|headline|description|\d)\}|[$@](?:ViewBag|Model|page|post|this)[.\w>-]{1,60}|%[sd1]"
)
# What each of them begins with.
_MARK = re.compile(r"[{$#<%\[@]|__")
_VARIABLES = re.compile(rf"(?:(?:{_VARIABLE.pattern})\s{{0,5}})+")
_PARTS = re.compile(r"[|–—·•:]|\s-\s")
_PLACEHOLDERS = frozenset(
    ("undefined", "null", "none", "nan", "[object object]", "n/a", "{{title}}", "%title%", "-", "untitled", "no title")
)

_LONGEST_PLACEHOLDER = max(map(len, _PLACEHOLDERS))


def text(value: str, limit: int = TITLE_LIMIT) -> str | None:
    """`value` cleaned and cut to `limit` graphemes; `None` where nothing to show is left."""
    if _is_clean(value, limit):
        return value
    value = " ".join(value[: limit * 40].split())
    if "&" in value:
        value = " ".join(unescape_again(value).split())
    if not value.isprintable():
        value = " ".join("".join(filter(_shown, value)).split())
    if len(value) > limit:
        value = shorten(value, limit)
    return value or None


def unescape_again(value: str) -> str:
    """`value`, which the parser has decoded once, with the entities that are left decoded.

    Templates escape what was escaped already (`&amp;#8217;`), and nobody means to show an entity. Only what ends in a
    semicolon counts: `?a=1&copy=2` holds none.
    """
    return _ENTITY.sub(lambda match: html.unescape(match.group()), value)


def _is_clean(value: str, limit: int) -> bool:
    """Most values are: nothing would change, and a test is a quarter of the work. Not so a library's own kind of text,
    which would be passed on as it is."""
    return (
        type(value) is str
        and 0 < len(value) <= limit
        and value.isprintable()
        and "&" not in value
        and "  " not in value
        and value[0] != " " != value[-1]
    )


def title(value: str, limit: int = TITLE_LIMIT) -> str | None:
    """As `filled`, without markup."""
    cleaned = filled(value, limit)
    return without_markup(cleaned) if cleaned is not None and "<" in cleaned else cleaned


def filled(value: str, limit: int = TITLE_LIMIT) -> str | None:
    """As `text`; `None` for what a template leaves where a value was missing (`null`, `{{ page.title }} | Site`)."""
    cleaned = value if _is_clean(value, limit) else text(value, limit)
    if cleaned is None or (len(cleaned) <= _LONGEST_PLACEHOLDER and cleaned.lower() in _PLACEHOLDERS):
        return None
    if (
        _MARK.search(cleaned)
        and _VARIABLE.search(cleaned)
        and (_VARIABLES.fullmatch(cleaned) or any(_VARIABLE.fullmatch(part.strip()) for part in _PARTS.split(cleaned)))
    ):
        return None
    return cleaned


def without_markup(value: str) -> str | None:
    """`value` without tags; `None` where nothing else is in it."""
    stripped = _MARKUP.sub("", value)
    return value if stripped == value else " ".join(stripped.split()) or None


def first_tag(value: str) -> tuple[int, int] | None:
    """Where the first thing that looks like a tag stands in `value`."""
    found = _MARKUP.search(value)
    return None if found is None else found.span()


def description(value: str) -> str | None:
    """`value` as a description, cleaned and cut at `DESCRIPTION_LIMIT`; None where nothing is left."""
    return title(value, DESCRIPTION_LIMIT)


def name(value: str) -> str | None:
    """`value` as a name of a person or site, cleaned and cut; None where nothing is left."""
    return title(value, NAME_LIMIT)


def media_type(value: str | None) -> str | None:
    """The essence of a media type in lower case (`text/html` of `Text/HTML; charset=utf-8`), where it is one."""
    return _essence(value[:300]) if value else None


@lru_cache(maxsize=512)
def _essence(value: str) -> str | None:
    essence = value.partition(";")[0].strip().lower()
    return essence if _MEDIA_TYPE.fullmatch(essence) else None


def shorten(value: str, graphemes: int) -> str:
    """At most `graphemes` graphemes, never half of one, cut between words where that costs little, then an ellipsis."""
    bounded = _MARKS.sub(r"\1", value[: graphemes * _CHARACTERS_PER_GRAPHEME])
    whole = regex.match(rf"\X{{0,{graphemes}}}", bounded)
    cut = whole.group() if whole else ""
    if len(cut) == len(bounded) and len(value) <= graphemes * _CHARACTERS_PER_GRAPHEME:
        return cut
    last = regex.match(rf"\X{{0,{graphemes - 1}}}", bounded)
    cut = last.group() if last else ""
    space = cut.rfind(" ", int(len(cut) * 0.8))
    return (cut[:space] if space > 0 else cut).rstrip(" ,;:-–—") + "…"


def fold(value: str) -> str:
    """Letters and digits only, lower case: how two spellings of one name are compared."""
    return _NO_LETTER.sub("", value.casefold())


def _shown(character: str) -> bool:
    return character.isprintable() or character in _KEPT_FORMATS or category(character) not in _DROPPED
