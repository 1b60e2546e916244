"""What a client hears whose request is cut off because the process goes."""

import asyncio
from typing import Any

import pytest

from spiderduck.api.front.shutdown import Receive, Send, come_again_when


async def receive() -> dict[str, Any]:
    return {"type": "http.request"}


async def cut_off(stopping: bool, begins: bool) -> list[dict[str, Any]]:
    """The messages that a client got whose request was cancelled."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        if begins:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    event = asyncio.Event()
    if stopping:
        event.set()
    asking = asyncio.create_task(come_again_when(event, app)({"type": "http"}, receive, send))
    await asyncio.sleep(0)
    asking.cancel()
    await asking
    return sent


async def test_an_unanswered_one_is_told_to_come_again() -> None:
    start, body = await cut_off(stopping=True, begins=False)
    assert start["status"] == 503
    assert (b"retry-after", b"1") in start["headers"]
    assert b"try again" in body["body"]


@pytest.mark.parametrize(("stopping", "begins"), [(True, True), (False, False)])
async def test_an_answer_that_has_begun_ends_and_elsewhere_nothing_is_hidden(stopping: bool, begins: bool) -> None:
    with pytest.raises(asyncio.CancelledError):
        await cut_off(stopping, begins)
