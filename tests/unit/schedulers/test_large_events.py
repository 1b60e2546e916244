"""An event of many long links: what takes seconds is done beside the loop."""

import threading

import pytest

from schedulers.links import Link, identify
from schedulers.model import Event, Message
from schedulers.stages import read_event


@pytest.mark.parametrize(("count", "beside"), [(1, False), (3, True)])
async def test_many_long_links_are_read_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch, count: int, beside: bool
) -> None:
    seen: list[int] = []

    def noting(text: str) -> Link:
        seen.append(threading.get_ident())
        return identify(text)

    monkeypatch.setattr(read_event, "identify", noting)
    urls = tuple(f"http://a.test/{number}{'x' * 5000}" for number in range(count))
    message = Message("".join(urls).encode(), "event")
    shares = await read_event.shares_of(message, Event(id="event", urls=urls))
    assert [one.link.url for one in shares] == list(urls)
    assert {one != threading.get_ident() for one in seen} == {beside}
