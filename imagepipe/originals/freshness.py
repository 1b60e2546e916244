"""How long an origin lets its picture be used without being asked again, and who may keep it. Pure (RFC 9111,
section 5.2)."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from imagepipe.model import Storage


def fresh_seconds(cache_control: str | None, expires: str | None, now: float, age: str | None = None) -> float | None:
    """None where the origin says nothing. What it says may be limited by whoever asks. `age`: the header of that name,
    of a picture that has been in somebody's cache already (4.2.3)."""
    said = dict(_directives(cache_control))
    if "no-store" in said or "no-cache" in said:
        return 0.0
    for name in ("s-maxage", "max-age"):  # the first one is for caches like this
        value = said.get(name, "").strip('"')
        if value.isascii() and value.isdigit():
            return max(0.0, float(value[:12]) - _seconds(age))
    if expires is None:
        return None
    try:
        return max(0.0, parsedate_to_datetime(expires).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return 0.0  # 5.3: an invalid date is one in the past


def storage(cache_control: str | None) -> Storage:
    """Who may keep it. `private="field"` is of that field only (5.2.2.7)."""
    said = dict(_directives(cache_control))
    if "no-store" in said:
        return "nobody"
    return "client" if said.get("private") == "" else "anybody"


def retry_after(value: str | None, now: float) -> float | None:
    """When an origin wants to be asked again, in epoch seconds; None where it does not say (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return now + float(text[:9])
    try:
        return max(now, parsedate_to_datetime(text).timestamp())
    except (ValueError, OverflowError, OSError):
        return None


def _seconds(value: str | None) -> float:
    text = (value or "").strip()
    return float(text[:12]) if text.isascii() and text.isdigit() else 0.0


def _directives(cache_control: str | None) -> Iterator[tuple[str, str]]:
    for part in (cache_control or "").lower().split(","):
        name, _, value = part.strip().partition("=")
        yield name.strip(), value.strip()
