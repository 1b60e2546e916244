"""`Idempotency-Key`: makes the retry of a call safe (draft-ietf-httpapi-idempotency-key-header).

A handler that changes state names its `Retries` among its options. The first request with a key does the work; when it
went well, its answer is kept and given again to each repeat, which changes nothing. Events have a rule of their own
(`spiderduck.api.sharing.idempotency`): their queue knows a repeat by itself.

A kept answer may hold a secret that is shown once. It is encrypted with a key that is made of what the caller sends and
nobody stores: the bearer key and the `Idempotency-Key`.
"""

import hashlib
import logging
import secrets
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from litestar import Request, Response
from litestar.exceptions import ClientException, HTTPException
from litestar.params import HeaderParameter
from litestar.types import Message, Scope

from spiderduck.api.front.keys import shown_token
from spiderduck.api.parameters import shortened
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.ports import Attempt, KeptAnswers

log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]
RETRIES: Final = "retries"
"""A handler's option: its `Retries`."""
HEADER: Final = "idempotency-key"
LONGEST: Final = 255
PATTERN: Final = r"^[\x20-\x7e]+$"
MOST_KEPT: Final = 256 * 1024
"""Bytes of an answer. A longer one is given, and not kept."""
REPLAYED: Final = {"Idempotent-Replayed": "true"}
RETRY_SECONDS = "1"
NONCE_BYTES = 12
CONTEXT = "spiderduck kept answer"
_RUNNING = "spiderduck.retried_call"


class KeyReused(HTTPException):
    """The `Idempotency-Key` came with another body or query before. A new request takes a new key."""

    status_code = 422
    code = "idempotency_key_reused"


class NoAnswerYet(HTTPException):
    """A request with this `Idempotency-Key` is being worked on, or its answer was lost in a crash. Ask again; where the
    answer does not come, look whether the change was made, and take a new key."""

    status_code = 409
    code = "idempotency_key_in_use"


class KeptAnswer(msgspec.Struct, array_like=True):
    """An answer as it is given again."""

    status: int
    headers: dict[str, str]
    body: bytes


class Retries:
    """Over the answers that are kept."""

    def __init__(self, answers: KeptAnswers) -> None:
        self._answers = answers

    async def begin(self, request: AnyRequest) -> Response[bytes] | None:
        """The kept answer; None where the call has to do its work.

        Raises `ClientException` (400) for a key that cannot be one, `KeyReused`, `NoAnswerYet`, `StoreUnavailable`.
        """
        if (key := key_of(request)) is None:
            return None
        token = shown_token(request.scope)
        name = digest_of(CONTEXT, token, request.method, request.scope["path"], key)
        fingerprint = digest_of(request.scope["query_string"], await request.body())
        attempt = Attempt(name, fingerprint, secrets.token_bytes(16))
        cipher = AESGCM(digest_of(CONTEXT, "cipher", token, key))
        earlier = await self._answers.begin(attempt)
        if earlier is None:
            request.scope["state"][_RUNNING] = _Call(self._answers, attempt, cipher)
            return None
        if earlier.fingerprint != fingerprint:
            raise KeyReused("this Idempotency-Key was used with another request before; use a new key for a new one")
        if earlier.answer is None:
            raise NoAnswerYet(
                "a request with this Idempotency-Key is being worked on, or its answer was lost: ask again; where it "
                "stays so, look whether the change was made, and use a new key",
                headers={"Retry-After": RETRY_SECONDS},
            )
        return _opened(earlier.answer, cipher, name)


class _Call:
    """A call that was begun, while its answer goes out."""

    def __init__(self, answers: KeptAnswers, attempt: Attempt, cipher: AESGCM) -> None:
        self._answers = answers
        self._attempt = attempt
        self._cipher = cipher
        self._answer = KeptAnswer(500, {}, b"")

    async def see(self, message: Message) -> None:
        """Each message before it goes out, so that no caller has an answer that was not kept."""
        if message["type"] == "http.response.start":
            kept = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"])
            headers = {name: value for name, value in kept if name in ("content-type", "cache-control")}
            self._answer = KeptAnswer(message["status"], headers, b"")
        elif message["type"] == "http.response.body":
            self._answer.body += message["body"][: MOST_KEPT + 1 - len(self._answer.body)]
            if not message.get("more_body"):
                await self._end()

    async def _end(self) -> None:
        try:
            if self._answer.status < 400 and len(self._answer.body) <= MOST_KEPT:
                await self._answers.keep(self._attempt, self._closed())
            else:  # nothing was changed, and the mended request may have the same key
                await self._answers.free(self._attempt)
        except StoreUnavailable as error:  # what was changed stands, and is told
            log.warning("the answer to a request with an Idempotency-Key is not kept: %s", error)

    def _closed(self) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, msgspec.msgpack.encode(self._answer), self._attempt.name)


def _opened(closed: bytes, cipher: AESGCM, name: bytes) -> Response[bytes]:
    try:
        plain = cipher.decrypt(closed[:NONCE_BYTES], closed[NONCE_BYTES:], name)
    except InvalidTag as error:
        raise StoreUnavailable("an answer that was kept for an Idempotency-Key is damaged; use a new key") from error
    answer = msgspec.msgpack.decode(plain, type=KeptAnswer)
    return Response(
        answer.body,
        status_code=answer.status,
        media_type=answer.headers.pop("content-type", None),
        headers={**answer.headers, **REPLAYED},
    )


async def answer_retry(request: AnyRequest) -> Response[bytes] | None:
    """Litestar's `before_request`, behind the guards: the kept answer, where the call is a repeat."""
    retries: Retries | None = request.route_handler.opt.get(RETRIES)
    return None if retries is None else await retries.begin(request)


async def keep_answer(message: Message, scope: Scope) -> None:
    """Litestar's `before_send`."""
    call: _Call | None = scope["state"].get(_RUNNING)
    if call is not None:
        await call.see(message)


def key_of(request: AnyRequest) -> str | None:
    """The request's `Idempotency-Key`. Raises `ClientException` (400) for one that cannot be one."""
    given = request.headers.getall(HEADER, [])
    if len(given) > 1:  # a proxy, the caller and we could each mean another one
        raise ClientException("send one Idempotency-Key header")
    key = given[0] if given else None
    if key is None or (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        return key
    raise ClientException(f"Idempotency-Key is {shortened(key)}; it takes 1 to {LONGEST} printable ASCII characters")


def digest_of(*parts: str | bytes) -> bytes:
    """32 bytes for several texts, none of which can pass for another's end."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part if isinstance(part, bytes) else part.encode()
        digest.update(b"%d:" % len(encoded) + encoded)
    return digest.digest()


def header_parameter(description: str) -> HeaderParameter:
    """The header as a parameter of a call, with what a repeat does there."""
    return HeaderParameter(
        name="Idempotency-Key",
        required=False,
        description=description,
        min_length=1,
        max_length=LONGEST,
        pattern=PATTERN,
    )
