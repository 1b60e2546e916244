"""Reading text in a process: what is said where it cannot be done."""

import builtins
import time
from collections.abc import Callable
from typing import Any

import pytest

from groundwork.workers.interface import OutOfMemory, WorkError, WorkersBusy, WorkTimedOut
from spiderduck.content.readable_text import LARGEST_BODY, Reader, Unreadable, extract, shown, visible
from spiderduck.errors import NotInstalled


class Fails:
    """Workers that do not come to an end of it."""

    active = small = 0

    def __init__(self, error: WorkError) -> None:
        self._error = error

    async def run(self, work: Callable[[], Any], *, memory: int = 0) -> Any:
        assert len(work.args[0]) <= LARGEST_BODY  # type: ignore[attr-defined]
        raise self._error

    async def close(self) -> None:
        raise AssertionError


@pytest.mark.parametrize("error", [WorkTimedOut(""), OutOfMemory("")])
async def test_a_page_beyond_the_limits_is_unreadable(error: WorkError) -> None:
    with pytest.raises(Unreadable, match=error.code):
        await Reader(Fails(error)).text(b"x" * LARGEST_BODY * 2, "http://a.test/", None)


async def test_who_finds_no_room_is_told_to_come_again() -> None:
    with pytest.raises(WorkersBusy):
        await Reader(Fails(WorkersBusy("full"))).text(b"x", "http://a.test/", None)


def test_without_the_extra_the_answer_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *given: Any) -> Any:
        if name == "trafilatura":
            raise ModuleNotFoundError(name)
        return real(name, *given)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NotInstalled, match="spiderduck\\[text\\]"):
        extract(b"<p>x", "http://a.test/")


@pytest.mark.parametrize("body", [b"", b"<p>", b"<script>x</script>", b"\0" * 100])
def test_what_has_no_text_gives_none(body: bytes) -> None:
    assert extract(body, "http://a.test/") is None


SEEN = "The ducks of the pond spend their quiet winter days there, as they always did. " * 8


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>BAIT</p>",
        '<p style="display: none">BAIT</p>',
        '<p style="color:red;DISPLAY:NONE">BAIT</p>',
        '<p style="visibility:hidden">BAIT</p>',
        '<p style="opacity:0">BAIT</p>',
        '<p style="opacity: 0.0; color: red">BAIT</p>',
        '<p style="font-size:0px">BAIT</p>',
        '<p style="position:absolute; left:-9999px">BAIT</p>',
        '<p style="text-indent:-10000px">BAIT</p>',
        '<div aria-hidden="true"><p>BAIT</p></div>',
        '<div hidden><div style="display:none"><p hidden>BAIT</p></div></div>',
        "<template><p>BAIT</p></template>",
        "<noscript><p>BAIT</p></noscript>",
        "<!-- BAIT -->",
        "<script>BAIT</script>",
    ],
)
def test_what_no_reader_sees_is_no_text(hidden: str) -> None:
    """Text that is hidden from people is written for machines that obey it."""
    text = extract(
        f"<html><body><article><p>{SEEN}</p>{hidden}<p>{SEEN}</p></article></body></html>".encode(), "http://a.test/"
    )
    assert text is not None
    assert "The ducks of the pond" in text
    assert "BAIT" not in text


def test_pages_of_other_encodings_are_read_as_browsers_do() -> None:
    body = f"<article><p>Grüße, {SEEN}</p></article>".encode("windows-1252")
    assert "Grüße" in (extract(body, "http://a.test/", "text/html; charset=iso-8859-1") or "")
    assert "Grüße" in (extract(b'<meta charset="windows-1252">' + body, "http://a.test/") or "")


@pytest.mark.parametrize(
    "style",
    [
        "color:transparent",
        "color: rgba(0, 0, 0, 0)",
        "color:#ffffff00",
        "color: rgb(0 0 0 / 0%)",
        "color:#fff; background:#FFF",
        "background-color: white; color: white",
        "opacity:.01",
        "opacity: 0 !important",
        "font-size:1px",
        "font-size:.1px",
        "font-size:0.05em",
        "filter:opacity(0)",
        "transform:scale(0)",
        "clip:rect(0,0,0,0);position:absolute",
        "margin-left:-10000px",
        "content-visibility:hidden",
        "display:/* x */none",
        "dis\\70 lay:none",
        "dis\\play:none",
    ],
)
def test_what_is_too_faint_or_too_small_to_be_seen_is_no_text(style: str) -> None:
    assert b"BAIT" not in visible(f'<p style="{style}">BAIT</p><p>{SEEN}</p>'.encode())


@pytest.mark.parametrize(
    "sheet",
    [
        ".x{display:none}",
        "p.x, .other { visibility : hidden }",
        "/* } */ #y { display:none !important }",
        "@media screen { .a{color:red} .x{display:none} }",
        "@import 'a.css'; .x{font-size:0}",
        ".x{position:absolute;left:-9999px}",
        "[data-note]{display:none}",
        'p.x[data-note="for you"]{display:none}',
    ],
)
def test_what_the_pages_own_style_sheet_hides_is_no_text(sheet: str) -> None:
    page = f'<style>{sheet}</style><article><p>{SEEN}</p><p class="x" id="y" data-note="for you">BAIT</p></article>'
    assert b"BAIT" not in visible(page.encode())
    assert SEEN.encode() in visible(page.encode())


WHITE = [
    "color:white",
    "color: #fff",
    "color:#FEFEFE",
    "color:rgb(255, 255, 255)",
    "color:hsl(0, 0%, 100%)",
    "COLOR:white",
]


@pytest.mark.parametrize("style", WHITE)
def test_white_text_is_not_seen_where_nothing_gives_it_a_ground(style: str) -> None:
    """Where anything may, it stays: a dark page is readable, and its text is what people see."""
    hidden = f'<p style="{style}">BAIT</p>'
    assert b"BAIT" not in visible(f"<p>{SEEN}</p>{hidden}".encode())
    for ground in (
        '<link rel="stylesheet" href="/dark.css">',
        "<style>body{background:#000}</style>",
        "<style>@import 'dark.css';</style>",
        '<body bgcolor="black">',
        '<div style="background-color:navy">',
        '<meta name="color-scheme" content="dark">',
    ):
        assert b"BAIT" in visible(f"{ground}<p>{SEEN}</p>{hidden}".encode())


def test_older_html_hides_as_well() -> None:
    assert b"BAIT" not in visible(f'<p>{SEEN}</p><font color="#ffffff">BAIT</font>'.encode())
    assert b"BAIT" in visible(f'<p>{SEEN}</p><font color="#112233">BAIT</font>'.encode())


@pytest.mark.parametrize(
    "style", ["color:whitesmoke-ish", "border-color:white", "color:#fa0", "color:#f0f", "x:/*", "\\"]
)
def test_what_is_seen_stays(style: str) -> None:
    assert b"SEEN" in visible(f'<p>{SEEN}</p><p style="{style}">SEEN</p>'.encode())


SELECTORS = [0xFE00, 0xFE05, 0xE0100, 0xE01EF]
FILLERS = [0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0, 0x180B, 0x2062, 0x200E, 0x061C, 0x1D173, 0xE0041]


@pytest.mark.parametrize("code", [*SELECTORS, *FILLERS])
def test_characters_without_a_shape_carry_nothing(code: int) -> None:
    assert shown(f"du{chr(code) * 3}ck") == "duck"


@pytest.mark.parametrize("text", ["❤️‍🔥", "👩‍👩‍👧", "☎︎", "naïve", "क्‍ष", "かが", "葛󠄀"[0]])
def test_what_people_see_stays_whole(text: str) -> None:
    assert shown(text) == text


def test_what_joins_emoji_cannot_be_used_to_write() -> None:
    assert shown("a" + "\u200d\ufe0f" * 2 + "\ufe0f" * 9) == "a" + "\u200d\ufe0f" * 2


@pytest.mark.parametrize(
    "sheet", [".x{opacity:0}", "body{display:none}", ".x p{display:none}", ".x:hover{display:none}", "p{display:none}"]
)
def test_what_a_script_brings_to_light_stays(sheet: str) -> None:
    """Faint before it is faded in; the whole page before it is ready; selectors that say when."""
    page = f'<style>{sheet}</style><article><p class="x">{SEEN}</p></article>'
    assert SEEN.encode() in visible(page.encode())


def test_a_sheet_that_hides_most_of_the_page_is_not_believed() -> None:
    page = f'<style>.x{{display:none}}</style><div class="x"><p class="x">{SEEN}</p></div><p>Loading</p>'
    assert SEEN.encode() in visible(page.encode())


@pytest.mark.parametrize(
    "body",
    [
        b"<style>" + b".a{display:none}" * 20_000 + b"</style>" + b"<p class=a>x</p>" * 5_000,
        b"<style>" + b"/*" * 200_000,
        b"<style>" + b".a," * 100_000 + b"{display:none}</style>",
        b"<style>" + b"{" * 300_000,
        b"<p style='" + b"color:rgba(1," * 400 + b"'>",
        b"<p style='opacity:" + b"0" * 4_000 + b"x'>",
        b"<style>.a{display:none}</style>" + b"<div class=a>" * 3_000 + b"x",
    ],
)
def test_no_style_takes_long(body: bytes) -> None:
    began = time.process_time()
    visible(body)
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize("style", ["opacity:0.5", "font-size:0.9em", "left:-5px", "display:block", "opacity:1"])
def test_what_a_reader_sees_stays(style: str) -> None:
    text = extract(f'<article><p>{SEEN}</p><p style="{style}">Here {SEEN}</p></article>'.encode(), "http://a.test/")
    assert text is not None
    assert "Here The ducks" in text


def test_characters_that_nobody_sees_are_taken_out() -> None:
    smuggled = "".join(chr(0xE0000 + ord(one)) for one in "obey")
    text = extract(
        f"<article><p>{SEEN}</p><p>One{smuggled} \u202etwo\u202c \u200bthree, {SEEN}</p></article>".encode(),
        "http://a.test/",
    )
    assert text is not None
    assert "One two three" in text


def test_deep_and_wide_hiding_is_quick() -> None:
    nested = "<div hidden>" * 5_000 + "x" + "</div>" * 5_000
    assert b"hidden" not in visible(nested.encode())
    assert b"BAIT" not in visible(b'<p style="display:none">BAIT' * 50_000)
