"""The inspector's page for people: the files of `static/`, open to everybody, for there is nothing inside.

Their script fetches the tables (`inspector`, `inspector_tables`) with the key that a person types.
"""

from importlib import resources

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
_FILES = {
    "page": ("inspector.html", "text/html"),
    "page.js": ("inspector.js", "text/javascript"),
    "page.css": ("inspector.css", "text/css"),
}


def page_handlers(path: str) -> list[HTTPRouteHandler]:
    """One handler per file, below `path`."""
    return [_file(f"{path}/{name}", file, media_type) for name, (file, media_type) in _FILES.items()]


def _file(path: str, file: str, media_type: str) -> HTTPRouteHandler:
    content = resources.files("imagepipe.service").joinpath("static", file).read_bytes()

    @get(path, include_in_schema=False)
    async def page() -> Response[bytes]:
        return Response(content, media_type=media_type, headers=_HEADERS)

    return page
