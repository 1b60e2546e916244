"""Secrets that come from files: `NAME_file` beside every secret setting, `…__NAME_FILE` in the environment.

A setting is a secret when its field is left out of `repr`; the same mark keeps it out of whatever is printed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_origin

import msgspec

SUFFIX = "_file"
MOST_BYTES = 1024 * 1024


def secret_of(name: str, shape: Any) -> Any | None:
    """The field that `name` gives a file for: `token` for `token_file`. None where `name` is a setting itself, or its
    stem is no secret."""
    fields = getattr(shape, "__dataclass_fields__", {})
    if name in fields or not name.endswith(SUFFIX):
        return None
    field = fields.get(name.removesuffix(SUFFIX))
    return field if field is not None and not field.repr else None


def resolve(tree: dict[str, Any], shape: Any, place: str = "") -> None:
    """Put what the files hold in the place of their names, in `tree` and below. Raises ValueError."""
    for name, value in list(tree.items()):
        field = secret_of(name, shape)
        if field is not None:
            if field.name in tree:
                raise ValueError(f"{place}{field.name} and {place}{name} are both set; it takes one of them")
            tree[field.name] = read_secret(value, field.type, f"{place}{name}")
            del tree[name]
            continue
        known = getattr(shape, "__dataclass_fields__", {}).get(name)
        if known is not None and isinstance(value, dict) and hasattr(known.type, "__dataclass_fields__"):
            resolve(value, known.type, f"{place}{name}.")


def read_secret(path: object, kind: Any, place: str) -> Any:
    """A file's text without the newline at its end. A list is JSON, or one entry a line; a table is JSON.

    Raises ValueError, which names the setting and never shows what the file holds.
    """
    if not isinstance(path, str) or not path:
        raise ValueError(f"{place} takes the name of a file")
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        text = content.decode().rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"{place} is {path}, which cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ValueError(f"{place} is {path}, which holds no UTF-8 text") from None
    if len(content) > MOST_BYTES:
        raise ValueError(f"{place} is {path}, which is larger than {MOST_BYTES} bytes")
    if not text:
        raise ValueError(f"{place} is {path}, which is empty")
    origin = get_origin(kind)
    if origin is tuple and not text.startswith("["):
        return [line.strip() for line in text.splitlines() if line.strip()]
    if origin is None:
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise ValueError(f"{place} is {path}, which holds no JSON") from None


def secret_variable(environment: Mapping[str, str], name: str) -> str | None:
    """The variable, or what the file holds that `…_FILE` names; None without either. Raises ValueError."""
    path = environment.get(f"{name}_FILE")
    if path is None:
        return environment.get(name)
    if name in environment:
        raise ValueError(f"{name} and {name}_FILE are both set; it takes one of them")
    return str(read_secret(path, str, f"{name}_FILE"))
