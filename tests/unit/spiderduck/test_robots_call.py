"""`POST /v1/robots`: the line that decides, of the site's own file or of one that is sent along."""

from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Litestar
from litestar.datastructures import State
from litestar.testing import AsyncTestClient

from fetchers.model import Ended, Ending, NotNow, Response
from spiderduck.api.front.keys import GUARD, KeyGuard
from spiderduck.api.front.throttle import Rate
from spiderduck.api.urls.robots import robots_routes
from spiderduck.keyring import Key, Keyring, digest_of
from tests.clock import FakeClock
from tests.unit.spiderduck.test_api_fetch import Direct

AGENT = "PondBot/1.0 (+https://pond.example/bot)"
RULES = (
    "User-agent: *\nCrawl-delay: 2\nDisallow: /private/\nAllow: /private/press\n\nUser-agent: OtherBot\nDisallow: /\n"
)
READER = "a-key-that-only-reads"


async def ask(outcome: Response | Ended | NotNow, order: dict[str, Any], key: str | None = None) -> Any:
    direct = Direct(outcome)
    settings = SimpleNamespace(fetchers=SimpleNamespace(user_agent=AGENT))
    services: Any = SimpleNamespace(clock=direct.clock, open_direct=direct.open_direct, config=settings)
    keys = Keyring([Key("reader", digest_of(READER), "", ("read",))] if key else [])
    guard = KeyGuard(keys, FakeClock(), Rate(0, 1))
    app = Litestar(robots_routes(services), openapi_config=None, state=State({GUARD: guard}), guards=[guard])
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    async with AsyncTestClient(app) as client:
        return await client.post("/v1/robots", json=order, headers=headers)


def answered(status: int, body: str = "") -> Response:
    return Response("http://pond.test/robots.txt", status, (), body.encode(), 1_000_000.0)


@pytest.mark.parametrize(
    ("path", "allowed", "because"),
    [
        ("/private/x", False, "Line 3 forbids it: Disallow: /private/"),
        ("/private/press", True, "Line 4 allows it: Allow: /private/press"),
        ("/", True, "No line speaks of it, so it is allowed."),
    ],
)
async def test_the_sites_own_file_decides(path: str, allowed: bool, because: str) -> None:
    told = (await ask(answered(200, RULES), {"url": f"http://pond.test{path}"})).json()
    assert (told["allowed"], told["because"]) == (allowed, because)
    assert (told["user_agent"], told["crawl_delay_s"]) == (AGENT, 2.0)
    assert (told["robots_url"], told["robots_txt"]) == ("http://pond.test/robots.txt", RULES)


@pytest.mark.parametrize(
    ("outcome", "allowed", "says"),
    [
        (answered(404), True, "answered 404"),
        (answered(429), False, "answered 429"),
        (answered(503), False, "answered 503"),
        (Ended(Ending.DNS_ERROR, "pond.test has no address"), False, "pond.test has no address"),
        (Ended(Ending.TOO_MANY_REDIRECTS, "it redirects"), True, "counts as none"),
        (NotNow(1_000_100.0, "its domain waits"), False, "its domain waits"),
    ],
)
async def test_without_a_file_the_rule_of_rfc_9309_decides(
    outcome: Response | Ended | NotNow, allowed: bool, says: str
) -> None:
    told = (await ask(outcome, {"url": "http://pond.test/"})).json()
    assert told["allowed"] is allowed
    assert says in told["because"]
    assert told["robots_txt"] is None


async def test_a_text_that_is_sent_along_asks_nobody_and_needs_no_scope_but_read() -> None:
    order = {"url": "http://pond.test/", "user_agent": "OtherBot", "robots_txt": RULES}
    nobody = Ended(Ending.DNS_ERROR, "nobody is asked")
    told = (await ask(nobody, order, READER)).json()
    assert (told["allowed"], told["line"], told["status_code"]) == (False, 7, None)
    del order["robots_txt"]
    assert (await ask(nobody, order, READER)).status_code == 403


async def test_what_is_no_url_is_refused() -> None:
    assert (await ask(answered(200), {"url": "no url"})).status_code == 400
