"""Lists as people and their programs write them: every line end, mark and spelling names the same entries."""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiderduck.lists.expressions import canonical
from spiderduck.lists.formats import FORMATS, LONGEST_LINE
from spiderduck.lists.loaded import LoadedList, Subject
from spiderduck.lists.verdict import Facts, judge
from spiderduck.settings.lists import ListConfig

BAD, GOOD = "http://bad.test/a/b?c=1", "http://good.test/a/b?c=1"
MASTODON = "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate"
LINES = {
    "domains": ("# ours", "bad.test", "other.test"),
    "hosts": ("127.0.0.1 localhost", "0.0.0.0 bad.test", "0.0.0.0 other.test"),
    "adblock": ("[Adblock Plus 2.0]", "||bad.test^", "||other.test^"),
    "urls": ("# ours", BAD, "http://other.test/"),
    "urlhaus": ("# id,dateadded,url", f'"1","2026-11-22 10:00:00","{BAD}","online","","malware","","",""', "# end"),
    "mastodon": (MASTODON, "bad.test,suspend,false,false,,false", "other.test,silence,false,false,,false"),
    "hash_prefixes": ("# ours", hashlib.sha256(b"bad.test/a/").hexdigest()[:8], "00112233"),
}
ENDS, MARKS = ("\n", "\r\n", "\r", "\n\n"), ("utf-8", "utf-8-sig", "utf-16")


def loaded(form: str, data: bytes | str) -> LoadedList:
    return LoadedList(ListConfig("l", "-", format=form), data if isinstance(data, bytes) else data.encode(), 0.0, 0.0)


def names(one: LoadedList, url: str, now: float = 0.0) -> bool:
    found = canonical(url)
    return found is not None and one.names(Subject(found), now) is not None


@pytest.mark.parametrize(("form", "end", "mark", "last"), [*product(LINES, ENDS, MARKS, ("", "end"))])
def test_line_ends_and_byte_order_marks_change_nothing(form: str, end: str, mark: str, last: str) -> None:
    text = end.join(LINES[form]) + (end if last else "")
    one = loaded(form, text.encode(mark))
    assert names(one, BAD)
    assert not names(one, GOOD)
    assert len(one) == (1 if form == "urlhaus" else 2)
    assert one.counted.unread == 0
    hit = judge(Facts(hops=(BAD,)), [one], 0.0).matched
    assert hit is not None
    assert hit.entry == LINES[form][1], "the entry is told as it is written"


DIGEST = hashlib.sha256(b"bad.test/a/").digest()
SPELLINGS = {
    "domains": ("BAD.test", "bad.test.", ".bad.test", "*.bad.test", "bad[.]test", "\tbad.test "),
    "hosts": ("0.0.0.0 one.test bad.test two.test", ":: bad.test", "0\tBAD.TEST. # x"),
    "adblock": ("||bad.test^", "||bad.test^|", "||bad.test^$all", "||bad.test^$doc", "||bad.test^$document,important"),
    "urls": (
        "bad.test/a/b?c=1",
        "HTTPS://BAD.test:8443/a/b?c=1#x",
        "hxxp://bad[.]test/a/b?c=1",
        "http://user:secret@bad.test/a/./b?c=1",
        "http://bad.test//x/..//a/%62?c=1",
        "hxxps[:]//bad[.]test/a/b?c=1",
        "hXXp[://]bad(.)test/a/b?c=1",
        "h**p://bad{dot}test/a/b?c=1",
        "bad[DOT]test/a/b?c=1",
    ),
    "mastodon": ("bad.test", '"bad.test","suspend"', " BAD.test ,suspend", 'bad.test,suspend,,,"a, b"'),
    "hash_prefixes": (
        DIGEST.hex().upper(),
        f"0x{DIGEST.hex()[:8]} # x",
        DIGEST.hex()[:18],
        b64encode(DIGEST[:4]).decode(),
        b64encode(DIGEST[:4]).decode().rstrip("="),
        urlsafe_b64encode(DIGEST).decode(),
    ),
    "urlhaus": (f'"1", "2026", "{BAD}", "online"', f"1,2026,{BAD}", f"1,2026,{BAD.replace('http', 'hxxp')},online"),
}


@pytest.mark.parametrize(("form", "line"), [(form, line) for form, lines in SPELLINGS.items() for line in lines])
def test_an_entry_is_read_in_the_ways_in_which_it_is_written(form: str, line: str) -> None:
    one = loaded(form, f"\n{line}\n")
    assert names(one, BAD), line
    assert not names(one, GOOD)


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        ("domains", "! comment\n; comment\n# comment"),
        ("hosts", "! comment\n; comment\n# 0.0.0.0 bad.test"),
        ("mastodon", '"#domain","#severity"\n"bad.test","noop"'),
        ("mastodon", " #domain , #severity \nbad.test, noop"),
        ("urlhaus", "id,dateadded,url,url_status\n# end"),
        ("adblock", "! ||bad.test^\n||bad.test/path\n||bad.test^$third-party\n||*.bad.test^\n##.bad"),
        ("mastodon", "domain,severity\nbad.test,noop"),
        ("mastodon", "#bad.test,suspend"),
        ("urlhaus", f"# 1,2026,{BAD}"),
    ],
)
def test_what_is_no_entry_is_none_and_no_trouble(form: str, lines: str) -> None:
    one = loaded(form, lines)
    assert (len(one), one.counted.unread) == (0, 0)
    assert not names(one, BAD)
    assert not names(one, "http://domain/")


def test_an_exception_goes_before_the_rule_that_it_is_made_from() -> None:
    one = loaded("adblock", "@@||good.bad.test^\n||bad.test^\n||worse.good.bad.test^\n")
    assert names(one, "http://x.bad.test/")
    assert not names(one, "http://x.good.bad.test/")
    assert len(one) == 2


@pytest.mark.parametrize("line", ["203.0.113.7", "::ffff:203.0.113.7", "[::ffff:cb00:7107]", "0xcb007107"])
@pytest.mark.parametrize("host", ["203.0.113.7", "0xcb.0.113.7", "[::ffff:203.0.113.7]", "[::ffff:cb00:7107]"])
def test_an_address_is_one_in_every_spelling(line: str, host: str) -> None:
    assert names(loaded("domains", line), f"http://{host}/")


def test_a_comment_of_several_lines_is_one_row() -> None:
    """Its second line is no entry, whatever it looks like."""
    row = 'bad.test,suspend,false,false,"spam, as\ngood.test\n""says""",false'
    one = loaded("mastodon", f"{MASTODON}\n{row}\nlast.test,suspend")
    assert names(one, BAD)
    assert not names(one, GOOD)
    assert names(one, "http://last.test/")
    matched = judge(Facts(hops=(BAD,)), [one], 0.0).matched
    assert matched is not None
    assert matched.comment == 'spam, as\ngood.test\n"says"'


@pytest.mark.parametrize("form", ["mastodon", "urlhaus"])
def test_a_quote_that_is_missing_takes_no_other_row_with_it(form: str) -> None:
    rows = LINES[form][1]
    broken = '"broken.test,suspend' if form == "mastodon" else '"0","2026","http://broken.test/'
    one = loaded(form, "\n".join([broken, *([rows] * 2_000)]))
    assert names(one, BAD)
    assert len(one) >= 2_000 - LONGEST_LINE // len(rows)


def test_the_first_line_says_which_column_is_which() -> None:
    one = loaded("mastodon", "domain,public_comment,severity\nbad.test,sells fakes,silence\n")
    matched = judge(Facts(hops=(BAD,)), [one], 0.0).matched
    assert matched is not None
    assert (matched.comment, matched.severity) == ("sells fakes", "silence")


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("mastodon", "domain,public_comment,severity\nbad.test,sells fakes,noop", False),
        ("mastodon", "domain,public_comment,severity\nbad.test,noop,suspend", True),
        ("mastodon", "severity,domain\nsuspend,bad.test", True),
        ("mastodon", "id,domain\n7,bad.test", True),
        ("mastodon", '"#severity","#domain"\n"noop","bad.test"\n"silence","bad.test"', True),
        ("urlhaus", f"url,id\n{BAD},7", True),
        ("urlhaus", f"# made by us\n# url,id\n# and so on\n{BAD},7", True),
        ("urlhaus", f"# id,dateadded,url\n7,2026,{BAD}", True),
        ("urlhaus", f"7,{BAD}", False),
    ],
)
def test_the_head_says_where_the_entry_stands(form: str, text: str, expected: bool) -> None:
    assert names(loaded(form, text), BAD) is expected


@pytest.mark.parametrize(
    ("form", "line"),
    [
        (form, line % name)
        for form, line in (("domains", "%s"), ("hosts", "0.0.0.0 %s"), ("mastodon", "%s,suspend"))
        for name in (
            "ba*.test",
            "bad.*",
            "*",
            "b**.te**",
            "203.0.113.0/24",
            "bad..test",
            "bad.test;suspend",
            "bad.test!",
        )
    ],
)
def test_what_can_be_no_host_is_counted_as_unread(form: str, line: str) -> None:
    """Mastodon's public lists hide names behind stars: such a line names nobody."""
    one = loaded(form, line)
    assert (len(one), one.counted.unread) == (0, 1)


@pytest.mark.parametrize("line", ["bad.test/?a[.]b=(.)", "http://bad.test/?a[.]b=(.)", "hxxp://bad[.]test/?a[.]b=(.)"])
def test_brackets_behind_the_host_are_the_url_s_own(line: str) -> None:
    assert names(loaded("urls", line), "http://bad.test/?a[.]b=(.)")


@pytest.mark.parametrize("line", ["%s", "%s  file", "%s *file", "\\%s  fi\\nle", "SHA256 (a b) = %s", "sha256:%s"])
def test_a_digest_is_read_as_programs_print_it(line: str) -> None:
    digest = hashlib.sha256(b"body").hexdigest()
    for text in (line % digest, line % digest.upper()):
        if not text.startswith("SHA256:"):
            assert loaded("content", text).names_content(digest, 0.0) is not None, text


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "adblock"])
def test_a_file_of_another_form_is_given_up_soon(form: str) -> None:
    with pytest.raises(ValueError, match="are no entries of the format"):
        loaded(form, b"%%% \xff\n" * 10_000)


@pytest.mark.parametrize("form", ["domains", "hosts", "urls", "hash_prefixes"])
def test_an_entry_that_expires_is_in_force_until_then(form: str) -> None:
    at, line = 1_800_000_000.0, LINES[form][1]
    one = loaded(form, f"{line} # a raid, expires: 2027-01-15T08:00:00Z\n")
    matched = judge(Facts(hops=(BAD,)), [one], at - 1).matched
    assert matched is not None
    assert matched.expires == "2027-01-15T08:00:00Z"
    assert not names(one, BAD, at)
    assert judge(Facts(hops=(BAD,)), [one], at).verdict == "no_match"


def test_what_expired_hides_nothing_that_is_in_force() -> None:
    one = loaded("domains", "www.bad.test # expires=2001-01-01\nbad.test # expires=2001-01-01\nbad.test\ntest # all\n")
    matched = judge(Facts(hops=("http://www.bad.test/",)), [one], 1_800_000_000.0).matched
    assert matched is not None
    assert (matched.expression, matched.entry) == ("bad.test", "bad.test")


@given(st.sampled_from(sorted(FORMATS)), st.binary(max_size=2_000))
def test_any_bytes_make_a_list(form: str, data: bytes) -> None:
    one = loaded(form, data)
    judge(Facts(hops=(BAD, "http://[::1]/"), content="ab" * 32), [one], 0.0)


@given(st.sampled_from(sorted(LINES)), st.text(alphabet='",#\r\n ab.', max_size=200))
def test_whatever_stands_before_an_entry_it_is_found_behind_an_empty_line(form: str, junk: str) -> None:
    """But where a quote is open: then it may be a cell of the row before."""
    if junk.count('"') % 2 and form == "mastodon":
        return
    assert names(loaded(form, f"{junk}\n\n{LINES[form][1]}\n"), BAD)
