"""oEmbed's discovery (oembed.com, section 4): a page about one link names the oEmbed answer for that link."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.types import BeforeMessageSendHookHandler, Message, Scope

from spiderduck.config import Config

PAGES = frozenset({"/link", "/v1/unfurl"})
"""Those that are about the link in their parameter `url`: for people, and for programs."""
LONGEST_URL = 4096
"""A header is no place for more."""


def discovery(config: Config) -> Sequence[BeforeMessageSendHookHandler]:
    """The `before_send` that adds the header `Link`; none where oEmbed is off."""

    async def send_link(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start" or scope.get("path") not in PAGES or message["status"] != 200:
            return
        request: Request[Any, Any, Any] = Request(scope)
        url = request.query_params.get("url")
        if not url or len(url) > LONGEST_URL:
            return
        base = (config.api.public_url or str(request.base_url)).rstrip("/")
        target = f"{base}/oembed?format=json&url={quote(url, safe='')}"
        link = f'<{target}>; rel="alternate"; type="application/json+oembed"'
        MutableScopeHeaders.from_message(message).add("Link", link)

    return [send_link] if config.compat.oembed else []
