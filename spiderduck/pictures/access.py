"""Who may ask `/images` for which picture, in the product: the image pipelines' `Access` port.

A picture belongs to a record when a stored page has it for its image or icon. The store says so where it is at hand;
an image process on its own asks the API.
"""

import json
from collections.abc import Sequence
from typing import Protocol

import httpx
from cachetools import TLRUCache

from fetchers.ports import UrlPolicy
from groundwork.clock import Clock
from groundwork.front.browsers import BrowserRules
from imagepipe.errors import RecordsUnavailable
from imagepipe.service.access import Connection
from spiderduck.api.client_address import Network, client_address, client_group
from spiderduck.api.keys import FETCH, guard_of
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.ports import Lookups

OWNED_SECONDS, NOT_OWNED_SECONDS = 60.0, 2.0
"""A picture that no record has can belong to one in a moment: somebody shared the page just now."""
MOST_REMEMBERED = 10_000
ASK_SECONDS = 3.0


class Owners(Protocol):
    """Knows the records' pictures."""

    async def owns(self, src: str) -> bool:
        """Raises `RecordsUnavailable` where nobody can say now."""


class NoRecords:
    """Where there are none, or nobody can be asked."""

    async def owns(self, src: str) -> bool:
        return False


class StoredRecords:
    """Asks the store."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups

    async def owns(self, src: str) -> bool:
        """Whether a stored record has the picture `src`. Raises `RecordsUnavailable`."""
        try:
            return await self._lookups.owns_picture(src)
        except StoreUnavailable as error:
            raise RecordsUnavailable("the store does not answer at the moment") from error


def _remembered_until(_src: str, owned: bool, now: float) -> float:
    return now + (OWNED_SECONDS if owned else NOT_OWNED_SECONDS)


class RecordsOfApi:
    """Asks the API, and remembers its answers for a moment."""

    def __init__(self, url: str, http: httpx.AsyncClient, clock: Clock) -> None:
        """`url` of the API; `http` sends a key with the scope `read`."""
        self._url = f"{url.rstrip('/')}/v1/pictures"
        self._http = http
        self._known: TLRUCache[str, bool, float] = TLRUCache(MOST_REMEMBERED, _remembered_until, clock.monotonic)

    async def owns(self, src: str) -> bool:
        owned = self._known.get(src)
        if owned is None:
            owned = self._known[src] = await self._ask(src)
        return owned

    async def _ask(self, src: str) -> bool:
        try:
            answer = await self._http.get(self._url, params={"url": src}, timeout=ASK_SECONDS)
            answer.raise_for_status()
            return bool(answer.json()["owned"])
        except (httpx.HTTPError, json.JSONDecodeError, KeyError, TypeError) as error:
            raise RecordsUnavailable("the API, which knows the records, does not answer at the moment") from error


class PictureAccess:
    """The `Access` port."""

    def __init__(self, owners: Owners, policy: UrlPolicy, proxies: Sequence[Network], rules: BrowserRules) -> None:
        self._policy = policy
        self._proxies = proxies
        self._rules = rules
        self.owns = owners.owns

    def blocked(self, src: str) -> str | None:
        found = self._policy.verdict(src)
        return None if found is None else found.reason

    def client(self, connection: Connection) -> str:
        peer = connection.client.host if connection.client is not None else ""
        forwarded = ",".join(connection.headers.getall("x-forwarded-for", []))
        return client_group(client_address(peer, forwarded, self._proxies))

    def has_key(self, connection: Connection) -> bool:
        return guard_of(connection).shows_key(connection, FETCH)

    def is_foreign(self, connection: Connection) -> bool:
        return self._rules.foreign(list(connection.scope["headers"])) is not None
