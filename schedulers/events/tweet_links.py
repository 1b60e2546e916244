"""The links of a tweet's entities, the same in both versions of the API.

`expanded_url` is taken where it is valid: it is the link as the author wrote it, while `url` is the t.co wrapper that
was put around it, the same page one more fetch away on a domain that everybody shares. Where it is missing, `url`.
"""

from collections.abc import Iterator

from schedulers.events.json_text import JsonObject
from schedulers.events.values import is_web_url, objects_in, text_in

_PICTURES = ("pic.twitter.com/", "pic.x.com/")


def entity_links(entities: JsonObject) -> Iterator[str]:
    """Every link of `entities.urls`, in order. Version 1.1 keeps the tweet's own pictures apart, in `media`."""
    for entity in objects_in(entities, "urls"):
        expanded = text_in(entity, "expanded_url")
        yield expanded if is_web_url(expanded) else text_in(entity, "url")


def is_picture(entity: JsonObject) -> bool:
    """Is this a picture or video of the tweet itself, and no link to a page? Version 2 puts them among the links."""
    return "media_key" in entity or text_in(entity, "display_url").startswith(_PICTURES)
