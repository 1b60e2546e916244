"""Secrets and signatures of Standard Webhooks 1.0.0: `v1` (HMAC-SHA256) and `v1a` (Ed25519). Pure.

What is signed is `id.timestamp.body`, so an id must not hold a point.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SECRET_PREFIX, PRIVATE_PREFIX, PUBLIC_PREFIX = "whsec_", "whsk_", "whpk_"
SECRET_BYTES = 32
SEED_BYTES = 32
SHORTEST_SECRET, LONGEST_SECRET = 24, 64
"""Bytes, by the specification."""
TOLERANCE_SECONDS = 300
MOST_SIGNATURES = 32
"""Of one request that are looked at."""
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


class WrongSignature(ValueError):
    """A request that no known sender signed, or that is too old. The message says which."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The secret that both sides share, and the seed of the key that only the sender has."""

    secret: bytes = field(repr=False)
    seed: bytes = field(repr=False)

    @property
    def shown_secret(self) -> str:
        """`whsec_…`, for the receiver."""
        return SECRET_PREFIX + _text(self.secret)

    @property
    def public_key(self) -> str:
        """`whpk_…`, for everybody."""
        return PUBLIC_PREFIX + _text(self._private.public_key().public_bytes_raw())

    def signatures(self, identity: str, timestamp: int, body: bytes) -> tuple[str, str]:
        """`v1,…` and `v1a,…` of a request."""
        content = signed_content(identity, timestamp, body)
        symmetric = hmac.new(self.secret, content, hashlib.sha256).digest()
        return f"v1,{_text(symmetric)}", f"v1a,{_text(self._private.sign(content))}"

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def signed_content(identity: str, timestamp: int | str, body: bytes) -> bytes:
    """The bytes that a signature is of."""
    return f"{identity}.{timestamp}.".encode() + body


def sign(pairs: Sequence[KeyPair], identity: str, now: float, body: bytes) -> tuple[tuple[str, str], ...]:
    """The three headers of a request sent `now` (epoch seconds), signed with each of `pairs`, the newest first."""
    timestamp = int(now)
    signatures = [one for pair in pairs for one in pair.signatures(identity, timestamp, body)]
    return (ID, identity), (TIMESTAMP, str(timestamp)), (SIGNATURE, " ".join(signatures))


class Verifier:
    """Whether a request comes from the holder of one of `keys`: secrets (`whsec_…`, or base64 alone) or public keys
    (`whpk_…`). Two of them while a secret is being rotated. Raises ValueError for what is no key."""

    def __init__(self, *keys: str) -> None:
        if not keys:
            raise ValueError("give the webhook's secret (whsec_…) or its public key (whpk_…)")
        self._secrets: list[bytes] = []
        self._public: list[Ed25519PublicKey] = []
        for key in keys:
            if key.startswith(PUBLIC_PREFIX):
                self._public.append(Ed25519PublicKey.from_public_bytes(_bytes(key.removeprefix(PUBLIC_PREFIX))))
                continue
            secret = _bytes(key.removeprefix(SECRET_PREFIX))
            if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
                raise ValueError(f"a webhook's secret has {SHORTEST_SECRET} to {LONGEST_SECRET} bytes, in base64")
            self._secrets.append(secret)

    def verify(self, body: bytes, headers: Mapping[str, str], now: float, tolerance: float = TOLERANCE_SECONDS) -> str:
        """The request's `webhook-id`. `body` is what came, byte for byte; names of `headers` in any case; `now` is in
        epoch seconds, and a request that was signed more than `tolerance` seconds from it is refused.

        Raises `WrongSignature`.
        """
        given = {name.lower(): value for name, value in headers.items()}
        identity, timestamp, signatures = (given.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
        if not identity or not timestamp or not signatures:
            raise WrongSignature(f"one of the headers {ID}, {TIMESTAMP} and {SIGNATURE} is missing")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise WrongSignature(f"{TIMESTAMP} is no time")
        if abs(int(timestamp) - now) > tolerance:
            raise WrongSignature(f"it was signed more than {tolerance:g} seconds from now")
        content = signed_content(identity, timestamp, body)
        if any(self._matches(version, signature, content) for version, signature in _listed(signatures)):
            return identity
        raise WrongSignature("none of its signatures is one of the sender's")

    def _matches(self, version: str, signature: bytes, content: bytes) -> bool:
        if version == "v1":
            ours = (hmac.new(secret, content, hashlib.sha256).digest() for secret in self._secrets)
            return any(hmac.compare_digest(one, signature) for one in ours)
        return version == "v1a" and any(_is_signed_by(key, signature, content) for key in self._public)


def _is_signed_by(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _listed(header: str) -> Iterator[tuple[str, bytes]]:
    """Version and bytes of each signature that can be read."""
    for one in header.split(" ", MOST_SIGNATURES)[:MOST_SIGNATURES]:
        version, _, text = one.partition(",")
        try:
            yield version, base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a webhook's key is base64 behind whsec_ or whpk_") from error
