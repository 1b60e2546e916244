"""The secrets of webhooks as they are stored: encrypted with AES-256-GCM, so that a copy of the store signs nothing.

The key is made of a text among the settings or in the data folder. Several texts open what each of them closed; the
first closes, so that a key can be replaced.
"""

import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from spiderduck.webhooks.errors import NoSecretKey
from spiderduck.webhooks.model import SealedSecret
from spiderduck.webhooks.signatures import SECRET_BYTES, SEED_BYTES, KeyPair

NONCE_BYTES = 12
CONTEXT = b"spiderduck webhook secret"


class Vault:
    """Makes, closes and opens key pairs."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._ciphers = [AESGCM(hashlib.sha256(CONTEXT + b"\n" + key.encode()).digest()) for key in keys]

    def make(self, webhook_id: str) -> tuple[KeyPair, SealedSecret]:
        """A new key pair, for one webhook. Raises `NoSecretKey`."""
        if not self._ciphers:
            raise NoSecretKey(
                "webhooks.keys is empty, and in a cluster every process must know the key that the secrets are "
                "encrypted with; set the same for all"
            )
        pair = KeyPair(secrets.token_bytes(SECRET_BYTES), secrets.token_bytes(SEED_BYTES))
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._ciphers[0].encrypt(nonce, pair.secret + pair.seed, _bound_to(webhook_id))
        return pair, SealedSecret(sealed, pair.public_key)

    def open(self, webhook_id: str, secret: SealedSecret) -> KeyPair:
        """Raises `NoSecretKey`."""
        if (pair := self._opened(webhook_id, secret)) is None:
            raise NoSecretKey(
                f"the secret of webhook {webhook_id} was encrypted with another key than those of webhooks.keys; set "
                "that key again, or rotate the secret"
            )
        return pair

    def open_all(self, webhook_id: str, newest_first: Sequence[SealedSecret]) -> list[KeyPair]:
        """Those that can be opened: the newest must, and an older one may have been closed with a key that nobody has
        any more. Raises `NoSecretKey`."""
        newest, *older = newest_first
        opened = (self._opened(webhook_id, one) for one in older)
        return [self.open(webhook_id, newest), *(one for one in opened if one is not None)]

    def opens(self, webhook_id: str, secret: SealedSecret) -> bool:
        """Whether one of the keys does."""
        return self._opened(webhook_id, secret) is not None

    def _opened(self, webhook_id: str, secret: SealedSecret) -> KeyPair | None:
        nonce, closed = secret.sealed[:NONCE_BYTES], secret.sealed[NONCE_BYTES:]
        for cipher in self._ciphers:
            try:
                plain = cipher.decrypt(nonce, closed, _bound_to(webhook_id))
            except InvalidTag:
                continue
            return KeyPair(plain[:SECRET_BYTES], plain[SECRET_BYTES:])
        return None


def _bound_to(webhook_id: str) -> bytes:
    """A secret that is moved to another webhook's row opens nothing."""
    return CONTEXT + b"\n" + webhook_id.encode()
