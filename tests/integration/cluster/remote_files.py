"""Places for archive segments: a folder, fsspec's memory, a bucket of an S3-compatible server (moto)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec

from spiderduck.settings.archive import ArchiveConfig

ACCOUNT = {"key": "test", "secret": "test"}


class RemoteFiles:
    """Looks at the place from outside."""

    def __init__(self, config: ArchiveConfig) -> None:
        self.config = config
        self._files: Any
        self._files, self._root = fsspec.core.url_to_fs(config.url, **config.options)

    def contents(self) -> dict[str, bytes]:
        """Every file there, by its name."""
        self._files.invalidate_cache()
        return {path.rpartition("/")[2]: self._files.cat_file(path) for path in self._files.find(self._root)}

    def delete(self, name: str) -> None:
        self._files.invalidate_cache()
        for path in self._files.find(self._root):
            if path.endswith(name):
                self._files.rm_file(path)


@contextmanager
def remote_files(kind: str, folder: Path) -> Iterator[RemoteFiles | None]:
    """None for the archive that stays in its folder."""
    if kind == "folder":
        yield None
    elif kind == "file":
        yield RemoteFiles(ArchiveConfig(url=f"file://{folder}/remote"))
    elif kind == "memory":
        yield RemoteFiles(ArchiveConfig(url=f"memory://{uuid4().hex}"))
    else:
        with bucket() as config:
            yield RemoteFiles(config)


@contextmanager
def bucket() -> Iterator[ArchiveConfig]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {**ACCOUNT, "endpoint_url": f"http://{host}:{port}"}
    try:
        name = f"archive-{uuid4().hex}"  # moto keeps its buckets for as long as the process lives
        fsspec.filesystem("s3", **options).mkdir(name)
        yield ArchiveConfig(url=f"s3://{name}/spiderduck", options=options)
    finally:
        server.stop()
