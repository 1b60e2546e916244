"""Pictures that end too early are shown as far as they came, as browsers show them, and say so."""

import io

import pytest
from PIL import Image, ImageChops, ImageStat

import imagepipe
from imagepipe.errors import BrokenPicture, ImageError
from imagepipe.rendering.render import CUT_OFF
from tests.unit.imagepipe.pictures import animated, decode, encode, photo

_SIZE = (160, 120)
_PHOTO = photo(_SIZE)
_STILL = {
    "baseline": encode(_PHOTO, "JPEG", quality=90),
    "progressive": encode(_PHOTO, "JPEG", quality=90, progressive=True),
    "grey": encode(_PHOTO.convert("L"), "JPEG"),
    "png": encode(_PHOTO, "PNG"),
    "palette": encode(_PHOTO.quantize(64), "PNG"),
    "gif": encode(_PHOTO, "GIF", interlace=0),
}


def _difference(one: Image.Image, other: Image.Image, rows: int) -> float:
    box = (0, 0, one.width, rows)
    difference = ImageChops.difference(one.convert("RGB").crop(box), other.convert("RGB").crop(box))
    return max(ImageStat.Stat(difference).mean)


@pytest.mark.parametrize("name", _STILL)
@pytest.mark.parametrize("share", [0.5, 0.6, 0.75, 0.9, 0.99])
def test_a_part_is_shown(name: str, share: float) -> None:
    """The whole size; above, the picture; and the problem is named."""
    data = _STILL[name]
    rendered = imagepipe.render(data[: int(len(data) * share)], format="png")
    assert (rendered.width, rendered.height) == _SIZE
    assert rendered.problems == (CUT_OFF,)
    if name != "progressive":
        assert _difference(decode(rendered.body), decode(data), int(_SIZE[1] * share * 0.5)) < 8


@pytest.mark.parametrize("name", ["baseline", "progressive", "grey"])
@pytest.mark.parametrize("less", [1, 2])
def test_a_jpeg_that_lacks_only_its_end_marker_is_whole(name: str, less: int) -> None:
    data = _STILL[name]
    found = imagepipe.render(data[:-less], format="png").body
    assert _difference(decode(found), decode(imagepipe.render(data, format="png").body), _SIZE[1]) < 0.5


@pytest.mark.parametrize("name", _STILL)
def test_every_cut_is_a_picture_or_broken(name: str) -> None:
    """Broken until the first pixels came, a picture from there on."""
    data = _STILL[name]
    shown = []
    for end in (*range(12, 1400, 7), *range(1400, len(data), 997)):
        try:
            shown.append(imagepipe.render(data[:end], width=16).width == 16)
        except ImageError:
            shown.append(False)
    assert shown == sorted(shown)
    assert shown[-1]
    assert not shown[0]


def test_what_lies_behind_the_end_is_no_loss() -> None:
    """Cameras put more pictures there."""
    for data in _STILL.values():
        assert imagepipe.render(data + b"\0" * 40, width=16).problems == ()


@pytest.mark.parametrize("format", ["GIF", "PNG"])
def test_an_animation_has_the_frames_that_are_whole(format: str) -> None:
    """Ever more of them, and at least the first, or it is broken."""
    data = animated(format, 5, (40, 30))
    counts = []
    for end in range(8, len(data)):
        try:
            body = imagepipe.render(data[:end], format="webp").body
        except BrokenPicture:
            counts.append(0)
        else:
            counts.append(getattr(Image.open(io.BytesIO(body)), "n_frames", 1))
    assert counts[-1] >= 4
    assert counts[0] == 0
    assert set(range(1, 5)) <= set(counts)
