"""What of a link a person who hunts spam looks at twice: each signal where it is due, and nowhere else."""

from dataclasses import replace

import pytest

from schedulers.config import Freshness
from schedulers.context import NewPage
from schedulers.links import Chain, Link, Member
from schedulers.model import Content, Known, Page, Redirect, Status, UrlState
from schedulers.settlement import settle
from spiderduck.lists.signals import FRESH_SECONDS, signals

URL, NOW = "http://news.test/a", 1_000_000.0


def page(identity: int, title: str, text: str, url: str = URL) -> Page:
    metadata = f'{{"title":"{title}","content_hash":"{text}"}}'.encode()
    return Page(identity, url, url, NOW, 200, Content("text/html", 1, "ab" * 32), metadata, b"{}")


def state(**fields: object) -> UrlState:
    return replace(UrlState(URL, URL, Status.FETCHED, page_id=1, resolved_url=URL), **fields)  # type: ignore[arg-type]


def found(hops: list[str], known: Known) -> list[str]:
    return list(signals(hops, known, NOW))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (Known(), []),
        (Known(state=state()), []),
        (Known(state=state(blocked_by="consent")), ["interstitial"]),
        (Known(state=state(changed_at=NOW - 9e9)), ["content_changed"]),
        (Known(state=state(domain_since=NOW)), ["fresh_domain"]),
        (Known(state=state(domain_since=NOW - FRESH_SECONDS + 1)), ["fresh_domain"]),
        (Known(state=state(domain_since=NOW - FRESH_SECONDS)), []),
    ],
)
def test_what_is_known_of_it_gives_signals(known: Known, expected: list[str]) -> None:
    assert found([URL], known) == expected


@pytest.mark.parametrize("host", ["203.0.113.7", "[2001:db8::1]", "203.0.113.7:8080"])
def test_an_address_instead_of_a_name_is_one(host: str) -> None:
    assert found([URL, f"http://{host}/"], Known()) == ["ip_address_host"]


@pytest.mark.parametrize(("count", "expected"), [(4, []), (5, ["many_redirects"]), (20, ["many_redirects"])])
def test_redirects_are_counted(count: int, expected: list[str]) -> None:
    assert found([f"http://hop{number}.test/" for number in range(count)], Known()) == expected


def refetched(before: Known, after: Page) -> UrlState:
    chain = Chain(Link(URL, URL), {URL: before}, after.url, (Member(URL, URL, ()),))
    return settle(NewPage(chain, after), NOW, Freshness()).state


@pytest.mark.parametrize(
    ("before", "after", "has_changed"),
    [
        (page(1, "A", "x"), page(2, "A", "x"), False),
        (page(1, "A", "x"), page(2, "B", "x"), False),  # a headline that was mended
        (page(1, "A", "x"), page(2, "A", "y"), False),  # comments below it
        (page(1, "A", "x"), page(2, "B", "y"), True),
        (page(1, "A", "x"), page(2, "A", "x", "http://other.test/"), True),  # a short link that was turned
        (page(1, "A", "x"), page(2, "A", "x", "http://www.news.test/b"), False),
    ],
)
def test_a_link_that_shows_something_else_after_it_was_shared_is_told(
    before: Page, after: Page, has_changed: bool
) -> None:
    settled = refetched(Known(state=state(), page=before), after)
    assert (settled.changed_at == NOW) is has_changed
    assert ("content_changed" in found([URL], Known(state=settled, page=after))) is has_changed
    again = refetched(Known(state=settled, page=after), replace(after, id=3))
    assert again.changed_at == settled.changed_at, "and it stays so"


def test_the_first_time_nothing_has_changed() -> None:
    assert refetched(Known(), page(1, "A", "x")).changed_at is None
    redirects = (Redirect("http://s.test/", "http://s.test/", 301),)
    pending = Known(state=UrlState(URL, URL, Status.PENDING, redirects=redirects))
    assert refetched(pending, page(1, "A", "x")).changed_at is None
