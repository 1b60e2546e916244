"""What the caches hold right now, as JSON and as a page: per tier entries, bytes and limits, loads, hits, problems."""

from html import escape
from typing import Any

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

from imagepipe.pipeline import Pipeline
from imagepipe.registry import Registry
from imagepipe.service.guard import Guard
from imagepipe.tiers.lru import Lru, Shared

_SHOWN = 100  # the most recently used of each tier


def inspect_registry(registry: Registry) -> dict[str, Any]:
    """Everything, as plain values."""
    return {
        "global": {
            "rendered": _total(registry.rendered_total),
            "encoded": _total(registry.encoded_total),
            "disk": _total(registry.disk_total),
        },
        "renders_active": registry.workers.active,
        "idle_waiting": len(registry.idle),
        "pipelines": {name: _pipeline(registry, each) for name, each in registry.pipelines.items()},
    }


def _pipeline(registry: Registry, pipeline: Pipeline) -> dict[str, Any]:
    disk = registry.disks.get(pipeline.config.name)
    growing = pipeline.originals.loader.growing
    return {
        "rendered": _tier(pipeline.rendered.lru),
        "encoded": _tier(registry.encoded[pipeline.config.name].lru),
        "disk": None if disk is None else _tier(disk.lru),
        "partial": _tier(registry.partials[pipeline.config.name].lru),
        "loading": [
            {"identifier": url, "received": each.received, "total": each.total} for url, each in growing.items()
        ],
        "rendering": pipeline.renders.keys(),
        "hits": dict(pipeline.events.counts),
        "fetches": pipeline.originals.loader.fetches,
        "problems": [{"at": at, "identifier": src, "problem": what} for at, src, what in pipeline.events.problems],
    }


def _tier(lru: Lru[Any]) -> dict[str, Any]:
    shown = list(lru.items())[-_SHOWN:]
    return {
        "entries": len(lru),
        "bytes": lru.bytes,
        "limit_bytes": lru.limits.bytes,
        "limit_entries": lru.limits.entries,
        "shown": [{"key": key, "bytes": entry.size, "expires_at": entry.expires_at} for key, entry in reversed(shown)],
    }


def _total(shared: Shared[Any]) -> dict[str, int]:
    return {"entries": shared.entries, "bytes": shared.bytes, "limit_bytes": shared.limits.bytes}


def inspector_handlers(registry: Registry, path: str, guard: Guard) -> list[HTTPRouteHandler]:
    """JSON below `path`/inspect, a page below `path`/inspect/page."""

    @get(path + "/inspect", guards=[guard], summary="What the picture caches hold")
    async def inspect() -> dict[str, Any]:
        return inspect_registry(registry)

    @get(path + "/inspect/page", guards=[guard], media_type=MediaType.HTML, include_in_schema=False)
    async def page() -> Response[str]:
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return Response(_page(inspect_registry(registry)), media_type=MediaType.HTML, headers=policy)

    return [inspect, page]


def _page(found: dict[str, Any]) -> str:
    parts = ["<!doctype html><meta charset=utf-8><title>Picture caches</title>", _STYLE, "<h1>Picture caches</h1>"]
    for name, pipeline in found["pipelines"].items():
        parts.append(f"<h2>{escape(name)}</h2>")
        parts += [_tier_html(tier, pipeline[tier]) for tier in ("rendered", "encoded", "disk", "partial")]
        parts.append(_list_html("Hits", [f"{key}: {count}" for key, count in sorted(pipeline["hits"].items())]))
        loading = [
            f"{each['identifier']}: {each['received']} of {each['total'] or '?'}" for each in pipeline["loading"]
        ]
        parts.append(_list_html("Loading", loading))
        problems = [f"{each['problem']}: {each['identifier']}" for each in reversed(pipeline["problems"])]
        parts.append(_list_html("Problems", problems))
    return "\n".join(parts)


def _tier_html(name: str, tier: dict[str, Any] | None) -> str:
    if tier is None:
        return f"<h3>{name}</h3><p>off</p>"
    used = f"{tier['entries']} entries, {tier['bytes']:,} of {tier['limit_bytes']:,} bytes"
    meter = f"<meter max={max(tier['limit_bytes'], 1)} value={tier['bytes']}></meter>"
    rows = "".join(f"<tr><td>{escape(each['key'])}<td>{each['bytes']:,}" for each in tier["shown"])
    return f"<h3>{name}</h3><p>{meter} {used}</p><details><summary>entries</summary><table>{rows}</table></details>"


def _list_html(title: str, lines: list[str]) -> str:
    items = "".join(f"<li>{escape(line)}" for line in lines) or "<li>none"
    return f"<h3>{title}</h3><ul>{items}</ul>"


_STYLE = """<style>body{font:15px system-ui;margin:2rem auto;max-width:70rem;padding:0 1rem}table{border-spacing:1rem 0}
td{word-break:break-all}td+td{text-align:right;word-break:normal}meter{width:12rem}</style>"""
