"""A start beside engines that answer, but are of no use yet."""

import asyncio

import pytest

from spiderduck.bootstrap.waiting import patiently
from tests.clock import FakeClock, settle


class NotYetError(Exception):
    pass


async def test_what_is_away_is_asked_again_with_one_line_before_and_one_after(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, answers = FakeClock(), [NotYetError("first"), NotYetError("second"), None]

    async def ask() -> str:
        if (error := answers.pop(0)) is not None:
            raise error
        return "here"

    waiting = asyncio.create_task(patiently("the id service", ask, NotYetError, clock))
    while not waiting.done():
        await settle()
        await clock.advance(1.0)
    assert await waiting == "here"
    assert [record.getMessage() for record in caplog.records] == [
        "waiting for the id service (first)",
        "the id service answers",
    ]


async def test_any_other_error_ends_the_start() -> None:
    async def ask() -> str:
        raise ValueError("wrong credentials")

    with pytest.raises(ValueError, match="wrong credentials"):
        await patiently("the id service", ask, NotYetError, FakeClock())
