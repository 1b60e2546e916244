"""The sort-friendly form of a URL that web archives index by: `com,example)/path?a=1`. Pure.

Hosts are turned round, so that what belongs together stands together; `www.`, default ports, fragments and the case of
everything go, and the query is sorted, as in the Internet Archive's canonical form.
"""

import re
from urllib.parse import urlsplit

_WWW = re.compile(r"^www\d*\.(?=.+\.)")
PORTS = {"http": 80, "https": 443}


def surt_key(url: str) -> str:
    """Of an http or https URL as the parser serialised it; of what is none, the text in lower case."""
    try:
        parts = urlsplit(url.lower())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url.lower()
    if not host:
        return url.lower()
    turned = (
        host if ":" in host or host.replace(".", "").isdecimal() else ",".join(reversed(_WWW.sub("", host).split(".")))
    )
    place = "" if port is None or port == PORTS.get(parts.scheme) else f":{port}"
    path = parts.path.rstrip("/") or "/"
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    return f"{turned}{place}){path}" + (f"?{query}" if query else "")
