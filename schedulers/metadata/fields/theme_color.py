"""The colour that the site gives browsers for their frame; the one for light surroundings where there are two."""

import re

from schedulers.metadata.ladder import Ladder, meta
from schedulers.metadata.page import HtmlPage

# CSS colours that need no parser of expressions: hexadecimal, functional and named.
_COLOUR = re.compile(r"^(?:#[0-9a-f]{3,8}|(?:rgb|hsl|hwb|lab|lch|oklab|oklch)a?\([\d\s.,%/a-z-]{1,60}\)|[a-z]{3,20})$")
_NO_COLOUR = frozenset(("none", "inherit", "initial", "auto", "undefined", "null", "transparent", "default"))

LADDER = Ladder(*meta("theme-color", "msapplication-tilecolor", "msapplication-navbutton-color"))

_LIMIT = 200


def read(page: HtmlPage) -> str | None:
    return LADDER.climb(page, colour, "theme_color")


def colour(value: str) -> str | None:
    """`value` in lower case where it is a colour, else `None`."""
    if len(value) > _LIMIT:
        return None
    value = value.strip().lower()
    return value if _COLOUR.match(value) and value not in _NO_COLOUR else None
