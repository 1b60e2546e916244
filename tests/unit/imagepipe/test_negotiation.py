"""What `auto` means for whom."""

import pytest

from imagepipe.model import PictureInfo, Variant
from imagepipe.rendering.render import automatic_formats
from imagepipe.variants.negotiation import accepted_formats, resolve

_JPEG = PictureInfo("jpeg", 10, 10)
_PNG = PictureInfo("png", 10, 10)
_GIF = PictureInfo("gif", 10, 10, frames=3)


@pytest.mark.parametrize(
    ("accept", "formats"),
    [
        ("", ("jpeg", "png", "gif")),
        ("*/*", ("jpeg", "png", "gif")),
        ("image/*", ("jpeg", "png", "gif")),
        ("image/avif,image/webp,image/apng,*/*;q=0.8", ("avif", "webp", "jpeg", "png", "gif")),
        ("image/webp,*/*", ("webp", "jpeg", "png", "gif")),
        ("image/avif;q=0,image/webp", ("webp",)),
        ("image/avif;q=0.5,image/webp;q=0.9,*/*;q=0.1", ("webp", "avif", "jpeg", "png", "gif")),
        ("image/png,image/*;q=0", ("png",)),
        ("IMAGE/WEBP ; Q=1.0", ("webp",)),
        ("image/jpeg", ("jpeg",)),
        ("image/png, image/gif;q=0.2", ("png", "gif")),
        ("image/jpeg, text/html", ("jpeg",)),
        ("image/webp;q=0, image/*", ("jpeg", "png", "gif")),
        ("text/html", ("jpeg", "png", "gif")),
        ("image/webp;q=nonsense", ("jpeg", "png", "gif")),
        (",,;;q=,", ("jpeg", "png", "gif")),
    ],
)
def test_accept_is_read_with_its_weights(accept: str, formats: tuple[str, ...]) -> None:
    """Modern formats only when named, none with q=0 or left out of a list without `*`, and the client's own order."""
    assert accepted_formats(accept) == formats


@pytest.mark.parametrize(
    ("info", "accepted", "best"),
    [
        (_JPEG, (), "jpeg"),
        (_JPEG, ("avif", "webp", "jpeg"), "avif"),
        (_JPEG, ("webp", "jpeg"), "webp"),
        (_JPEG, ("jpeg", "png", "gif"), "jpeg"),
        (_JPEG, ("png",), "png"),
        (_PNG, ("jpeg", "png", "gif"), "png"),
        (_GIF, ("avif", "webp", "jpeg", "png", "gif"), "webp"),
        (_GIF, ("jpeg", "png", "gif"), "gif"),
        (PictureInfo("ico", 1, 1), (), "png"),
        (PictureInfo("avif", 1, 1), ("jpeg", "png", "gif"), "png"),
    ],
)
def test_auto_fits_picture_and_client(info: PictureInfo, accepted: tuple[str, ...], best: str) -> None:
    """Alpha and animation are kept wherever the client can show them."""
    assert automatic_formats(info, accepted)[0] == best


def test_equal_wishes_have_equal_keys() -> None:
    """Two clients that differ only in what does not matter share one cache entry."""
    one = resolve(Variant(width=100), "image/webp,*/*;q=0.8", False, None)
    two = resolve(Variant(width=50, dpr=2), "image/webp;q=0.9, text/html, image/*;q=0.3", False, None)
    assert one.key == two.key


def test_save_data_lowers_quality_and_density() -> None:
    """Never raises what was asked."""
    wish = resolve(Variant(width=100, quality=90, dpr=3), "", True, None)
    assert (wish.quality, wish.dpr) == (60, 1.0)
    assert resolve(Variant(quality=30), "", True, None).quality == 30
