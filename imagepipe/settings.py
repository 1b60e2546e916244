"""From settings to what pipelines are built with: a TOML file, the environment, the defaults beside them.

Above it `imagepipe.__main__` and the product around. Whatever would fail at the first request (a preset with a wrong
parameter, a fallback picture that is none) fails here, with the setting's name.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from groundwork.settings import SettingError, Sources, load
from imagepipe.config import ImagesConfig, PipelineConfig, default_config
from imagepipe.errors import ImageError, InvalidSetting
from imagepipe.originals.additional import FolderCache, HttpCache
from imagepipe.ports import AdditionalCache
from imagepipe.rendering.probe import probe
from imagepipe.variants.query import parse_variant, read_query

PREFIX = "IMAGEPIPE_"


def read_settings(file: Path | None, environ: Mapping[str, str]) -> ImagesConfig:
    """The settings of `python -m imagepipe serve`. The environment (`IMAGEPIPE_QUEUE`, `IMAGEPIPE_KEYS`, …) beats the
    file. Raises `InvalidSetting`.
    """
    try:
        return complete(load(ImagesConfig, Sources(file, environ, PREFIX, lenient=True)))
    except SettingError as error:
        raise InvalidSetting(str(error)) from error


def complete(config: ImagesConfig) -> ImagesConfig:
    """Checked, with the default pipelines that are not named, and the fallback pictures read."""
    named = {each.name for each in config.pipelines}
    others = [each for each in default_config().pipelines if each.name not in named]
    ready = tuple(_complete_one(each, config) for each in (*config.pipelines, *others))
    return ImagesConfig.validate(replace(config, pipelines=ready))  # its own: a subclass may call this from its own


def additional_caches(config: ImagesConfig) -> dict[str, list[AdditionalCache]]:
    """The additional caches that each pipeline's settings name, in the order in which they are asked."""
    return {each.name: [*_folders(each), *_servers(each, config)] for each in config.pipelines}


def _folders(pipeline: PipelineConfig) -> list[AdditionalCache]:
    return [FolderCache(Path(folder)) for folder in pipeline.additional_folders]


def _servers(pipeline: PipelineConfig, config: ImagesConfig) -> list[AdditionalCache]:
    return [HttpCache(base, max_bytes=config.limits.bytes) for base in pipeline.additional_urls]


def _complete_one(pipeline: PipelineConfig, config: ImagesConfig) -> PipelineConfig:
    place = f"pipelines.{pipeline.name}"
    for query in (*pipeline.presets.values(), *pipeline.warm_up):
        try:
            parse_variant(read_query(query), pipeline.presets)
        except ImageError as error:
            raise InvalidSetting(f"{place}: {query!r}: {error}") from error
    if not pipeline.fallback_file or pipeline.fallback is not None:
        return pipeline
    try:
        fallback = Path(pipeline.fallback_file).read_bytes()
        probe(fallback, limits=config.limits)
    except (OSError, ImageError) as error:
        raise InvalidSetting(f"{place}.fallback_file: a picture's file; {pipeline.fallback_file!r}: {error}") from error
    return replace(pipeline, fallback=fallback)
