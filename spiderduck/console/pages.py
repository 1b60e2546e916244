"""Serves the console's pages and their files (`static/`). What came from a page is shown as text, never as markup."""

from collections.abc import Collection

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from spiderduck.console.shell import PAGES, STATIC, render

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=0, must-revalidate",
}
TYPES = {
    "js": "text/javascript",
    "css": "text/css",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}  # the framework adds the charset
SERVED_ELSEWHERE = frozenset({"bot", "docs", "problems"})
"""Their handlers answer programs as well."""


def console_routes(elsewhere: Collection[str] = ()) -> list[HTTPRouteHandler]:
    """One handler per page and file. `elsewhere` as for `render`."""
    own = [page for page in PAGES if page.name not in SERVED_ELSEWHERE]
    pages = [_route(page.path, document(page.name, elsewhere)) for page in own]
    return [*pages, *(_route(f"/console/{name}", _file(name)) for name in files())]


def files() -> list[str]:
    """The names of the scripts, styles and drawings, served below `/console/`."""
    return sorted(one.name for one in STATIC.iterdir() if one.name.rpartition(".")[2] in TYPES)


def document(name: str, elsewhere: Collection[str] = ()) -> Response[bytes]:
    """The answer that gives a page."""
    return Response(render(name, elsewhere).encode(), media_type="text/html", headers=HEADERS)


def _file(name: str) -> Response[bytes]:
    content = STATIC.joinpath(name).read_bytes()
    return Response(content, media_type=TYPES[name.rpartition(".")[2]], headers=HEADERS)


def _route(path: str, answer: Response[bytes]) -> HTTPRouteHandler:
    @get(path, include_in_schema=False)
    async def page() -> Response[bytes]:
        return answer

    return page
