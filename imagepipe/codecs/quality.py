"""The quality that each lossy format is written at. Read by the codecs and by `ancestor`.

The defaults give about the same impression in every format; what they keep of photographs, screenshots, drawings and
line art, in SSIM and SSIMULACRA2, stands in docs/images.md (measured by `benchmarks/picture_quality.py`). `fine` keeps
an SSIM of 0.97 of the most detailed photographs too, for about 1.6 times the bytes.
"""

from typing import Final

DEFAULT_QUALITY: Final = {"jpeg": 82, "webp": 80, "avif": 63, "jp2": 75}
FINE_QUALITY: Final = {"jpeg": 92, "webp": 89, "avif": 80, "jp2": 90}
LEAST_QUALITY: Final = {"jpeg": 50, "webp": 45, "avif": 40, "jp2": 40}
"""Down to which a picture is written that would else have more bytes than what it was made from."""


def quality_of(format: str, wished: int | str | None) -> int:
    """As a number. What is no built-in format has the scale of JPEG."""
    if isinstance(wished, int):
        return wished
    table = DEFAULT_QUALITY if wished is None else FINE_QUALITY
    return table.get(format, table["jpeg"])
