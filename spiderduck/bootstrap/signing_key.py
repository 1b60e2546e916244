"""The key that signs picture addresses, where the settings name none: made in the data folder at the first start."""

import os
import secrets
from pathlib import Path

from spiderduck.errors import StoreUnavailable

FILE = "image-signing-key"
BYTES = 32


def signing_key(folder: Path) -> str:
    """The key of this data folder, which only its owner can read. Raises `StoreUnavailable`."""
    file = folder / FILE
    try:
        try:
            made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            file.chmod(0o600)
        else:
            with os.fdopen(made, "w") as opened:
                opened.write(f"{secrets.token_urlsafe(BYTES)}\n")
                opened.flush()
                os.fsync(opened.fileno())
        key = file.read_text().strip()
    except OSError as error:
        raise StoreUnavailable(f"{file}, which signs picture addresses, cannot be used: {error.strerror}") from error
    if len(key) < 16:
        raise StoreUnavailable(f"{file} holds no key of 16 characters or more; delete it, and a new one is made")
    return key
