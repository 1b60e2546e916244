"""Keys of our own. With one our processes call one another (`api.internal_key`, or a plain one of the API's); the other
signs picture addresses, and is made in the data folder where the settings name none."""

import os
import secrets
from pathlib import Path

from spiderduck.config import Config
from spiderduck.errors import StoreUnavailable
from spiderduck.keyring import Key, read_keys


def bearer(config: Config, scope: str) -> dict[str, str]:
    """The header to send; none where no key with that scope is known in plain."""
    internal = config.api.internal_key
    if internal:
        return {"authorization": f"Bearer {internal}"}
    known: tuple[Key, ...] = (*config.api.configured(), *read_keys(config.keys_path).values())
    key = next((one.plain for one in known if one.plain and one.may(scope)), None)
    return {} if key is None else {"authorization": f"Bearer {key}"}


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
