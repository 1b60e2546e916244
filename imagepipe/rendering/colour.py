"""Colour profiles: the way from any to sRGB, and whether there is one to go.

Ways are kept, because building one costs more than using it on a small picture; few cameras write many profiles.
"""

import io
from functools import lru_cache

from PIL import Image, ImageCms

_LEVELS = (0, 32, 64, 96, 128, 160, 192, 224, 255)
_INVISIBLE = 2
"""Levels of 255. A profile that changes no colour by more is sRGB, whatever it calls itself."""
_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}


def is_srgb(profile: bytes | None, mode: str) -> bool:
    """Whether pixels of that mode are shown the same with and without the profile."""
    return profile is None or _way(profile, mode.removesuffix("A")) is None


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The picture in sRGB, with its alpha. A profile that is broken, or made for another kind of colours, is passed
    over."""
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    base = image.convert(image.mode[:-1]) if alpha is not None else image
    way = _way(profile, base.mode)
    if way is None:
        return image
    mode, transform = way
    done = ImageCms.applyTransform(base if base.mode == mode else base.convert(mode), transform)
    if done is None:
        return image
    if alpha is not None:
        done.putalpha(alpha)
    return done


@lru_cache(maxsize=32)
def _way(profile: bytes, mode: str) -> tuple[str, ImageCms.ImageCmsTransform] | None:
    """The mode in which the profile takes pixels of `mode`, and its transform; None where nothing is to be done."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        taken = _MODES.get(source.profile.xcolor_space.strip())
        if taken is None or (taken != mode and (taken, mode) != ("RGB", "L")):
            return None
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), taken, "RGB")
        return None if _changes_nothing(transform, taken) else (taken, transform)
    except (ImageCms.PyCMSError, ValueError, OSError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """By what it does: names lie (`GIMP built-in Linear sRGB` is no sRGB)."""
    if mode == "CMYK":
        return False
    if mode == "L":
        sample, shown = bytes(_LEVELS), bytes(level for level in _LEVELS for _ in range(3))
    else:
        sample = shown = bytes(value for r in _LEVELS for g in _LEVELS for b in _LEVELS for value in (r, g, b))
    before = Image.frombytes(mode, (len(sample) // len(mode), 1), sample)
    after = ImageCms.applyTransform(before, transform)
    assert after is not None  # it is not done in place
    return all(abs(one - other) <= _INVISIBLE for one, other in zip(shown, after.tobytes(), strict=True))
