"""Signed picture addresses, so that nobody can make a server render what its owner did not ask for. Pure.

The rule, for every language: take all parameters but `signature`, sort them by name, encode names and values with
percent-encoding (letters, digits and `-._~` stay), join with `=` and `&`; put the path and `?` in front; HMAC-SHA256
with the key; base64url without padding; append as `signature`.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from urllib.parse import quote

from imagepipe.errors import NotSigned


def canonical(path: str, parameters: Mapping[str, str]) -> str:
    """What is signed."""
    pairs = sorted((name, value) for name, value in parameters.items() if name != "signature")
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    return f"{path}?{query}"


def sign(path: str, parameters: Mapping[str, str], key: str) -> str:
    """The signature."""
    digest = hmac.new(key.encode(), canonical(path, parameters).encode(), sha256).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def verify(path: str, parameters: Mapping[str, str], keys: Iterable[str]) -> None:
    """`NotSigned` unless one of the keys made the signature. Takes the same time wherever the difference is."""
    given = parameters.get("signature", "")
    right = False
    for key in keys:
        right |= hmac.compare_digest(sign(path, parameters, key).encode(), given.encode())
    if not right:
        raise NotSigned("signature: missing or wrong")


def check_expiry(parameters: Mapping[str, str], now: float) -> None:
    """`NotSigned` where `expires` (epoch seconds) is over or no number."""
    text = parameters.get("expires")
    if text is None:
        return
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise NotSigned("expires: epoch seconds")
    if int(text) <= now:
        raise NotSigned("expires: this address is over")
