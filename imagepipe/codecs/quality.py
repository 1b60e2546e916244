"""The quality that each lossy format is written at where nobody names one. Read by the codecs and by `ancestor`.

The lowest at which photographs, the most detailed ones too, keep an SSIM of 0.97 against a Lanczos reduction from full
size, scaling included, at 680 and at 360 pixels. The formats' scales differ, so the numbers do.
"""

from typing import Final

DEFAULT_QUALITY: Final = {
    "jpeg": 92,  # 0.971 to 0.990; 80 has 0.948 to 0.983 and 60 % of the bytes
    "webp": 89,  # 0.972 to 0.985; 75 has 0.938 to 0.973 and 53 %
    "avif": 80,  # 0.970 to 0.988; 60 has 0.947 to 0.979 and 59 %
    "jp2": 75,  # 45 dB: no difference that an eye finds
}
