"""Settings of a process: one TOML file, every key also an environment variable, as one checked dataclass.

`[rate_limit] burst = 4` is `PREFIX_RATE_LIMIT__BURST=4`. What is given on the command line beats the environment, the
environment beats the file, the file beats the defaults. Lists and tables in the environment are JSON; a list of texts
may also be separated by commas. A secret (a field that is left out of `repr`) may come from a file: `token_file = "…"`,
or `…__TOKEN_FILE`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from groundwork.secret_files import read_secret, resolve, secret_of

T = TypeVar("T")

_EXPECTED = re.compile(r"Expected `(?P<kind>\w+)(?: \| null)?`, got `\w+`")
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "array": "a list",
    "object": "a table",
}


class SettingError(ValueError):
    """A setting that cannot be; the sentence names it, what it holds and what it takes."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where settings come from. Of the `environment`, names that begin with `prefix` are settings but for those in
    `others` (also by what they begin with, where that ends with "_"); with `lenient`, those that are none are passed
    over. `places` are settings that have a name of their own there: `{"epoch_ms": "layout.epoch_ms"}`."""

    file: Path | None
    environment: Mapping[str, str]
    prefix: str
    others: frozenset[str] = frozenset()
    lenient: bool = False
    places: Mapping[str, str] = field(default_factory=dict)

    def is_other(self, name: str) -> bool:
        """Whether the variable is no setting, although it begins like one."""
        return name in self.others or any(name.startswith(other) for other in self.others if other.endswith("_"))


def load(shape: type[T], sources: Sources, overrides: Mapping[str, object] | None = None) -> T:
    """Read, merge, convert. `overrides` that are None were not given. Raises `SettingError`; what the dataclass
    itself refuses is the caller's to check."""
    tree, variables = _given(shape, sources)
    tree.update({name: value for name, value in (overrides or {}).items() if value is not None})
    _check_names(tree, shape, "")
    try:
        return msgspec.convert(tree, shape, strict=False)
    except msgspec.ValidationError as error:
        raise SettingError(_readable(error, tree, shape, variables)) from error


def origins(shape: type[Any], sources: Sources) -> dict[str, str]:
    """Where each setting that was given comes from, by its dotted name: the file, or a variable of the environment.
    What is not in it has its default. Raises `SettingError`."""
    tree, variables = _given(shape, sources)
    found = {name: str(sources.file) for name in _names(tree, shape, "")}
    return {**found, **variables}


def _given(shape: type[Any], sources: Sources) -> tuple[dict[str, Any], dict[str, str]]:
    """What file and environment say together, and which variable set what."""
    tree: dict[str, Any] = {} if sources.file is None else _read(sources.file)
    try:
        resolve(tree, shape)
        return tree, _put_environment(tree, shape, sources)
    except ValueError as error:
        raise SettingError(str(error)) from error


def _names(tree: Mapping[str, Any], shape: Any, place: str) -> Iterator[str]:
    """The dotted names of all values in a tree."""
    fields = _fields(shape)
    for name, value in tree.items():
        kind = fields[name].type if name in fields else None
        if isinstance(value, Mapping) and hasattr(kind, "__dataclass_fields__"):
            yield from _names(value, kind, f"{place}{name}.")
        else:
            yield f"{place}{name}"


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(msgspec.toml.decode(file.read_bytes()))
    except FileNotFoundError as error:
        raise SettingError(f"there is no settings file {file}; leave --config away to run with the defaults") from error
    except (OSError, msgspec.DecodeError) as error:
        raise SettingError(f"the settings file {file} cannot be read: {error}") from error


def _put_environment(tree: dict[str, Any], shape: Any, sources: Sources) -> dict[str, str]:
    """`…__TOKEN_FILE` is read, unless a setting has that very name (`keys_file`). Returns which variable set what."""
    ours: dict[str, list[str]] = {}
    for name in sources.environment:
        if name.startswith(sources.prefix) and not sources.is_other(name):
            place = name.removeprefix(sources.prefix).lower().replace("__", ".")
            ours[name] = sources.places.get(place, place).split(".")
    variables = {}
    for name, path in ours.items():
        section = _shape_at(shape, path[:-1])
        secret = secret_of(path[-1], section)
        known = secret or _fields(section).get(path[-1])
        if known is None and sources.lenient:
            continue
        if secret is None:
            value: object = _parsed(sources.environment[name], known)
        elif name.removesuffix("_FILE") in ours:
            raise SettingError(f"{name.removesuffix('_FILE')} and {name} are both set; it takes one of them")
        else:
            path = [*path[:-1], secret.name]
            value = read_secret(sources.environment[name], secret.type, name)
        _put(tree, path, value)
        variables[".".join(path)] = name
    return variables


def _shape_at(shape: Any, path: list[str]) -> Any:
    """The dataclass of a section; None where there is none."""
    for name in path:
        found = _fields(shape).get(name)
        shape = None if found is None else found.type
    return shape


def _parsed(value: str, known: Any | None) -> object:
    """Lists and tables as JSON; everything else stays text, which is converted to what the setting takes."""
    if value[:1] in "[{":
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            return value
    if known is not None and get_origin(known.type) is tuple and get_args(known.type)[0] is str:
        return [entry for one in value.split(",") if (entry := one.strip())]
    return value


def _put(tree: dict[str, Any], path: list[str], value: object) -> None:
    for name in path[:-1]:
        below = tree.setdefault(name, {})
        if not isinstance(below, dict):
            raise SettingError(f"{'.'.join(path)} cannot be set: {name} is no table")
        tree = below
    tree[path[-1]] = value


def _check_names(tree: Mapping[str, Any], shape: Any, place: str) -> None:
    """A misspelt setting must not be passed over in silence, in lists and tables of tables neither."""
    fields = _fields(shape)
    for name, value in tree.items():
        if name not in fields:
            known = ", ".join(sorted(fields))
            raise SettingError(f"there is no setting {place}{name}; {place or 'the top level'} takes: {known}")
        _check_below(value, fields[name].type, f"{place}{name}")


def _check_below(value: object, kind: Any, place: str) -> None:
    """`value` is a table, a list of tables, or a table of them: whatever its type says."""
    if hasattr(kind, "__dataclass_fields__"):
        if isinstance(value, Mapping):
            _check_names(value, kind, f"{place}.")
        return
    for inner in get_args(kind):
        if get_origin(kind) in (tuple, list) and isinstance(value, list | tuple):
            for number, one in enumerate(value):
                _check_below(one, inner, f"{place}[{number}]")
        elif isinstance(value, Mapping):
            for name, one in value.items():
                _check_below(one, inner, f"{place}.{name}")


def _fields(shape: Any) -> dict[str, Any]:
    return getattr(shape, "__dataclass_fields__", {})


def _readable(error: msgspec.ValidationError, tree: Mapping[str, Any], shape: Any, variables: Mapping[str, str]) -> str:
    """The setting by the name that it was given under, and the value where it is no secret."""
    text, _, place = str(error).partition(" - at `$.")
    place = place.rstrip("`")
    if not place:
        return text
    found, named = _EXPECTED.fullmatch(text), variables.get(place, place)
    *sections, name = place.split(".")
    known, value = _fields(_shape_at(shape, sections)).get(name), _at(tree, place)
    if found is None or known is None or not known.repr or isinstance(value, Mapping | list):
        return f"{named}: {text}"
    return f"{named} is {value!r}; it takes {_WORDS.get(found['kind'], found['kind'])}"


def _at(tree: Mapping[str, Any], place: str) -> object:
    value: Any = tree
    for name in place.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
