"""A URL without what only says where a visitor came from, and otherwise as it was."""

import pytest

from schedulers.urls import clean_url


@pytest.mark.parametrize(
    ("url", "clean", "removed"),
    [
        ("https://pond.test/a", "https://pond.test/a", ()),
        ("https://pond.test/a?utm_source=x", "https://pond.test/a", ("utm_source",)),
        (
            "https://pond.test/a?b=2&utm_source=x&a=%31&fbclid=y&b=1#end",
            "https://pond.test/a?b=2&a=%31&b=1#end",
            ("utm_source", "fbclid"),
        ),
        ("https://pond.test/a?UTM_Source=x&utm_source=y", "https://pond.test/a", ("UTM_Source", "utm_source")),
        ("https://pond.test/a?%75tm_medium=x", "https://pond.test/a", ("utm_medium",)),
        ("https://pond.test/a?", "https://pond.test/a?", ()),
        ("https://pond.test/a?q=utm_source", "https://pond.test/a?q=utm_source", ()),
        ("https://pond.test/a#utm_source=x&utm_medium=y", "https://pond.test/a", ("utm_source", "utm_medium")),
        ("https://pond.test/#/nest?utm_source=x", "https://pond.test/#/nest?utm_source=x", ()),
        ("https://pond.test/#:~:text=duck", "https://pond.test/#:~:text=duck", ()),
        ("https://youtu.be/abc?si=q1&t=4", "https://youtu.be/abc?t=4", ("si",)),
        ("https://pond.test/abc?si=q1&t=4", "https://pond.test/abc?si=q1&t=4", ()),
        ("mailto:drake@pond.test?utm_source=x", "mailto:drake@pond.test?utm_source=x", ()),
    ],
)
def test_what_is_taken_out_and_what_stays(url: str, clean: str, removed: tuple[str, ...]) -> None:
    found = clean_url(url)
    assert (found.url, found.removed) == (clean, removed)
    assert clean_url(found.url).removed == ()
