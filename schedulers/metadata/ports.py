"""What the metadata rules ask of others."""

from typing import Protocol


class GenericPictures(Protocol):
    """Knows the pictures that most pages of a site share: those are logos, whatever the pages say."""

    def is_generic(self, site: str, picture: str) -> bool:
        """Whether `picture` stands on most pages of the registrable domain `site`.

        False where the site is unknown or too few of its pages were seen. Never raises, never waits.
        """
        ...

    def saw(self, site: str, picture: str, page: str) -> None:
        """`page` of `site` names `picture`. The same page again changes nothing."""
        ...
