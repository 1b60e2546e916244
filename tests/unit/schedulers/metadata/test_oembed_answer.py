"""A card from a provider's oEmbed answer."""

import json
from typing import Any

import pytest

from schedulers.metadata import OEmbed, endpoint_of, read_oembed

ENDPOINT = OEmbed("https://video.test/oembed?url=x", provider="Video Test")
FILM = {
    "type": "video",
    "version": "1.0",
    "title": "Ducks at dawn",
    "author_name": "Mallard Films",
    "provider_name": "VideoTest",
    "thumbnail_url": "https://video.test/t.jpg",
    "thumbnail_width": 480,
    "thumbnail_height": "360",
    "html": '<iframe width="560" height="315" src="https://video.test/embed/1"></iframe>',
}


def card(**answer: Any) -> Any:
    return read_oembed(json.dumps(answer).encode(), ENDPOINT)


def test_a_film_has_title_author_site_picture_and_player() -> None:
    found = card(**FILM)
    assert (found.title, found.author, found.site_name) == ("Ducks at dawn", "Mallard Films", "VideoTest")
    assert (found.image.url, found.image.width, found.image.height) == ("https://video.test/t.jpg", 480, 360)
    assert (found.player.url, found.player.width) == ("https://video.test/embed/1", 560)
    assert found.type == "video.other"
    assert found.provenance["title"].rule == "oembed-endpoint:title"
    assert found.provenance["site_name"].rule == "oembed-endpoint:provider_name"


def test_a_post_without_a_title_bears_its_authors_name_and_says_what_it_quotes() -> None:
    found = card(
        type="rich", author_name="Drake", html="<blockquote><p>Quack, <b>quack</b>.</p>&mdash; Drake</blockquote>"
    )
    assert (found.title, found.site_name) == ("Drake", "Video Test")
    assert found.description is not None
    assert found.description.startswith("Quack")


def test_a_photo_is_its_own_picture() -> None:
    found = card(type="photo", title="A duck", url="https://video.test/d.jpg", width=800, height=600)
    assert (found.image.url, found.image.width) == ("https://video.test/d.jpg", 800)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"title": "A duck"}',
        b'{"type": "video"}',
        b'{"type": ["video"], "title": "A duck"}',
        b'{"type": "video", "title": 5}',
        b'{"type": "video", "title": "A duck", "x": "' + b"y" * 300_000 + b'"}',
        b"[" * 10_000,
    ],
)
def test_what_names_no_page_is_no_card(body: bytes) -> None:
    assert read_oembed(body, ENDPOINT) is None


@pytest.mark.parametrize("src", ["http://video.test/e", "javascript:alert(1)", "data:text/html,x", ""])
def test_a_player_is_https_or_none(src: str) -> None:
    assert card(**{**FILM, "html": f'<iframe src="{src}">'}).player is None


def test_an_endpoint_is_known_for_listed_pages_only() -> None:
    found = endpoint_of("https://www.youtube.com/watch?v=duck0000001")
    assert found is not None
    assert found.url.startswith("https://www.youtube.com/oembed?")
    assert endpoint_of("https://www.youtube.com/about") is None
    assert endpoint_of("https://pond.test/watch?v=1") is None
