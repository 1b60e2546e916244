"""Settings of the picture pipelines: what a file and the environment make of the defaults; mistakes are named."""

from pathlib import Path

import pytest

from imagepipe.errors import InvalidSetting
from imagepipe.settings import additional_caches, read_settings
from tests.unit.imagepipe.pictures import encode, quarters

_FILE = """
keys = ["0123456789abcdef"]
queue = 7

[limits]
formats = ["jpeg", "png"]

[global_tiers.disk]
bytes = 1000000

[[pipelines]]
name = "banners"
presets = { wide = "w=1200&h=300&fit=cover" }
warm_up = ["preset=wide"]
allow_hosts = ["*.example.com"]
fallback_file = "FALLBACK"
additional_folders = ["LEGACY"]
additional_urls = ["http://legacy.test/?u="]

[pipelines.tiers.rendered]
bytes = 5000000
seconds = 60
sliding = false
"""


def _file(folder: Path, text: str = _FILE) -> Path:
    (folder / "fallback.png").write_bytes(encode(quarters(), "PNG"))
    path = folder / "images.toml"
    path.write_text(text.replace("FALLBACK", str(folder / "fallback.png")).replace("LEGACY", str(folder)))
    return path


def test_a_file_names_pipelines_limits_and_keys(tmp_path: Path) -> None:
    """The default pipelines stay beside those that are named."""
    config = read_settings(_file(tmp_path), {})
    assert [each.name for each in config.pipelines] == ["banners", "cards", "avatars"]
    banners = config.pipelines[0]
    assert (banners.tiers.rendered.bytes, banners.tiers.rendered.sliding) == (5_000_000, False)
    assert banners.fallback == encode(quarters(), "PNG")
    assert (config.queue, config.limits.formats, config.global_tiers.disk.bytes) == (7, ("jpeg", "png"), 1_000_000)
    assert [cache.name for cache in additional_caches(config)["banners"]] == ["folder", "http"]


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    """Keys need not stand in a file."""
    environ = {"IMAGEPIPE_KEYS": "fedcba9876543210,0123456789abcdef", "IMAGEPIPE_ISOLATE": "1"}
    config = read_settings(_file(tmp_path), environ)
    assert (config.keys, config.isolate) == (("fedcba9876543210", "0123456789abcdef"), True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = 1", "there is no setting colour"),
        ("[limits]\npixel = 1", "there is no setting limits.pixel"),
        ('[[pipelines]]\nname = "a"\nsize = 1', r"there is no setting pipelines\[0\].size"),
        ('[[pipelines]]\nname = "a"\npresets = { p = "width=1" }', "pipelines.a: 'width=1'"),
        ('[[pipelines]]\nname = "a"\nfallback_file = "/nowhere"', "pipelines.a.fallback_file"),
        ('[[pipelines]]\nname = "a b"', "letters, digits"),
        ('keys = ["short"]', "16 characters"),
        ('queue = "many"', "queue"),
        ("queue =", "images.toml"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, said: str) -> None:
    """Before the first request."""
    with pytest.raises(InvalidSetting, match=said):
        read_settings(_file(tmp_path, text), {})
