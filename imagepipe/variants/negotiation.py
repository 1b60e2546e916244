"""Reads `Accept` and `Save-Data`. Pure. The answer is a short tuple, so that caches see few keys."""

from dataclasses import replace

from imagepipe.model import Quality, Variant

_MODERN = ("avif", "webp")
_BASELINE = ("jpeg", "png", "gif")
_SAVED_QUALITY = 60
_MAX_ACCEPT = 2048


def accepted_formats(accept: str) -> tuple[str, ...]:
    """The formats `auto` may choose from. AVIF and WebP only count when named: all clients say `*/*`.

    `q=0` refuses a format, also by `image/*;q=0`, and who names formats without `*` takes no others (RFC 9110, 12.5.1).
    Where the client prefers one modern format, it comes first. Who accepts no picture at all gets one all the same.
    """
    weights = _weights(accept[:_MAX_ACCEPT])
    modern = [name for name in _MODERN if weights.get(f"image/{name}", 0.0) > 0]
    modern.sort(key=lambda name: -weights[f"image/{name}"])  # stable: AVIF first among equals
    rest = weights.get("image/*", weights.get("*/*", 0.0 if weights else 1.0))
    baseline = [name for name in _BASELINE if weights.get(f"image/{name}", rest) > 0]
    return (*modern, *baseline) or _BASELINE


def _weights(accept: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in accept.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                weight = _number(parameter[2:])
        if kind:
            weights[kind] = weight
    return weights


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value <= 1 else 0.0


def resolve(variant: Variant, accept: str, save_data: bool, default_quality: Quality | None) -> Variant:
    """The variant as this client gets it: accepted formats, the pipeline's quality, less where data is dear."""
    quality = variant.quality or default_quality
    dpr = variant.dpr
    if save_data:
        quality = min(quality, _SAVED_QUALITY) if isinstance(quality, int) else _SAVED_QUALITY
        dpr = min(dpr, 1.0)
    accepted = accepted_formats(accept) if variant.format == "auto" else ()
    return replace(variant, quality=quality, dpr=dpr, accepted=accepted)
