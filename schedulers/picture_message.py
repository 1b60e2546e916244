"""The message that asks for a page's picture: written by the `store` stage, read by the `picture` pipeline."""

import msgspec

from schedulers.model import Message


class PictureWork(msgspec.Struct, frozen=True):
    """Which page, the dedup key of the URL it is told under, and which picture."""

    page_id: int
    key: str
    image_url: str


def picture_message(page_id: int, key: str, image_url: str) -> Message:
    """The id depends on the page only, so that a repeat is recognised."""
    body = msgspec.json.encode(PictureWork(page_id, key, image_url))
    return Message(body, f"picture:{page_id}", "picture")


def read_picture_message(message: Message) -> PictureWork:
    """Raises `msgspec.DecodeError` for one that was tampered with."""
    return msgspec.json.decode(message.body, type=PictureWork)
