"""Codecs of one's own, by entry point and by hand."""

from importlib.metadata import EntryPoint

import pytest

import imagepipe
from imagepipe.codecs import registry
from imagepipe.codecs.codec import Decoded, DecodeWish, EncodeWish, Frame
from imagepipe.codecs.jpeg import Jpeg
from imagepipe.codecs.registry import Codecs, built_in, installed
from imagepipe.config import PictureLimits
from imagepipe.model import PictureInfo
from tests.unit.imagepipe.pictures import encode, quarters


class FlatCodec:
    """`FLAT` + width + height + one grey byte: a format nobody else has."""

    name = "flat"
    content_type = "image/x-flat"
    can_write = True
    has_alpha = False
    can_animate = False
    lossless = False
    max_side = 1000

    def recognises(self, head: bytes) -> bool:
        return head.startswith(b"FLAT")

    def inspect(self, data: bytes, limits: PictureLimits) -> PictureInfo:
        return PictureInfo(self.name, data[4], data[5])

    def decode(self, data: bytes, wish: DecodeWish) -> Decoded:
        from PIL import Image

        return Decoded(iter([Frame(Image.new("L", (data[4], data[5]), data[6]))]))

    def encode(self, frames: list[Frame], wish: EncodeWish) -> bytes:
        image = frames[0].image.convert("L")
        grey = image.getpixel((0, 0))
        assert isinstance(grey, int)
        return b"FLAT" + bytes((image.width, image.height, grey))


class LoudJpeg(Jpeg):
    """Stands in for the built-in JPEG codec."""

    content_type = "image/jpeg; loud"


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both as if two packages had been installed that bring them."""
    points = [
        EntryPoint("flat", f"{__name__}:FlatCodec", registry.ENTRY_POINTS),
        EntryPoint("jpeg", f"{__name__}:LoudJpeg", registry.ENTRY_POINTS),
    ]
    found = {"FlatCodec": FlatCodec, "LoudJpeg": LoudJpeg}
    monkeypatch.setattr(EntryPoint, "load", lambda point: found[point.attr])
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.ENTRY_POINTS else [])
    installed.cache_clear()
    yield
    monkeypatch.undo()
    installed.cache_clear()


@pytest.mark.usefixtures("plugins")
def test_a_codec_from_an_entry_point_reads_and_writes() -> None:
    """Its name is a `format`, its bytes are recognised."""
    data = b"FLAT" + bytes((40, 20, 77))
    rendered = imagepipe.render(data, width=10, format="flat")
    assert rendered.body == b"FLAT" + bytes((10, 5, 77))
    assert imagepipe.render(data, format="png").width == 40


@pytest.mark.usefixtures("plugins")
def test_a_codec_of_a_built_ins_name_takes_its_place() -> None:
    """For reading and writing."""
    assert imagepipe.render(encode(quarters(), "JPEG")).content_type == "image/jpeg; loud"


def test_a_codec_can_be_handed_in() -> None:
    """Without any entry point; the others stay."""
    codecs = built_in().with_codec(FlatCodec())
    assert imagepipe.render(b"FLAT\x08\x08\x01", format="png", codecs=codecs).width == 8
    assert "flat" not in built_in().writable


def test_a_set_of_codecs_can_be_narrowed() -> None:
    """A set can be narrowed."""
    assert [codec.name for codec in built_in().only(("png", "jpeg"))] == ["jpeg", "png"]
    assert Codecs(()).writable == ()
