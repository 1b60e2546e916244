"""The takedowns that are in force in this process: asked by whoever fetches, judges, stores or shows. In memory."""

from collections.abc import Iterable, Sequence

from schedulers.links import key_of
from schedulers.record import iso_time
from schedulers.verdict import Matched
from spiderduck.database.picture_index import picture_key
from spiderduck.takedowns.model import Takedown, twin

LIST = "takedowns"
"""Stands for the list in a verdict."""


class InForce:
    """Replaced as a whole by `put_all`, so that who asks twice sees one moment. `revision` changes with it."""

    def __init__(self) -> None:
        self.revision = 0
        self._by_key: dict[str, Takedown] = {}
        self._pictures: frozenset[bytes] = frozenset()

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def put_all(self, takedowns: Iterable[Takedown]) -> None:
        """These are in force from now on, and no others."""
        taken = tuple(takedowns)
        self._by_key = {_either(covered.key): one for one in taken for covered in one.covered}
        pictures = (picture_key(url) for one in taken for url in pictures_of(one))
        self._pictures = frozenset(key for key in pictures if key is not None)
        self.revision += 1

    def put_pictures(self, keys: Iterable[bytes]) -> None:
        """The same in a process that only serves pictures."""
        self._pictures = frozenset(keys)
        self.revision += 1

    def of_key(self, key: str | None) -> Takedown | None:
        """The takedown that holds for the URL with that dedup key, under either scheme."""
        return None if key is None else self._by_key.get(_either(key))

    def of(self, url: str) -> Takedown | None:
        """The takedown that holds for a URL, in whatever spelling."""
        return self.of_key(key_of(url)) if self._by_key else None

    def showed(self, src: str) -> bool:
        """Whether a page that was taken down showed the picture, or it is such a page itself."""
        return bool(self._pictures) and picture_key(src) in self._pictures

    def names(self, url: str) -> bool:
        """Whether a takedown holds for the URL, as a page's or as that of a picture which such a page showed."""
        return self.of(url) is not None or self.showed(url)

    @property
    def pictures(self) -> frozenset[bytes]:
        """The keys (`picture_key`) of all of them."""
        return self._pictures

    def matched(self, hops: Sequence[str]) -> Matched | None:
        """What a verdict says where one of the hops was taken down."""
        for hop in hops if self._by_key else ():
            if (found := self.of(hop)) is not None:
                return Matched(
                    hop=hop,
                    expression=hop,
                    list=LIST,
                    list_version=f"{found.id[:12]}-{int(found.at)}",  # another one where it is taken down again
                    entry=found.url,
                    action="block",
                    category=LIST,
                    since=iso_time(found.at),
                )
        return None


def pictures_of(takedown: Takedown) -> Sequence[str]:
    """Every address under which image pipelines may hold something of it."""
    urls = (*takedown.pictures, *(one.url for one in takedown.covered))
    return tuple(dict.fromkeys(url for one in urls for url in (one, twin(one))))


def _either(key: str) -> str:
    """The key without its scheme."""
    return key.removeprefix("https").removeprefix("http")
