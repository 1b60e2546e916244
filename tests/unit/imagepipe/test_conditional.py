"""304 or not."""

import pytest

from imagepipe.service.response import http_date, is_not_modified


@pytest.mark.parametrize(
    ("none_match", "since", "expected"),
    [
        (None, None, False),
        ('"a"', None, True),
        ('W/"a"', None, True),
        ('"b", "a"', None, True),
        ("*", None, True),
        ('"b"', http_date(2000), False),  # the ETag decides, though the date says unchanged
        (None, http_date(1000), True),
        (None, http_date(999), False),
        (None, "yesterday", False),
    ],
)
def test_etags_are_asked_before_dates(none_match: str | None, since: str | None, expected: bool) -> None:
    """RFC 9110, 13.2.2."""
    assert is_not_modified('"a"', 1000.5, none_match, since) is expected
