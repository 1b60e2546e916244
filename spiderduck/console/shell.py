"""The frame around every page: the head, the navigation, the field for a link, the key. Made once, at the start.

A page's own part is a file in `static/pages`, its script the module of the same name. Nothing from outside comes in
here: what a page shows of links is read and set as text by its script.
"""

from collections.abc import Collection
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Final

from schedulers.model import Status

STATIC: Final = resources.files("spiderduck.console").joinpath("static")


@dataclass(frozen=True, slots=True)
class Page:
    """`name` is that of its files, `path` where it is served, `lead` one sentence below the title. A page without a
    `group` is not in the navigation. `styles`: those that it links besides one of its own name."""

    name: str
    path: str
    title: str
    lead: str
    group: str | None = None
    styles: tuple[str, ...] = ()


PAGES: Final = (
    Page("overview", "/", "Overview", "What this server does now, and what it did last.", "Links", ("uplot.css",)),
    Page("links", "/links", "Links", "What was handled, the newest first, and new links as they come.", "Links"),
    Page("link", "/link", "Link", "All that is known of one link, and why."),
    Page("trends", "/trends", "Trends", "What is shared by more people than before.", "Links"),
    Page("domains", "/domains", "Domains", "How politely a domain is asked, what waits for it, and why.", "Fetching"),
    Page("dead", "/dead", "Dead letters", "Events that were given up, and why. They can be tried again.", "Fetching"),
    Page("lists", "/lists", "Lists", "The lists that judge links, and a test for a link.", "Safety"),
    Page("notices", "/notices", "Notices", "Who is told what: durable queues and webhooks.", "Delivery"),
    Page("pictures", "/pictures", "Pictures", "What the picture caches hold, and where answers came from.", "Delivery"),
    Page("ids", "/ids", "Ids", "Time-sorted 64-bit ids: what one says, and who makes them.", "Delivery"),
    Page("system", "/system", "System", "Processes, what they stand on, keys, and settings in force.", "Operation"),
    Page("bot", "/bot", "This bot", "For publishers: what it is, and how to slow it or keep it out."),
    Page("docs", "/docs/api", "API", "Every call, made from this server's own description of itself."),
    Page("problems", "/problems", "Problems", "What the codes of errors mean, and what to do."),
)  # fmt: skip
BY_NAME: Final = {page.name: page for page in PAGES}


def render(name: str, elsewhere: Collection[str] = ()) -> str:
    """The whole document of a page. `elsewhere`: what other processes do (`ids`, `pictures`), and `order`, where links
    are in order for each domain alone; scripts do not ask this server for it."""
    page = BY_NAME[name]
    values = {
        "title": escape(page.title),
        "lead": escape(page.lead),
        "name": name,
        "elsewhere": " ".join(sorted(elsewhere)),
        "styles": _style(page),
        "navigation": _navigation(page),
        "statuses": "".join(f"<option>{status}</option>" for status in Status if status is not Status.UNKNOWN),
    }
    document = _read("shell.html").replace("{{main}}", _read(f"pages/{name}.html"))
    for place, value in values.items():
        document = document.replace(f"{{{{{place}}}}}", value)
    return document


def _style(page: Page) -> str:
    """A page that has a style of its own links it."""
    own = f"{page.name}.css"
    names = (*page.styles, *((own,) if STATIC.joinpath(own).is_file() else ()))
    return "".join(f'  <link rel="stylesheet" href="/console/{one}">\n' for one in names)


def _navigation(current: Page) -> str:
    groups: dict[str, list[str]] = {}
    for page in PAGES:
        if page.group is not None:
            here = ' aria-current="page"' if page is current else ""
            here = ' aria-current="true"' if (current.name, page.name) == ("link", "links") else here
            groups.setdefault(page.group, []).append(f'<li><a href="{page.path}"{here}>{escape(page.title)}</a></li>')
    return "".join(
        f'<div class="group"><p id="group-{name.lower()}">{name}</p>'
        f'<ul aria-labelledby="group-{name.lower()}">{"".join(entries)}</ul></div>'
        for name, entries in groups.items()
    )


def _read(name: str) -> str:
    return STATIC.joinpath(name).read_text(encoding="utf-8")
