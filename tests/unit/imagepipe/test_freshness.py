"""How long a picture is fresh, by what its origin says."""

import pytest

from imagepipe.originals.freshness import fresh_seconds


@pytest.mark.parametrize(
    ("cache_control", "expires", "expected"),
    [
        (None, None, None),
        ("public", None, None),
        ("public, max-age=60", None, 60.0),
        ("s-maxage=5, max-age=60", "Thu, 01 Jan 1970 00:01:00 GMT", 5.0),
        ("no-store, max-age=60", None, 0.0),
        ("max-age=soon", "Thu, 01 Jan 1970 00:01:00 GMT", 40.0),
        (None, "Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        (None, "0", 0.0),
        ("max-age=99999999999999999999999", None, 999999999999.0),
    ],
)
def test_what_the_origin_says(cache_control: str | None, expires: str | None, expected: float | None) -> None:
    """`Cache-Control` before `Expires`; a date that is none is one in the past; whatever it says, no error."""
    assert fresh_seconds(cache_control, expires, 20.0) == expected
