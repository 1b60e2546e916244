"""What a query says twice is refused, and what makes a GET change something is seen however it is written."""

import httpx
import pytest
from litestar import Litestar, get
from litestar.params import FromQuery

from groundwork.front.browsers import BrowserRules
from spiderduck.api.contract.problems import answer
from spiderduck.api.front.browsers import OWN_PAGES, BrowserGuard
from spiderduck.api.front.keys import KeyGuard
from spiderduck.api.front.throttle import Rate
from spiderduck.keyring import Keyring
from tests.clock import FakeClock

FOREIGN = {"Origin": "http://evil.example"}


@get("/flag", opt={OWN_PAGES: "schedule"}, sync_to_thread=False)
def with_a_flag(url: FromQuery[str] = "", schedule: FromQuery[bool] = False) -> str:
    return f"{url} {schedule}"


@get("/name", opt={OWN_PAGES: "queue"}, sync_to_thread=False)
def with_a_name(queue: FromQuery[str | None] = None, after: FromQuery[str | None] = None) -> str:
    return f"{queue} {after}"


@get("/always", opt={OWN_PAGES: True}, sync_to_thread=False)
def always() -> str:
    return "done"


@get("/several", sync_to_thread=False)
def with_a_list(src: FromQuery[str] = "", tag: FromQuery[list[str] | None] = None) -> str:
    return f"{src} {tag}"


def application() -> Litestar:
    keys = KeyGuard(Keyring(), FakeClock(1_900_000_000.0), Rate(0, 1))
    return Litestar(
        [with_a_flag, with_a_name, always, with_a_list],
        guards=[BrowserGuard(BrowserRules(), keys)],
        exception_handlers={Exception: answer},
        openapi_config=None,
        logging_config=None,
    )


async def ask(target: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(application())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.get(target, headers=headers)


@pytest.mark.parametrize(
    "target",
    [
        "/flag?url=a&schedule=false&schedule=true",
        "/flag?schedule=true&schedule=false",
        "/flag?schedule=false&url=a&%73chedule=true",
        "/flag?url=a&url=b",
        "/name?queue=false&queue=q&after=7",
        "/name?queue=q&after=1&after=2",
        "/name?queue=&queue=q",
        "/always?x=1&x=1",
        "/several?src=a&src=b&tag=c",
        "/several?nobody=1&nobody=2",
    ],
)
async def test_a_parameter_that_stands_twice_is_a_400_for_everybody(target: str) -> None:
    for headers in ({}, FOREIGN):
        refused = await ask(target, **headers)
        assert refused.status_code == 400
        assert "more than once" in refused.json()["detail"]


async def test_a_list_may_stand_as_often_as_it_has_members() -> None:
    assert (await ask("/several?src=a&tag=b&tag=c")).text == "a ['b', 'c']"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/flag", 200),
        ("/flag?schedule=false", 200),
        ("/flag?schedule=FALSE", 200),
        ("/flag?schedule=0", 200),
        ("/flag?schedule=true", 403),
        ("/flag?schedule=1", 403),
        ("/flag?schedule=TRUE", 403),
        ("/flag?sch%65dule=true", 403),
        ("/name", 200),
        ("/name?after=1", 200),
        ("/name?queue=q", 403),
        ("/name?queue=false", 403),
        ("/name?queue=0", 403),
        ("/name?queue=", 403),
        ("/name?queue", 403),
        ("/always", 403),
    ],
)
async def test_what_a_foreign_page_may_have_called(target: str, status: int) -> None:
    assert (await ask(target, **FOREIGN)).status_code == status
    assert (await ask(target)).status_code == 200
