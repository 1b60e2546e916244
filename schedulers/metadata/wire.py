"""The JSON of a page's metadata: two objects that the record keeps side by side, the values and their provenance."""

import msgspec

from schedulers.metadata.model import Metadata, Provenance, Usage

_ENCODER = msgspec.json.Encoder()
_METADATA = msgspec.json.Decoder(Metadata)
_USAGE = msgspec.json.Decoder(Usage)
_PROVENANCE = msgspec.json.Decoder(dict[str, Provenance])


def encode_metadata(metadata: Metadata) -> bytes:
    """The values of `metadata` as JSON, without provenance and usage; fields that it does not have are left out."""
    return _ENCODER.encode(msgspec.structs.replace(metadata, provenance={}, usage=None))


def encode_usage(metadata: Metadata) -> bytes | None:
    """What may be done with the page; None where it does not say."""
    return None if metadata.usage is None else _ENCODER.encode(metadata.usage)


def decode_usage(usage: bytes | None) -> Usage | None:
    """The inverse. Raises `msgspec.DecodeError`."""
    return None if usage is None else _USAGE.decode(usage)


def encode_provenance(metadata: Metadata) -> bytes:
    """The provenance of `metadata` as JSON: field → the rule that won and what the others offered."""
    return _ENCODER.encode(metadata.provenance)


def decode_metadata(values: bytes, provenance: bytes = b"{}") -> Metadata:
    """The inverse of the two above. Raises `msgspec.DecodeError` where `values` or `provenance` is not what they
    wrote."""
    return msgspec.structs.replace(_METADATA.decode(values), provenance=_PROVENANCE.decode(provenance))
