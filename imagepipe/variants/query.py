"""From a query string to a `Variant`: names, ranges, presets. Pure; every refusal names the parameter and its range."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from imagepipe.errors import InvalidVariant
from imagepipe.model import FITS, MAX_SIDE, Quality, Variant
from imagepipe.rendering.filters import parse_filters
from imagepipe.rendering.render import check_variant

MAX_QUERY = 8192


@dataclass(frozen=True, slots=True)
class Parameter:
    """One name of the query: the variant's field it fills, and how its text is read."""

    field: str
    read: Callable[[str], object]


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else -1
        if not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return read


def _ratio(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 8:
        raise ValueError("a number from 0.1 to 8")
    return value


def _flag(text: str) -> bool:
    if text not in ("0", "1", "true", "false"):
        raise ValueError("0 or 1")
    return text in ("1", "true")


def _fit(text: str) -> str:
    if text not in FITS:
        raise ValueError(", ".join(FITS))
    return text


def _quality(text: str) -> Quality:
    if text == "fine":
        return "fine"
    try:
        return _whole(1, 100)(text)
    except ValueError:
        raise ValueError("a whole number from 1 to 100, or fine") from None


def _format(text: str) -> str:
    return {"jpg": "jpeg"}.get(text.lower(), text.lower())


PARAMETERS: dict[str, Parameter] = {
    "w": Parameter("width", _whole(1, MAX_SIDE)),
    "h": Parameter("height", _whole(1, MAX_SIDE)),
    "fit": Parameter("fit", _fit),
    "format": Parameter("format", _format),
    "q": Parameter("quality", _quality),
    "dpr": Parameter("dpr", _ratio),
    "gravity": Parameter("gravity", str),
    "bg": Parameter("background", lambda text: text.lower().removeprefix("#")),
    "enlarge": Parameter("enlarge", _flag),
    "animate": Parameter("animate", _flag),
    "copyright": Parameter("keep_copyright", _flag),
    "filters": Parameter("filters", parse_filters),
}
NOT_ABOUT_LOOKS = frozenset({"src", "preset", "expires", "signature", "preview"})


def read_query(query: str) -> dict[str, str]:
    """The parameters by name; each at most once. Raises `InvalidVariant`."""
    if len(query) > MAX_QUERY:
        raise InvalidVariant(f"query: at most {MAX_QUERY} characters")
    pairs = parse_qsl(query, keep_blank_values=True)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidVariant("query: every parameter at most once")
    return found


def parse_variant(parameters: Mapping[str, str], presets: Mapping[str, str]) -> Variant:
    """The variant that the parameters describe; they override those of a preset. Raises `InvalidVariant`."""
    wanted = dict(parameters)
    name = wanted.get("preset")
    if name is not None:
        if name not in presets:
            raise InvalidVariant(f"preset {name!r} is unknown; known: {', '.join(presets) or 'none'}")
        wanted = {**read_query(presets[name]), **wanted}
    fields: dict[str, object] = {}
    for key, text in wanted.items():
        if key not in NOT_ABOUT_LOOKS:
            parameter = _known(key)
            fields[parameter.field] = _read(key, parameter, text)
    variant = Variant(**fields)  # type: ignore[arg-type]  # each reader gives its field's type
    check_variant(variant)
    return variant


def _known(key: str) -> Parameter:
    parameter = PARAMETERS.get(key)
    if parameter is None:
        raise InvalidVariant(
            f"parameter {key!r} is unknown; known: {', '.join((*PARAMETERS, *sorted(NOT_ABOUT_LOOKS)))}"
        )
    return parameter


def _read(key: str, parameter: Parameter, text: str) -> object:
    try:
        return parameter.read(text)
    except ValueError as error:
        raise InvalidVariant(f"{key}: {error}; got {text!r}") from error
