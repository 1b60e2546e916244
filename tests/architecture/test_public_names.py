"""The Python names that other software imports stay, with their parameters. Add to these lists freely; never rename."""

import importlib
import inspect

import pytest

FUNCTIONS: dict[str, tuple[str, ...]] = {
    "fetchers.gates.address_guard.is_allowed": ("address",),
    "fetchers.robots_txt.parse": ("body",),
    "imagepipe.probe": ("data", "limits", "codecs"),
    "imagepipe.render": (
        *("data", "width", "height", "fit", "format", "quality", "dpr", "gravity", "background", "enlarge"),
        *("animate", "keep_copyright", "filters", "progressive", "limits", "codecs"),
    ),
    "imagepipe.srcset": ("base", "src", "widths", "key", "more"),
    "imagepipe.url": (
        *("base", "src", "width", "height", "fit", "format", "quality", "dpr", "gravity"),
        *("preset", "expires", "key", "more"),
    ),
    "schedulers.events.items_of": ("body", "content_type"),
    "schedulers.events.read_event": ("body", "limits"),
    "schedulers.events.read_events": ("body", "content_type", "limits"),
    "schedulers.metadata.decode_metadata": ("values", "provenance"),
    "schedulers.metadata.encode_metadata": ("metadata",),
    "schedulers.metadata.encode_provenance": ("metadata",),
    "schedulers.metadata.extract_metadata": ("body", "url", "content_type", "status_code", "headers"),
    "schedulers.metadata.sniff_encoding": ("body", "content_type"),
    "schedulers.urls.accepted_canonical": ("claimed", "page_url"),
    "schedulers.urls.dedup_key": ("url",),
    "schedulers.urls.extract_urls": ("text",),
    "schedulers.urls.parse_shared": ("text",),
    "schedulers.urls.parse_url": ("text", "base"),
    "snowflake.Generator": ("worker_id", "datacenter_id", "lease", "layout", "bridge_ms", "random_start"),
    "snowflake.FileLease": ("folder", "worker_ids", "datacenter_id", "most_wait_ms"),
    "snowflake.Layout": ("time_bits", "datacenter_bits", "worker_bits", "sequence_bits", "epoch_ms", "unit_ms"),
    "snowflake.StaticLease": ("worker_id", "datacenter_id", "folder", "most_wait_ms"),
    "snowflake.decode": ("id",),
    "snowflake.max_id_at": ("time",),
    "snowflake.min_id_at": ("time",),
}
"""Callables, and the parameters by which they are called. A later version may take more."""

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "fetchers.robots_txt.RobotsTxt": ("allows", "crawl_delay"),
    "imagepipe.PictureInfo": ("format", "width", "height", "frames"),
    "imagepipe.Rendered": ("body", "content_type", "width", "height"),
    "imagepipe.Variant": ("width", "height", "fit", "format", "quality", "dpr", "gravity"),
    "imagepipe.errors.ImageError": ("code", "retryable"),
    "fetchers.errors.FetcherError": ("code", "retryable"),
    "schedulers.errors.InvalidUrl": ("code", "retryable"),
    "schedulers.metadata.Alternative": ("rule", "value"),
    "schedulers.metadata.Image": ("url", "width", "height", "type", "alt"),
    "schedulers.metadata.Metadata": (
        *("title", "description", "image", "site_name", "type", "author", "published_at", "modified_at", "language"),
        *("canonical_url", "icon", "oembed", "robots", "provenance"),
    ),
    "schedulers.metadata.Provenance": ("rule", "alternatives"),
    "schedulers.urls.ExtractedUrl": ("url", "start", "end"),
    "snowflake.Decoded": ("time", "datacenter_id", "worker_id", "sequence"),
    "snowflake.Generator": ("next_id", "reserve"),
    "snowflake.errors.SnowflakeError": ("code", "retryable"),
    "spiderduck.errors.SpiderDuckError": ("code", "retryable"),
}
"""Classes, and what users read of them."""

EXPORTING = (
    *("fetchers.gates.address_guard", "fetchers.robots_txt", "imagepipe", "schedulers.events", "schedulers.metadata"),
    *("schedulers.urls", "snowflake"),
)
"""Modules whose `__all__` is their public face."""


def resolved(name: str) -> object:
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_keeps_its_name_and_its_parameters(name: str) -> None:
    """In their order, so that positional calls go on working."""
    signature = inspect.signature(resolved(name))  # type: ignore[arg-type]
    kept = [parameter for parameter in signature.parameters if parameter in FUNCTIONS[name]]
    assert tuple(kept) == FUNCTIONS[name]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_public_function_takes_beyond_the_pinned_parameters_is_optional(name: str) -> None:
    """A new parameter without a default would break every caller."""
    parameters = inspect.signature(resolved(name)).parameters  # type: ignore[arg-type]
    added = [one for key, one in parameters.items() if key not in FUNCTIONS[name]]
    assert all(one.default is not inspect.Parameter.empty for one in added)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_public_class_keeps_its_name_and_what_is_read_of_it(name: str) -> None:
    """Fields of data classes and structs count as well as methods."""
    shape = resolved(name)
    there = {*dir(shape), *getattr(shape, "__struct_fields__", ()), *getattr(shape, "__annotations__", ())}
    assert set(ATTRIBUTES[name]) <= there


@pytest.mark.parametrize("name", EXPORTING)
def test_everything_that_a_package_exports_is_there(name: str) -> None:
    """`__all__` is sorted as ruff sorts it, without repetition, and each of its names exists."""
    module = importlib.import_module(name)
    assert len(module.__all__) == len(set(module.__all__))
    assert [one for one in module.__all__ if not hasattr(module, one)] == []


def test_the_version_is_the_same_wherever_it_stands() -> None:
    """`pyproject.toml`, the product and the chart are released together."""
    import tomllib
    from pathlib import Path

    import yaml

    from fetchers.config import VERSION

    root = Path(__file__).parents[2]
    chart = yaml.safe_load((root / "helm" / "Chart.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {project["version"], chart["version"], chart["appVersion"]} == {VERSION}
