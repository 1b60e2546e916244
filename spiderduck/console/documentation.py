"""Serves the documentation below `/docs`, from the package itself: `make docs` puts it there, and a wheel that is built
then carries it. It is the same on every server and needs no key. Where it was not built, `/docs` describes the calls.
"""

import asyncio
import base64
import hashlib
import re
from importlib import resources
from pathlib import Path, PurePosixPath

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from spiderduck.console.pages import document

FOLDER = "documentation"
FIRST_PAGE = "index.html"
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".inv": "application/octet-stream",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=60"}
POLICY = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_INLINE = re.compile(rb"<script(?![^<>]{0,999}\ssrc=)[^<>]{0,999}>(.*?)</script>", re.DOTALL)


def documentation_routes(folder: Path | None = None) -> list[HTTPRouteHandler]:
    """The handlers. `folder`: where the pages lie, if not in the package."""
    folder = folder or Path(str(resources.files("spiderduck").joinpath(FOLDER)))
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.suffix in TYPES}
    calls = document("docs")

    @get("/docs", include_in_schema=False)
    async def get_documentation() -> Response[bytes] | Redirect:
        return Redirect(f"/docs/{FIRST_PAGE}", status_code=307) if FIRST_PAGE in files else calls

    @get("/docs/api", include_in_schema=False)
    async def get_calls() -> Response[bytes]:
        return calls

    @get("/docs/{name:path}", include_in_schema=False)
    async def get_documentation_file(name: FromPath[PurePosixPath]) -> Response[bytes]:
        found = files.get(str(name).lstrip("/"))
        if found is None:
            raise NotFoundException("there is no such page; the documentation begins at /docs")
        body = await asyncio.to_thread(found.read_bytes)
        headers = {**HEADERS, "Content-Security-Policy": POLICY.format(scripts=_hashes(body, found.suffix))}
        return Response(body, media_type=TYPES[found.suffix], headers=headers)

    return [get_documentation, get_calls, get_documentation_file]


def _hashes(body: bytes, suffix: str) -> str:
    """The scripts that stand in a page: no other may run there."""
    if suffix != ".html":
        return ""
    digests = (base64.b64encode(hashlib.sha256(one).digest()).decode() for one in _INLINE.findall(body))
    return "".join(f" 'sha256-{digest}'" for digest in digests)
