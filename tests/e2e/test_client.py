"""The Python client against the real process."""

import pytest

from schedulers.model import Status
from spiderduck.client import ApiError, AsyncClient, Client
from tests.e2e.product import Product
from tests.origin import Origin, page

pytestmark = pytest.mark.e2e

URL = "http://news.test/duck"


def test_share_look_up_and_subscribe(origin: Origin, product: Product) -> None:
    origin.answers["news.test/duck"] = page("A duck")
    with Client(str(product.client.base_url)) as links:
        queue = links.queue("team", wait=0.0)
        with pytest.raises(ApiError) as caught:
            links.page("7")
        assert (caught.value.status, caught.value.code) == (404, "not_found")
        assert caught.value.request_id
        links.request("PUT", "/v1/queues/team")
        accepted = links.send_events({"id": "one", "text": f"look: {URL}"})
        assert [event.links for event in accepted.events] == [[URL]]  # type: ignore[union-attr]
        (record,) = links.look_up(URL, wait=20)
        assert record.metadata is not None
        assert (record.status, record.metadata.title) == (Status.FETCHED, "A duck")
        assert record.page_id is not None
        assert links.page(record.page_id).url == URL
        assert len(links.history(record.page_id)) == 1
        assert links.unfurl(URL).title == "A duck"
        told = next(queue)
        assert (told.event_id, told.data.url) == ("one", URL)
        told = next(links.notices(after="0", domain="news.test"))
        assert (told.event_id, told.outcome) == ("one", "fetched")


async def test_the_asynchronous_client_does_the_same(origin: Origin, product: Product) -> None:
    origin.answers["news.test/duck"] = page("A duck")
    async with AsyncClient(str(product.client.base_url)) as links:
        assert (await links.unfurl(URL, wait=20)).title == "A duck"
        async for told in links.notices(after="0"):
            assert told.data.url == URL
            break
