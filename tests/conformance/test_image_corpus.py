"""Real pictures, honest and hostile: each becomes a picture or a named error, and the oriented ones look alike."""

import warnings
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

import imagepipe
from imagepipe.errors import ImageError
from tests.corpora import CORPORA
from tests.unit.imagepipe.pictures import decode

_ROOT = CORPORA / "images"
_FORMATS = ("auto", "jpeg", "png", "gif", "webp", "avif", "jp2")

pytestmark = [
    pytest.mark.skipif(not _ROOT.is_dir(), reason=f"no picture corpus at {_ROOT}; set SPIDERDUCK_CORPORA"),
    # Pillow warns about odd tags in strangers' files; a warning is no error of ours.
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def _files(folder: str) -> list[Path]:
    return sorted((_ROOT / folder).glob("*")) if (_ROOT / folder).is_dir() else []


def _outcome(data: bytes, format: str) -> str:
    try:
        rendered = imagepipe.render(data, width=64, format=format)
    except ImageError as error:
        return error.code
    assert decode(rendered.body).size == (rendered.width, rendered.height)
    return "picture"


@pytest.mark.parametrize("path", _files("hostile"), ids=lambda path: path.name)
def test_hostile_pictures_end_in_a_picture_or_a_named_error(path: Path) -> None:
    """Nothing uncaught, in any format."""
    data = path.read_bytes()
    outcomes = {format: _outcome(data, format) for format in _FORMATS}
    assert all(outcomes.values())


@pytest.mark.parametrize("path", _files("sample") + _files("exif"), ids=lambda path: path.name)
def test_honest_pictures_become_pictures(path: Path) -> None:
    """Every one, in every format."""
    data = path.read_bytes()
    assert {_outcome(data, format) for format in _FORMATS} == {"picture"}


@pytest.mark.parametrize("path", _files("hostile") + _files("sample"), ids=lambda path: path.name)
def test_damage_anywhere_is_survived(path: Path) -> None:
    """Cut short, or with bytes changed: still a picture or a named error."""
    data = path.read_bytes()
    step = max(1, len(data) // 9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for at in range(0, len(data), step):
            assert _outcome(data[:at], "jpeg")
            assert _outcome(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :], "jpeg")


@pytest.mark.parametrize("path", _files("exif"), ids=lambda path: path.name)
@pytest.mark.parametrize("width", [300, 1800])
def test_every_orientation_looks_like_the_first(path: Path, width: int) -> None:
    """The same picture, upright, whatever its EXIF says."""
    reference = decode(imagepipe.render((_ROOT / "exif" / "Landscape_1.jpg").read_bytes(), width=width).body)
    shown = decode(imagepipe.render(path.read_bytes(), width=width).body)
    assert shown.size == reference.size
    difference = ImageChops.difference(_small(shown), _small(reference))
    assert max(ImageStat.Stat(difference).mean) < 12


def _small(image: Image.Image) -> Image.Image:
    return image.convert("RGB").resize((60, 40), Image.Resampling.BOX)
