"""Numbers and names that come from outside: from the path, the query, a header or a body.

Python's own conversions take more than a store can hold: `str.isdigit` is true for `²`, `int` accepts digits of every
script, and a number of 30 digits is an integer until SQLite refuses it. Every number that a caller sends goes through
`whole_number`, or has one of the types below.
"""

import re
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar.exceptions import ClientException

from fetchers.blocked_domains import normal_name

LARGEST: Final = 2**63 - 1
"""SQLite, Cassandra and a Snowflake id hold 64 bits with a sign."""
_MOST_DIGITS = len(str(LARGEST))
_SHOWN = 40

Int64 = Annotated[int, msgspec.Meta(ge=0, le=LARGEST)]
"""A position, an id or a count in a JSON body."""


NAME = r"^(?=[._-]*[A-Za-z0-9])[A-Za-z0-9._-]{1,100}$(?!\n)"
PAGE_ID = "^[0-9]{1,19}$"
SHORT_ID = "^[0-8]?[0-9]{1,18}$"
"""As the document has ids in bodies: all digits below `LARGEST` but those of the last few centuries."""
LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$(?!\n)"
WEBHOOK_ID = "^wh_[0-9a-f]{24}$(?!\n)"
IN_WORDS: Final = {
    NAME: "takes letters, digits, . _ -; 100 characters at most, and not points and dashes alone",
    WEBHOOK_ID: "takes a webhook's id, wh_ and 24 digits of 0-9 and a-f",
    PAGE_ID: "takes the digits of a page's id; 19 at most",
    LANGUAGE: "takes a language tag such as de or pt-BR",
}
"""What a caller is told instead of the pattern."""


A_URL: Final[dict[str, Any]] = {"format": "uri"}
A_DOMAIN: Final[dict[str, Any]] = {"format": "idn-hostname"}
A_TIME: Final[dict[str, Any]] = {"anyOf": [{"format": "date-time"}, {"format": "date"}]}
A_CURSOR: Final[dict[str, Any]] = {"format": "cursor"}
"""What the document says of a text beyond its type. Each is read somewhat more kindly than it says: see the functions
below."""
UrlText = Annotated[str, msgspec.Meta(extra_json_schema=A_URL)]
DomainText = Annotated[str, msgspec.Meta(extra_json_schema=A_DOMAIN)]


_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]")
_ADDRESS = re.compile(r"[0-9.]+")
"""To the URL standard `3.14` is one, too."""
TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]((?:[01][0-9]|2[0-3]):[0-5][0-9](?::(?:[0-5][0-9]|60))?)(\.[0-9]{1,9})?"
    r"([Zz]|[-+ ][0-9]{2}:[0-9]{2})?)?"
)
"""RFC 3339; without seconds or clock, too; without an offset it is UTC. The `+` of an offset that was not escaped comes
as a space."""


class BadParameter(ClientException):
    """400: a value that cannot be what it has to be. The message names the parameter and what it takes."""


def whole_number(text: str, name: str, *, least: int = 0, most: int = LARGEST) -> int:
    """The number that `text` holds, in ASCII digits only. `name` is what the caller calls it (`Last-Event-ID`).

    Raises `BadParameter` (a 400 problem) for everything else, and for what is out of bounds.
    """
    digits = text.strip(" \t")
    if digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS and least <= int(digits) <= most:
        return int(digits)
    raise BadParameter(f"{name} is {shortened(text)}; it takes a whole number from {least} to {most}")


def domain_name(text: str, name: str = "domain") -> str:
    """A host name as it is stored: lower case, in ASCII. Raises `BadParameter` for what is none."""
    try:
        host = normal_name(text)
        if _HOST.fullmatch(host) is None or (_ADDRESS.fullmatch(host) and host not in text):
            raise ValueError("no host of DNS, and no address as people write it, so that it would never match")
        return host
    except ValueError as error:
        raise BadParameter(f"{name} is {shortened(text)}; it takes a name such as example.com") from error


def moment(text: str, name: str = "as_of") -> float:
    """Epoch seconds of a time that the caller calls `name`. Raises `BadParameter`."""
    try:
        if (said := TIME.fullmatch(text)) is None:
            raise ValueError("no time of RFC 3339, and no date")
        day, clock, fraction, offset = said.groups(default="")
        second = 1 if clock.endswith(":60") else 0  # a leap second; the day's last one is as near as a clock comes
        found = datetime.fromisoformat(f"{day}T{clock.replace(':60', ':59') or '00:00'}")
        zone = "" if offset in ("", "Z", "z") else offset.replace(" ", "+")
        found = datetime.fromisoformat(f"{found.isoformat()}{zone or '+00:00'}")
        return found.timestamp() + float(f"0{fraction}" if fraction else 0) + second
    except (ValueError, OverflowError) as error:
        raise BadParameter(
            f"{name} is {shortened(text)}; it takes a time such as 2026-11-22T10:47:34Z, or a day"
        ) from error


def shortened(text: str) -> str:
    """`text` for a person, in quotes: control characters as escapes, and not more than a line of it."""
    return ascii(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
