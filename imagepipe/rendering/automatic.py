"""Which format `auto` means for a picture, given what the client accepts. Pure."""

from imagepipe.model import PictureInfo

_BY_PICTURE = {"jpeg": "jpeg", "png": "png", "gif": "gif", "webp": "webp", "avif": "webp", "jp2": "webp"}
_ANIMATED = ("webp", "gif", "png")  # AVIF would be smaller still, but takes seconds to write
_STILL = ("avif", "webp")


def automatic_formats(info: PictureInfo, accepted: tuple[str, ...]) -> list[str]:
    """The formats that fit the picture and are accepted, the best first; never empty.

    With nothing accepted (a caller in Python) the picture's own format is kept if every browser shows it.
    """
    own = _BY_PICTURE.get(info.format, "png")
    if not accepted:
        return [own]
    best = _ANIMATED if info.animated else tuple(name for name in accepted if name in _STILL)
    baseline = ("png", "jpeg", "gif") if own in ("png", "webp") else ("jpeg", "png", "gif")
    ranked = [name for name in (*best, own, *baseline) if name in accepted]
    return list(dict.fromkeys(ranked)) or [own]
