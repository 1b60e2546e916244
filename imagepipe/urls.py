"""Builds picture addresses and `srcset` values for pages. Pure.

`url("/images/cards", src, width=680, key=KEY)` and `srcset("/images/cards", src, (360, 680, 1360), key=KEY)`.
"""

from collections.abc import Sequence
from typing import Any

from imagepipe.signing import canonical, sign


def url(
    base: str,
    src: str,
    *,
    width: int | None = None,
    height: int | None = None,
    fit: str | None = None,
    format: str | None = None,
    quality: int | str | None = None,
    dpr: float | None = None,
    gravity: str | None = None,
    preset: str | None = None,
    expires: int | None = None,
    key: str | None = None,
    **more: str,
) -> str:
    """The address of a variant of the picture `src`, below `base` (a path, or origin and path).

    `width` and `height` are pixels before `dpr` (device pixel ratio) multiplies them; `fit`, `format`, `quality` (1 to
    100) and `gravity` are those of the service, and a `preset` names several at once. `expires` is in epoch seconds.
    With a `key` the address is signed. `more` are other parameters, as they stand in the query.
    """
    wanted = {
        "src": src,
        "w": width,
        "h": height,
        "fit": fit,
        "format": format,
        "q": quality,
        "dpr": dpr,
        "gravity": gravity,
        "preset": preset,
        "expires": expires,
        **more,
    }
    parameters = {name: _text(value) for name, value in wanted.items() if value is not None}
    origin, path = _split(base)
    signed = f"&signature={sign(path, parameters, key)}" if key else ""
    return f"{origin}{canonical(path, parameters)}{signed}"


def srcset(base: str, src: str, widths: Sequence[int], *, key: str | None = None, **more: Any) -> str:
    """The value of an `<img srcset>` with one candidate for each of `widths` (pixels). `base`, `src`, `key` and `more`
    are those of `url`."""
    return ", ".join(f"{url(base, src, width=width, key=key, **more)} {width}w" for width in widths)


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _split(base: str) -> tuple[str, str]:
    """Only the path is signed: the same address works behind every host name."""
    if base.startswith("/"):
        return "", base
    scheme, _, rest = base.partition("://")
    host, _, path = rest.partition("/")
    return f"{scheme}://{host}", f"/{path}"
