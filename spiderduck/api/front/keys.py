"""Who may do what: bearer keys with scopes, asked for as soon as keys are set.

A call names its scope where it is defined; one that names none is open (health, the documentation). Answers follow
RFC 6750: 401 and 403 carry `WWW-Authenticate`.
"""

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Headers, MutableScopeHeaders
from litestar.exceptions import (
    ClientException,
    NotAuthorizedException,
    PermissionDeniedException,
    TooManyRequestsException,
)
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Message, Scope

from groundwork.clock import Clock
from spiderduck.api.front.client_address import Network, client_address, client_group, read_networks
from spiderduck.api.front.throttle import Buckets, FailedCalls, Rate
from spiderduck.config import Config
from spiderduck.keyring import ADMIN, FETCH, READ, WRITE, Key, KeyFile, Keyring

__all__ = [
    "ADMIN",
    "ANY_KEY",
    "FETCH",
    "KEY_PARAMETER",
    "READ",
    "WRITE",
    "KeyGuard",
    "ScopeGuard",
    "guard_of",
    "name_of",
    "open_guard",
    "send_rate_limit",
    "shown_token",
]

log = logging.getLogger(__name__)

Connection = ASGIConnection[Any, Any, Any, Any]
CHALLENGE = 'Bearer realm="spiderduck"'
CALLER = "spiderduck.caller"
RATE_LIMIT = "spiderduck.rate_limit"
KEY_PARAMETER = "key_parameter"
"""A handler's option: the parameter of its path or query that may hold the key."""
ANY_KEY = "any_key"
"""A handler's option: it asks for a key itself, and any will do."""
GUARD = "key_guard"
"""Where the application's state holds its guard."""


class KeyGuard:
    """A Litestar guard: reads `scope` from the handler's options.

    `open_without_keys`: where no keys are set, anybody may do anything, which is right on loopback alone. `count` gets
    a word for every call that was refused: `missing`, `unknown`, `expired`, `slowed_down`, `scope`, `rate`. `proxies`
    are those whose `X-Forwarded-For` names the client.
    """

    def __init__(
        self,
        keys: Keyring,
        clock: Clock,
        rate: Rate,
        *,
        open_without_keys: bool = True,
        proxies: Sequence[Network] = (),
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._rate = rate
        self._open_without_keys = open_without_keys
        self._proxies = proxies
        self._count = count
        self._failed = FailedCalls(rate.wrong_keys)
        self._buckets = Buckets()
        self._used: dict[str, float] = {}

    def known(self) -> list[tuple[Key, float | None]]:
        """The keys of people and programs, each with when it was last shown to this process (epoch seconds)."""
        known = [key for key in self._keys.known() if key.limited]
        self._used = {key.digest: self._used[key.digest] for key in known if key.digest in self._used}
        return [(key, self._used.get(key.digest)) for key in known]

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        if len(_authorizations(connection.scope)) > 1:  # a proxy and we could each read another one
            raise ClientException("send one Authorization header")
        self.require(connection, handler.opt.get("scope"))

    def require(self, connection: Connection, scope: str | None) -> None:
        """Raises where the caller's key lacks `scope`. None asks for nothing; where no keys are set, everything is open
        on loopback. A call takes one token of its key's bucket, however often it is looked at."""
        if scope is None or (self._open_without_keys and not self._keys.asks):
            return
        state = connection.scope["state"]
        key = state.get(CALLER)
        if not isinstance(key, Key):
            key = self._identify(connection)
            state[CALLER] = key
            self._used[key.digest] = self._clock.now()
            self._take(connection, key)
        if not key.may(scope):
            self._count("scope")
            challenge = f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'
            raise PermissionDeniedException(f"this key lacks the scope {scope!r}", headers=_challenge(challenge))

    def may(self, connection: Connection, scope: str) -> bool:
        """Whether the caller, who passed the guard, may do this as well."""
        try:
            self.require(connection, scope)
        except PermissionDeniedException:
            return False
        return True

    def shows_key(self, connection: Connection, scope: str) -> bool:
        """Whether the call shows a key that has `scope`, where keys are set at all. A wrong one counts as in
        `require`, and raises where its sender has to wait."""
        if not self._keys.asks or not _token(connection.headers.get("authorization", "")):
            return False
        try:
            self.require(connection, scope)
        except (NotAuthorizedException, PermissionDeniedException):
            return False
        return True

    def recognises(self, scope: Scope) -> bool:
        """Whether a request shows a key that is in force, whatever it may do. A wrong one counts as in `require`, and
        raises where its sender has to wait."""
        token = shown_token(scope)
        if not token or not self._keys.asks:
            return False
        key = self._keys.find(token)
        if key is not None and not key.has_expired(self._clock.now()):
            return True
        self._refuse(self._source(scope), key)
        return False

    def _identify(self, connection: Connection) -> Key:
        given = _token(connection.headers.get("authorization", "")) or _in_address(connection)
        if not given:
            self._count("missing")
            raise NotAuthorizedException("send a key: Authorization: Bearer KEY", headers=_challenge(CHALLENGE))
        key = self._keys.find(given)
        if key is not None and not key.has_expired(self._clock.now()):
            return key
        self._refuse(self._source(connection.scope), key)
        detail = "this key is not known" if key is None else "this key has expired"
        challenge = f'{CHALLENGE}, error="invalid_token", error_description="{detail}"'
        raise NotAuthorizedException(detail, headers=_challenge(challenge))

    def _refuse(self, source: str, key: Key | None) -> None:
        """Counts and logs the wrong key. Raises where its sender has to wait."""
        now = self._clock.monotonic()
        wait = self._failed.wait(source, now)
        self._count("slowed_down" if wait else "unknown" if key is None else "expired")
        if (calls := self._failed.to_log(source, now)) is not None:
            which = "keys that are not known" if key is None else f"the key {key.name!r}, which has expired"
            log.warning("%s sends %s (calls since the last such line: %d)", source, which, calls)
        if wait:
            raise TooManyRequestsException(
                "too many wrong keys came from this address", headers={"Retry-After": str(math.ceil(wait))}
            )
        self._failed.failed(source, now)

    def _source(self, scope: Scope) -> str:
        client = scope.get("client")
        peer = str(client[0]) if client else ""
        forwarded = ",".join(Headers.from_scope(scope).getall("x-forwarded-for", []))
        return client_group(client_address(peer, forwarded, self._proxies))

    def _take(self, connection: Connection, key: Key) -> None:
        rate = Rate(key.per_second or self._rate.per_second, key.burst or self._rate.burst)
        if not key.limited or not rate.per_second:
            return
        taken = self._buckets.take(key.digest, rate, self._clock.monotonic())
        connection.scope["state"][RATE_LIMIT] = taken.headers
        if taken.wait:
            self._count("rate")
            raise TooManyRequestsException(
                f"this key may make {rate.per_second:g} calls a second, {rate.burst} at once",
                headers={"Retry-After": str(math.ceil(taken.wait))},
            )


class ScopeGuard:
    """The same for handlers of other packages, which do not know our scopes."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        guard_of(connection).require(connection, self.scope)


def open_guard(config: Config, clock: Clock, count: Callable[[str], None]) -> KeyGuard:
    """The guard of this process, over its settings and its file of keys. Raises `BadSetting`."""
    configured = config.api.configured()
    if config.api.keys:
        log.warning(
            "api.keys holds keys in plain, which still works; `spiderduck keys create NAME` makes keys that are stored "
            "hashed in %s and can be revoked without a restart",
            config.keys_path,
        )
    keys = Keyring(configured, KeyFile(config.keys_path, clock.monotonic))
    limit = config.api.rate_limit
    rate = Rate(limit.per_second, limit.burst, limit.wrong_keys)
    proxies = read_networks(config.api.trusted_proxies)
    return KeyGuard(keys, clock, rate, open_without_keys=config.on_loopback, proxies=proxies, count=count)


def guard_of(connection: Connection) -> KeyGuard:
    """The guard of the application that a call belongs to."""
    guard: KeyGuard = connection.app.state[GUARD]
    return guard


def shown_token(scope: Scope) -> str:
    """The bearer key that a call shows, valid or not; empty without one."""
    given = _authorizations(scope)
    return _token(given[0]) if len(given) == 1 else ""


def name_of(connection: Connection) -> str | None:
    """The name of the key that a call showed; None where it needed none."""
    return key_name(connection.scope)


def key_name(scope: Any) -> str | None:
    """The same by the call's scope, which need not have come as far as the guard."""
    key = scope.get("state", {}).get(CALLER)
    return key.name if isinstance(key, Key) else None


async def send_rate_limit(message: Message, scope: Scope) -> None:
    """Litestar's `before_send`: tells the holder of a key what is left, on errors as well."""
    if message["type"] == "http.response.start" and (headers := scope["state"].get(RATE_LIMIT)):
        given = MutableScopeHeaders.from_message(message)
        for name, value in headers.items():
            given[name] = value


def _authorizations(scope: Scope) -> list[str]:
    return Headers.from_scope(scope).getall("authorization", [])


def _token(authorization: str) -> str:
    """The key of a header; the scheme's case does not matter (RFC 9110, section 11.1)."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _in_address(connection: Connection) -> str:
    """A key in the path or the query, for the handlers that name the parameter: their clients can send no header."""
    handler = connection.scope.get("route_handler")
    name = None if handler is None else handler.opt.get(KEY_PARAMETER)
    if name is None:
        return ""
    return str(connection.path_params.get(name) or connection.query_params.get(name) or "")


def _challenge(value: str) -> dict[str, str]:
    return {"WWW-Authenticate": value}
