"""A picture by itself: size, type and whether it moves, from its header alone. No pixel is decoded."""

from schedulers.metadata.kinds import image_header
from schedulers.metadata.kinds.answer import ReaderInput
from schedulers.metadata.model import Image, Metadata


def read(answer: ReaderInput) -> Metadata:
    """A picture stands for itself; one whose header says nothing still has its declared type."""
    header = image_header.read(answer.body)
    if header is None:
        declared = answer.media_type if answer.media_type.startswith("image/") else None
        return answer.described(type="image", image=Image(answer.url, type=declared))
    moving = True if header.animated else None
    return answer.described(
        type="image", image=Image(answer.url, header.width, header.height, header.type, animated=moving)
    )
