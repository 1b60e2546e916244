"""What is no page yields metadata too: pictures, PDF, sound, video, feeds, text, JSON."""

import io
import struct
import zlib

import pypdf
import pytest
from PIL import Image as Picture

from schedulers.metadata import Media, Metadata, decode_metadata, encode_metadata, extract_metadata

URL = "https://files.example/a/Some%20file.bin"


def read(body: bytes, content_type: str | None = None, **answer: object) -> Metadata:
    metadata = extract_metadata(body, url=URL, content_type=content_type, **answer)  # type: ignore[arg-type]
    assert "failure" not in metadata.provenance
    return metadata


def encoded(form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Picture.new("RGB", (320, 240), "red").save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("form", "options", "media_type"),
    [
        ("PNG", {}, "image/png"),
        ("JPEG", {}, "image/jpeg"),
        ("JPEG", {"progressive": True}, "image/jpeg"),
        ("GIF", {}, "image/gif"),
        ("WEBP", {}, "image/webp"),
        ("WEBP", {"lossless": True}, "image/webp"),
        ("AVIF", {}, "image/avif"),
        ("BMP", {}, "image/bmp"),
    ],
)
def test_a_pictures_size_is_read_from_its_header(form: str, options: dict[str, object], media_type: str) -> None:
    """The content type may say what it likes; without one the bytes decide too."""
    picture = encoded(form, **options)
    for said in (media_type, "text/html") if form != "BMP" else (media_type,):
        found = read(picture, said)
        assert found.type == "image"
        assert found.image is not None
        assert (found.image.width, found.image.height, found.image.type) == (320, 240, media_type)
        assert found.image.url == URL


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_a_moving_picture_says_so(form: str) -> None:
    """GIF, WebP and APNG alike."""
    frames = [Picture.new("RGB", (32, 16), colour) for colour in ("red", "green", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, form, save_all=True, append_images=frames[1:], duration=100, loop=0)
    image = read(buffer.getvalue()).image
    assert image is not None
    assert image.animated
    still = read(encoded(form)).image
    assert still is not None
    assert not still.animated


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "AVIF"])
def test_a_cut_picture_is_still_a_picture(form: str) -> None:
    """No prefix of one raises; a header that is cut gives no size."""
    picture = encoded(form)
    for length in range(12, 64):
        assert read(picture[:length], f"image/{form.lower()}").image is not None


def test_a_title_falls_back_to_the_files_name() -> None:
    """Decoded, and marked as such."""
    found = read(encoded("PNG"))
    assert found.title == "Some file.bin"
    assert found.provenance["title"].rule == "url:file-name"


def test_an_svg_is_described_and_never_passed_on() -> None:
    """It can hold scripts, so no picture is set."""
    found = read(b'<svg xmlns="x"><title>A fox</title><desc>Running</desc><script>1</script></svg>', "image/svg+xml")
    assert (found.type, found.title, found.description, found.image) == ("image", "A fox", "Running", None)


def pdf(**information: str) -> bytes:
    writer = pypdf.PdfWriter()
    for _ in range(3):
        writer.add_blank_page(100, 100)
    writer.add_metadata({f"/{key}": value for key, value in information.items()})
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_a_pdf_gives_title_author_dates_and_pages() -> None:
    """From its information dictionary."""
    found = read(pdf(Title="A paper", Author="Jane Doe", CreationDate="D:20150428115411+02'00'"), "application/pdf")
    assert (found.type, found.title, found.author, found.pages) == ("document", "A paper", "Jane Doe", 3)
    assert found.published_at == "2015-04-28T11:54:11+02:00"
    # The library's texts are a kind of its own, which no encoder takes.
    assert decode_metadata(encode_metadata(found)).title == "A paper"


def test_a_program_name_is_no_title_and_a_broken_pdf_no_error() -> None:
    """Word leaves its file's name; half a file still is a PDF."""
    assert read(pdf(Title="Microsoft Word - paper.doc"), "application/pdf").title == "Some file.bin"
    assert read(pdf(Title="A paper")[:300], "application/pdf").type == "document"
    assert read(b"%PDF-1.7\n" + b"<<" * 20_000, "application/pdf").type == "document"


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def test_an_mp4_gives_duration_size_and_title() -> None:
    """From the index at its front."""
    header = box(b"mvhd", bytes(12) + struct.pack(">II", 1000, 61_500) + bytes(80))
    track = box(b"trak", box(b"tkhd", bytes(76) + struct.pack(">II", 640 << 16, 360 << 16)))
    name = box(b"\xa9nam", box(b"data", bytes(8) + b"A fox runs"))
    tags = box(b"udta", box(b"meta", bytes(4) + box(b"ilst", name)))
    movie = box(b"ftyp", b"isom" + bytes(4)) + box(b"moov", header + track + tags)
    found = read(movie, "video/mp4")
    assert found.video == Media(URL, "video/mp4", 640, 360, 61.5)
    assert found.title == "A fox runs"


def test_a_webm_gives_duration_and_size() -> None:
    """Matroska's elements, masters entered."""

    def element(identity: str, content: bytes) -> bytes:
        return bytes.fromhex(identity) + bytes([0x40 | len(content) >> 8, len(content) & 0xFF]) + content

    info = element("1549A966", element("2AD7B1", b"\x0f\x42\x40") + element("4489", struct.pack(">d", 2500.0)))
    track = element("AE", element("E0", element("B0", b"\x02\x80") + element("BA", b"\x01\x68")))
    film = element("1A45DFA3", b"\x42\x86\x81\x01") + element("18538067", info + element("1654AE6B", track))
    assert read(film, "video/webm").video == Media(URL, "video/webm", 640, 360, 2.5)


def test_a_wave_file_gives_its_duration() -> None:
    """8,000 bytes a second for two seconds."""
    form = struct.pack("<HHIIHH", 1, 1, 8_000, 8_000, 1, 8)
    wave = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", 16_000) + bytes(16_000)
    found = read(b"RIFF" + struct.pack("<I", len(wave)) + wave, "audio/wav")
    assert found.audio is not None
    assert (found.type, found.audio.duration) == ("audio", 2.0)


def test_a_cut_sound_has_no_duration() -> None:
    """That of the part would be wrong."""
    form = struct.pack("<HHIIHH", 1, 1, 8_000, 8_000, 1, 8)
    wave = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", 16_000) + bytes(100)
    found = read(b"RIFF" + struct.pack("<I", len(wave)) + wave, "audio/wav", headers={"Content-Length": "16044"})
    assert found.audio is not None
    assert found.audio.duration is None


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (
            b"<rss><channel><title>The <![CDATA[Daily]]></title><link>x</link><description>All news</description>"
            b"<language>en-us</language><item><title>No</title></item></channel></rss>",
            "application/rss+xml",
        ),
        (
            b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-US"><title>The Daily</title>'
            b"<subtitle>All news</subtitle><author><name>Jane</name></author><entry><title>No</title></entry></feed>",
            "application/xml",
        ),
        (
            b'{"version": "https://jsonfeed.org/version/1.1", "title": "The Daily", "description": "All news",'
            b' "language": "en-US"}',
            "application/feed+json",
        ),
    ],
)
def test_a_feed_gives_its_own_title_and_not_an_items(body: bytes, content_type: str) -> None:
    """RSS, Atom and JSON feeds up to their first item."""
    found = read(body, content_type)
    assert (found.type, found.title, found.description, found.language) == ("feed", "The Daily", "All news", "en-US")
    assert [feed.url for feed in found.feeds] == [URL]


def test_entities_of_a_feeds_own_are_refused() -> None:
    """Nothing in a feed can grow."""
    bomb = b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><rss><channel><title>&b;</title></channel></rss>'
    assert read(bomb, "application/rss+xml").title == "Some file.bin"


def test_plain_text_is_titled_by_its_first_line() -> None:
    """And never taken for HTML, however it looks."""
    found = read(b"# Notes\n\nThe quick brown fox jumps over the lazy dog again.\n", "text/plain")
    assert (found.type, found.title, found.word_count) == ("text", "Notes", 12)
    assert found.description == "The quick brown fox jumps over the lazy dog again."
    assert read(b"<title>No</title>", "text/plain").type == "text"


def test_json_is_titled_by_the_name_it_gives_itself() -> None:
    """Only a string is a name."""
    assert read(b'{"title": "A thing", "description": "Of use"}', "application/json").title == "A thing"
    assert read(b'{"title": 7}', "application/ld+json").title == "Some file.bin"


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (b"<!DOCTYPE html><title>T</title>", None, None),
        (b"\n\n<html><title>T</title>", "application/octet-stream", None),
        (b"<?xml version='1.0'?><html xmlns='x'><title>T</title></html>", "application/xhtml+xml", None),
        (b"hello there", None, "text"),
        (b"\x00\x01\x02\x03" * 40, None, None),
        (b"PK\x03\x04" + zlib.compress(b"x"), "application/zip", "application/zip"),
    ],
)
def test_the_kind_of_unnamed_bytes(body: bytes, content_type: str | None, kind: str | None) -> None:
    """HTML only where nothing else was said."""
    found = read(body, content_type)
    assert found.type == kind
    assert (found.title == "T") == (b"<title>" in body)
