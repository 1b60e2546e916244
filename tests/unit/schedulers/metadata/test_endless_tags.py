"""No tag with more attributes than the parser can compare reaches it, wherever quotes, comments and scripts hide it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from schedulers.metadata import endless_tags
from schedulers.metadata.endless_tags import ATTRIBUTES, BLOCK, ROOTS, without_endless_tags

MANY = b" ".join(b"a%d" % number for number in range(4 * BLOCK))


def most_attributes(source: bytes) -> int:
    return max(len(node.attributes) for node in LexborHTMLParser(source).css("*"))


def hidden(inside: bytes, every: int) -> bytes:
    """Attributes, between which `inside` is the value of one."""
    names = MANY.split()
    return b" ".join(
        b" ".join(names[at : at + every]) + b" v%d=%b" % (at, inside) for at in range(0, len(names), every)
    )


@pytest.mark.parametrize(
    "page",
    [
        b"<p><a " + MANY + b">x",
        b"<p><a " + MANY,
        b"<p><a/" + MANY.replace(b" ", b"/") + b">x",
        b"<p><a " + MANY.replace(b" ", b"='' ") + b">x",
        b"<p><a " + MANY.replace(b" ", b'=""') + b">x",
        b"<p><a " + MANY.replace(b" ", b" = 1 ") + b">x",
        b"<p><a " + MANY.replace(b" ", b"\n") + b">x",
        b'<p><a b=="x ' + MANY + b">x",
        b'<p><a ="x ' + MANY + b">x",
        b"<p><a b=c\"'x " + MANY + b">x",
        b"<p><a " + hidden(b'">"', 50) + b">x",
        b"<p><a " + hidden(b"'>'", 50) + b">x",
        b"<p><a " + hidden(b"   '>'", 50) + b">x",
        b"<p><a " + hidden(b'"<p>text</p>"', 50) + b">x",
        b"<p><a " + hidden(b"\"<p class='c'>don't</p>\"", 50) + b">x",
        b"<p><a " + hidden(b'"' + b"<i>" * 20 + b'"', 50) + b">x",
        b"<!-- <a b=' --><p><a " + hidden(b'">"', 50) + b">x",
        b"<script>a<b c='</script><p><a " + hidden(b'">"', 50) + b">x",
        b'<textarea><a b="</textarea><p><a ' + hidden(b"'>'", 50) + b">x",
        b"<title><!--</title><p><a " + MANY + b">x",
        b"<<a " + MANY + b">a " + MANY + b">x",
        (b"<p><a " + MANY + b">x") * 9,
    ],
)
def test_an_endless_tag_never_reaches_the_parser(page: bytes) -> None:
    filler = b"<p class='c'>It's text</p>" * 100
    for source in (page, filler + page, filler + page + filler):
        assert most_attributes(without_endless_tags(source)) <= max(ATTRIBUTES, BLOCK)


@pytest.mark.parametrize("name", [b"body", b"html", b"BODY", b"hTmL"])
def test_roots_that_hand_on_their_attributes_are_few(name: bytes) -> None:
    page = b"<title>T</title>" + b"".join(b"<%b a%d b%d>" % (name, n, n) for n in range(3_000))
    assert most_attributes(without_endless_tags(page)) <= 3 * ROOTS


@pytest.mark.parametrize(
    "page",
    [
        b"<p>It's text.</p>" * 2_000,
        b"words without any tag " * 2_000,
        b"<p title='a > b'>" + b"words; don't stop. " * 2_000,
        b'<img src="data:image/png;base64,' + b"A" * 100_000 + b'">',
        b"<div data-props='" + b'{"a":"<b>","c":"x = 1"},' * 3_000 + b"'>text</div>",
        b"<script>" + b"for(i=0;i<n;i++){a='<b x=\"'+i+'\">'};" * 1_000 + b"</script><p>text",
        b"<script>" + b"if(a<b&&c){d()}" * 3_000 + b"</script><p>text",
        b"<!--" + b" a comment " * 3_000 + b"--><p>text",
        b'<a href="/?q=">x</a>' * 2_000,
        b"<a href=/?q=>x</a>" * 2_000,
        b'<svg><path d="' + b"M1 1L2 2" * 5_000 + b'"/></svg>',
    ],
)
def test_what_pages_hold_stays(page: bytes) -> None:
    assert without_endless_tags(page) == page


def test_what_stands_behind_an_endless_tag_is_read() -> None:
    page = b"<p>before</p><a " + MANY + b"><p>behind</p>"
    assert without_endless_tags(page) == b"<p>before</p> <p>behind</p>"


SOUP = st.lists(
    st.sampled_from(
        [
            *(b"%c" % byte for byte in b"<>\"'=/ \n-"),
            b"<a ",
            b"b ",
            b"c",
            b'="',
            b"='",
            b"<!--",
            b"-->",
            b"</a>",
            b"<body d",
        ]
        + [b"<script>", b"</script>", b" e=f", b" g=", b'">', b"'>", b"<![CDATA[", b"]]>", b"<title>", b"</title>"]
    ),
    max_size=120,
)


@settings(max_examples=500, deadline=None)
@given(SOUP)
def test_however_quotes_lie(pieces: list[bytes]) -> None:
    """As in the product, with blocks so small and attributes so few that soup has too many; every name differs."""
    number = 0

    def numbered(match: re.Match[bytes]) -> bytes:
        nonlocal number
        number += 1
        return b"%b%d" % (match.group(), number)

    source = re.sub(rb"(?<![</!-])\b[bcdeg]\b", numbered, b"".join(pieces))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endless_tags, "BLOCK", 8)
        patch.setattr(endless_tags, "_ENOUGH", re.compile(b"(?:%b){0,5}+" % endless_tags._ATTRIBUTE))
        patch.setattr(endless_tags, "ROOTS", 1)
        cut = without_endless_tags(source)
    assert most_attributes(cut) <= 16
