"""Parsing, with this package's own error."""

from fetchers import urls as whatwg
from schedulers.errors import InvalidUrl


def parse_url(text: str, base: str | None = None) -> str:
    """The WHATWG serialisation of `text`, relative to `base` where that is given. Raises `InvalidUrl`."""
    try:
        return whatwg.parse(text, base)
    except ValueError as error:
        raise InvalidUrl(str(error)) from error
