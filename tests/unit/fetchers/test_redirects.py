"""A whole fetch: what is followed, how often, and when it stops."""

from dataclasses import dataclass, field

import pytest

from fetchers.client import redirects
from fetchers.model import Ended, Ending, FetchResult, HopRequest, HopResult, NotNow, Response
from tests.unit.fetchers.bodies import opening

LATER = 1e12


@dataclass
class Hops:
    """Performs hops from a table; what is not in it is a page."""

    table: dict[str, HopResult] = field(default_factory=dict)
    asked: list[HopRequest] = field(default_factory=list)

    async def __call__(self, request: HopRequest) -> HopResult:
        self.asked.append(request)
        return self.table.get(request.url) or answer(request.url)

    def to(self, url: str, location: str, status: int = 302) -> "Hops":
        self.table[url] = answer(url, status, location=location)
        return self


def answer(url: str, status: int = 200, body: bytes = b"", **headers: str) -> Response:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(url, status, named, body, 5.0, address="192.0.2.1")


async def follow(hops: Hops, url: str = "http://a.test/", **more: object) -> FetchResult:
    most = more.get("most", 20)
    assert isinstance(most, int)
    return await redirects.fetch(HopRequest(url, LATER, LATER, etag='"x"'), opening(hops), most_redirects=most)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_every_redirect_status_is_followed_and_told(status: int) -> None:
    result = await follow(Hops().to("http://a.test/", "/b?c", status))
    assert result.url == "http://a.test/b?c"
    hop = result.hops[0]
    assert (hop.url, hop.status_code, hop.by, hop.address, hop.fetched_at) == (
        "http://a.test/",
        status,
        "location",
        "192.0.2.1",
        5.0,
    )


@pytest.mark.parametrize("status", [300, 304, 305, 306, 200, 404])
async def test_other_statuses_lead_nowhere(status: int) -> None:
    result = await follow(Hops().to("http://a.test/", "/b", status))
    assert result.hops == ()
    assert isinstance(result.outcome, Response)


async def test_validators_go_to_the_first_url_only() -> None:
    hops = Hops().to("http://a.test/", "/b")
    await follow(hops)
    assert [one.etag for one in hops.asked] == ['"x"', None]


async def test_a_loop_ends_where_it_closes() -> None:
    hops = Hops().to("http://a.test/", "http://b.test/").to("http://b.test/", "http://a.test/")
    result = await follow(hops)
    assert isinstance(result.outcome, Ended)
    assert result.outcome.ending is Ending.REDIRECT_LOOP
    assert len(hops.asked) == 2


async def test_a_url_that_differs_in_its_fragment_only_is_the_same() -> None:
    """The server never sees a fragment, so that it would answer alike for ever."""
    hops = Hops().to("http://a.test/", "http://a.test/#1")
    hops.to("http://a.test/#1", "http://a.test/#2").to("http://a.test/#2", "http://a.test/#3")
    result = await follow(hops)
    assert isinstance(result.outcome, Ended)
    assert result.outcome.ending is Ending.REDIRECT_LOOP


@pytest.mark.parametrize(("length", "ends"), [(20, False), (21, True)])
async def test_twenty_redirects_are_followed_and_no_more(length: int, ends: bool) -> None:
    hops = Hops()
    for number in range(length):
        hops.to(f"http://a.test/{number}", f"/{number + 1}")
    result = await follow(hops, "http://a.test/0")
    if ends:
        assert isinstance(result.outcome, Ended)
        assert result.outcome.ending is Ending.TOO_MANY_REDIRECTS
    else:
        assert isinstance(result.outcome, Response)
    assert len(hops.asked) == 21


async def test_the_caller_is_asked_after_each_hop_and_what_it_knows_is_not_fetched() -> None:
    hops = Hops().to("http://a.test/", "/b").to("http://a.test/b", "/c")
    asked = []

    async def knows(url: str) -> bool:
        asked.append(url)
        return url.endswith("/c")

    result = await redirects.fetch(HopRequest("http://a.test/", LATER, LATER), opening(hops), knows=knows)
    assert (result.url, result.outcome) == ("http://a.test/c", None)
    assert asked == ["http://a.test/b", "http://a.test/c"]
    assert [one.url for one in hops.asked] == ["http://a.test/", "http://a.test/b"]


async def test_what_ends_a_hop_ends_the_fetch_there() -> None:
    hops = Hops().to("http://a.test/", "/b")
    for ending in (Ended(Ending.DNS_ERROR, "gone"), NotNow(9.0, "full")):
        hops.table["http://a.test/b"] = ending
        result = await follow(hops)
        assert (result.url, result.outcome, len(result.hops)) == ("http://a.test/b", ending, 1)


async def test_a_location_that_is_no_url_is_an_ending() -> None:
    result = await follow(Hops().to("http://a.test/", "http://[::1"))
    assert isinstance(result.outcome, Ended)
    assert result.outcome.ending is Ending.PROTOCOL_ERROR


async def test_a_redirect_without_location_is_an_answer() -> None:
    result = await follow(Hops({"http://a.test/": answer("http://a.test/", 302)}))
    assert isinstance(result.outcome, Response)


async def test_the_fragment_is_handed_on() -> None:
    """RFC 9110, section 10.2.2."""
    result = await follow(Hops().to("http://a.test/#here", "/b"), "http://a.test/#here")
    assert result.url == "http://a.test/b#here"


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("0; url=/b", "http://a.test/b"),
        ("0;URL='/b'", "http://a.test/b"),
        ('5, url="/b" trailing', "http://a.test/b"),
        ("0 /b", "http://a.test/b"),
        ("1.5; http://b.test/", "http://b.test/"),
        ("6; url=/b", None),
        ("0", None),
        ("url=/b", None),
        ("0; url=http://[", None),
        ("0; url=/", None),
    ],
)
async def test_a_refresh_header_redirects_after_short_delays(value: str, target: str | None) -> None:
    """Short delays only; a page that reloads itself is a page."""
    result = await follow(Hops({"http://a.test/": answer("http://a.test/", refresh=value)}))
    assert result.url == (target or "http://a.test/")
    assert [hop.by for hop in result.hops] == (["refresh"] if target else [])


META = b'<meta http-equiv="refresh" content="0; url=/b?x=1&amp;y=2">'


@pytest.mark.parametrize(
    ("body", "followed"),
    [
        (META, True),
        (b"<META CONTENT='0;url=/b?x=1&y=2' HTTP-EQUIV=Refresh>", True),
        (b"<meta\nhttp-equiv = refresh\ncontent = 0;url=/b?x=1&amp;y=2>", True),
        (b" " * (64 * 1024) + META, False),
        (b"<!-- " + META + b" -->", False),
        (b"<noscript>" + META + b"</noscript>", False),
        (b"<script>'" + META + b"'</script>", False),
        (b"<textarea>" + META + b"</textarea>", False),
        (b'<meta name="refresh" content="0; url=/b?x=1&y=2">', False),
        (b'<meta http-equiv="refresh" content="30; url=/b?x=1&y=2">', False),
        (b'<meta http-equiv="refresh">', False),
        (b'<meta http-equiv="refresh" content="0; url=http://[">', False),
    ],
)
async def test_a_meta_refresh_redirects_where_browsers_do(body: bytes, followed: bool) -> None:
    hops = Hops({"http://a.test/": answer("http://a.test/", body=body, content_type="text/html; charset=x")})
    result = await follow(hops)
    assert result.url == ("http://a.test/b?x=1&y=2" if followed else "http://a.test/")
    assert [hop.by for hop in result.hops] == (["meta_refresh"] if followed else [])


async def test_meta_refresh_counts_in_html_and_in_good_answers_only() -> None:
    for status, kind in ((404, "text/html"), (200, "text/plain")):
        result = await follow(Hops({"http://a.test/": answer("http://a.test/", status, META, content_type=kind)}))
        assert result.hops == ()


async def test_a_hostile_page_costs_little_time() -> None:
    """The search is linear: unclosed comments and tags by the thousand."""
    for piece in (
        b"<!--",
        b"<meta ",
        b"<noscript ",
        b"<meta http-equiv=refresh ",
        b"<meta http-equiv=refresh content=' ",
    ):
        body = piece * (64 * 1024 // len(piece)) + b"refresh"
        result = await follow(Hops({"http://a.test/": answer("http://a.test/", body=body, content_type="text/html")}))
        assert result.hops == ()
