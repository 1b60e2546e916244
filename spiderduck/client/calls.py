"""What each call sends, and the type of its answer. Pure; both clients use it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from schedulers.card import Card
from spiderduck.api.sharing.accepted import Accepted
from spiderduck.api.urls.resolved import ResolvedUrls
from spiderduck.client.errors import Unreachable, api_error
from spiderduck.client.model import Pulled, Results, UrlRecord, Versions

T = TypeVar("T")
Event = Mapping[str, Any]
NOTHING = b"null"


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request: `answer` is the type of what comes back, `json` the body."""

    method: str
    path: str
    answer: type[T]
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    wait: float = 0.0

    def read(self, answer: httpx.Response) -> T:
        """The answer's value. Raises `ApiError`; `Unreachable` where it is none of this API."""
        if answer.is_error:
            raise api_error(answer)
        try:
            return msgspec.json.decode(answer.content or NOTHING, type=self.answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreachable(f"the answer is not from SpiderDuck's API: {error}") from error

    @property
    def body(self) -> bytes | None:
        return None if self.json is None else msgspec.json.encode(self.json)


def unfurl(url: str, *, wait: float, refresh: bool, lang: str | None) -> Call[Card]:
    params = {"url": url, "wait_ms": _ms(wait), "refresh": _flag(refresh), "provenance": "true"}
    return Call("GET", "/v1/unfurl", Card, params if lang is None else {**params, "lang": lang}, wait=wait)


def send_events(events: Sequence[Event]) -> Call[Accepted]:
    return Call("POST", "/v1/events", Accepted, json=events)


def look_up(urls: Sequence[str], *, wait: float, schedule: bool) -> Call[Results]:
    return Call("POST", "/v1/urls/batch", Results, json=_order(urls, wait, schedule=schedule), wait=wait)


def resolve(urls: Sequence[str], *, wait: float, schedule: bool) -> Call[ResolvedUrls]:
    return Call("POST", "/v1/resolve", ResolvedUrls, json=_order(urls, wait, schedule=schedule), wait=wait)


def page(page_id: str) -> Call[UrlRecord]:
    return Call("GET", f"/v1/pages/{_segment(page_id)}", UrlRecord)


def history(page_id: str, cursor: str | None) -> Call[Versions]:
    params = {} if cursor is None else {"cursor": cursor}
    return Call("GET", f"/v1/pages/{_segment(page_id)}/history", Versions, params)


def create_queue(name: str) -> Call[dict[str, Any]]:
    return Call("PUT", f"/v1/queues/{_segment(name)}", dict[str, Any])


def pull(name: str, *, most: int, wait: float) -> Call[Pulled]:
    params = {"most": str(most), "wait_ms": _ms(wait)}
    return Call("GET", f"/v1/queues/{_segment(name)}", Pulled, params, wait=wait)


def acknowledge(name: str, position: int) -> Call[Any]:
    return Call("POST", f"/v1/queues/{_segment(name)}/ack", object, json={"position": position})


STREAM = "/v1/stream"


def stream(position: str | None, filters: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Parameters and headers of a subscription that goes on behind `position`."""
    headers = {"Accept": "text/event-stream"}
    return dict(filters), headers if position is None else {**headers, "Last-Event-ID": position}


def _order(urls: Sequence[str], wait: float, *, schedule: bool) -> dict[str, Any]:
    return {"urls": urls, "wait_ms": round(wait * 1000), "schedule": schedule}


def _segment(text: str) -> str:
    return quote(text, safe="")


def _ms(seconds: float) -> str:
    return str(round(seconds * 1000))


def _flag(value: bool) -> str:
    return "true" if value else "false"
