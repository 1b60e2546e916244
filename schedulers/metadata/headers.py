"""Response headers in whatever form the caller holds them, as lower-case names to their values."""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from fetchers.urls import url_text

Headers = dict[str, list[str]]

_COUNT = 200
_LINK = re.compile(r"<([^<>]{1,2000})>((?:\s*;[^,<]{0,300})*)")
_REL = re.compile(r";\s*rel\s*=\s*\"?([^\";]{1,100})\"?", re.IGNORECASE)


def read(headers: Mapping[Any, Any] | Iterable[tuple[Any, Any]]) -> Headers:
    """A mapping or pairs, of text or bytes; what is neither is left out."""
    found: Headers = {}
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    for name, value in islice(pairs, _COUNT):
        key = (name if type(name) is str else _text(name)).lower()
        text = value if type(value) is str else _text(value)
        if key in found:
            found[key].append(text)
        else:
            found[key] = [text]
    return found


def links_of(headers: Headers) -> dict[str, str]:
    """The `Link` headers (RFC 8288): rel token → the first target that bears it."""
    found: dict[str, str] = {}
    for value in headers.get("link", ())[:20]:
        for target, parameters in _LINK.findall(value[:10_000]):
            for rel in _REL.findall(parameters):
                for token in rel.lower().split():
                    found.setdefault(token, url_text(target))
    return found


def typed_link(headers: Headers, rel: str, media_type: str) -> str | None:
    """The first target that a `Link` header gives with this relation and this `type`."""
    for value in headers.get("link", ())[:20]:
        for target, parameters in _LINK.findall(value[:10_000]):
            rels = " ".join(_REL.findall(parameters)).lower().split()
            if rel in rels and media_type in parameters.lower():
                return str(target)
    return None


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
