"""How an answer is to be read: what its reader is told beside the answer itself."""

from typing import NamedTuple


class Examined(NamedTuple):
    """What a look at the bytes tells before they are read: as what (a key of `extract.READERS`), and of a page how many
    `<` it holds."""

    kind: str
    tags: int | None = None


class ReadingOptions(NamedTuple):
    """`product` is our name in robots.txt, which directives may name too, and `preferences` what robots.txt says to it
    of the use of the page (`fetchers.model.Response.preferences`), and its host's `tdmrep.json`. With `thorough` the
    body is searched for pictures whatever the head names. `examined` spares a second look at the bytes."""

    product: str = "spiderduck"
    preferences: tuple[str, ...] = ()
    thorough: bool = False
    examined: Examined | None = None


PLAIN = ReadingOptions()
