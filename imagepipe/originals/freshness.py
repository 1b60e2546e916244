"""How long an origin lets its picture be used without being asked again. Pure (RFC 9111, section 5)."""

from email.utils import parsedate_to_datetime


def fresh_seconds(cache_control: str | None, expires: str | None, now: float) -> float | None:
    """None where the origin says nothing. What it says may be limited by whoever asks."""
    for part in (cache_control or "").lower().split(","):
        name, _, value = part.strip().partition("=")
        if name in ("no-store", "no-cache"):
            return 0.0
        if name in ("s-maxage", "max-age") and value.isascii() and value.isdigit():
            return float(value[:12])
    if expires is None:
        return None
    try:
        return max(0.0, parsedate_to_datetime(expires).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return 0.0  # 5.3: an invalid date is one in the past
