"""The inspector: what the caches hold now, as JSON and (by `inspector_tables`) as tables, with the page around them.

The page is the files of `static/`, open to everybody, because nothing is inside. Their script fetches the tables with
the key that a person types.
"""

from collections.abc import Iterable
from importlib import resources
from typing import Any

from litestar import MediaType, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from imagepipe.errors import SourceBlocked
from imagepipe.model import Original, VariantResult
from imagepipe.originals.source_rules import host_of, normal_source
from imagepipe.pipeline import Pipeline
from imagepipe.registry import Registry
from imagepipe.service.access import Access, Guard
from imagepipe.service.admin import Src
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
        "minutes": [{"at": minute * 60, "hits": dict(counts)} for minute, counts in pipeline.events.minutes],
        "presets": list(pipeline.config.presets),
        "problems": [{"at": at, "identifier": src, "problem": what} for at, src, what in pipeline.events.problems],
        "problem_groups": group_problems(pipeline.events.problems),
    }


def group_problems(problems: Iterable[tuple[float, str, str]]) -> list[dict[str, Any]]:
    """By the picture's host and the reason, without what is only said of the one picture; the latest first."""
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for at, src, what in problems:
        host, reason = host_of(src), what.partition(":")[0]
        group = groups.setdefault((host, reason), {"host": host, "reason": reason, "times": 0, "pictures": set()})
        group["times"] += 1
        group["pictures"].add(src)
        group |= {"last_at": at, "example": src, "detail": what}
    newest = sorted(groups.values(), key=lambda group: -group["last_at"])
    return [{**group, "pictures": len(group["pictures"])} for group in newest]


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
        **_facts(entry.value),
    }


def _facts(value: object) -> dict[str, Any]:
    """What is known of an entry without opening it."""
    if isinstance(value, VariantResult):
        made, picture = value.rendered, value.original
        return {
            "width": made.width,
            "height": made.height,
            "format": made.format,
            "made_from": value.made_from,
            "stale_at": value.stale_at,
            "original": {"width": picture.width, "height": picture.height, "format": picture.format},
        }
    if isinstance(value, Original):
        return {"format": value.content_type, "stored_at": value.stored_at, "stale_at": value.stale_at}
    return {}


def _total(shared: Shared[Any]) -> dict[str, int]:
    return {"entries": shared.entries, "bytes": shared.bytes, "limit_bytes": shared.limits.bytes}


def inspector_handlers(registry: Registry, path: str, guard: Guard, access: Access) -> list[HTTPRouteHandler]:
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

    @get(
        path + "/{pipeline:str}/thumbnail",
        guards=[guard],
        opt={"own_pages": True, "errors": (404, 422)},
        media_type="image/webp",
        summary="A small picture of what the caches hold",
        description="No origin is asked, and nothing is kept or counted. 404 where nothing is cached.",
    )
    async def thumbnail(pipeline: FromPath[str], src: Src) -> Response[bytes]:
        src = normal_source(src)
        if (reason := access.blocked(src) or await access.withheld(src)) is not None:
            raise SourceBlocked(reason)
        made = await registry[pipeline].variants.thumbnail(src)
        if made is None:
            raise NotFoundException("that picture is not in the caches")
        return Response(made.body, media_type=made.content_type, headers={"Cache-Control": "private, max-age=300"})

    return [inspect_pictures, tables, thumbnail, *page_handlers(path + "/inspect")]


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
