"""Colour profiles: whether one is sRGB already, and the way from any other to sRGB.

Transforms are kept, because building one costs more than using it on a small picture; few cameras write many profiles.
"""

import io
from functools import lru_cache

from PIL import Image, ImageCms

_SRGB_NAMES = (b"sRGB", "sRGB".encode("utf-16-be"))


def is_srgb(profile: bytes) -> bool:
    """By the name in the profile's own description, which stands in its first kilobytes (ICC.1 section 9.2.41)."""
    return any(name in profile[:4096] for name in _SRGB_NAMES)


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The picture in sRGB. A profile that is broken, or made for another kind of colours, is passed over."""
    if is_srgb(profile):
        return image
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    base = image.convert("RGB") if alpha is not None else image
    if base.mode not in ("L", "RGB", "CMYK"):
        return image
    try:
        transform = _transform(profile, base.mode)
        done = ImageCms.applyTransform(base, transform)
    except (ImageCms.PyCMSError, ValueError, OSError):
        return image
    if done is None:
        return image
    if alpha is not None:
        done.putalpha(alpha)
    return done


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
