"""Whether the client has the picture already (RFC 9110, 13.2.2): ETags first, a date only without them. Pure."""

from email.utils import formatdate, parsedate_to_datetime


def http_date(moment: float) -> str:
    """A moment as HTTP writes it."""
    return formatdate(moment, usegmt=True)


def is_not_modified(etag: str, modified_at: float, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether 304 is the answer."""
    if if_none_match is not None:
        tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return "*" in tags or etag in tags
    if if_modified_since is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since).timestamp()
    except (ValueError, OverflowError, OSError):  # no date, or one that this system has no number for
        return False
    return int(modified_at) <= since
