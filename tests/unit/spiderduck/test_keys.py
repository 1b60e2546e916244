"""Keys in front of calls: who comes in, what a refusal says, who is slowed down, and what a key may do in a second."""

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar, get, post
from litestar.datastructures import State

from groundwork.front.browsers import Refusal
from spiderduck.api.contract.problems import answer
from spiderduck.api.front.browsers import key_check
from spiderduck.api.front.keys import ADMIN, GUARD, READ, WRITE, KeyGuard, ScopeGuard, open_guard, send_rate_limit
from spiderduck.bootstrap.keys import bearer, sharers_of, warn_of_own_sharers
from spiderduck.config import Config, load
from spiderduck.keyring import Entry, create_key, revoke_key
from spiderduck.telemetry import Telemetry
from tests.clock import FakeClock


@get("/open", sync_to_thread=False)
def anybody() -> str:
    return "open"


@get("/read", opt={"scope": READ}, sync_to_thread=False)
def read() -> str:
    return "read"


@post("/write", opt={"scope": WRITE}, sync_to_thread=False)
def write() -> str:
    return "written"


@get("/elsewhere", guards=[ScopeGuard(ADMIN)], sync_to_thread=False)
def of_another_package() -> str:
    return "elsewhere"


class Site:
    """A small application behind a guard over a real file of keys."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.clock = FakeClock(1_900_000_000.0)
        self.telemetry = Telemetry()
        self.config: Config = load(None, {}, {"data": str(folder), **settings})
        self.guard: KeyGuard = open_guard(self.config, self.clock, self.telemetry.refused)
        self.app = Litestar(
            [anybody, read, write, of_another_package],
            guards=[self.guard],
            before_send=[send_rate_limit],
            state=State({GUARD: self.guard}),
            exception_handlers={Exception: answer},
            openapi_config=None,
            logging_config=None,
        )

    async def ask(self, path: str, key: str = "", address: str = "192.0.2.1", **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=(address, 4711))
        given = {"Authorization": f"Bearer {key}", **headers} if key else headers
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request("POST" if path == "/write" else "GET", path, headers=given)

    def make(self, name: str, *scopes: str, **more: Any) -> str:
        return create_key(self.config.keys_path, Entry(name=name, scopes=scopes, **more))

    async def later(self, seconds: float = 2.0) -> None:
        await self.clock.advance(seconds)


def showing(*authorization: str, address: str = "192.0.2.1") -> Any:
    """The scope of a request."""
    headers = [(b"authorization", value.encode()) for value in authorization]
    return {"type": "http", "headers": headers, "client": (address, 4711)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def test_without_keys_loopback_is_open(folder: Path) -> None:
    site = Site(folder)
    assert [(await site.ask(path)).status_code for path in ("/open", "/read", "/elsewhere")] == [200, 200, 200]


async def test_the_first_key_closes_a_running_server(folder: Path) -> None:
    site = Site(folder)
    key = site.make("first", READ)
    await site.later()
    assert (await site.ask("/read")).status_code == 401
    assert (await site.ask("/read", key)).status_code == 200
    assert (await site.ask("/open")).status_code == 200


async def test_a_revoked_key_is_refused_and_the_last_one_opens_nothing(folder: Path) -> None:
    site = Site(folder)
    key = site.make("only", READ)
    await site.later()
    assert revoke_key(site.config.keys_path, "only") == 0
    await site.later()
    assert (await site.ask("/read", key)).status_code == 401
    assert (await site.ask("/read")).status_code == 401


async def test_beyond_loopback_no_key_means_nobody(folder: Path) -> None:
    """A file that vanished before the guard was built must not open the server to the network."""
    site = Site(folder)
    guard = KeyGuard(site.guard._keys, site.clock, site.guard._rate, open_without_keys=False)
    site.app.state[GUARD] = guard
    assert (await site.ask("/elsewhere")).status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
async def test_the_scheme_is_case_insensitive(folder: Path, scheme: str) -> None:
    site = Site(folder)
    key = site.make("one", READ)
    await site.later()
    assert (await site.ask("/read", authorization=f"{scheme} {key}")).status_code == 200
    assert site.guard.recognises(showing(f"{scheme}   {key}"))


@pytest.mark.parametrize("header", ["", "Basic Zm9vOmJhcg==", "Bearer", "Bearer ", "Token KEY"])
async def test_a_call_without_a_key_is_challenged_without_an_error(folder: Path, header: str) -> None:
    """RFC 6750, section 3.1: who sent no key is told no error code."""
    site = Site(folder)
    key = site.make("one", READ)
    await site.later()
    refused = await site.ask("/read", authorization=header.replace("KEY", key))
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="spiderduck"'
    assert (refused.headers["content-type"], refused.json()["code"]) == ("application/problem+json", "unauthorized")
    assert site.telemetry.refusals == {"missing": 1}


async def test_wrong_expired_and_weak_keys_are_told_apart(folder: Path) -> None:
    from datetime import UTC, datetime

    site = Site(folder)
    ends = datetime.fromtimestamp(site.clock.now() + 60, UTC)
    short, reads = site.make("short", READ, expires=ends), site.make("reads", READ)
    await site.later()
    assert (await site.ask("/read", short)).status_code == 200
    await site.later(60)
    expired, wrong, weak = await site.ask("/read", short), await site.ask("/read", "x"), await site.ask("/write", reads)
    assert (expired.status_code, wrong.status_code, weak.status_code) == (401, 401, 403)
    assert 'error="invalid_token", error_description="this key has expired"' in expired.headers["www-authenticate"]
    assert 'error="invalid_token", error_description="this key is not known"' in wrong.headers["www-authenticate"]
    assert 'error="insufficient_scope", scope="write"' in weak.headers["www-authenticate"]
    assert site.telemetry.refusals == {"expired": 1, "unknown": 1, "scope": 1}
    assert not site.guard.recognises(showing(f"Bearer {short}"))


async def test_an_administrator_may_do_anything(folder: Path) -> None:
    site = Site(folder)
    admin, reads = site.make("admin", ADMIN), site.make("reads", READ)
    await site.later()
    for path, status in (("/read", 200), ("/write", 201), ("/elsewhere", 200)):
        assert (await site.ask(path, admin)).status_code == status
    assert (await site.ask("/elsewhere", reads)).status_code == 403


async def test_wrong_keys_are_counted_logged_once_and_slowed_down(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A thousand guesses: a handful is looked at, one line stands in the log, no guess is in it."""
    site = Site(folder)
    key = site.make("one", READ)
    await site.later()
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        answers = [await site.ask("/read", f"guess-{number}") for number in range(1000)]
    statuses = [one.status_code for one in answers]
    assert statuses.count(401) == 11
    assert statuses.count(429) == 989
    assert int(answers[-1].headers["retry-after"]) == 1
    assert sum(site.telemetry.refusals.values()) == 1000
    assert 'reason="slowed_down"} 989.0' in (await site.telemetry.render()).decode()
    lines = [one.getMessage() for one in caplog.records if "192.0.2.1" in one.getMessage()]
    assert len(lines) == 1
    assert "guess" not in lines[0]
    assert (await site.ask("/read", key)).status_code == 200, "who shares the address still comes in"
    assert (await site.ask("/read", "guess", address="192.0.2.2")).status_code == 401, "others are not slowed down"


async def test_who_is_slowed_down_is_the_client_behind_a_trusted_proxy(folder: Path) -> None:
    """Its header counts where a proxy of ours sent it; otherwise it is a stranger's invention. A /64 is one client."""
    site = Site(folder, api={"trusted_proxies": ["10.0.0.0/8"]})
    site.make("one", READ)
    await site.later()

    async def guess(address: str, forwarded: str) -> int:
        headers = {"x-forwarded-for": forwarded} if forwarded else {}
        return (await site.ask("/read", "guess", address, **headers)).status_code

    assert {await guess("10.1.1.1", "192.0.2.7, 10.9.9.9") for _ in range(20)} == {401, 429}
    assert await guess("10.1.1.1", "192.0.2.8") == 401
    assert await guess("192.0.2.7", "") == 429
    assert {await guess("198.51.100.1", f"192.0.2.{number}") for number in range(20)} == {401, 429}
    assert {await guess(f"2001:db8:1:2::{number}", "") for number in range(1, 20)} == {401, 429}


async def test_pauses_double_and_end(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    site = Site(folder)
    site.make("one", READ)
    await site.later()
    waits = []
    while len(waits) < 9:
        refused = await site.ask("/read", "guess")
        if refused.status_code == 429:
            waits.append(int(refused.headers["retry-after"]))
            await site.later(waits[-1])
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    lines = [one.getMessage() for one in caplog.records if "not known" in one.getMessage()]
    assert len(lines) == 4, "one a minute"
    await site.later(700)
    assert [(await site.ask("/read", "guess")).status_code for _ in range(10)] == [401] * 10


async def test_a_key_has_a_rate_and_is_told_of_it(folder: Path) -> None:
    site = Site(folder, api={"rate_limit": {"per_second": 2, "burst": 3}})
    one, other = site.make("one", READ), site.make("other", READ, per_second=1.0, burst=1)
    await site.later()
    answers = [await site.ask("/read", one) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert [each.headers["ratelimit"] for each in answers] == [
        '"key";r=2;t=1',
        '"key";r=1;t=1',
        '"key";r=0;t=2',
        '"key";r=0;t=2',
    ]
    assert {each.headers["ratelimit-policy"] for each in answers} == {'"key";q=3;w=2'}
    assert (answers[3].headers["retry-after"], answers[3].json()["code"]) == ("1", "too_many_requests")
    assert (await site.ask("/read", other)).headers["ratelimit-policy"] == '"key";q=1;w=1'
    assert (await site.ask("/read", other)).status_code == 429
    await site.later(1)
    assert (await site.ask("/read", one)).headers["ratelimit"] == '"key";r=1;t=1'
    assert "ratelimit" not in (await site.ask("/open", one)).headers


async def test_a_call_that_is_looked_at_twice_takes_one_token(folder: Path) -> None:
    site = Site(folder, api={"rate_limit": {"per_second": 1, "burst": 9}})
    key = site.make("admin", ADMIN)
    await site.later()
    assert (await site.ask("/elsewhere", key)).headers["ratelimit"].startswith('"key";r=8')
    assert (await site.ask("/elsewhere", key)).headers["ratelimit"].startswith('"key";r=7')


async def test_a_rate_of_nothing_is_no_limit(folder: Path) -> None:
    site = Site(folder, api={"rate_limit": {"per_second": 0}})
    key = site.make("one", READ)
    await site.later()
    answers = [await site.ask("/read", key) for _ in range(600)]
    assert {one.status_code for one in answers} == {200}
    assert "ratelimit" not in answers[0].headers


async def test_keys_in_the_old_form_work_with_a_warning(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    old = [{"key": "an-old-key-of-ours", "scopes": ["read"]}, {"key": "an old key in words", "name": "cron"}]
    site = Site(folder, api={"keys": old})
    assert [(await site.ask("/read", str(one["key"]))).status_code for one in old] == [200, 200]
    assert (await site.ask("/write", "an-old-key-of-ours")).status_code == 403
    (line,) = [one.getMessage() for one in caplog.records if "api.keys" in one.getMessage()]
    assert "spiderduck keys create" in line
    assert "an-old-key" not in line
    assert "an-old-key" not in repr(site.config)


@pytest.mark.parametrize("path", ["/open", "/read", "/elsewhere"])
async def test_a_second_authorization_is_a_bad_request(folder: Path, path: str) -> None:
    """Whichever of the two a proxy before us looked at, and whether or not keys are set."""
    site = Site(folder)
    for key in ("", site.make("one", READ, ADMIN)):
        await site.later()
        transport = httpx.ASGITransport(site.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            twice = [("Authorization", f"Bearer {key or 'a'}"), ("Authorization", f"Bearer {key or 'b'}")]
            refused = await client.get(path, headers=twice)
        assert (refused.status_code, refused.json()["detail"]) == (400, "send one Authorization header")


async def test_our_own_processes_have_a_key_without_a_rate(folder: Path) -> None:
    site = Site(folder, api={"internal_key": "internal-internal-internal", "rate_limit": {"per_second": 1, "burst": 1}})
    header = bearer(site.config, ADMIN)
    assert header == {"authorization": "Bearer internal-internal-internal"}
    answers = [await site.ask("/elsewhere", **header) for _ in range(5)]
    assert [one.status_code for one in answers] == [200] * 5


def test_the_internal_key_falls_back_to_a_plain_one(folder: Path, tmp_path: Path) -> None:
    """Of the settings, or of a list of plain keys that somebody mounted as the file of keys."""
    assert bearer(load(None, {}, {"data": str(folder)}), READ) == {}
    old = {"keys": [{"key": "reads-reads-reads"}, {"key": "admin-admin-admin", "scopes": ["admin"]}]}
    config = load(None, {}, {"data": str(folder), "api": old})
    assert bearer(config, READ)["authorization"] == "Bearer reads-reads-reads"
    assert bearer(config, ADMIN)["authorization"] == "Bearer admin-admin-admin"
    (tmp_path / "mounted").write_text('[{"key": "mounted-mounted-key", "scopes": ["admin"]}]')
    config = load(None, {"SPIDERDUCK_API__KEYS_FILE": str(tmp_path / "mounted")}, {})
    assert bearer(config, READ)["authorization"] == "Bearer mounted-mounted-key"


async def test_guesses_that_a_foreign_page_sends_are_counted_and_slowed_down_too(folder: Path) -> None:
    """The check of origins looks at keys before the handler's guard does; it must be no way around the pauses."""
    site = Site(folder)
    key = site.make("one", READ)
    await site.later()
    check = key_check(site.guard)
    answers = [check(showing(f"Bearer guess-{number}")) for number in range(60)]
    assert answers[:11] == [False] * 11
    slower = answers[11:]
    assert {one.status for one in slower if isinstance(one, Refusal)} == {429}
    assert all(isinstance(one, Refusal) and dict(one.headers)[b"retry-after"] for one in slower)
    assert site.telemetry.refusals == {"unknown": 11, "slowed_down": 49}
    assert (await site.ask("/read", "guess")).status_code == 429  # one account for both ways in
    assert check(showing(f"Bearer {key}")) is True
    assert check(showing("Bearer guess", address="192.0.2.2")) is False


async def test_two_keys_are_none(folder: Path) -> None:
    site = Site(folder)
    key = site.make("one", READ)
    await site.later()
    assert not site.guard.recognises(showing(f"Bearer {key}", f"Bearer {key}"))
    assert not site.guard.recognises(showing())
    assert site.telemetry.refusals == {}


def test_sharers_hashed_with_a_key_of_ones_own_are_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By what opens the cluster, however often the key is asked for."""
    alone = load(None, {}, {"data": str(tmp_path), "broker": {"url": "amqp://localhost//"}})
    for _ in range(2):
        sharers_of(alone, tmp_path)
    assert caplog.messages == []
    warn_of_own_sharers(alone)
    assert len(caplog.messages) == 1
    warn_of_own_sharers(load(None, {}, {"data": str(tmp_path), "api": {"internal_key": "a key that all of them have"}}))
    assert len(caplog.messages) == 1
