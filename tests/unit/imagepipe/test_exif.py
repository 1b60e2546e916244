"""EXIF blocks, honest and otherwise."""

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imagepipe.codecs.exif import ExifFacts, read_exif, write_copyright


def test_reads_what_pillow_writes() -> None:
    """Orientation, copyright, and that there is a location."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8298] = "Ada"
    exif.get_ifd(0x8825)[1] = "N"
    assert read_exif(exif.tobytes()) == ExifFacts(6, "Ada", True)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(block: bytes) -> None:
    """Damage counts as absence."""
    for prefix in (b"", b"Exif\0\0II*\0", b"MM\0*\0\0\0\x08"):
        facts = read_exif(prefix + block)
        assert 1 <= facts.orientation <= 8


@given(st.text(min_size=1, max_size=60).filter(lambda text: "\0" not in text and bool(text.strip())))
def test_the_copyright_survives(owner: str) -> None:
    """What is written is what is read, trimmed."""
    owner = owner.encode("utf-8", "ignore").decode().strip() or "x"
    assert read_exif(write_copyright(owner)).copyright == owner
