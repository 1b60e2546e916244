"""Many bodies that are decoded at once leave the loop to others."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator, Iterator

import pytest

from fetchers.body.limits import BodyPlan
from fetchers.body.reading import AnswerBody, TimeLimit
from fetchers.body.turns import STEPS_A_ROUND, DecodeTurns
from fetchers.model import Ended, Ending, Response


async def test_no_more_than_a_few_steps_between_two_rounds_of_the_loop() -> None:
    """Whichever of a hundred bodies they are of; nobody's are lost, and nobody's come out of order."""
    turns, rounds, steps = DecodeTurns(), 0, []

    def count() -> None:
        nonlocal rounds
        rounds += 1
        loop.call_soon(count)

    def numbers() -> Iterator[bytes]:
        for number in range(10):
            steps.append(rounds)
            yield b"%d" % number

    async def one() -> bytes:
        return b"".join([piece async for piece in turns.each(numbers())])

    loop = asyncio.get_running_loop()
    loop.call_soon(count)
    assert await asyncio.gather(*(one() for _ in range(100))) == [b"0123456789"] * 100
    assert max(steps.count(number) for number in set(steps)) <= STEPS_A_ROUND


@pytest.mark.parametrize("cut", [True, False])
@pytest.mark.parametrize("encoding", ["zstd, gzip", "gzip, gzip, gzip, gzip"])
async def test_a_body_made_to_cost_work_is_refused_with_its_reason(encoding: str, cut: bool) -> None:
    """Also where only its beginning is wanted."""
    body = gzip.compress((b"\x50\x2a\x4d\x18" + bytes(4)) * 100_000)

    async def raw() -> AsyncIterator[bytes]:
        yield body

    head = Response("http://a.test/", 200, (("content-encoding", encoding),), b"", 1.0)
    chunks = AnswerBody(head, raw(), BodyPlan(10_000_000, cut=cut), DecodeTurns(), TimeLimit("a.test", 9.0, 9.0))
    ended = await chunks.whole()
    assert isinstance(ended, Ended)
    assert ended.ending is Ending.PROTOCOL_ERROR
    assert re.match(r"its (body is encoded|encoded body consists|encodings unfold)", ended.reason)
