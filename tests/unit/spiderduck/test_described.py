"""The OpenAPI document: names that are unique, parameters that are never null, and shapes that say what is read."""

from types import SimpleNamespace
from typing import Any

import jsonschema
import msgspec
import pytest
from litestar import Litestar
from litestar.openapi import OpenAPIConfig

from schedulers.errors import UnreadableEvent
from schedulers.events import read_event
from schedulers.model import Redirect, Status, UrlState
from spiderduck.api.compat.handlers import compat_routes
from spiderduck.api.contract.described import document_of, operation_id
from spiderduck.api.contract.shapes import PUBLISHED
from spiderduck.api.notices.queues import queue_routes
from spiderduck.api.notices.stream import stream_routes
from spiderduck.api.urls.lookups import lookup_routes
from spiderduck.api.urls.recent import recent_routes
from spiderduck.api.urls.resolved import edges
from spiderduck.config import Config
from spiderduck.settings.compat import CompatConfig


class Anything:
    """Services that no call here comes to."""

    config = Config(compat=CompatConfig(oembed=True, summaly=True, matrix=True, mastodon=True))

    def __getattr__(self, name: str) -> Any:
        return SimpleNamespace()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    services: Any = Anything()
    groups = (compat_routes, lookup_routes, queue_routes, stream_routes, recent_routes)
    config = OpenAPIConfig(title="t", version="1", operation_id_creator=operation_id)
    return document_of(Litestar([one for group in groups for one in group(services)], openapi_config=config))


def test_every_call_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    """Also where one handler answers at several paths."""
    names = [call["operationId"] for path in document["paths"].values() for call in path.values()]
    assert len(names) == len(set(names))
    assert {"get_iframely", "get_iframely_iframely"} <= set(names)
    assert all(name.isidentifier() for name in names)


def test_a_parameter_is_left_out_and_never_null(document: dict[str, Any]) -> None:
    """And `Content-Type` is none of them."""
    found = [one for path in document["paths"].values() for call in path.values() for one in call.get("parameters", ())]
    assert len(found) > 30
    assert not [one for one in found if "null" in str(one["schema"]) or one["name"].lower() == "content-type"]
    kinds = {one["name"]: one["schema"] for one in found}
    assert kinds["url"]["format"] == "uri"
    assert (kinds["verdict"]["type"], len(kinds["verdict"]["enum"])) == ("string", 4)


@pytest.mark.parametrize(
    "event",
    [
        {"text": "look: https://duck.test/"},
        {"text": ""},
        {"urls": ["https://duck.test/"], "text": None},
        {"id": 7, "urls": ["", "https://duck.test/"], "created_at": 1_900_000_000, "refresh": None, "sharer": 42},
        {"specversion": "1.0", "id": "1", "source": "/a", "type": "t", "data": "https://duck.test/"},
        {"specversion": "1.0", "id": "1", "source": "/a", "type": "t", "data": {"content": "<p>a</p>"}},
        {"id_str": "1", "full_text": "a", "entities": {}},
        {"data": {"id": "1", "text": "a"}},
        {"content": "<p>a</p>", "id": "1"},
        {"did": "did:plc:a", "kind": "commit", "commit": {}},
        {"event": {"type": "link_shared", "links": [{"url": "https://duck.test/"}]}},
        {"type": "link_shared", "links": []},
    ],
)
def test_what_the_schema_takes_is_read(event: dict[str, Any]) -> None:
    jsonschema.validate(event, PUBLISHED["event"])
    read_event(msgspec.json.encode(event))


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"text": None},
        {"urls": []},
        {"urls": ["", " "]},
        {"urls": None, "text": None},
        {"text": 7},
        {"urls": "https://duck.test/"},
        {"urls": [7]},
        {"text": "a", "id": True},
        {"text": "a", "refresh": 1},
        {"text": "a", "sharer": []},
        {"specversion": "0.3", "id": "1", "source": "/a", "type": "t", "data": "a"},
        {"specversion": "1.0", "id": "1", "type": "t", "data": "a"},
        {"data": {"id": "1"}},
        {"data": []},
        {"event": {"type": "message"}},
    ],
)
def test_what_is_refused_is_refused_by_the_schema_too(event: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(event, PUBLISHED["event"])
    with pytest.raises(UnreadableEvent):
        read_event(msgspec.json.encode(event))


def test_a_page_that_nothing_redirects_has_no_edges() -> None:
    """However well it is known."""
    page = UrlState("http://duck.test/", "http://duck.test/", Status.FETCHED, resolved_url="http://duck.test/")
    assert edges(page) == []
    short = Redirect("http://short.test/a", "http://short.test/a", 301)
    chain = UrlState(
        "http://short.test/a", "http://short.test/a", Status.FETCHED, redirects=(short,), resolved_url=page.url
    )
    assert [(one.url, one.to, one.status_code) for one in edges(chain)] == [("http://short.test/a", page.url, 301)]
