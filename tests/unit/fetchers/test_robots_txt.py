"""robots.txt: RFC 9309 sentence by sentence, and what Google's parser does where the RFC leaves room."""

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.robots_txt import RobotsTxt, parse

SITE = "https://site.test"


def allowed(text: str | bytes, path: str, agent: str = "ExampleBot") -> bool:
    """Whether `agent` may fetch `path`; the verdict must agree."""
    robots = parse(text if isinstance(text, bytes) else text.encode())
    answer = robots.allows(agent, SITE + path)
    assert robots.verdict(agent, SITE + path).allowed is answer
    return answer


def everybody(*rules: str) -> str:
    return "\n".join(["User-agent: *", *rules])


# Section 2.1: protocol definition -------------------------------------------------------------------------------------


def test_a_file_that_says_nothing_allows_everything() -> None:
    """Empty, comments only, garbage, rules outside of groups."""
    for text in ("", "# nothing\n", "\x00\xff<html>", "disallow: /\n", "foo: bar\n", "user-agent: *\n"):
        assert allowed(text, "/x")


def test_a_group_is_agents_then_rules() -> None:
    """Several user-agent lines share the rules that follow; the next user-agent line after a rule begins another."""
    text = "user-agent: a\nuser-agent: b\ndisallow: /x\nuser-agent: c\ndisallow: /y\n"
    assert [allowed(text, "/x", agent) for agent in "abcd"] == [False, False, True, True]
    assert [allowed(text, "/y", agent) for agent in "abcd"] == [True, True, False, True]


def test_empty_lines_do_not_end_a_group() -> None:
    """A group goes on until the next user-agent line."""
    assert not allowed("user-agent: *\n\n\nallow: /a\n\ndisallow: /x\n", "/x")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end(end: str) -> None:
    """Unix, DOS, old Mac; the last line needs none; numbers count the lines."""
    text = end.join(["# head", "user-agent: *", "", "disallow: /x"])
    assert parse(text.encode()).verdict("bot", SITE + "/x") == (False, "Disallow: /x", 4)


def test_names_and_white_space() -> None:
    """Any case, white space around names and values, comments at a line's end."""
    for text in (
        "USER-AGENT: *\nDISALLOW: /x",
        "user-agent:*\ndisallow:/x",
        "  user-agent \t:  * \n\tdisallow :\t/x   # comment",
        "User-Agent: * # all\nDisallow: /x#comment",
    ):
        assert not allowed(text, "/x"), text
        assert allowed(text, "/y"), text


# Section 2.2.1: the user-agent line -----------------------------------------------------------------------------------


def test_product_tokens_match_in_any_case() -> None:
    """The crawler's name and the line's."""
    for name in ("EXAMPLEBOT", "examplebot", "ExampleBot"):
        assert not allowed(f"user-agent: {name}\ndisallow: /", "/")
    assert not allowed("user-agent: examplebot\ndisallow: /", "/", "EXAMPLEBOT")


def test_only_the_token_of_a_line_counts() -> None:
    """A version or a remark behind it is no part of it."""
    for value in ("ExampleBot/1.0", "ExampleBot (+https://x.test)", "ExampleBot evil", "ExampleBot, OtherBot"):
        assert not allowed(f"user-agent: {value}\ndisallow: /", "/"), value
    assert allowed("user-agent: ExampleBotX\ndisallow: /", "/")
    assert allowed("user-agent: Example\ndisallow: /", "/")


def test_a_crawler_may_give_its_version() -> None:
    """`Name/1.0 (…)` is asked for as `Name`; a name with a space in it is no token and matches no line."""
    text = "user-agent: *\ndisallow: /\n\nuser-agent: foo bar\nallow: /x\ndisallow: /\n"
    assert allowed(text, "/x", "Foo")
    assert allowed(text, "/x", "Foo/2.1 (+https://foo.test)")
    assert not allowed(text, "/x", "Foo Bar")


def test_names_with_a_number_behind_them_match_themselves() -> None:
    """The RFC's token has none, but crawlers do. With letters behind the number only what is before it is the token."""
    text = "user-agent: bot1\ndisallow: /a\n\nuser-agent: bot2\ndisallow: /b\n"
    assert not allowed(text, "/a", "bot1")
    assert allowed(text, "/b", "bot1")
    assert not allowed(text, "/b", "bot2")
    for text in ("user-agent: AB42bot\ndisallow: /", "user-agent: *\nallow: /\n\nuser-agent: AB42bot\ndisallow: /"):
        assert not allowed(text, "/", "AB")
        assert allowed(text, "/", "AB42bot")
        assert allowed(text, "/", "AB42")
    assert not allowed("user-agent: larbin_2.6.2 x@y.test\ndisallow: /", "/", "larbin_2.6.2")


def test_groups_of_one_token_are_one_group() -> None:
    """The RFC's example of merging."""
    text = """
        user-agent: ExampleBot
        disallow: /foo
        disallow: /bar

        user-agent: *
        disallow: /all

        user-agent: ExampleBot
        disallow: /baz
    """
    assert [allowed(text, path) for path in ("/foo", "/bar", "/baz", "/all")] == [False, False, False, True]


def test_anybody_is_for_those_without_a_group() -> None:
    """A group of one's own, even without rules, stands instead of `*`, wherever it stands; several `*` are merged."""
    text = (
        "user-agent: Own\n\nuser-agent: Empty\ndisallow:\n\nuser-agent: *\ndisallow: /a\n\nuser-agent: *\ndisallow: /b"
    )
    for agent in ("Empty", "Own"):
        assert allowed(text, "/a", agent)
    assert not allowed(text, "/a", "Other")
    assert not allowed(text, "/b", "Other")
    assert not allowed("user-agent: * for all\ndisallow: /", "/")
    assert allowed("user-agent: *bot\ndisallow: /", "/")


def test_no_group_means_no_rules() -> None:
    """Neither the crawler's nor anybody's: nothing is forbidden."""
    assert allowed("user-agent: other\ndisallow: /", "/")


# Section 2.2.2: allow and disallow ------------------------------------------------------------------------------------


def test_the_longest_match_wins() -> None:
    """By octets, whatever the order."""
    for rules in (["allow: /a/b", "disallow: /a"], ["disallow: /a", "allow: /a/b"]):
        assert allowed(everybody(*rules), "/a/b/c")
        assert not allowed(everybody(*rules), "/a/c")
    assert not allowed(everybody("allow: /page", "disallow: /*.html"), "/page.html")
    assert allowed(everybody("allow: /x/page.", "disallow: /*.html"), "/x/page.html")


def test_allow_wins_a_tie() -> None:
    """Equivalent rules, in either order, plain or with wildcards."""
    for rules in (
        ["allow: /a", "disallow: /a"],
        ["disallow: /a", "allow: /a"],
        ["disallow: /a*", "allow: /*a"],
        ["disallow: /a$", "allow: /a*"],
        ["disallow: /*a", "allow: /aa"],
    ):
        assert allowed(everybody(*rules), "/aa" if "/aa" in rules[1] else "/a"), rules


def test_rules_match_from_the_start_of_the_path_in_their_case() -> None:
    """`/x` is no rule about `/y/x` or `/X`; a pattern that does not begin with a slash matches nothing."""
    text = everybody("disallow: /x", "disallow: plain")
    assert [allowed(text, path) for path in ("/x", "/xy", "/x/y", "/y/x", "/X", "/plain")] == [False] * 3 + [True] * 3


def test_an_empty_rule_says_nothing() -> None:
    """`Disallow:` allows; it does not undo other rules."""
    assert allowed(everybody("disallow:"), "/x")
    assert not allowed(everybody("disallow:", "disallow: /x", "allow:"), "/x")


def test_of_robots_txt_itself_it_says_what_the_rules_say() -> None:
    """That it may always be fetched is for the crawler to know (the gate does), as in Google's specification test."""
    assert not allowed(everybody("disallow: /"), "/robots.txt")


def test_octets_beyond_ascii_are_compared_percent_encoded() -> None:
    """UTF-8 in a rule is the percent-encoded path of the request; hex digits in either case."""
    for rule in ("/foo/bar/ツ", "/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"):
        text = everybody("disallow: /", f"allow: {rule}")
        assert allowed(text, "/foo/bar/%E3%83%84"), rule
        assert allowed(text, "/foo/bar/%e3%83%84"), rule
    assert not allowed(everybody(b"disallow: /\xff".decode("latin-1")), "/%C3%BF")
    assert not allowed(b"user-agent: *\ndisallow: /\xff", "/%FF")


def test_reserved_characters_are_compared_as_they_stand() -> None:
    """`/` and `%2F` are different, in paths and in queries, which are part of what is compared."""
    text = everybody("disallow: /", "allow: /foo/bar?qux=taz&baz=http://foo.bar?tar&par")
    assert allowed(text, "/foo/bar?qux=taz&baz=http://foo.bar?tar&par")
    assert not allowed(text, "/foo/bar?qux=taz&baz=http%3A%2F%2Ffoo.bar?tar&par")
    assert allowed(everybody("disallow: /a/b"), "/a%2Fb")


def test_a_rule_that_encodes_unreserved_characters_is_taken_as_it_stands() -> None:
    """Google's specification test says so, against the RFC's table."""
    text = everybody("disallow: /", "allow: /foo/%62%61%7A")
    assert allowed(text, "/foo/%62%61%7A")
    assert not allowed(text, "/foo/baz")


# Section 2.2.3: special characters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "matches", "passes"),
    [
        ("/fish", "/fish /fish.html /fish/salmon /fishheads /fish?id=1", "/Fish /catfish /?id=fish /f"),
        ("/fish*", "/fish /fish.html /fish/a", "/Fish /catfish"),
        ("/fish/", "/fish/ /fish/?id=1 /fish/a.htm", "/fish /fish.html"),
        ("/*.php", "/index.php /a/b.php /a/b.php?x /a/b.php/ /a.php.bak", "/ /windows.PHP"),
        ("/*.php$", "/a.php /b/a.php /a.php.php", "/a.php?x /a.php/ /a.php5"),
        ("/fish*.php", "/fish.php /fishheads/catfish.php?x", "/Fish.PHP"),
        ("/a$", "/a", "/a/ /a?x /ab"),
        ("/$", "/", "/a"),
        ("*", "/ /a", ""),
        ("*a", "/a /ba", "/b"),
        ("/a*b*c", "/abc /a-b-c/d /aabbcc", "/acb /ab"),
        ("/a**b", "/ab /a--b", "/a"),
        ("/a*$", "/a /ab", "/b"),
        ("/a*ab$", "/aab /aabab /aaab", "/ab /abb"),
        ("/a$b", "/a$b /a%24bc", "/a /ab"),
        ("/a%2Ab", "/a*b /a%2ab", "/axb"),
        ("/a%24", "/a$ /a$b", "/a"),
    ],
)
def test_wildcard_and_end(pattern: str, matches: str, passes: str) -> None:
    """`*` is any run of octets, `$` at the end is the end; elsewhere, or percent-encoded, they stand for themselves."""
    text = everybody(f"disallow: {pattern}")
    assert [path for path in matches.split() if allowed(text, path)] == []
    assert [path for path in passes.split() if not allowed(text, path)] == []


def test_a_comment_begins_anywhere() -> None:
    """`#` is never part of a rule."""
    text = everybody("# disallow: /", "disallow: /foo/quz#qux", "allow: /")
    assert allowed(text, "/foo/bar")
    assert not allowed(text, "/foo/quz")


# Section 2.2.4: other records -----------------------------------------------------------------------------------------


def test_other_records_do_not_interfere() -> None:
    """Between user-agent lines they leave the group whole."""
    for record in ("Sitemap: https://site.test/s.xml", "Crawl-delay: 5", "Unknown: x", "Host: site.test"):
        text = f"user-agent: a\n{record}\nuser-agent: b\n{record}\ndisallow: /\n"
        assert not allowed(text, "/", "a"), record
        assert not allowed(text, "/", "b"), record


def test_sitemaps_are_kept() -> None:
    """As written, each once, in or outside of groups."""
    text = "Sitemap: https://site.test/ä.xml\nuser-agent: *\nsitemap : /b.xml # relative\nSITE-MAP: /b.xml\nsitemap:\n"
    assert parse(text.encode()).sitemaps == ("https://site.test/ä.xml", "/b.xml")


def test_crawl_delay_is_for_the_agents_named_just_before() -> None:
    """Decimal seconds; nonsense is passed over; a group of one's own without a delay has none."""
    text = """
        user-agent: a
        user-agent: b
        crawl-delay: 2.5
        user-agent: c
        disallow: /
        crawl-delay: soon
        user-agent: *
        crawl-delay: -1
        crawl-delay: inf
        crawl-delay: nan
        crawl-delay: 30
        crawl-delay: 60
    """
    robots = parse(text.encode())
    assert [robots.crawl_delay(agent) for agent in ("a", "B/1.0", "c", "d")] == [2.5, 2.5, None, 30.0]
    assert parse(b"").crawl_delay("a") is None


# Section 2.5 and what is broken ---------------------------------------------------------------------------------------


def test_byte_order_marks_are_skipped() -> None:
    """UTF-8's, however many at the start, and UTF-16 files as a whole. Half a mark, or one in the middle, makes its
    line unreadable."""
    text = "user-agent: *\ndisallow: /x\n"
    twice = b"\xef\xbb\xbf".decode("latin-1").encode()
    mark = b"\xef\xbb\xbf"
    for marks in (mark, mark * 2, b"\r\n \n" + mark, twice, mark + twice + b"\n"):
        assert not allowed(marks + text.encode(), "/x")
    for half in (b"\xef\xbb", b"\xef", b"\xef\x11\xbf"):
        assert allowed(half + text.encode(), "/x")
    assert allowed(b"user-agent: *\n\xef\xbb\xbfdisallow: /x\n", "/x")
    for codec, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        assert not allowed(mark + text.encode(codec), "/x")


def test_at_least_500_kibibytes_are_read() -> None:
    """What lies beyond is not, and a rule that the limit cuts is dropped: `/public` cut to `/` would close a site."""
    head = "user-agent: *\ndisallow: /x\n"
    padding = "# filler\n" * ((500 * 1024 - len(head) - 22) // 9)
    inside = head + padding + "disallow: /y\n"
    assert len(inside) < 500 * 1024
    assert not allowed(inside, "/y")
    beyond = head + "# filler\n" * 60_000 + "disallow: /y\n"
    assert allowed(beyond, "/y")
    assert not allowed(beyond, "/x")
    cut = head + "#" * (500 * 1024 - len(head) - len("\ndisallow: /")) + "\ndisallow: /public\n"
    assert allowed(cut, "/other")


def test_long_lines_are_cut() -> None:
    """At 16,663 characters, as Google's parser does."""
    long = "/x/" + "a" * 16_649
    assert not allowed(everybody(f"disallow: {long}/qux"), long + "/fux")
    assert allowed(everybody(f"disallow: {long}/qux"), "/x/a")


@pytest.mark.parametrize("name", ["dissallow", "dissalow", "disalow", "diasllow", "disallaw", "Disallow", "disallowed"])
def test_misspelt_rules_count(name: str) -> None:
    """Those that Google's parser takes."""
    assert not allowed(f"useragent: *\n{name}: /x", "/x")


def test_a_missing_colon_is_forgiven() -> None:
    """Where exactly two words stand there, every time."""
    text = "user agent *\nuser-agent *\ndisallow /x\nuser-agent a\ndisallow /x\ndisallow /y z\ndisallow /v # a: b\n"
    assert not allowed(text, "/x", "b")
    assert not allowed(text, "/x", "a")
    assert allowed(text, "/y", "a")
    assert not allowed(text, "/v", "a")


def test_leave_for_an_index_is_leave_for_its_folder() -> None:
    """Google's parser: `Allow: /folder/index.html` opens `/folder/` as well, and nothing else."""
    text = everybody("allow: /folder/index.html", "disallow: /")
    assert [allowed(text, path) for path in ("/folder/", "/folder/index.html")] == [True, True]
    assert [allowed(text, path) for path in ("/folder/index.htm", "/folder/a", "/folder", "/")] == [False] * 4


# The URL asked about --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("", "/"),
        ("http://www.example.com", "/"),
        ("http://www.example.com/", "/"),
        ("http://www.example.com/a", "/a"),
        ("http://www.example.com/a/b?c=http://d.e/", "/a/b?c=http://d.e/"),
        ("http://www.example.com/a/b?c=d&e=f#fragment", "/a/b?c=d&e=f"),
        ("http://www.example.com?a", "/?a"),
        ("http://www.example.com;a", "/;a"),
        ("http://www.example.com#a/b", "/"),
        ("example.com", "/"),
        ("example.com/a", "/a"),
        ("example.com/a?b=http://c/", "/a?b=http://c/"),
        ("//a/b/c", "/b/c"),
        ("//a?b", "/?b"),
        ("a?b#c", "/?b"),
        ("/a", "/a"),
    ],
)
def test_path_of_a_url(url: str, path: str) -> None:
    """Path, parameters and query, of anything that resembles a URL."""
    robots = parse(f"user-agent: *\ndisallow: /\nallow: {path}$\n".encode())
    assert robots.allows("bot", url)
    if path != "/":
        assert not robots.allows("bot", "http://www.example.com/")


# The result -----------------------------------------------------------------------------------------------------------


def test_a_verdict_names_rule_and_line() -> None:
    """For the console and for a site owner's question."""
    robots = parse(b"# hello\nuser-agent: *\nallow: /a\ndisallow: /*?print\n")
    assert robots.verdict("bot", SITE + "/a/b") == (True, "Allow: /a", 3)
    assert robots.verdict("bot", SITE + "/x?print") == (False, "Disallow: /*?print", 4)
    assert robots.verdict("bot", SITE + "/x") == (True, None, None)


def test_it_travels_as_bytes() -> None:
    """Through a cache and through pickle; the copy answers alike."""
    text = "user-agent: a\ncrawl-delay: 3\ndisallow: /x*y\n\nuser-agent: *\nallow: /\nsitemap: /s.xml\n"
    robots = parse(text.encode())
    robots.allows("a", SITE)
    for copy in (RobotsTxt.from_bytes(robots.to_bytes()), pickle.loads(pickle.dumps(robots))):
        assert copy == robots
        assert not copy.allows("a", SITE + "/xzy")
        assert (copy.crawl_delay("a"), copy.sitemaps) == (3.0, ("/s.xml",))
    with pytest.raises(ValueError):
        RobotsTxt.from_bytes(b"junk")


@given(st.binary(max_size=500), st.text(max_size=30), st.text(max_size=60))
def test_no_input_makes_it_raise(body: bytes, agent: str, url: str) -> None:
    """Any bytes, any agent, any URL; and what is kept comes back."""
    robots = parse(body)
    assert robots.verdict(agent, url).allowed is robots.allows(agent, url)
    robots.crawl_delay(agent)
    assert RobotsTxt.from_bytes(robots.to_bytes()) == robots


RULE_TEXT = st.text("/ab*$%2", max_size=8)


@given(st.lists(st.tuples(st.booleans(), RULE_TEXT), max_size=12), st.text("/ab", max_size=8))
def test_the_table_agrees_with_trying_every_rule(rules: list[tuple[bool, str]], path: str) -> None:
    """The quick look-up decides as the plain definition does: every rule matched, the longest taken, Allow on ties."""
    from fetchers.robots.matching import Matcher

    path = "/" + path
    matcher = Matcher([(allow, pattern, line) for line, (allow, pattern) in enumerate(rules) if pattern])
    fitting = [(len(text), allow) for allow, text in rules if text and Matcher([(False, text, 1)]).find(path)]
    best = max(fitting, default=None)
    found = matcher.find(path)
    assert (None if found is None else (found.octets, found.allow)) == best


def test_hostile_patterns_take_no_time() -> None:
    """Stars do not multiply: a pattern of thousands against a long path, and many patterns."""
    stars = everybody("disallow: /" + "*a" * 8000 + "b", *[f"disallow: /*{number}*x*y*z" for number in range(5000)])
    robots = parse(stars.encode())
    started = time.process_time()
    assert robots.allows("bot", SITE + "/" + "a" * 8000)
    assert time.process_time() - started < 1.0
