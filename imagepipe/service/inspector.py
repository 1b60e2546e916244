"""The inspector: what the caches hold now, as JSON and (by `inspector_tables`) as tables, with the page around them.

The page is the files of `static/`, open to everybody, because nothing is inside. Their script fetches the tables with
the key that a person types.
"""

from importlib import resources
from typing import Any

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

from imagepipe.pipeline import Pipeline
from imagepipe.registry import Registry
from imagepipe.service.access import Guard
from imagepipe.service.inspector_tables import tables_of
from imagepipe.tiers.lru import Entry, Lru, Shared

_SHOWN = 100  # the most recently used of each tier


def inspect_registry(registry: Registry) -> dict[str, Any]:
    """Everything, as plain values."""
    return {
        "global": {
            "rendered": _total(registry.rendered_total),
            "encoded": _total(registry.encoded_total),
            "disk": _total(registry.disk_total),
            "partial": _total(registry.partial_shared),
        },
        "renders_active": registry.workers.active,
        "idle_waiting": len(registry.idle),
        "pipelines": {name: _pipeline(registry, each) for name, each in registry.pipelines.items()},
    }


def _pipeline(registry: Registry, pipeline: Pipeline) -> dict[str, Any]:
    disk = registry.disks.get(pipeline.config.name)
    downloads = pipeline.originals.loader.downloads
    return {
        "rendered": _tier(pipeline.variants.tier.lru),
        "encoded": _tier(registry.encoded[pipeline.config.name].lru),
        "disk": None if disk is None else _tier(disk.lru),
        "partial": _tier(registry.partials[pipeline.config.name].lru, complete=False),
        "loading": [
            {"identifier": url, "received": each.received, "total": each.total} for url, each in downloads.items()
        ],
        "rendering": pipeline.variants.under_way.keys(),
        "hits": dict(pipeline.events.counts),
        "fetches": pipeline.originals.loader.fetches,
        "problems": [{"at": at, "identifier": src, "problem": what} for at, src, what in pipeline.events.problems],
    }


def _tier(lru: Lru[Any], complete: bool = True) -> dict[str, Any]:
    """`complete` says whether its entries are whole pictures or beginnings of some."""
    known = [item for item in lru.items() if not item[0].startswith("\n")]  # what is just being written has no name yet
    shown = known[-_SHOWN:]
    return {
        "complete": complete,
        "entries": len(lru),
        "bytes": lru.bytes,
        "limit_bytes": lru.limits.bytes,
        "limit_entries": lru.limits.entries,
        "shown": [_entry(key, entry) for key, entry in reversed(shown)],
    }


def _entry(key: str, entry: Entry[Any]) -> dict[str, Any]:
    identifier, _, variant = key.partition("\n")
    return {
        "key": key,
        "identifier": identifier,
        "variant": variant,
        "bytes": entry.size,
        "expires_at": entry.expires_at,
    }


def _total(shared: Shared[Any]) -> dict[str, int]:
    return {"entries": shared.entries, "bytes": shared.bytes, "limit_bytes": shared.limits.bytes}


def inspector_handlers(registry: Registry, path: str, guard: Guard) -> list[HTTPRouteHandler]:
    """JSON below `path`/inspect; below `path`/inspect/page a page that shows the same, without it open to everybody."""

    @get(path + "/inspect", guards=[guard], opt={"own_pages": True}, summary="What the picture caches hold")
    async def inspect_pictures() -> dict[str, Any]:
        return inspect_registry(registry)

    @get(
        path + "/inspect/tables",
        guards=[guard],
        opt={"own_pages": True},
        media_type=MediaType.HTML,
        include_in_schema=False,
    )
    async def tables() -> str:
        return tables_of(inspect_registry(registry), registry.clock.now())

    return [inspect_pictures, tables, *page_handlers(path + "/inspect")]


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
