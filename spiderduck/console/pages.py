"""Serves the console's files (`static/`). What came from a page is shown as text, never as markup."""

from importlib import resources

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}  # to which the framework adds the charset
FILES = {
    "/": "console.html",
    "/console.js": "console.js",
    "/events.js": "events.js",
    "/key.js": "key.js",
    "/docs.js": "docs.js",
    "/problems.js": "problems.js",
    "/bot.js": "bot.js",
    "/pictures": "pictures.html",
    "/pictures.js": "pictures.js",
    "/pictures.css": "pictures.css",
    "/console.css": "console.css",
}


def console_routes() -> list[HTTPRouteHandler]:
    """One handler per file."""
    return [_file(path, name) for path, name in FILES.items()]


def document(name: str) -> Response[bytes]:
    """The answer that gives a file of ours."""
    content = resources.files("spiderduck.console").joinpath("static", name).read_bytes()
    return Response(content, media_type=TYPES[name.rpartition(".")[2]], headers=HEADERS)


def _file(path: str, name: str) -> HTTPRouteHandler:
    answer = document(name)

    @get(path, include_in_schema=False)
    async def page() -> Response[bytes]:
        return answer

    return page
