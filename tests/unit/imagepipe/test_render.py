"""One render: colours, alpha, orientation, animation, metadata."""

import warnings
from contextlib import suppress

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

import imagepipe
from imagepipe.codecs.codec import DecodeWish
from imagepipe.codecs.gif import Gif
from imagepipe.codecs.png import Png
from imagepipe.errors import ImageError, InvalidVariant, UnsupportedFormat
from imagepipe.rendering.filters import FILTERS, parse_filters
from tests.unit.imagepipe.pictures import animated, decode, encode, oriented_jpeg, photo, quarters

_CORNERS = ((10, 8, (220, 30, 30)), (70, 8, (30, 180, 30)), (10, 52, (30, 30, 220)), (70, 52, (255, 255, 255)))


def _shows_quarters(image: Image.Image, tolerance: int = 24) -> bool:
    scale = (image.width / 80, image.height / 60)
    rgb = image.convert("RGB")
    for x, y, colour in _CORNERS:
        found = rgb.getpixel((int(x * scale[0]), int(y * scale[1])))
        assert isinstance(found, tuple)
        if max(abs(a - b) for a, b in zip(found, colour, strict=True)) > tolerance:
            return False
    return True


@pytest.mark.parametrize("orientation", range(9))
@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_every_orientation_is_applied(orientation: int, format: str) -> None:
    """Upright at any size, on the scaled and on the unscaled road."""
    for width in (80, 40, 9):
        rendered = imagepipe.render(oriented_jpeg(orientation), width=width, format=format)
        assert (rendered.width, rendered.height) == (width, round(width * 60 / 80))
        if width > 9:
            assert _shows_quarters(decode(rendered.body))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_crop_is_of_the_picture_as_shown(orientation: int) -> None:
    """The north-west quarter is the red one, however the pixels lie."""
    rendered = imagepipe.render(
        oriented_jpeg(orientation, (160, 120)), width=60, height=20, fit="cover", gravity="northwest", format="png"
    )
    pixel = decode(rendered.body).convert("RGB").getpixel((5, 3))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 180 > 80 > pixel[1]


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif", "gif", "jp2"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "CMYK", "RGBA", "LA", "I;16"])
def test_every_input_mode_comes_out_right(mode: str, format: str) -> None:
    """Palettes, CMYK, 16 bits, one bit and alpha as colours that a browser shows."""
    if mode == "I;16":
        source = Image.new("I;16", (80, 60), 0x8000)
        data = encode(source, "PNG")
    else:
        data = encode(quarters().convert(mode), "JPEG" if mode == "CMYK" else "PNG")
    shown = decode(imagepipe.render(data, width=40, format=format).body)
    if mode in ("L", "LA", "1", "I;16"):
        middle = ImageStat.Stat(shown.convert("L")).mean[0]
        assert (118 < middle < 140) if mode == "I;16" else (60 < middle < 170)
    else:
        assert _shows_quarters(shown, 40)


def test_alpha_gets_a_background_where_the_format_has_none() -> None:
    """White unless another is asked for; no black edges."""
    data = encode(Image.new("RGBA", (40, 40), (200, 0, 0, 0)), "PNG")
    assert decode(imagepipe.render(data, format="jpeg").body).getpixel((20, 20)) == (255, 255, 255)
    blue = decode(imagepipe.render(data, format="jpeg", background="0000ff").body).getpixel((20, 20))
    assert isinstance(blue, tuple)
    assert blue[2] > 240 > 10 > blue[0]
    kept = decode(imagepipe.render(data, format="png").body)
    assert kept.convert("RGBA").getpixel((20, 20)) == (200, 0, 0, 0) or kept.convert("RGBA").getchannel(
        "A"
    ).getextrema() == (0, 0)


def test_contain_lays_the_picture_on_a_canvas() -> None:
    """Transparent where the format can, coloured where it is asked for."""
    data = encode(quarters(), "PNG")
    clear = decode(imagepipe.render(data, width=60, height=60, fit="contain", format="png").body)
    assert clear.size == (60, 60)
    assert clear.convert("RGBA").getpixel((30, 2)) == (0, 0, 0, 0)
    red = decode(imagepipe.render(data, width=60, height=60, fit="contain", format="png", background="ff0000").body)
    assert red.convert("RGB").getpixel((30, 2)) == (255, 0, 0)


def test_a_profile_is_turned_into_srgb() -> None:
    """A picture in a profile with swapped primaries looks as it was meant, and carries no profile any more."""
    meant = quarters((40, 40))
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    stored = ImageCms.profileToProfile(meant, srgb, lab, outputMode="LAB")
    assert stored is not None
    tiff_like = encode(meant, "JPEG", icc_profile=ImageCms.ImageCmsProfile(srgb).tobytes(), quality=95)
    rendered = decode(imagepipe.render(tiff_like, format="png").body)
    assert "icc_profile" not in rendered.info
    assert _shows_quarters(rendered)


def test_a_broken_profile_is_passed_over() -> None:
    """The picture matters more."""
    data = encode(quarters(), "JPEG", icc_profile=b"this is no profile" * 20, quality=95)
    assert _shows_quarters(decode(imagepipe.render(data, format="png").body))


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif"])
def test_metadata_is_stripped_and_the_copyright_kept_on_request(format: str) -> None:
    """No location, no camera, no comment; the owner's line if asked."""
    exif = Image.Exif()
    exif[0x8298] = "Ada"
    exif[0x010F] = "CameraMaker"
    exif.get_ifd(0x8825)[1] = "N"
    data = encode(quarters(), "JPEG", exif=exif.tobytes(), comment=b"SecretComment")
    assert imagepipe.render(data).problems == ("location_found",)
    bare = imagepipe.render(data, format=format).body
    kept = imagepipe.render(data, format=format, keep_copyright=True).body
    for body in (bare, kept):
        assert b"CameraMaker" not in body
        assert b"SecretComment" not in body
    assert b"Ada" not in bare
    assert b"Ada" in kept


@pytest.mark.parametrize("source", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("target", ["gif", "webp", "png", "avif"])
def test_animations_stay_animations(source: str, target: str) -> None:
    """Every frame, its time and its colours; a still format shows the first frame."""
    data = animated(source)
    assert imagepipe.probe(data).animated
    rendered = imagepipe.render(data, width=16, format=target)
    shown = decode(rendered.body)
    assert rendered.animated
    assert shown.n_frames == 4  # type: ignore[attr-defined]
    shown.seek(3)
    shown.load()
    pixel = shown.convert("RGB").getpixel((8, 6))
    assert isinstance(pixel, tuple)
    assert abs(pixel[0] - 120) < 30
    assert abs(shown.info["duration"] - 100) <= 10
    assert not imagepipe.render(data, width=16, format=target, animate=False).animated


@pytest.mark.parametrize("target", ["avif", "webp", "png", "gif"])
def test_frames_may_differ_in_alpha(target: str) -> None:
    """A GIF whose first frame is opaque and whose second one is not, in every animated format."""
    clear = Image.new("RGBA", (32, 24), (0, 0, 0, 0))
    opaque = Image.new("RGBA", (32, 24), (200, 30, 30, 255))
    source = encode(opaque, "GIF", save_all=True, append_images=[clear, opaque], duration=100, disposal=2)
    rendered = imagepipe.render(source, width=16, format=target)
    assert rendered.animated
    assert decode(rendered.body).size == (16, 12)


def test_a_duration_that_no_format_holds_is_cut() -> None:
    """As a damaged file says it: hours for a frame."""
    for duration in (65_536, 655_349, 65_535_000):
        source = animated("WEBP", duration=min(duration, 0xFFFFFF))
        for target in ("gif", "png", "avif"):
            assert decode(imagepipe.render(source, format=target).body).info.get("duration", 0) <= 655_350


def test_disposal_is_done_right() -> None:
    """A frame that restores the background leaves nothing behind."""
    first = Image.new("RGBA", (20, 20), (255, 0, 0, 255))
    second = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    second.paste((0, 255, 0, 255), (0, 0, 10, 20))
    data = encode(first, "GIF", save_all=True, append_images=[second], disposal=2, duration=50)
    for format, codec in (("png", Png()), ("gif", Gif())):
        frames = codec.decode(imagepipe.render(data, format=format).body, DecodeWish(animate=True)).frames
        _, second_shown = (frame.image.convert("RGBA") for frame in frames)
        left, right = second_shown.getpixel((4, 10)), second_shown.getpixel((16, 10))
        assert isinstance(left, tuple)
        assert isinstance(right, tuple)
        assert left[1] > 200
        assert right[3] == 0


def test_progressive_on_request() -> None:
    """And baseline otherwise, whatever came in."""
    data = encode(photo((200, 150)), "JPEG", progressive=True)
    assert imagepipe.probe(data).progressive
    assert not imagepipe.probe(imagepipe.render(data, width=150, format="jpeg").body).progressive
    assert imagepipe.probe(imagepipe.render(data, width=150, format="jpeg", progressive=True).body).progressive


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_changes_the_picture_and_keeps_its_alpha(name: str) -> None:
    """Each on its default, on colours and on alpha."""
    base = photo((64, 48))
    base.putalpha(Image.linear_gradient("L").resize((64, 48)))
    data = encode(base, "PNG")
    plain = decode(imagepipe.render(data, format="png").body)
    changed = decode(imagepipe.render(data, format="png", filters=parse_filters(name)).body)
    assert ImageChops.difference(plain.convert("RGB"), changed.convert("RGB")).getbbox() is not None
    assert ImageChops.difference(plain.getchannel("A"), changed.getchannel("A")).getbbox() is None


def test_attention_keeps_what_draws_the_eye() -> None:
    """A colourful thing at the right end of a grey band is in the square that is cut out."""
    band = Image.new("RGB", (400, 100), (128, 128, 128))
    band.paste(photo((80, 80)), (300, 10))
    data = encode(band, "PNG")
    rendered = imagepipe.render(data, width=100, height=100, fit="cover", gravity="attention", format="png")
    spread = ImageStat.Stat(decode(rendered.body).convert("RGB")).stddev
    centre = imagepipe.render(data, width=100, height=100, fit="cover", format="png")
    assert sum(spread) > 3 * max(1.0, sum(ImageStat.Stat(decode(centre.body).convert("RGB")).stddev))


def test_reading_by_bytes_not_by_name() -> None:
    """A JPEG is a JPEG whatever anybody calls it; text is nothing."""
    with pytest.raises(UnsupportedFormat):
        imagepipe.render(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    with pytest.raises(UnsupportedFormat):
        imagepipe.render(b"")


@pytest.mark.parametrize("format", ["bmp", "ico", "tiff", "", "JPEG"])
def test_what_cannot_be_written_is_refused(format: str) -> None:
    """BMP and ICO are read only."""
    with pytest.raises(UnsupportedFormat):
        imagepipe.render(encode(quarters(), "PNG"), format=format)


@pytest.mark.parametrize("format", ["BMP", "ICO"])
def test_read_only_formats_are_read(format: str) -> None:
    """And answered as PNG."""
    rendered = imagepipe.render(encode(quarters((64, 48)), format), width=32)
    assert rendered.content_type == "image/png"
    assert _shows_quarters(decode(rendered.body), 60)


def test_wrong_arguments_are_image_errors_too() -> None:
    """The function raises nothing else."""
    data = encode(quarters(), "PNG")
    wrong = [{"width": 0}, {"quality": 101}, {"dpr": float("nan")}, {"gravity": "up"}, {"background": "x"}]
    for arguments in (*wrong, {"fit": "odd"}):
        with pytest.raises(InvalidVariant):
            imagepipe.render(data, **arguments)  # type: ignore[arg-type]


def test_every_prefix_of_a_picture_is_a_picture_or_an_image_error() -> None:
    """Cut anywhere, in any format: nothing but `ImageError` comes out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for format in ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "JPEG2000", "BMP", "ICO"):
            whole = encode(quarters((32, 24)), format)
            for cut in range(0, len(whole), max(1, len(whole) // 60)):
                with suppress(ImageError):
                    assert imagepipe.render(whole[:cut], width=8).width <= 8
