"""Reads a request for a picture: is it allowed, what is wanted. Pure but for the clock; the same text is read once.

Signed if keys are configured and a signature is there; unsigned only for presets, when configured, or on loopback.
"""

from dataclasses import dataclass
from functools import lru_cache

from imagepipe.config import ImagesConfig
from imagepipe.errors import InvalidVariant, NotSigned
from imagepipe.model import Variant
from imagepipe.pipeline import Pipeline
from imagepipe.signing import check_expiry, verify
from imagepipe.variants import parse_variant, read_query

_REMEMBERED = 8192  # pages ask for the same few variants of the same pictures again and again
_UNSIGNED_PRESET = frozenset({"src", "preset", "preview"})


@dataclass(frozen=True, slots=True)
class Ask:
    """What a query asks for."""

    src: str
    variant: Variant
    preview: bool
    expires: str | None


class Reader:
    """Reads queries for one registry's pipelines. `unsigned` says whether anybody may ask for anything."""

    def __init__(self, config: ImagesConfig, unsigned: bool) -> None:
        self._keys = config.keys
        self._unsigned = unsigned
        self.read = lru_cache(_REMEMBERED)(self._read)

    def _read(self, path: str, query: str, pipeline: Pipeline) -> Ask:
        """What is asked; `NotSigned` or `InvalidVariant`. `expires` must be looked at each time: `check_time`."""
        parameters = read_query(query)
        self._check_signature(path, parameters)
        src = parameters.get("src")
        if not src:
            raise InvalidVariant("src: the picture's address")
        variant = parse_variant(parameters, pipeline.config.presets)
        return Ask(src, variant, parameters.get("preview") == "1", parameters.get("expires"))

    def _check_signature(self, path: str, parameters: dict[str, str]) -> None:
        if "signature" in parameters and self._keys:
            verify(path, parameters, self._keys)
        elif not (self._unsigned or ("preset" in parameters and parameters.keys() <= _UNSIGNED_PRESET)):
            raise NotSigned("signature: needed here, except for presets")


def check_time(ask: Ask, now: float) -> None:
    """`NotSigned` once the address is over."""
    if ask.expires is not None:
        check_expiry({"expires": ask.expires}, now)
