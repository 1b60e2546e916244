"""Ids as text that sorts like the numbers: fixed width, digits in ASCII order. Pure; the neighbour of `layout.py`.

`decimal` has 19 characters, `base62` 11 and `crockford` 13 (https://www.crockford.com/base32.html). Where order does
not matter, `str(id)` is the plain decimal form, as in Twitter's `id_str`.
"""

from dataclasses import dataclass

from snowflake.errors import InvalidId
from snowflake.layout import ID_BITS


@dataclass(frozen=True, slots=True)
class TextForm:
    """An alphabet in ASCII order and the width that the largest id needs. `also` maps what people write instead."""

    name: str
    alphabet: str
    width: int
    also: dict[int, int | None]

    def write(self, id: int) -> str:
        """Raises `InvalidId` for a number that is no id."""
        if id < 0 or id >> ID_BITS:
            raise InvalidId(f"{id} is no id: ids are whole numbers from 0 to 2^63 - 1")
        digits = []
        for _ in range(self.width):
            id, digit = divmod(id, len(self.alphabet))
            digits.append(self.alphabet[digit])
        return "".join(reversed(digits))

    def read(self, text: str) -> int:
        """Leading zeros may be missing. Raises `InvalidId`."""
        digits = text.translate(self.also)
        number = 0
        for digit in digits:
            value = self.alphabet.find(digit)
            if value < 0 or len(digits) > self.width:
                break
            number = number * len(self.alphabet) + value
        else:
            if digits and not number >> ID_BITS:
                return number
        raise InvalidId(f"{text[:40]!r} is no id in {self.name}: up to {self.width} characters of {self.alphabet}")


_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

DECIMAL = TextForm("decimal", "0123456789", 19, {})
BASE62 = TextForm("base62", "0123456789" + _UPPER + _UPPER.lower(), 11, {})
# Crockford's rules for reading: case does not matter, I and L are 1, O is 0, hyphens group.
CROCKFORD = TextForm(
    "crockford",
    _CROCKFORD,
    13,
    {**str.maketrans(_CROCKFORD.lower(), _CROCKFORD), **str.maketrans("ILOilo", "110110"), ord("-"): None},
)

FORMS = {form.name: form for form in (DECIMAL, BASE62, CROCKFORD)}
