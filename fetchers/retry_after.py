"""`Retry-After` in both of its forms (RFC 9110, section 10.2.3). Pure."""

from email.utils import parsedate_to_datetime

LONGEST_DATE = 64
"""Characters; the forms of RFC 9110 have at most 33."""


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds from `now` (epoch seconds); None where the header is absent or says nothing that can be understood."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    if len(text) > LONGEST_DATE:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, moment.timestamp() - now)
