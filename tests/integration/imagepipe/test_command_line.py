"""`python -m imagepipe`."""

from pathlib import Path

import pytest

from imagepipe.__main__ import main
from tests.unit.imagepipe.pictures import decode, encode, quarters


def test_render_writes_a_file_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named by size and format; says what it did."""
    picture = tmp_path / "a.jpg"
    picture.write_bytes(encode(quarters(), "JPEG"))
    assert main(["render", str(picture), "-w", "40", "--format", "webp"]) == 0
    assert decode((tmp_path / "a.40x30.webp").read_bytes()).size == (40, 30)
    assert "image/webp 40×30" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "format"), [("b.webp", "WEBP"), ("b.JPG", "JPEG"), ("b.avif", "AVIF"), ("b.bin", "PNG")]
)
def test_the_name_of_the_output_says_the_format(name: str, format: str, tmp_path: Path) -> None:
    """Unless `--format` does, or it is the name of none: then it stays what it was."""
    picture = tmp_path / "a.png"
    picture.write_bytes(encode(quarters(), "PNG"))
    assert main(["render", str(picture), "-w", "40", "-o", str(tmp_path / name)]) == 0
    assert decode((tmp_path / name).read_bytes()).format == format
    assert main(["render", str(picture), "-w", "40", "--format", "gif", "-o", str(tmp_path / name)]) == 0
    assert decode((tmp_path / name).read_bytes()).format == "GIF"


def test_trouble_is_said_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A status per kind, a sentence with the code."""
    nothing = tmp_path / "nothing"
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    assert main(["render", str(nothing)]) == 2
    assert main(["render", str(text)]) == 1
    assert "unsupported_format" in capsys.readouterr().err
