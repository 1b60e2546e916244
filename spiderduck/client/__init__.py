"""A client of the API, for Python programs: `Client` for ordinary code, `AsyncClient` for asyncio.

    from spiderduck.client import Client

    with Client("http://127.0.0.1:8080") as links:
        card = links.unfurl("https://example.com/duck")
        for notice in links.notices():
            remember(notice.data)

`WebhookReceiver` verifies what the server posts to a webhook.

Read `calls.py` for what each call sends and gives; `sync.py` and `asynchronous.py` only differ in how they wait.
"""

from schedulers.card import Card
from schedulers.metadata import Metadata
from spiderduck.api.sharing.accepted import Accepted
from spiderduck.api.urls.resolved import Resolved
from spiderduck.client.asynchronous import AsyncClient
from spiderduck.client.errors import ApiError, ClientError, Unreachable
from spiderduck.client.model import Notice, UrlRecord
from spiderduck.client.sync import Client
from spiderduck.client.webhooks import NoNotice, WebhookReceiver, WrongSignature

__all__ = [
    "Accepted",
    "ApiError",
    "AsyncClient",
    "Card",
    "Client",
    "ClientError",
    "Metadata",
    "NoNotice",
    "Notice",
    "Resolved",
    "Unreachable",
    "UrlRecord",
    "WebhookReceiver",
    "WrongSignature",
]
