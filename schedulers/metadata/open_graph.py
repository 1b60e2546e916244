"""OpenGraph's arrays of structured properties (ogp.me): `og:image` begins an object, `og:image:width` belongs to it."""

from collections.abc import Iterator

from schedulers.metadata.page import HtmlPage

OBJECTS = 10


def objects(page: HtmlPage, root: str) -> Iterator[dict[str, str]]:
    """The first objects of an array; the address itself has the key "url"."""
    current: dict[str, str] = {}
    given = 0
    for key, content in page.media.get(root, ()):
        name = key[len(root) + 1 :] or "url"
        # `og:image` followed by `og:image:url` with the same address is one object written twice.
        if name == "url" and current.get("url", content) == content and "type" not in current:
            current.setdefault("url", content)
        elif name == "url":
            yield current
            current, given = {"url": content}, given + 1
            if given >= OBJECTS:
                return
        else:
            current.setdefault(name, content)
    if current:
        yield current
