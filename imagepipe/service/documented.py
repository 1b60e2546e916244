"""The query parameters of a picture's address, for the OpenAPI document.

They are read by `variants`, not by the framework: a signature covers the query as it was sent, and is read only once.
"""

from dataclasses import dataclass, field

from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Reference, Schema

ERRORS = (401, 403, 404, 410, 413, 415, 422, 429, 451, 500, 502, 504)
"""What asking for a picture may end with, besides a bad request (`problems.py`); for the handlers' option `errors`."""
_DESCRIPTIONS = {
    "src": "The picture's URL (http or https)",
    "w": "Width in pixels, 1 to 8192, before `dpr`",
    "h": "Height in pixels, 1 to 8192, before `dpr`",
    "fit": "inside, cover, contain or fill",
    "format": "auto (by `Accept`), jpeg, webp, avif, png, gif, jp2 or a registered codec",
    "q": "Quality, 1 to 100, or fine",
    "dpr": "Device pixels per CSS pixel, 0.1 to 8",
    "gravity": "What a crop keeps: a compass name, center, attention, or a point such as 0.3,0.7",
    "bg": "Background as rrggbb or rrggbbaa",
    "enlarge": "1: enlarge small pictures",
    "animate": "0: only the first frame",
    "copyright": "1: keep the copyright line",
    "filters": "For example blur:4,grayscale; at most four, each once; needs a signature or a key",
    "preset": "A named set of parameters",
    "preview": "1: answer at once with whatever is cached, while the real one is made",
    "expires": "Epoch seconds at which the address expires",
    "signature": "HMAC-SHA256 of path and query, base64url",
}


def _parameters() -> list[Parameter | Reference]:
    return [
        Parameter(
            name=name,
            param_in="query",
            description=text,
            required=name == "src",
            schema=Schema(type=OpenAPIType.STRING),
        )
        for name, text in _DESCRIPTIONS.items()
    ]


@dataclass
class PictureOperation(Operation):
    """An operation whose query parameters are those above."""

    parameters: list[Parameter | Reference] | None = field(default_factory=_parameters)

    def __post_init__(self) -> None:
        known = {each.name for each in self.parameters or () if isinstance(each, Parameter)}
        missing = [each for each in _parameters() if isinstance(each, Parameter) and each.name not in known]
        self.parameters = [*(self.parameters or ()), *missing]
