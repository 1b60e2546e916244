"""Verification of webhooks: whether a request comes from this server, and the notice in it.

receiver = WebhookReceiver(secret)
notice = receiver.read(body, headers)     # the body as it came, byte for byte
"""

import time
from collections.abc import Callable, Mapping

import msgspec

from spiderduck.client.errors import ClientError
from spiderduck.client.model import Notice
from spiderduck.webhooks.signatures import TOLERANCE_SECONDS, Verifier
from spiderduck.webhooks.signatures import WrongSignature as Wrong

_decode = msgspec.json.Decoder(Notice).decode


class WrongSignature(ClientError):
    """The request was not signed with one of the keys, or too long ago. Answer it with 400 or 401."""

    code = "wrong_signature"


class NoNotice(ClientError):
    """The request is signed, and its body is no notice: a test (`spiderduck.webhook.test`), or a newer kind. Answer it
    with 200."""

    code = "no_notice"


class WebhookReceiver:
    """Reads webhooks by the Standard Webhooks specification. `keys`: the secret (`whsec_…`) or the public key
    (`whpk_…`), or both the old and the new one during a rotation. A request that was signed more than `tolerance`
    seconds ago or ahead is refused: somebody may have kept it. Raises ValueError for what is no key."""

    def __init__(self, *keys: str, tolerance: float = TOLERANCE_SECONDS, now: Callable[[], float] = time.time) -> None:
        self._verifier = Verifier(*keys)
        self._tolerance = tolerance
        self._now = now

    def verify(self, body: bytes, headers: Mapping[str, str]) -> str:
        """The request's `webhook-id`, which is the same when it comes again: do nothing twice for it. Raises
        `WrongSignature`."""
        try:
            return self._verifier.verify(body, headers, self._now(), self._tolerance)
        except Wrong as error:
            raise WrongSignature(str(error)) from error

    def read(self, body: bytes, headers: Mapping[str, str]) -> Notice:
        """The notice, whose `id` is the `webhook-id`. Raises `WrongSignature`, `NoNotice`."""
        self.verify(body, headers)
        try:
            return _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NoNotice(f"the body is no notice: {error}") from error
