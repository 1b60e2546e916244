"""From settings to what pipelines are built with: a TOML file, the environment, the defaults beside them.

Above it `imagepipe.__main__` and the product around. Whatever would fail at the first request (a preset with a wrong
parameter, a fallback picture that is none) fails here, with the setting's name.
"""

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from imagepipe.config import ImagesConfig, PipelineConfig, default_config
from imagepipe.errors import ImageError, InvalidSetting
from imagepipe.originals.additional import FolderCache, HttpCache
from imagepipe.ports import AdditionalCache
from imagepipe.rendering.probe import probe
from imagepipe.variants.query import parse_variant, read_query


def read_settings(file: Path | None, environ: Mapping[str, str]) -> ImagesConfig:
    """The settings of `python -m imagepipe serve`. The environment beats the file. Raises `InvalidSetting`.

    `IMAGEPIPE_KEYS` (comma separated), `IMAGEPIPE_ADMIN_KEY`, `IMAGEPIPE_ISOLATE` (1 or 0). Keys may come from files:
    `IMAGEPIPE_KEYS_FILE` (one a line), `IMAGEPIPE_ADMIN_KEY_FILE`.
    """
    tree: dict[str, Any] = {} if file is None else _read(file)
    if (keys := _secret(environ, "IMAGEPIPE_KEYS")) is not None:
        tree["keys"] = [key.strip() for key in keys.replace("\n", ",").split(",") if key.strip()]
    if (admin_key := _secret(environ, "IMAGEPIPE_ADMIN_KEY")) is not None:
        tree["admin_key"] = admin_key
    if "IMAGEPIPE_ISOLATE" in environ:
        tree["isolate"] = environ["IMAGEPIPE_ISOLATE"] in ("1", "true")
    _check_names(tree, ImagesConfig, "")
    try:
        return complete(msgspec.convert(tree, ImagesConfig))
    except msgspec.ValidationError as error:
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


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(msgspec.toml.decode(file.read_bytes()))
    except (OSError, msgspec.DecodeError) as error:
        raise InvalidSetting(f"the settings file {file}: {error}") from error


def _secret(environ: Mapping[str, str], name: str) -> str | None:
    """A variable, or what the file holds that `…_FILE` names, without the newline at its end."""
    path = environ.get(f"{name}_FILE")
    if path is None:
        return environ.get(name)
    if name in environ:
        raise InvalidSetting(f"{name} and {name}_FILE are both set; one of them")
    try:
        secret = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InvalidSetting(f"{name}_FILE: a readable file; {path} is none: {why}") from error
    if not secret:
        raise InvalidSetting(f"{name}_FILE: a file with a key; {path} is empty")
    return secret


def _check_names(tree: Mapping[str, Any], shape: Any, place: str) -> None:
    """A misspelt setting must not be passed over in silence."""
    fields = {name: one.type for name, one in shape.__dataclass_fields__.items()}
    for name, value in tree.items():
        if name not in fields:
            raise InvalidSetting(f"{place}{name} is no setting; known: {', '.join(fields)}")
        if is_dataclass(fields[name]) and isinstance(value, Mapping):
            _check_names(value, fields[name], f"{place}{name}.")
        if name == "pipelines" and isinstance(value, list):
            for each in value:
                _check_names(each if isinstance(each, Mapping) else {}, PipelineConfig, f"{place}pipelines.")
