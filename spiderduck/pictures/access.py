"""Who may ask `/images` for which picture, in the product: the image pipelines' `Access` port.

A picture belongs to a record when a stored page has it for its image or icon. The store says so where it is at hand;
an image process on its own asks the API.
"""

import json
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import httpx
from cachetools import TLRUCache

from fetchers.ports import UrlPolicy
from groundwork.clock import Clock
from groundwork.front.browsers import BrowserRules
from imagepipe.errors import RecordsUnavailable
from imagepipe.service.access import Connection
from spiderduck.api.front.client_address import Network, client_address, client_group
from spiderduck.api.front.keys import FETCH, guard_of
from spiderduck.errors import StoreUnavailable
from spiderduck.lists.watching import Lists
from spiderduck.lists.withheld_pictures import WithheldPictures, may_withhold
from spiderduck.stores.ports import Lookups

OWNED_SECONDS, WITHHELD_SECONDS, NOT_OWNED_SECONDS = 60.0, 60.0, 2.0
"""A picture that no record has can belong to one in a moment: somebody shared the page just now."""
MOST_REMEMBERED = 10_000
ASK_SECONDS = 3.0


class Owners(Protocol):
    """Knows the records' pictures."""

    async def owns(self, src: str) -> bool:
        """Raises `RecordsUnavailable` where nobody can say now."""

    async def withheld(self, src: str) -> str | None:
        """Why a picture is given to nobody. Raises `RecordsUnavailable`."""


class NoRecords:
    """Where there are none, or nobody can be asked."""

    async def owns(self, src: str) -> bool:
        return False

    async def withheld(self, src: str) -> str | None:
        return None


class StoredRecords:
    """Asks the store."""

    def __init__(self, lookups: Lookups, withheld: WithheldPictures) -> None:
        self._lookups = lookups
        self._withheld = withheld

    async def owns(self, src: str) -> bool:
        """Whether a stored record has the picture `src`. Raises `RecordsUnavailable`."""
        try:
            return await self._lookups.owns_picture(src)
        except StoreUnavailable as error:
            raise RecordsUnavailable("the store does not answer at the moment") from error

    async def withheld(self, src: str) -> str | None:
        """See `Owners`."""
        try:
            return await self._withheld.because(src)
        except StoreUnavailable as error:
            raise RecordsUnavailable("the store does not answer at the moment") from error


class _Known(NamedTuple):
    """What the API said of a picture."""

    owned: bool
    withheld: str | None


def _remembered_until(_src: str, known: _Known, now: float) -> float:
    if known.withheld is not None:
        return now + WITHHELD_SECONDS
    return now + (OWNED_SECONDS if known.owned else NOT_OWNED_SECONDS)


class RecordsOfApi:
    """Asks the API, and remembers its answers for a moment."""

    def __init__(self, url: str, http: httpx.AsyncClient, clock: Clock, lists: Lists) -> None:
        """`url` of the API; `http` sends a key with the scope `read`. Where none of `lists` blocks anything, signed
        pictures need no API."""
        self._lists = lists
        self._revision = 0
        self._url = f"{url.rstrip('/')}/v1/pictures"
        self._http = http
        self._known: TLRUCache[str, _Known, float] = TLRUCache(MOST_REMEMBERED, _remembered_until, clock.monotonic)

    async def owns(self, src: str) -> bool:
        return (await self._of(src)).owned

    async def withheld(self, src: str) -> str | None:
        """See `Owners`. What the API said stays right for a minute at most, and until something is taken down."""
        if not may_withhold(self._lists, src):
            return None
        if self._revision != self._lists.takedowns.revision:
            self._known.clear()
            self._revision = self._lists.takedowns.revision
        return (await self._of(src)).withheld

    async def _of(self, src: str) -> _Known:
        known = self._known.get(src)
        if known is None:
            known = self._known[src] = await self._ask(src)
        return known

    async def _ask(self, src: str) -> _Known:
        try:
            answer = await self._http.get(self._url, params={"url": src}, timeout=ASK_SECONDS)
            answer.raise_for_status()
            found = answer.json()
            return _Known(bool(found["owned"]), found.get("withheld"))
        except (httpx.HTTPError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise RecordsUnavailable("the API, which knows the records, does not answer at the moment") from error


class PictureAccess:
    """The `Access` port."""

    def __init__(self, owners: Owners, policy: UrlPolicy, proxies: Sequence[Network], rules: BrowserRules) -> None:
        self._policy = policy
        self._proxies = proxies
        self._rules = rules
        self.owns = owners.owns
        self.withheld = owners.withheld

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
