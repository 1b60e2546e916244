"""How a client speaks TLS with an engine: one shape of settings, and the context made of it, for every engine.

Pure but for reading the files that are named. Nothing is encrypted unless `enabled` says so; what is enabled always
checks whom the certificate was made for.
"""

import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineTls:
    """`authority` signed the engine's certificate (PEM); empty: one of the machine's own did. `certificate` and `key`
    are ours, for an engine that asks for one. Without `check_names` any certificate of that authority will do,
    whichever host it names.
    """

    enabled: bool = False
    authority: str = ""
    certificate: str = ""
    key: str = ""
    check_names: bool = True

    def validate(self, name: str) -> None:
        """`name` is that of the settings. Raises ValueError naming the setting, what it holds and what it takes."""
        if bool(self.certificate) != bool(self.key):
            raise ValueError(f"{name} takes certificate and key, both or none")
        if not self.enabled and (self.authority or self.certificate):
            raise ValueError(f"{name} names files and is not enabled; it takes enabled = true with them")

    def check_files(self, name: str) -> None:
        """Read them, once. Raises ValueError where they cannot be used."""
        try:
            self.context()
        except OSError as error:
            files = ", ".join(filter(None, (self.authority, self.certificate, self.key)))
            raise ValueError(f"{name} takes PEM files that belong together; {files} cannot be used: {error}") from error

    def context(self) -> ssl.SSLContext | None:
        """For a client; None where TLS is off. TLS 1.2 at least. Raises OSError (`ssl.SSLError` is one) for files that
        cannot be used."""
        if not self.enabled:
            return None
        context = ssl.create_default_context(cafile=self.authority or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = self.check_names
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key)
        return context
