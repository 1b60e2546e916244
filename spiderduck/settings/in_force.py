"""All settings by their dotted names, as they may be shown: what is secret is left out, whoever asks."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec

HIDDEN = "(hidden)"
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


def settings_of(section: Any, place: str = "") -> Iterator[tuple[str, object]]:
    """Name and value of each, as plain values. A field that is left out of `repr` is a secret: only whether it is set
    is told. Of addresses, what stands before the @ is left out."""
    for one in fields(section):
        value = getattr(section, one.name)
        if is_dataclass(value):
            yield from settings_of(value, f"{place}{one.name}.")
        else:
            yield f"{place}{one.name}", _plain(value) if one.repr or not value else HIDDEN


def _plain(value: object) -> object:
    """Lists hold sections of their own, which may have secrets."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return dict(settings_of(value))
    found = msgspec.to_builtins(value)
    return _CREDENTIALS.sub(f"{HIDDEN}@", found) if isinstance(found, str) else found
