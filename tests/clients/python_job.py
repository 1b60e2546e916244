"""The main job through a client that was generated from the OpenAPI document: share a link, wait for it, show its card.

Run by `tests/e2e/test_generated_clients.py` with the generated package `spider_duck_client` on the path.
"""

import json
import sys

from spider_duck_client import Client  # type: ignore[import-not-found]
from spider_duck_client.api.cards import unfurl  # type: ignore[import-not-found]
from spider_duck_client.api.events import send_events  # type: ignore[import-not-found]
from spider_duck_client.api.look_ups import look_up_urls  # type: ignore[import-not-found]
from spider_duck_client.models import Batch, PlainEvent  # type: ignore[import-not-found]

base, url = sys.argv[1:]
links = Client(base_url=base)
sent = send_events.sync(client=links, body=PlainEvent(id="python", text=f"look: {url}"))
found = [link for event in sent.events for link in event.links]
(record,) = look_up_urls.sync(client=links, body=Batch(urls=found, wait_ms=20_000)).results
card = unfurl.sync(client=links, url_query=url)
refused = unfurl.sync_detailed(client=links, url_query="http://[")
told = {
    "status": str(record.status),
    "title": record.metadata.title,
    "card": card.title,
    "code": json.loads(refused.content)["code"],
}
json.dump(told, sys.stdout)
