"""Real robots.txt files, and what each of them is there to show."""

import pytest

from fetchers.robots_txt import RobotsTxt, parse
from tests.corpora import CORPORA

FOLDER = CORPORA / "robots"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"{FOLDER} is absent; set SPIDERDUCK_CORPORA to the folder of corpora"
)


def load(name: str) -> RobotsTxt:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return parse(path.read_bytes())


@pytest.mark.parametrize(
    ("name", "agent", "path", "expected"),
    [
        ("rfc9309-example-simple-robots.txt", "foobot", "/example/page.html", True),
        ("rfc9309-example-simple-robots.txt", "foobot", "/example/allowed.gif", True),
        ("rfc9309-example-simple-robots.txt", "foobot", "/publications/", False),
        ("rfc9309-example-simple-robots.txt", "barbot", "/example/page.html", False),
        ("rfc9309-example-simple-robots.txt", "bazbot", "/example/page.html", False),
        ("rfc9309-example-simple-robots.txt", "quxbot", "/example/page.html", True),
        ("rfc9309-example-simple-robots.txt", "anybot", "/a/picture.gif", False),
        ("rfc9309-example-simple-robots.txt", "anybot", "/publications/", True),
        ("rfc9309-example-longest-match-robots.txt", "foobot", "/example/page/", True),
        ("rfc9309-example-longest-match-robots.txt", "foobot", "/example/page/disallowed.gif", False),
        ("rfc9309-example-rule-group-merging.txt", "ExampleBot", "/baz", False),
        ("rfc9309-example-rule-group-merging.txt", "ExampleBot", "/foo", False),
        ("rfc9309-example-rule-group-merging.txt", "BazBot", "/foo", True),
        ("rfc9309-example-rule-group-merging.txt", "BazBot", "/baz", False),
        ("crawl-delay-group-merging.txt", "mybot", "/private/", False),
        ("crawl-delay-group-merging.txt", "yourbot", "/private/", False),
        ("crawl-delay-group-merging.txt", "yourbot", "/login/", False),
        ("crawl-delay-group-merging.txt", "anybot", "/login/", True),
        ("extensions-group-merging.txt", "mybot", "/private/", False),
        ("extensions-group-merging.txt", "anybot", "/llms.txt", True),
        ("extensions-group-merging.txt", "anybot", "/", False),
        ("directive-typos-robots.txt", "bot1", "/desallow/", True),
        ("directive-typos-robots.txt", "bot1", "/dissalow/", False),
        ("directive-typos-robots.txt", "bot2", "/useragent/", False),
        ("directive-typos-robots.txt", "bot4", "/useragent-no-colon/", False),
        ("format-errors-robots.txt", "bot1", "/whitespace-before-colon/", False),
        ("format-errors-robots.txt", "bot1", "/no-colon/", False),
        ("format-errors-robots.txt", "bot2", "/no-colon-useragent/", False),
        ("format-errors-robots.txt", "bot3", "/whitespace-before-colon", True),
        ("format-errors-robots.txt", "bot3", "/other", False),
        ("malformed-path.txt", "bot", "/wiki/Wikipedia_talk:Mediation_Committee/", False),
        ("malformed-path.txt", "bot", "/wiki/Wikipedia_talk%3Mediation_Committee/", False),
        ("merge-rules.txt", "wget", "/foo/bar", True),
        ("merge-rules.txt", "wget", "/tmp/bar", False),
        ("merge-rules.txt", "anybot", "/foo/bar", False),
        ("merge-rules.txt", "curl", "/ckh/bar", False),
        ("precedence-of-rules.txt", "wget", "/foo", True),
        ("precedence-of-rules.txt", "wget", "/other", False),
        ("precedence-of-rules.txt", "testy", "/foo/bar", True),
        ("precedence-of-rules.txt", "testy", "/foo/baz", False),
        ("precedence-of-rules.txt", "testy", "/foo", False),
        ("wildcards.txt", "bot", "/gp/registry/wishlist/123/reserve", False),
        ("wildcards.txt", "bot", "/wishlist/universal-button", True),
        ("many-user-agents.txt", "wget", "/x", False),
        ("many-user-agents.txt", "anybot", "/x", True),
    ],
)
def test_the_verdict_is_that_of_the_corpus(name: str, agent: str, path: str, expected: bool) -> None:
    """What the file's name promises."""
    assert load(name).allows(agent, "https://www.example.com" + path) is expected


@pytest.mark.parametrize(
    "name", ["robots-with-utf8-bom.txt", "robots-with-utf16le-bom.txt", "robots-with-utf16be-bom.txt"]
)
def test_byte_order_marks_hide_no_rule(name: str) -> None:
    """Three encodings of one file say the same, and its first line counts."""
    robots = load(name)
    assert robots == load("robots-with-utf8-bom.txt")
    assert robots.to_bytes() != parse(b"").to_bytes()


def test_crawl_delays_are_those_of_the_corpus() -> None:
    """For one agent, for anybody, and behind DOS line ends."""
    merging = load("crawl-delay-group-merging.txt")
    assert (merging.crawl_delay("mybot"), merging.crawl_delay("anybot")) == (10.0, 30.0)
    assert merging.crawl_delay("yourbot") is None
    assert load("dos-line-endings.txt").crawl_delay("anybot") == 1.0


def test_sitemaps_are_those_of_the_corpus() -> None:
    """Each once, relative ones as written."""
    assert load("sitemap-robots-dedup.txt").sitemaps == ("http://example.org/sitemap.xml",)
    assert load("relative-sitemap-robots.txt").sitemaps == ("/sitemap.xml",)
    assert load("format-errors-robots.txt").sitemaps == ("/sitemap.xml",)


def test_every_file_is_read() -> None:
    """None makes the parser stumble."""
    for path in sorted(FOLDER.iterdir()):
        robots = parse(path.read_bytes())
        assert robots.verdict("bot", "https://www.example.com/").allowed in (True, False), path
