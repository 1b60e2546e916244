"""Addresses of pictures are read as the fetch reads them."""

import pytest

from imagepipe.errors import SourceNotAllowed
from imagepipe.originals.source_rules import admits, check_source, normal_source

LISTED = ("*.pics.example", "duck.example", "bücher.example", "192.0.2.7", "[2001:db8::7]")


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.pics.example/a",
        "https://A.B.PICS.example:8443/a",
        "http://duck.example./a",
        "http://xn--bcher-kva.example/a",
        "http://user:pw@duck.example/a",
        "http://0xc0000207/a",
        "http://[2001:db8:0:0::7]:81/a",
        "http:/\\duck.example\\a",
        "http://DUCK%2Eexample/a",
    ],
)
def test_a_listed_host_in_any_spelling(url: str) -> None:
    assert check_source(url, LISTED)
    assert admits(url, (LISTED, ()))


@pytest.mark.parametrize(
    "url",
    [
        "http://bad.example\\a\\b.pics.example",
        "http://bad.example\\@duck.example/a",
        "http://bad.example#.pics.example",
        "http://bad.example?.pics.example",
        "http://duck.example@bad.example/",
        "http://duck.example:80@bad.example/",
        "http://pics.example/a",
        "http://evilpics.example/a",
        "http://duck.example.bad.example/a",
        "ftp://duck.example/a",
        "//duck.example/a",
        "http://duck.example/\x00",
        "http://duck.ex\tample/",
        "http://",
        "",
        "http://duck.example/" + "a" * 5000,
    ],
)
def test_others_are_refused_whatever_another_parser_makes_of_them(url: str) -> None:
    with pytest.raises(SourceNotAllowed):
        check_source(url, LISTED)
    assert not admits(url, (LISTED,))


def test_every_list_counts() -> None:
    assert admits("http://a.example/", ())
    assert admits("http://a.example/", (("*",), ("a.example",)))
    assert not admits("http://a.example/", (("b.example",), ("a.example",)))


@pytest.mark.parametrize(
    "spelling",
    [
        "HTTP://Duck.example:80/a b/ü.jpg?x=1",
        "http://duck.example/a%20b/%C3%BC.jpg?x=1#top",
        "http://u:p@duck.example/a%20b/./%C3%BC.jpg?x=1",
    ],
)
def test_spellings_of_one_address_are_one_picture(spelling: str) -> None:
    assert normal_source(spelling) == "http://duck.example/a%20b/%C3%BC.jpg?x=1"
