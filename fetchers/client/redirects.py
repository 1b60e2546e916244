"""A whole fetch: one hop after the other until there is an answer that is no redirect.

Redirects belong to the client library, not to the fetcher, so that each hop waits in the queue of its own domain. After
every hop the caller is asked whether it knows the next URL already, and then nothing more is fetched.
"""

from collections.abc import Awaitable, Callable
from typing import Literal

from msgspec import structs

from fetchers.client.attribute_url import attribute_url
from fetchers.client.refresh_element import refresh_content
from fetchers.media_type import said_type
from fetchers.model import Ended, Ending, FetchResult, Hop, HopRequest, Response
from fetchers.ports import PerformHop
from fetchers.redirect_target import REDIRECTS, as_sent, is_same_page, redirect_target, refresh_target, url_text
from fetchers.urls import redacted

MOST_SHOWN = 200
"""Characters of a header in a reason, which is stored and told."""
Knows = Callable[[str], Awaitable[bool]]
"""Does the caller know this URL already (so that it must not be fetched)?"""


async def fetch(
    request: HopRequest,
    perform_hop: PerformHop,
    *,
    knows: Knows | None = None,
    most_redirects: int = 20,
    patience: float = 0.0,
) -> FetchResult:
    """Fetch `request.url` and follow its redirects. Validators (ETag …) are sent to the first URL only. Each further
    hop may wait for its turn until `start_by`, or for `patience` seconds where that is later.
    """
    hops: list[Hop] = []
    seen = {as_sent(request.url)}
    while True:
        result = await perform_hop(request)
        if not isinstance(result, Response):
            return FetchResult(request.url, tuple(hops), result)
        followed = next_hop(result)
        if followed is None:
            return FetchResult(request.url, tuple(hops), _checked(result))
        result.release()  # nobody reads it any more
        target, hop = followed
        hops.append(hop)
        if as_sent(target) in seen:
            ended = Ended(Ending.REDIRECT_LOOP, f"it redirects in a loop, back to {target}", result)
            return FetchResult(target, tuple(hops), ended)
        if len(hops) > most_redirects:
            ended = Ended(Ending.TOO_MANY_REDIRECTS, f"it redirects more than {most_redirects} times", result)
            return FetchResult(target, tuple(hops), ended)
        seen.add(as_sent(target))
        if knows is not None and await knows(target):
            return FetchResult(target, tuple(hops), None)
        start_by = max(request.start_by, result.fetched_at + patience)
        request = structs.replace(request, url=target, etag=None, last_modified=None, start_by=start_by)


def leads_on(response: Response) -> bool:
    """Whether this is a redirect, or would be one if it named a URL: its body is nobody's page."""
    return next_hop(response) is not None or _names_none(response)


def may_lead_on(head: Response) -> bool:
    """Whether an answer with that head may prove to be a redirect once more of its body is there."""
    if leads_on(head):
        return True
    return 200 <= head.status_code < 300 and head.header("refresh") is None and _is_html(head)


def _checked(result: Response) -> Response | Ended:
    if _names_none(result):
        result.release()
        shown = redacted(url_text(result.header("location") or ""))[:MOST_SHOWN]
        return Ended(Ending.PROTOCOL_ERROR, f"it redirects to {shown!r}, which is no URL that can be asked for", result)
    return result


def _names_none(result: Response) -> bool:
    """A redirect that leads to what is no URL; only for an answer without a `next_hop`."""
    return result.status_code in REDIRECTS and result.header("location") is not None


def next_hop(response: Response) -> tuple[str, Hop] | None:
    """Where the answer leads and how: `Location`, a `Refresh` header, a meta refresh."""
    target = redirect_target(response)
    if target is not None:
        return target, Hop(response.url, response.status_code, "location", response.address, response.fetched_at)
    if not 200 <= response.status_code < 300:
        return None
    header = response.header("refresh")
    target = meta_refresh(response) if header is None else refresh_target(url_text(header), response.url)
    if target is None or is_same_page(target, response.url):
        return None
    by: Literal["refresh", "meta_refresh"] = "meta_refresh" if header is None else "refresh"
    return target, Hop(response.url, response.status_code, by, response.address, response.fetched_at)


def meta_refresh(response: Response) -> str | None:
    """The target of a meta refresh in the first 64 KB of an HTML page; no parse."""
    if not _is_html(response):
        return None
    content = refresh_content(response.body)
    if content is None:
        return None
    return refresh_target(attribute_url(content, response.body, response.content_type), response.url)


def _is_html(response: Response) -> bool:
    return "html" in (said_type(response.headers) or "text/html")
