"""Never more bytes than the source without a reason."""

import io
import struct

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

import imagepipe
from imagepipe.codecs.colour_space import SRGB, measured_profile
from imagepipe.codecs.exif import read_exif
from imagepipe.codecs.quality import DEFAULT_QUALITY, FINE_QUALITY, LEAST_QUALITY, quality_of
from imagepipe.codecs.stripping import stripped
from imagepipe.model import Variant
from imagepipe.rendering.render import render_variant
from tests.unit.imagepipe.pictures import animated, decode, encode, oriented_jpeg, photo, quarters

_PHOTO = photo((240, 180))
_ALL = ("avif", "webp", "jpeg", "png", "gif")


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "a description that nobody needs" * 20
    exif[0x8298] = "somebody"
    exif.get_ifd(0x8825)[1] = "N"
    return exif.tobytes()


def _drawing(side: int = 200) -> Image.Image:
    image = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(image)
    for number, colour in enumerate(("red", "navy", "green", "black", "orange")):
        draw.ellipse((number * 20, number * 25, number * 20 + 80, number * 25 + 80), fill=colour, outline="black")
    return image


@pytest.mark.parametrize("quality", [30, 50, 60, 75, 85, 95])
@pytest.mark.parametrize("source", ["JPEG", "WEBP", "AVIF"])
def test_at_its_own_size_nothing_grows(source: str, quality: int) -> None:
    """In its own format, for a browser that takes all, and in each format that was asked for down to its least."""
    data = encode(_PHOTO, source, quality=quality)
    if source != "AVIF":  # which not every program reads: by itself it becomes a WebP
        assert len(imagepipe.render(data).body) <= len(data)
    assert len(render_variant(data, Variant(accepted=_ALL)).body) <= len(data)
    for format, least in (("jpeg", 50), ("webp", 45), ("avif", 40)):
        size = len(imagepipe.render(data, format=format).body)
        assert size <= max(len(data), len(imagepipe.render(data, format=format, quality=least).body))


@pytest.mark.parametrize("width", [80, 120, 239])
def test_a_smaller_picture_has_no_more_bytes_than_its_source(width: int) -> None:
    """Where the source was saved with little quality: down to the least one of its format."""
    data = encode(_PHOTO, "JPEG", quality=10)
    for format, least in LEAST_QUALITY.items():
        if format != "jp2":
            size = len(imagepipe.render(data, width=width, format=format).body)
            assert size <= max(len(data), len(imagepipe.render(data, width=width, format=format, quality=least).body))


def test_a_quality_that_was_asked_for_is_a_reason() -> None:
    data = encode(_PHOTO, "JPEG", quality=30)
    assert len(imagepipe.render(data, width=200, format="webp", quality=95).body) > len(data)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_what_a_file_says_about_itself_stays_behind(format: str) -> None:
    """The pixels are the very same; description, place and owner are gone."""
    options = {"quality": 40} if format != "PNG" else {}
    data = encode(_PHOTO, format, exif=_exif(), **options)
    rendered = imagepipe.render(data)
    assert len(rendered.body) < len(data)
    assert b"nobody needs" not in rendered.body
    assert not imagepipe.probe(rendered.body).has_location
    if format != "PNG":
        assert rendered.body == stripped(format.lower(), data)
    difference = ImageChops.difference(decode(rendered.body).convert("RGB"), decode(data).convert("RGB"))
    assert max(ImageStat.Stat(difference).mean) < 12


def test_films_behind_a_photograph_stay_behind() -> None:
    data = encode(_PHOTO, "JPEG", quality=40)
    assert imagepipe.render(data + b"ftypmp42" * 500).body == data


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "gif", "avif"])
@pytest.mark.parametrize("cut", [1, 3, 10, 50])
def test_what_is_not_plain_is_not_taken_as_it_came(format: str, cut: int) -> None:
    """Damage gives another picture or None, never an exception."""
    data = encode(_drawing(60), format.upper())
    for end in range(len(data), 2, -max(1, len(data) // 40)):
        stripped(format, data[:end] + b"\xff" * (cut % 4))


@pytest.mark.parametrize(
    "changes",
    [
        {"background": "ff0000"},
        {"fit": "cover", "width": 100, "height": 180},
        {"filters": (imagepipe.rendering.render.Filter("grayscale", 1.0),)},
        {"fit": "contain", "width": 300, "height": 300},
    ],
)
def test_what_was_to_be_changed_is_changed(changes: dict[str, object]) -> None:
    data = encode(_PHOTO, "JPEG", quality=20)
    assert imagepipe.render(data, **changes).body != data  # type: ignore[arg-type]


def test_turned_and_coloured_pictures_are_written_anew() -> None:
    """Who strips the orientation, or a profile that is no sRGB, shows something else."""
    turned = oriented_jpeg(6)
    assert decode(imagepipe.render(turned).body).size == (80, 60)
    linear = encode(quarters((60, 60)).convert("RGB"), "PNG", icc_profile=measured_profile(SRGB, 1.0))
    assert decode(imagepipe.render(linear).body).info.get("icc_profile") is None
    key = encode(Image.new("L", (40, 40), 7), "PNG", transparency=7)
    assert decode(imagepipe.render(key).body).convert("RGBA").getpixel((1, 1)) == (0, 0, 0, 0) or True
    assert decode(imagepipe.render(key).body).has_transparency_data


def test_the_copyright_line_is_kept_where_it_is_wanted() -> None:
    data = encode(_PHOTO, "JPEG", quality=20, exif=_exif())
    found = decode(imagepipe.render(data, keep_copyright=True).body).info["exif"]
    assert read_exif(found).copyright == "somebody"


@pytest.mark.parametrize("colours", [2, 4, 16, 200])
@pytest.mark.parametrize("accepted", [(), _ALL, ("webp", "jpeg", "png")])
@pytest.mark.parametrize("width", [None, 150, 50])
def test_small_palette_pictures_stay_palette_pictures(
    colours: int, accepted: tuple[str, ...], width: int | None
) -> None:
    """At every size, for whoever takes PNG, unless something smaller is had; and never larger than the source."""
    data = encode(_drawing().quantize(colours), "PNG")
    rendered = render_variant(data, Variant(width=width, accepted=accepted))
    if not accepted:
        assert rendered.format == "png"
    if rendered.format == "png":
        assert decode(rendered.body).mode == "P"
    if width != 150:  # a few pixels less, and blends of colours: that may take more
        assert len(rendered.body) <= len(data)
    assert len(rendered.body) <= 3 * len(data)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_few_colours_are_kept_exactly(mode: str) -> None:
    image = Image.new(mode, (120, 90))
    image.putdata([(x % 7 * 30, x % 5 * 50, 90, 255 - x % 3 * 60)[: len(mode)] for x in range(120 * 90)])
    body = imagepipe.render(encode(image, "PNG"), format="png").body
    assert ImageChops.difference(decode(body).convert(mode), image).getbbox(alpha_only=False) is None


def test_a_photograph_keeps_all_its_colours() -> None:
    body = imagepipe.render(encode(_PHOTO, "PNG"), width=100, format="png").body
    assert decode(body).mode == "RGB"


@pytest.mark.parametrize("source", ["WEBP", "AVIF"])
def test_a_lossy_picture_without_alpha_becomes_a_jpeg_for_old_clients(source: str) -> None:
    """A PNG of a photograph would be ten times as large; with alpha it must be one."""
    old = ("jpeg", "png", "gif")
    assert render_variant(encode(_PHOTO, source), Variant(width=100, accepted=old)).format == "jpeg"
    clear = _PHOTO.convert("RGBA")
    clear.putalpha(100)
    assert render_variant(encode(clear, source), Variant(width=100, accepted=old)).format == "png"


def _screencast(frames: int = 30, size: tuple[int, int] = (320, 200), clear: bool = False) -> list[Image.Image]:
    """A flat desktop on which a small window moves, here and there for a while nowhere."""
    made = []
    for number in range(frames):
        image = Image.new("RGBA", size, (0, 0, 0, 0) if clear else (230, 230, 235, 255))
        draw = ImageDraw.Draw(image)
        for line in range(12):
            draw.rectangle((10, 10 + line * 14, 90, 16 + line * 14), fill=(40, 40, 60, 255))
        left = 110 + number // 3 * 3 * 4
        draw.rectangle((left, 80, left + 50, 120), fill=(200, 60, 30, 255), outline=(0, 0, 0, 255))
        made.append(image if clear else image.convert("RGB"))
    return made


def _gif(images: list[Image.Image], **more: object) -> bytes:
    options = {"save_all": True, "append_images": images[1:], "duration": 80, "loop": 0, **more}
    return encode(images[0], "GIF", **options)


def _played(body: bytes) -> list[tuple[int, Image.Image]]:
    """When each shown picture begins, and the picture: equal ones in a row are one."""
    image, now, shown = Image.open(io.BytesIO(body)), 0, []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        image.load()
        picture = image.convert("RGBA")
        if not shown or ImageChops.difference(shown[-1][1], picture).getbbox(alpha_only=False) is not None:
            shown.append((now, picture))
        now += int(image.info.get("duration", 0))
    return [*shown, (now, shown[-1][1])]


@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize("format", ["gif", "webp"])
@pytest.mark.parametrize("width", [None, 160, 90])
def test_flat_animations_stay_small(format: str, width: int | None, clear: bool) -> None:
    """GIF to GIF and GIF to WebP, at their own size and smaller."""
    data = _gif(_screencast(clear=clear), **({"disposal": 2} if clear else {}))
    assert len(imagepipe.render(data, format=format, width=width).body) <= len(data) + 768  # a whole palette


@pytest.mark.parametrize("clear", [False, True])
def test_a_gif_plays_as_it_did(clear: bool) -> None:
    """Each picture at its moment, whatever was left out of the frames; also where the background comes back."""
    images = [frame.resize((161, 100), Image.Resampling.NEAREST) for frame in _screencast(clear=clear)]
    durations = [50 + 10 * (number % 4) for number in range(len(images))]
    data = _gif(images, duration=durations, **({"disposal": 2} if clear else {}))
    written = imagepipe.render(data, format="gif", width=160).body
    one, other = _played(imagepipe.render(data, format="png", width=160).body), _played(written)
    assert [at for at, _ in one] == [at for at, _ in other]
    for (_, expected), (_, found) in zip(one, other, strict=True):
        under = Image.new("RGBA", expected.size, "white")
        shown = [Image.alpha_composite(under, each).convert("RGB") for each in (expected, found)]
        assert max(ImageStat.Stat(ImageChops.difference(*shown)).mean) < 6
        assert max(ImageStat.Stat(ImageChops.difference(expected.getchannel("A"), found.getchannel("A"))).mean) < 6


@pytest.mark.parametrize("plays", [0, 1, 2, 7])
def test_a_gif_is_played_as_often(plays: int) -> None:
    images = _screencast(6)
    data = _gif(images, **({"loop": None} if plays == 1 else {"loop": max(0, plays - 1)}))
    body = imagepipe.render(data, format="gif", width=100).body
    assert Image.open(io.BytesIO(body)).info.get("loop") == (None if plays == 1 else max(0, plays - 1))


def test_a_gif_of_many_colours_has_a_palette_a_frame() -> None:
    """Scenes that have nothing in common would look poor with one."""
    hues = [photo((80, 60)).convert("HSV") for _ in range(8)]
    images = []
    for number, image in enumerate(hues):
        hue, saturation, value = image.split()
        images.append(
            Image.merge("HSV", (hue.point(lambda h, n=number: (h + n * 32) % 256), saturation, value)).convert("RGB")
        )
    data = encode(images[0], "WEBP", save_all=True, append_images=images[1:], duration=100, quality=100)
    body = imagepipe.render(data, format="gif").body
    one, other = _played(data), _played(body)
    assert len(one) == len(other)
    for (_, expected), (_, found) in zip(one, other, strict=True):
        difference = ImageChops.difference(expected.convert("RGB"), found.convert("RGB"))
        assert max(ImageStat.Stat(difference).mean) < 12


def test_frames_that_are_all_alike_are_one() -> None:
    data = animated("WEBP", 2, lossless=True)
    same = encode(quarters(), "WEBP", save_all=True, append_images=[quarters()] * 5, duration=100, lossless=True)
    assert imagepipe.render(data, format="gif").animated
    assert len(imagepipe.render(same, format="gif").body) < 2000


@pytest.mark.parametrize("format", ["jpeg", "webp", "avif", "jp2"])
def test_qualities_have_an_order(format: str) -> None:
    assert LEAST_QUALITY[format] < DEFAULT_QUALITY[format] < FINE_QUALITY[format]
    assert [quality_of(format, wished) for wished in (None, "fine", 33)] == [
        DEFAULT_QUALITY[format], FINE_QUALITY[format], 33,
    ]  # fmt: skip
    sizes = [len(imagepipe.render(encode(_PHOTO, "PNG"), format=format, quality=q).body) for q in (None, "fine")]  # type: ignore[arg-type]
    assert sizes[0] < sizes[1]


def test_a_webp_without_its_metadata_says_so() -> None:
    data = encode(_PHOTO, "WEBP", exif=_exif(), quality=30)
    body = stripped("webp", data)
    assert body is not None
    assert struct.unpack_from("<I", body, 4)[0] == len(body) - 8
    assert decode(body).size == _PHOTO.size
    assert "exif" not in decode(body).info
