"""`Idempotency-Key`: a call that is sent again changes nothing more and gets the first one's answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from spiderduck.api.contract.bodies import StrictRequest
from spiderduck.api.contract.problems import answer
from spiderduck.api.front.retries import MOST_KEPT, RETRIES, Retries, answer_retry, keep_answer
from spiderduck.api.parameters import BadParameter
from spiderduck.database.sqlite import Database
from spiderduck.errors import StoreUnavailable
from spiderduck.stores.ports import Attempt
from spiderduck.stores.sqlite_answers import SqliteAnswers
from tests.clock import FakeClock

SECRET = "whsec_shown_this_once"


class Order(msgspec.Struct):
    what: str


class Made(msgspec.Struct):
    number: int
    what: str
    secret: str = SECRET


@dataclass
class Shop:
    """Makes a thing for each order that reaches it."""

    answers: Any
    made: list[str] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    working: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> Litestar:
        repeatable = {RETRIES: Retries(self.answers)}

        @post("/things", opt=repeatable)
        async def make(data: JSONBody[Order], times: FromQuery[int] = 1) -> Response[Made]:
            if data.what == "nothing":
                raise BadParameter("what is 'nothing'; it takes something")
            if data.what == "slow":
                self.working.set()
                await self.go.wait()
            self.made.append(data.what)
            made = Made(len(self.made), data.what * (MOST_KEPT if data.what == "l" else 1))
            return Response(made, status_code=201, headers={"Cache-Control": "no-store", "X-Once": "once"})

        @post("/things/{number:int}/done", status_code=204, opt=repeatable)
        async def finish(number: FromPath[int]) -> None:
            self.made.append(f"done {number}")

        @post("/looked")
        async def look(data: JSONBody[Order]) -> Made:
            self.made.append(data.what)
            return Made(len(self.made), data.what)

        @get("/things")
        async def count() -> int:
            return len(self.made)

        return Litestar(
            [make, finish, look, count],
            before_request=answer_retry,
            before_send=[keep_answer],
            exception_handlers={Exception: answer},
            request_class=StrictRequest,
            openapi_config=None,
            logging_config=None,
        )


async def send(
    shop: Shop, target: str, body: object = None, key: str | None = "k", caller: str = "a"
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {caller}"} | ({} if key is None else {"Idempotency-Key": key})
    transport = httpx.ASGITransport(shop.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.post(target, content=None if body is None else msgspec.json.encode(body), headers=headers)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "data.db")
    yield database
    await database.close()


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(SqliteAnswers(database, FakeClock()))


async def test_a_repeat_gets_the_same_answer_and_changes_nothing(shop: Shop) -> None:
    first, second = [await send(shop, "/things", {"what": "a"}) for _ in range(2)]
    assert shop.made == ["a"]
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.status_code == 201
    for name in ("content-type", "cache-control"):
        assert first.headers[name] == second.headers[name]
    assert ("idempotent-replayed" in first.headers, second.headers["idempotent-replayed"]) == (False, "true")


async def test_an_empty_answer_is_repeated_too(shop: Shop) -> None:
    answers = [await send(shop, "/things/7/done") for _ in range(3)]
    assert [one.status_code for one in answers] == [204] * 3
    assert {one.content for one in answers} == {b""}
    assert shop.made == ["done 7"]


async def test_another_request_with_the_same_key_is_refused(shop: Shop) -> None:
    """Another body, or another query. Nothing is changed."""
    await send(shop, "/things", {"what": "a"})
    for target, body in (("/things", {"what": "b"}), ("/things?times=2", {"what": "a"}), ("/things", None)):
        refused = await send(shop, target, body)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused"), refused.text
        assert "Idempotency-Key" in refused.json()["detail"]
    assert shop.made == ["a"]


async def test_a_key_belongs_to_a_caller_and_an_address(shop: Shop) -> None:
    await send(shop, "/things", {"what": "a"})
    assert (await send(shop, "/things", {"what": "b"}, caller="b")).status_code == 201
    assert (await send(shop, "/things/1/done")).status_code == 204
    assert (await send(shop, "/things/2/done")).status_code == 204
    assert shop.made == ["a", "b", "done 1", "done 2"]


async def test_without_a_key_each_request_is_a_new_one(shop: Shop) -> None:
    for _ in range(2):
        await send(shop, "/things", {"what": "a"}, key=None)
        await send(shop, "/looked", {"what": "b"})  # a call that does not keep answers
    assert shop.made == ["a", "b", "a", "b"]


async def test_what_was_refused_may_be_mended_under_the_same_key(shop: Shop) -> None:
    for body in ({"what": "nothing"}, {"what": 7}, {}):
        assert (await send(shop, "/things", body)).status_code == 400
    assert (await send(shop, "/things", {"what": "a"})).status_code == 201
    assert shop.made == ["a"]


async def test_of_two_at_one_moment_one_does_the_work(shop: Shop) -> None:
    first = asyncio.create_task(send(shop, "/things", {"what": "slow"}))
    await shop.working.wait()
    meanwhile = await send(shop, "/things", {"what": "slow"})
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "idempotency_key_in_use")
    assert meanwhile.headers["retry-after"] == "1"
    shop.go.set()
    assert (await first).json() == (await send(shop, "/things", {"what": "slow"})).json()
    assert shop.made == ["slow"]


async def test_answers_outlive_the_process_and_tell_nobody_their_secrets(shop: Shop, tmp_path: Path) -> None:
    sent = await send(shop, "/things", {"what": "a"})
    await shop.answers._database.fold()
    assert SECRET.encode() not in b"".join(file.read_bytes() for file in tmp_path.glob("data.db*"))
    database = Database(tmp_path / "data.db")
    later = Shop(SqliteAnswers(database, FakeClock()))
    assert (await send(later, "/things", {"what": "a"})).content == sent.content
    await database.close()
    assert later.made == []


async def test_a_very_long_answer_is_given_and_not_kept(shop: Shop) -> None:
    for _ in range(2):
        assert len((await send(shop, "/things", {"what": "l"})).content) > MOST_KEPT
    assert shop.made == ["l", "l"]


@pytest.mark.parametrize("key", ["", "x" * 256, "t\tab"])
async def test_a_key_that_cannot_be_one_is_a_400(shop: Shop, key: str) -> None:
    refused = await send(shop, "/things", {"what": "a"}, key=key)
    assert (refused.status_code, shop.made) == (400, []), refused.text


async def test_two_keys_are_none(shop: Shop) -> None:
    """Whoever reads the first and whoever reads the last would not mean the same request."""
    transport = httpx.ASGITransport(shop.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
        refused = await client.post("/things", json={"what": "a"}, headers=headers)
    assert (refused.status_code, shop.made) == (400, [])
    assert "one Idempotency-Key" in refused.json()["detail"]


class Failing:
    """Takes names, and then is away."""

    async def begin(self, attempt: Attempt) -> None:
        return None

    async def keep(self, attempt: Attempt, answer: bytes) -> None:
        raise StoreUnavailable("no node answers")

    free = keep


async def test_what_was_changed_is_told_where_its_answer_cannot_be_kept(caplog: pytest.LogCaptureFixture) -> None:
    shop = Shop(Failing())
    assert (await send(shop, "/things", {"what": "a"})).status_code == 201
    assert "is not kept" in caplog.text
