"""A server's certificate from two PEM files, read again when they change, so that a renewed one needs no restart."""

import logging
import socket
import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0


class Certificate:
    """`context` is for every handshake and always holds the newest files. TLS 1.2 at least."""

    def __init__(self, certificate: str, key: str, now: Callable[[], float]) -> None:
        """Raises ValueError where the files cannot be used; the message names them."""
        self._files = (certificate, key)
        self._now = now
        try:
            self._seen = self._marks()
            self.context = self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"the certificate {certificate} and its key {key} cannot be used: {error}") from error
        self._looked_at = now()

    def renew(self) -> None:
        """Before a handshake. The files are looked at once a minute; ones that cannot be read change nothing."""
        if self._now() - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = self._now()
        try:
            marks = self._marks()
            if marks == self._seen:
                return
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))  # a key that does not fit must not get half way
            self._load(self.context)
            self._seen = marks
            log.info("the certificate %s was renewed", self._files[0])
        except (OSError, ssl.SSLError) as error:
            log.warning("the certificate %s cannot be read again: %s", self._files[0], error)

    def _marks(self) -> tuple[tuple[int, int], ...]:
        found = [Path(file).stat() for file in self._files]
        return tuple((one.st_mtime_ns, one.st_ino) for one in found)

    def _load(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*self._files)
        return context


@dataclass(frozen=True, slots=True)
class Encryption:
    """What a server speaks TLS with, if with anything; on the sockets in `plain` it never does."""

    certificate: Certificate | None = None
    plain: Collection[socket.socket] = ()
