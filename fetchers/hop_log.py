"""One log line for each hop that came to an end: what was asked, how it ended, and where its time went.

Robots files, and requests that were told to come back later, are told at the level debug: one page may cause several.
"""

import logging

from fetchers.errors import InvalidUrl
from fetchers.model import Ended, HopRequest, HopResult, NotMine, NotNow, Response
from fetchers.urls import registrable_domain, split, without_query

log = logging.getLogger(__name__)

MOST_SHOWN = 500
"""Characters of a URL in a line."""


def note(request: HopRequest, result: HopResult | NotMine, size: int, seconds: float) -> None:
    """`size` in decoded bytes; `seconds` from the request's arrival, its wait included."""
    is_told = isinstance(result, Ended | Response) and request.purpose != "robots"
    level = logging.INFO if is_told else logging.DEBUG
    if not log.isEnabledFor(level):
        return
    ending, answer, why = _ending(result)
    url = without_query(request.url)[:MOST_SHOWN]
    fields: dict[str, object] = {
        "url": url,
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
    shown = f"{ending} {answer.status_code}" if answer is not None and ending == "answered" else ending
    log.log(level, "hop: %s %s", shown, url, extra=fields)


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
