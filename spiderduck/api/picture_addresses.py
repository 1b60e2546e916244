"""Signed addresses at which this server gives pictures of others."""

from urllib.parse import quote

from imagepipe.signing import sign

PATH = "/images/cards"
SHOWN_WIDTH = 1200
"""Pixels. The widest picture that a card shows."""


class PictureAddresses:
    """Without a key pictures have no address of ours."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def address(self, base: str, url: str, width: int = SHOWN_WIDTH) -> str | None:
        """Of the picture at `url`, at most `width` pixels wide; `base` is the address of this server, without a slash
        at the end."""
        if self._key is None:
            return None
        parameters = {"src": url, "w": str(width)}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        return f"{base}{PATH}?{query}&signature={sign(PATH, parameters, self._key)}"
