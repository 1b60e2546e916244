"""Reads a request for a picture: is it allowed, what is wanted. Pure but for the clock; the same text is read once.

A signature that is given must be right. Who may ask without one is decided in `access.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from imagepipe.codecs.registry import Codecs
from imagepipe.config import ImagesConfig
from imagepipe.errors import InvalidVariant
from imagepipe.model import Variant
from imagepipe.originals.source_rules import check_source
from imagepipe.pipeline import Pipeline
from imagepipe.signing import check_expiry, verify
from imagepipe.variants.negotiation import resolve
from imagepipe.variants.query import parse_variant, read_query

_REMEMBERED = 8192  # pages ask for the same few variants of the same pictures again and again
_SHORT = 1024  # bytes; longer ones are rare, and would fill 8 KiB each


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """What a query asks for; `src` as the URL standard writes it. `signed`: by one of our keys.
    `own_filters`: it names filters itself, not through a preset.
    """

    src: str
    variant: Variant
    preview: bool
    expires: str | None
    signed: bool
    own_filters: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """What a request's headers say that matters to a picture."""

    accept: str
    save_data: bool
    if_none_match: str | None
    if_modified_since: str | None

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]]) -> "Client":
        """From the headers as ASGI has them: names in lower case, in the order sent."""
        found = dict(headers)
        return cls(
            found.get(b"accept", b"").decode("latin-1"),
            found.get(b"save-data", b"").lower() == b"on",
            _text(found.get(b"if-none-match")),
            _text(found.get(b"if-modified-since")),
        )

    @property
    def conditional(self) -> bool:
        return self.if_none_match is not None or self.if_modified_since is not None


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


class RequestReader:
    """Reads queries for one registry's pipelines.

    `read(path, query, pipeline, accept, save_data)` gives the `PictureRequest`, the variant as this client gets it, and
    its key; it raises `NotSigned`, `InvalidVariant` or `UnsupportedFormat`. `expires` must be looked at each time
    (`check_time`).
    """

    def __init__(self, config: ImagesConfig, codecs: Codecs) -> None:
        self._keys = config.keys
        self._codecs = codecs
        self._remembered = lru_cache(_REMEMBERED)(self._read)

    def read(
        self, path: str, query: bytes, pipeline: Pipeline, accept: str, save_data: bool
    ) -> tuple[PictureRequest, Variant, str]:
        """What is asked; short queries are read once."""
        read = self._remembered if len(query) + len(accept) <= _SHORT else self._read
        return read(path, query, pipeline, accept, save_data)

    def _read(
        self, path: str, query: bytes, pipeline: Pipeline, accept: str, save_data: bool
    ) -> tuple[PictureRequest, Variant, str]:
        parameters = read_query(query.decode("latin-1"))
        signed = self._is_signed(path, parameters)
        src = parameters.get("src")
        if not src:
            raise InvalidVariant("src: the picture's URL")
        src = check_source(src, pipeline.config.allow_hosts)
        variant = parse_variant(parameters, pipeline.config.presets)
        if variant.format != "auto":
            self._codecs.writer(variant.format)  # refused before anything is fetched for it
        preview, expires = parameters.get("preview") == "1", parameters.get("expires")
        ask = PictureRequest(src, variant, preview, expires, signed, own_filters="filters" in parameters)
        wish = resolve(variant, accept, save_data, pipeline.config.quality)
        return ask, wish, wish.key

    def _is_signed(self, path: str, parameters: dict[str, str]) -> bool:
        if "signature" not in parameters or not self._keys:
            return False
        verify(path, parameters, self._keys)
        return True


def check_time(ask: PictureRequest, now: float) -> None:
    """`NotSigned` once the address is over."""
    if ask.expires is not None:
        check_expiry({"expires": ask.expires}, now)
