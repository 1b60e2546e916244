"""Lists of bad links: reading their files, what of a URL they name, and the verdict of all."""

import base64
import hashlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiderduck.lists.expressions import canonical, expressions, hosts
from spiderduck.lists.formats import FORMATS, Counted, read
from spiderduck.lists.loaded import LoadedList, Subject
from spiderduck.lists.table import HashTable, digest_of, key_of
from spiderduck.lists.verdict import Facts, judge
from spiderduck.settings.lists import FORMATS as FORMAT_NAMES
from spiderduck.settings.lists import Action, ListConfig


def a_list(data: str, form: str = "domains", action: Action = "block", name: str = "bad") -> LoadedList:
    return LoadedList(ListConfig(name, "x", form, action, category="malware"), data.encode(), 0.0, 0.0)


def named(one: LoadedList, url: str) -> bool:
    found = canonical(url)
    assert found is not None, url
    return one.names(Subject(found), 0.0) is not None


# Of the Safe Browsing documentation, "Canonicalization".
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://host/%25%32%35", "host/%25"),
        ("http://host/%25%32%35%25%32%35", "host/%25%25"),
        ("http://host/%2525252525252525", "host/%25"),
        ("http://host/asdf%25%32%35asd", "host/asdf%25asd"),
        ("http://host/%%%25%32%35asd%%", "host/%25%25%25asd%25%25"),
        ("http://%31%36%38%2e%31%38%38%2e%39%39%2e%32%36/%2E%73%65%63%75%72%65/%77%77%77", "168.188.99.26/.secure/www"),
        ("http://3279880203/blah", "195.127.0.11/blah"),
        ("http://www.google.com/blah/..", "www.google.com/"),
        ("http://www.evil.com/blah#frag", "www.evil.com/blah"),
        ("http://www.GOOgle.com/", "www.google.com/"),
        ("http://www.google.com.../", "www.google.com/"),
        ("http://www.google.com/foo\tbar\rbaz\n2", "www.google.com/foobarbaz2"),
        ("http://www.google.com/q?", "www.google.com/q?"),
        ("http://www.google.com/q?r?s", "www.google.com/q?r?s"),
        ("http://evil.com/foo#bar#baz", "evil.com/foo"),
        ("http://evil.com/foo;", "evil.com/foo;"),
        ("http://www.gotaport.com:1234/", "www.gotaport.com/"),
        ("  http://www.google.com/  ", "www.google.com/"),
        ("https://www.securesite.com/", "www.securesite.com/"),
        ("http://host.com/ab%23cd", "host.com/ab%23cd"),
        ("http://host.com//twoslashes?more//slashes", "host.com/twoslashes?more//slashes"),
        ("http://host.com/a/./b/../c/", "host.com/a/c/"),
        ("http://host.com/../../x", "host.com/x"),
    ],
)
def test_the_canonical_form_is_that_of_safe_browsing(url: str, expected: str) -> None:
    found = canonical(url)
    assert found is not None
    assert found.exact == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "http://a.b.c/1/2.html?param=1",
            ["a.b.c/1/2.html?param=1", "a.b.c/1/2.html", "a.b.c/", "a.b.c/1/"]
            + ["b.c/1/2.html?param=1", "b.c/1/2.html", "b.c/", "b.c/1/"],
        ),
        (
            "http://a.b.c.d.e.f.g/1.html",
            [
                f"{host}{path}"
                for host in ("a.b.c.d.e.f.g", "c.d.e.f.g", "d.e.f.g", "e.f.g", "f.g")
                for path in ("/1.html", "/")
            ],
        ),
        ("http://1.2.3.4/1/", ["1.2.3.4/1/", "1.2.3.4/"]),
    ],
)
def test_the_expressions_are_those_of_safe_browsing(url: str, expected: list[str]) -> None:
    found = canonical(url)
    assert found is not None
    assert list(expressions(found)) == expected


@given(st.text(max_size=300))
def test_no_url_has_more_than_thirty_expressions(text: str) -> None:
    found = canonical(f"http://a.b.c.d.e.f.g.h/{text}")
    if found is not None:
        assert len(list(expressions(found))) <= 30
        again = canonical(f"http://{found.exact}")
        assert again is None or again.host == found.host


def test_an_address_has_no_suffixes() -> None:
    assert list(hosts("1.2.3.4")) == ["1.2.3.4"]
    assert list(hosts("[::1]")) == ["[::1]"]
    assert list(hosts("a.b.c")) == ["a.b.c", "b.c", "c"]


SHA = hashlib.sha256(b"evil.test/a/").digest()
BODY = hashlib.sha256(b"malware").hexdigest()


@pytest.mark.parametrize(
    ("form", "data", "bad", "good"),
    [
        ("domains", "# list\nevil.test\nBücher.test # comment\n", "http://www.evil.test/x", "http://notevil.test/"),
        ("domains", "Bücher.test", "http://xn--bcher-kva.test/", "http://bucher.test/"),
        ("domains", "203.0.113.7", "http://0xcb.0.113.7/", "http://203.0.113.70/"),
        ("hosts", "127.0.0.1 localhost\n0.0.0.0 evil.test # x\n", "http://evil.test/", "http://localhost/"),
        (
            "adblock",
            "[Adblock]\n! x\n||evil.test^\n||ad.test^$third-party\n@@||ok.test^",
            "http://a.evil.test/",
            "http://ad.test/",
        ),
        ("urls", "http://evil.test/a?b=1\n", "http://EVIL.test/a?b=1#x", "http://evil.test/a?b=2"),
        ("urls", "http://evil.test/", "http://evil.test/", "http://evil.test/other"),
        (
            "urlhaus",
            '# id,dateadded,url\n"1","2026-11-22","http://evil.test/x.bin","online","","malware_download","","",""\n',
            "http://evil.test/x.bin",
            "http://evil.test/y.bin",
        ),
        (
            "mastodon",
            "#domain,#severity\nevil.test,suspend\nmild.test,noop\n",
            "http://evil.test/",
            "http://mild.test/",
        ),
        ("hash_prefixes", SHA[:4].hex(), "http://evil.test/a/b", "http://evil.test/b"),
        ("hash_prefixes", SHA.hex(), "http://x.evil.test/a/", "http://evil.test/"),
        ("hash_prefixes", base64.b64encode(SHA[:12]).decode(), "http://evil.test/a/b?c", "http://evil.test/"),
    ],
)
def test_each_form_names_what_it_says(form: str, data: str, bad: str, good: str) -> None:
    one = a_list(data, form)
    assert named(one, bad)
    assert not named(one, good)
    windows = LoadedList(one.config, b"\xef\xbb\xbf" + data.replace("\n", "\r\n").encode(), 0.0, 0.0)
    assert named(windows, bad)
    assert not named(windows, good)


def test_content_is_named_by_its_digest() -> None:
    one = a_list(f"{BODY}  setup.exe\n", "content")
    hit = one.names_content(BODY, 0.0)
    assert hit is not None
    assert hit.entry == f"{BODY}  setup.exe"
    assert one.names_content("0" * 64, 0.0) is None
    assert not named(one, "http://evil.test/")


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_bad_lines_cost_only_themselves(form: str) -> None:
    good = {
        "urls": "http://evil.test/",
        "urlhaus": "1,2,http://evil.test/",
        "content": BODY,
        "hash_prefixes": SHA.hex(),
    }
    line = good.get(form, {"hosts": "0.0.0.0 evil.test", "adblock": "||evil.test^"}.get(form, "evil.test"))
    junk = b"\xff\xfe\0\n%%%\n" + b"x" * 100_000 + b"\n<\n\x00/?#\n"
    counted = Counted()
    assert len(list(read(junk + line.encode() + b"\n" + junk, form, counted))) == 1
    assert counted.entries == 1


@given(st.binary(max_size=400), st.sampled_from(sorted(FORMATS)))
def test_no_file_is_too_broken(data: bytes, form: str) -> None:
    LoadedList(ListConfig("any", "x", form), data, 0.0, 0.0)


def test_the_strictest_list_decides_and_notes_stay() -> None:
    lists = [
        a_list("evil.test", action="note", name="seen"),
        a_list("evil.test", action="warn", name="odd"),
        a_list("pictures.test", action="block", name="bad"),
    ]
    facts = Facts(hops=["http://short.test/x", "http://evil.test/"], pictures=["http://pictures.test/1.png"])
    found = judge(facts, lists, 100.0)
    assert found.verdict == "block"
    assert found.matched is not None
    assert (found.matched.hop, found.matched.list) == ("http://pictures.test/1.png", "bad")
    assert [one.list for one in found.notes] == ["seen"]
    assert found.basis == "list"
    warned = judge(Facts(hops=facts.hops), lists, 100.0)
    assert warned.verdict == "warn"
    assert warned.matched is not None
    assert (warned.matched.hop, warned.matched.expression) == ("http://evil.test/", "evil.test")


def test_nothing_is_called_safe() -> None:
    assert judge(Facts(hops=["http://a.test/"]), [], 0.0).verdict == "no_match"
    assert judge(Facts(hops=["http://a.test/"], seen=False), [], 0.0).verdict == "unknown"
    noted = judge(Facts(hops=["http://a.test/"]), [a_list("a.test", action="note")], 0.0)
    assert (noted.verdict, noted.basis, noted.matched) == ("no_match", None, None)


def test_a_list_that_was_not_renewed_is_stale() -> None:
    one = LoadedList(ListConfig("old", "x", max_age_s=10.0), b"evil.test", 0.0, 0.0)
    (state,) = judge(Facts(hops=[]), [one], 11.0).lists
    assert (state.stale, state.age_s) == (True, 11)
    assert not LoadedList(ListConfig("old", "x", max_age_s=0.0), b"", 0.0, 0.0).is_stale(1e9)


def test_long_urls_and_deep_hosts_are_quick() -> None:
    lists = [a_list("evil.test"), a_list("00" * 32, "hash_prefixes"), a_list("http://evil.test/", "urls")]
    hostile = [
        "http://" + "a." * 120 + "test/" + "%25" * 2500 + "41",
        "http://x.test/" + "/../" * 2000,
        "http://x.test/" + "a/" * 4000,
    ]
    began = time.process_time()
    for _ in range(20):
        judge(Facts(hops=hostile), lists, 0.0)
    assert time.process_time() - began < 5.0


@pytest.mark.parametrize(
    "wrong",
    [
        ListConfig("", "x"),
        ListConfig("a b", "x"),
        ListConfig("a", ""),
        ListConfig("a", "x", "csv"),
        ListConfig("a", "x", action="drop"),  # type: ignore[arg-type]
        ListConfig("a", "x", max_age_s=-1.0),
        ListConfig("a", "x", max_age_s=float("nan")),
    ],
)
def test_a_wrong_setting_is_named(wrong: ListConfig) -> None:
    with pytest.raises(ValueError, match="takes"):
        wrong.validate()


def test_every_format_of_the_settings_can_be_read() -> None:
    assert set(FORMATS) == set(FORMAT_NAMES)


@pytest.mark.parametrize(
    ("form", "line", "said"),
    [
        (
            "urlhaus",
            '"7","2026-11-22 10:47:34","http://evil.test/x","online","","malware_download","elf,mirai","",""',
            ("malware_download", None, "elf,mirai", "2026-11-22T10:47:34Z"),
        ),
        ("urlhaus", '"7","yesterday","http://evil.test/x","online","","","","",""', (None, None, None, None)),
        (
            "mastodon",
            'evil.test,suspend,true,true,"Spam, lots of it",false',
            (None, "suspend", "Spam, lots of it", None),
        ),
        ("domains", "evil.test # a farm of fakes", (None, None, "a farm of fakes", None)),
        ("adblock", "||evil.test^", (None, None, None, None)),
    ],
)
def test_a_match_tells_what_the_list_says_of_its_entry(form: str, line: str, said: tuple[str | None, ...]) -> None:
    one = LoadedList(ListConfig("bad", "x", form), line.encode(), 0.0, 0.0)
    found = judge(Facts(hops=["http://evil.test/x"]), [one], 0.0).matched
    assert found is not None
    assert (found.category, found.severity, found.comment, found.since) == said


def test_a_url_that_needs_nothing_done_is_canonical_as_it_is() -> None:
    """The short way and the long way come to the same."""
    texts = (
        "/a/b.html?x=1&y=2",
        "/",
        "/?",
        "/a;b,c/~d?e=/../f",
        "/a/./b",
        "/a/.b",
        "//a",
        "/%61",
        "/a%20b",
        '/"<',
        "/é",
    )
    for text in texts:
        found = canonical(f"http://a.test{text}")
        assert found is not None
        again = canonical(f"http://a.test{found.path}" + ("" if found.query is None else f"?{found.query}"))
        assert again == found
    assert canonical("http://.a..test./x") == canonical("http://a.test/x")


def test_a_table_finds_what_it_holds_and_nothing_else() -> None:
    names = [f"host{number}.test" for number in range(2_000)]
    table = HashTable((digest_of(name), at) for at, name in enumerate(names))
    assert all(list(table.found([(name, key_of(name))])) == [(name, at)] for at, name in enumerate(names))
    assert not list(table.found((f"other{number}.test", key_of(f"other{number}.test")) for number in range(2_000)))
    assert not list(HashTable(()).found([("a.test", key_of("a.test"))]))
