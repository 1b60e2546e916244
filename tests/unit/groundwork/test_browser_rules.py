"""Which requests a page of somebody else may have a browser send."""

from typing import Any

import pytest

from groundwork.front.browsers import BrowserFront, BrowserRules, Refusal

RULES = BrowserRules(["links.example.com"], ["https://app.example.com", "http://bücher.example:81"])


def headers(**given: str) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", None),
        ("LOCALHOST.", None),
        ("127.0.0.1", None),
        ("[::1]:8080", None),
        ("203.0.113.7", None),
        ("links.example.com", None),
        ("LINKS.example.com.:443", None),
        ("evil.example", 421),
        ("evil.links.example.com", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.1", 421),
        ("localhost.localdomain", 421),
        ("me@localhost", 400),
        ("", 400),
        ("localhost:x", 400),
    ],
)
def test_a_name_that_is_not_ours_is_sent_away(host: str, status: int | None) -> None:
    refusal = RULES.misdirected(headers(host=host), "1.1")
    assert (None if refusal is None else refusal.status) == status


def test_one_host_is_wanted_and_none_of_http_1_0() -> None:
    """RFC 9112, section 3.2."""
    two = headers(host="localhost") * 2
    assert RULES.misdirected(two, "1.1") is not None
    assert RULES.misdirected([], "1.1") is not None
    assert RULES.misdirected([], "1.0") is None
    assert RULES.misdirected(headers(host="evil.example"), "1.0") is not None


@pytest.mark.parametrize(
    ("host", "origin", "site", "foreign"),
    [
        ("localhost:8080", None, None, False),  # no browser
        ("localhost:8080", None, "none", False),
        ("localhost:8080", "http://localhost:8080", "same-origin", False),
        ("localhost:8080", "http://localhost:8080", None, False),
        ("[::1]:8080", "http://[0::1]:8080", None, False),
        ("links.example.com", "https://links.example.com", "same-origin", False),  # a proxy speaks TLS for us
        ("links.example.com", "https://links.example.com:443", None, False),
        ("localhost:8080", "https://app.example.com", "cross-site", False),  # allowed by the settings
        ("localhost:8080", "http://xn--bcher-kva.example:81", "cross-site", False),
        ("localhost:8080", "http://app.example.com", "cross-site", True),
        ("localhost:8080", "https://app.example.com:8443", None, True),
        ("localhost:8080", "https://app.example.com.evil.example", None, True),
        ("localhost:8080", "http://localhost:3000", "same-site", True),
        ("localhost:8080", "http://localhost:3000", None, True),
        ("localhost:8080", "http://127.0.0.1:8080", None, True),
        ("localhost:8080", "http://evil.example", None, True),
        ("localhost:8080", "null", None, True),
        ("localhost:8080", "", None, True),
        ("localhost:8080", None, "cross-site", True),
        ("localhost:8080", None, "CROSS-SITE", True),
        ("localhost:8080", None, "same-site", True),
        ("localhost:8080", "http://localhost:8080", "cross-site", True),
    ],
)
def test_a_page_of_another_origin_is_foreign(host: str, origin: str | None, site: str | None, foreign: bool) -> None:
    given = {"host": host, "origin": origin, "sec_fetch_site": site}
    sent = headers(**{name: value for name, value in given.items() if value is not None})
    assert (RULES.foreign(sent) is not None) is foreign


def test_two_origins_are_foreign() -> None:
    assert RULES.foreign([*headers(host="localhost", origin="http://localhost"), (b"origin", b"http://localhost")])


def test_with_tls_of_our_own_a_page_over_http_is_foreign() -> None:
    sent = headers(host="links.example.com", origin="http://links.example.com")
    assert BrowserRules(["links.example.com"], secure=True).foreign(sent) is not None
    assert BrowserRules(["links.example.com"]).foreign(sent) is None


@pytest.mark.parametrize("origin", ["app.example.com", "*", "https://app.example.com/path", "null", "ftp://a.example"])
def test_an_origin_of_the_settings_must_be_one(origin: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        BrowserRules((), [origin])


def by_key(scope: Any) -> bool | Refusal:
    keys = [value for name, value in scope["headers"] if name == b"authorization"]
    return SLOWER if keys == [b"Bearer guess"] else keys == [b"Bearer ours"]


SLOWER = Refusal(429, "Too many requests", "too_many_requests", "wait", ((b"retry-after", b"7"),))


async def answered(
    method: str, given: list[tuple[bytes, bytes]], path: str = "/v1/events", rules: BrowserRules = RULES
) -> tuple[int, dict[str, str]]:
    """Status and headers; 299 is the application's."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": [(b"vary", b"Accept")]})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        sent.append(message)

    front = BrowserFront(app, rules, open_paths=["/healthz"], trusted=by_key)
    scope = {"type": "http", "method": method, "path": path, "headers": given, "http_version": "1.1"}
    await front(scope, None, send)
    found: dict[str, str] = {}
    for name, value in sent[0]["headers"]:
        found[name.decode()] = f"{found[name.decode()]}, {value.decode()}" if name.decode() in found else value.decode()
    return sent[0]["status"], found


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "ANYTHING"])
async def test_what_changes_something_is_refused_to_a_foreign_page(method: str) -> None:
    foreign = headers(host="localhost", origin="http://evil.example")
    assert (await answered(method, foreign))[0] == 403
    assert (await answered(method, foreign + headers(authorization="Bearer ours")))[0] == 299
    assert (await answered(method, foreign + headers(authorization="Bearer other")))[0] == 403
    status, found = await answered(method, foreign + headers(authorization="Bearer guess"))
    assert (status, found["retry-after"]) == (429, "7")
    assert (await answered(method, headers(host="localhost")))[0] == 299
    assert (await answered("GET", foreign))[0] == 299


async def test_probes_come_by_any_name_and_a_key_does_not_change_the_name() -> None:
    assert (await answered("GET", headers(host="pod-7.internal"), "/healthz"))[0] == 299
    assert (await answered("GET", headers(host="evil.example", authorization="Bearer ours")))[0] == 421


async def test_an_allowed_page_reads_the_answers() -> None:
    """Of the stream as well: the headers are on every answer. Caches keep what was said to one origin apart."""
    status, found = await answered("GET", headers(host="localhost", origin="https://app.example.com"), "/v1/stream")
    assert status == 299
    assert found["access-control-allow-origin"] == "https://app.example.com"
    assert found["vary"] == "Accept, Origin"
    _, found = await answered("GET", headers(host="localhost", origin="https://other.example"))
    assert found["vary"] == "Accept, Origin"
    assert "access-control-allow-origin" not in found
    _, found = await answered("GET", headers(host="localhost", origin="https://app.example.com"), rules=BrowserRules())
    assert found == {"vary": "Accept"}


async def test_a_preflight_of_an_allowed_page_is_answered() -> None:
    asked = headers(host="localhost", access_control_request_method="POST")
    status, found = await answered("OPTIONS", asked + headers(origin="https://app.example.com"))
    assert status == 204
    for name in ("Authorization", "Content-Type", "Last-Event-ID", "Idempotency-Key"):
        assert name in found["access-control-allow-headers"]
    assert "PUT" in found["access-control-allow-methods"]
    assert (await answered("OPTIONS", asked + headers(origin="https://other.example")))[0] == 299
