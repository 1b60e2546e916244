"""Settings of the pictures: those of the image pipelines themselves, and where they run."""

from dataclasses import dataclass

from imagepipe import config
from imagepipe.settings import complete


@dataclass(frozen=True, slots=True)
class ImagesConfig(config.ImagesConfig):
    """`url` of the image service, which gets the pictures that the schedulers measured; empty: it runs in this process,
    or nobody gets them. `api_url`: where an image process asks which pictures belong to a record. The caches are
    changed and looked into with the API's keys, so `admin_key` has no meaning here.
    """

    url: str = ""
    api_url: str = ""

    def validate(self) -> "ImagesConfig":
        """Raise ValueError naming the setting, what it holds and what it takes."""
        try:
            complete(self)
        except ValueError as error:
            raise ValueError(f"images: {error}") from error
        return self
