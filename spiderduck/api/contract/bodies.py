"""JSON bodies, read strictly: `"3"` is no number, and `1` is not true.

The framework reads a body to plain values and converts those as leniently as parameters, whose values are texts all.
Here a body is decoded at once to the type that its handler takes, so that the OpenAPI document, which is made of the
same type, says exactly what is accepted.
"""

import re
from functools import cache
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ClientException, SerializationException, ValidationException

from spiderduck.api.parameters import LARGEST

PLACE = re.compile(r" - at `\$\.?(.*)`$")
UNREADABLE = "the body is not readable JSON: it is not UTF-8, or it is nested too deeply"


class StrictRequest(Request[Any, Any, Any]):
    """The request class of the application."""

    async def json(self) -> Any:
        """The body as the value of the type that the handler's `data` has, of which the framework converts nothing
        more. Raises `ValidationException` where it is none, `SerializationException` for what is no JSON, and
        `ClientException` for what cannot be read at all."""
        taken = self.route_handler.parsed_fn_signature.parameters["data"]
        body = await self.body()
        try:
            return _decoded(body, taken.annotation)
        except msgspec.ValidationError as error:
            raise ValidationException("the body is not as it should be", extra=[_told(str(error))]) from error
        except msgspec.DecodeError as error:
            raise SerializationException(str(error)) from error
        except (RecursionError, UnicodeDecodeError) as error:
            raise ClientException(UNREADABLE) from error


def _decoded(body: bytes, kind: Any) -> Any:
    """`3.0` is a whole number in JSON Schema, and some languages write all their numbers so; the decoder takes `3`
    alone, so that a body with such numbers is read once more."""
    try:
        return _decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        if "got `float`" not in str(error):
            raise
        return msgspec.convert(_NUMBERS.decode(body), kind, strict=True)


def _number(written: str) -> int | float:
    number = float(written)
    return int(number) if number.is_integer() and abs(number) <= LARGEST else number


_NUMBERS = msgspec.json.Decoder(float_hook=_number)


@cache  # as many types as there are handlers
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _told(said: str) -> dict[str, str]:
    """What was wrong and where, in the framework's form of it."""
    place = PLACE.search(said)
    return {"message": PLACE.sub("", said), "key": (place and place[1]) or "data", "source": "body"}
