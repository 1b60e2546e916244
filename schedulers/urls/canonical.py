"""May a page claim this canonical URL? Only on its own registrable domain, and never a home page for a deep link."""

from fetchers.errors import InvalidUrl
from fetchers.urls import parse, registrable_domain, split


def accepted_canonical(claimed: str, page_url: str) -> str | None:
    """The canonical URL, absolute; None where the claim is not to be believed."""
    text = claimed.strip()
    if not text or text.startswith("#") or any(character.isspace() for character in text):
        return None
    try:
        url = parse(text, page_url)
        target, page = split(url), split(page_url)
    except InvalidUrl:
        return None
    if target.scheme not in ("http", "https"):
        return None
    if registrable_domain(target.host) != registrable_domain(page.host):
        return None
    if target.target == "/" and page.target.partition("?")[0] != "/":
        return None
    return url.partition("#")[0]
