"""Settings of the archive, with defaults and units. Frozen; `validate()` says what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ArchiveConfig:
    """Without `url` the files stay in the data folder. `url` is any address of fsspec (`s3://bucket/spiderduck`,
    `hdfs://…`, `gs://…`, `file:///…`); `options` go to it as they are (`endpoint_url`, `key`, …).

    A file is ended when it has `rotate_bytes`; with a `url` also when it was begun `rotate_seconds` ago, and then it is
    uploaded whole.
    """

    url: str = field(default="", repr=False)  # may hold a password
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    rotate_bytes: int = 64 * 1024 * 1024
    rotate_seconds: float = 60.0

    @property
    def shown_url(self) -> str:
        """The address without user and password, for logs and errors."""
        scheme, sign, rest = self.url.partition("://")
        place, slash, path = rest.partition("/")
        return f"{scheme}{sign}{place.rpartition('@')[2]}{slash}{path}"

    def validate(self) -> None:
        """Raise ValueError naming the setting, what it holds and what it takes."""
        if self.rotate_bytes < 1:
            raise ValueError(f"archive.rotate_bytes is {self.rotate_bytes}; it takes a number of bytes from 1 up")
        if self.rotate_seconds <= 0:
            raise ValueError(f"archive.rotate_seconds is {self.rotate_seconds}; it takes a number of seconds above 0")
