"""One log line for each hop that came to an end: what was asked, how it ended, and where its time went.

Robots files, and requests that were told to come back later, are told at the level debug: one page may cause several.
"""

import logging

from fetchers.errors import InvalidUrl
from fetchers.model import Ended, Ending, HopRequest, HopResult, NotMine, NotNow, Response
from fetchers.urls import registrable_domain, split, without_query

log = logging.getLogger(__name__)

FORBIDDEN = frozenset({Ending.ROBOTS_DENIED, Ending.BLOCKED_DOMAIN, Ending.BLOCKED_ADDRESS, Ending.UNSUPPORTED_SCHEME})
SERVER_ERROR = 500
MOST_SHOWN = 500
"""Characters of a URL in a line."""


def note(request: HopRequest, result: HopResult | NotMine, size: int, seconds: float) -> None:
    """`size` in decoded bytes; `seconds` from the request's arrival, its wait included."""
    is_told = isinstance(result, Ended | Response) and request.purpose != "robots"
    level = logging.INFO if is_told else logging.DEBUG
    if not log.isEnabledFor(level):
        return
    fields = fields_of(request, result, size, seconds)
    ending, status = fields["ending"], fields.get("status")
    shown = f"{ending} {status}" if status is not None and ending == "answered" else ending
    log.log(level, "hop: %s %s", shown, fields["url"], extra=fields)


def fields_of(request: HopRequest, result: HopResult | NotMine, size: int, seconds: float) -> dict[str, str | float]:
    """What a line, or a span, says of a hop."""
    ending, answer, why = _ending(result)
    fields: dict[str, str | float] = {
        "url": without_query(request.url)[:MOST_SHOWN],
        "domain": _domain(request.url),
        "purpose": request.purpose,
        "ending": ending,
        "bytes": size,
        "ms": round(seconds * 1000, 1),
    }
    if answer is not None:
        fields["status"] = answer.status_code
        if answer.timings is not None:
            timings = answer.timings
            fields |= {
                "waited_ms": round(timings.waited * 1000, 1),
                "connect_ms": round((timings.dns + timings.connect + timings.tls) * 1000, 1),
                "first_byte_ms": round(timings.first_byte * 1000, 1),
            }
    if why:
        fields["reason"] = why
    return fields


def trouble_of(result: HopResult | NotMine) -> str | None:
    """Why a hop counts as failed: no answer, or one that says that the site is in trouble. What a rule forbids is no
    failure."""
    if isinstance(result, Response):
        return f"it answered {result.status_code}" if result.status_code >= SERVER_ERROR else None
    if isinstance(result, Ended) and result.ending not in FORBIDDEN:
        return f"{result.ending.value}: {result.reason}"
    return None


def _ending(result: HopResult | NotMine) -> tuple[str, Response | None, str]:
    match result:
        case Response():
            return "answered", result, ""
        case Ended():
            return result.ending.value, result.response, result.reason
        case NotNow():
            return "not_now", None, result.reason
        case NotMine():
            return "not_mine", None, result.reason


def _domain(url: str) -> str:
    try:
        return registrable_domain(split(url).host)
    except InvalidUrl:
        return ""
