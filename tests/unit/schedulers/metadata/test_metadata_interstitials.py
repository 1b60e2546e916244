"""Walls in front of pages are told from pages, and each by its name."""

import pytest

from schedulers.metadata import extract_metadata, interstitials


def seen(html: str, url: str = "https://news.example/a", **answer: object) -> str | None:
    return extract_metadata(html.encode(), url=url, content_type="text/html", **answer).interstitial  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "html", "answer"),
    [
        (
            "cloudflare-challenge",
            "<title>Anything</title>",
            {"headers": {"CF-Mitigated": "challenge"}, "status_code": 403},
        ),
        (
            "cloudflare-challenge",
            "<title>Just a moment...</title><script src='/cdn-cgi/challenge-platform/h/b/x'></script>",
            {"status_code": 503},
        ),
        ("aws-waf", "<p>Human?</p>", {"headers": [("x-amzn-waf-action", "captcha")], "status_code": 405}),
        ("vercel-challenge", "", {"headers": {"x-vercel-mitigated": "challenge"}, "status_code": 429}),
        ("datadome", "<script src='https://ct.captcha-delivery.com/c.js'></script>", {"status_code": 403}),
        ("datadome", "<p>Wait</p>", {"status_code": 403, "headers": [("Set-Cookie", "datadome=x; Path=/")]}),
        ("human-security", "<div id='px-captcha'></div>", {"status_code": 403}),
        ("imperva", "<iframe src='/_Incapsula_Resource?x=1'>Request unsuccessful.</iframe>", {}),
        (
            "akamai-denied",
            "<title>Access Denied</title>errors.edgesuite.net/18",
            {"status_code": 403},
        ),
        ("anubis", "<script src='/.within.website/x/cmd/anubis/static/js/main.mjs'></script>", {}),
        ("google-consent", "<title>Bevor Sie fortfahren</title>", {"url": "https://consent.youtube.com/m?continue=x"}),
        ("facebook-login", "<title>Log in to Facebook</title>", {"url": "https://www.facebook.com/login/?next=x"}),
        ("linkedin-authwall", "<title>Sign Up</title>", {"url": "https://www.linkedin.com/authwall?trk=x"}),
        ("linkedin-999", "", {"url": "https://www.linkedin.com/in/x", "status_code": 999}),
        ("login-form", '<title>Sign in</title><input type="password">', {}),
        ("parked-domain", "<title>x.example</title><script src='//img1.wsimg.com/parking-lander/x.js'></script>", {}),
        ("parked-domain", "<h1>This domain is for sale!</h1>", {}),
        ("default-page", "<title>Welcome to nginx!</title><p>If you see this page</p>", {}),
        ("soft-404", "<title>Page not found | News</title><p>Sorry.</p>", {}),
    ],
)
def test_a_wall_is_named(name: str, html: str, answer: dict[str, object]) -> None:
    """By status, headers, address, title or markup."""
    assert seen(html, **answer) == name  # type: ignore[arg-type]


STORY = "<p>" + "The quick brown fox jumps over the lazy dog. " * 60 + "</p>"


@pytest.mark.parametrize(
    "html",
    [
        f"<title>Passing a CAPTCHA</title><script src='/cdn-cgi/challenge-platform/jsd.js'></script>{STORY}",
        f"<title>404: the story of a number</title>{STORY}",
        f"<title>Log in to the forest</title><form><input type='password'></form>{STORY}",
        f"<title>Buy this domain, said the fox</title>{STORY} This domain is for sale.",
        f"<noscript>Please enable JavaScript to continue</noscript>{STORY}",
        "<title>A story</title><p>Short, but a page.</p>",
    ],
)
def test_a_page_that_says_something_is_no_wall(html: str) -> None:
    """Articles about walls, and articles that carry their scripts, stay articles."""
    assert seen(html) is None


def test_an_error_pages_own_status_is_no_soft_404() -> None:
    """What says 404 with status 404 is an honest answer."""
    assert seen("<title>Page not found</title>", status_code=404) is None


def test_every_signature_says_where_it_comes_from() -> None:
    """Each entry of the data file has a name, a kind, a condition, a source and a date."""
    entries = interstitials.entries()
    assert len(entries) > 40
    for entry in entries:
        assert entry["name"]
        assert entry["kind"] in {"challenge", "consent", "login", "javascript", "parked", "soft-404"}
        assert len(entry["source"]) > 10
        assert entry["date"].year >= 2026
        assert entry.keys() & {"status", "headers", "cookies", "title", "markup", "host", "path"}


@pytest.mark.parametrize(
    ("path", "is_missing"),
    [
        ("/404", True),
        ("/en/404", True),
        ("/pt-BR/404/", True),
        ("/shop/404.html", True),
        ("/shop/not-found", True),
        ("/products/404", False),
        ("/p/404", False),
        ("/issues/404/comments", False),
    ],
)
def test_a_number_in_a_path_is_an_error_only_where_it_counts_nothing(path: str, is_missing: bool) -> None:
    html = "<title>Yellow ducks</title><p>Some text.</p>"
    assert seen(html, f"https://news.example{path}") == ("soft-404" if is_missing else None)
