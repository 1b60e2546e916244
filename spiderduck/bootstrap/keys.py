"""Keys of our own. With one our processes call one another (`api.internal_key`, or a plain one of the API's); the other
signs picture addresses, a third hashes sharers, and a fourth encrypts the secrets of webhooks; each of these is made in
the data folder where the settings name none."""

import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from schedulers.events import Sharers
from spiderduck.config import Config
from spiderduck.errors import StoreUnavailable
from spiderduck.keyring import Key, read_keys

log = logging.getLogger(__name__)


def bearer(config: Config, scope: str) -> dict[str, str]:
    """The header to send; none where no key with that scope is known in plain."""
    internal = config.api.internal_key
    if internal:
        return {"authorization": f"Bearer {internal}"}
    known: tuple[Key, ...] = (*config.api.configured(), *read_keys(config.keys_path).values())
    key = next((one.plain for one in known if one.plain and one.may(scope)), None)
    return {} if key is None else {"authorization": f"Bearer {key}"}


SIGNING_FILE = "image-signing-key"
SHARERS_FILE = "sharer-key"
WEBHOOKS_FILE = "webhook-secret-key"
BYTES = 32


def signing_key(folder: Path) -> str:
    """The key of this data folder that signs picture addresses. Raises `StoreUnavailable`."""
    return _key_in(folder / SIGNING_FILE, "signs picture addresses")


def sharers_of(config: Config, folder: Path) -> Sharers:
    """Hashes with `api.sharer_key`. Where there is none, a cluster makes the key from `api.internal_key`, which all of
    its processes have, and others keep one in the data folder. Raises `StoreUnavailable`."""
    if config.api.sharer_key:
        return Sharers(config.api.sharer_key.encode())
    if config.broker.url and config.api.internal_key:
        return Sharers(hmac.digest(config.api.internal_key.encode(), b"sharers", hashlib.sha256))
    return Sharers(_key_in(folder / SHARERS_FILE, "hashes the sharers of events").encode())


def warn_of_own_sharers(config: Config) -> None:
    """Of a process of a cluster, whose others hash with other keys."""
    if not (config.api.sharer_key or config.api.internal_key):
        log.warning(
            "api.sharer_key and api.internal_key are empty, so this process hashes the sharers of events with a key of "
            "its own, and others count them as other people; set api.sharer_key to the same long random text for all"
        )


def webhook_keys(config: Config, folder: Path) -> Sequence[str]:
    """What the secrets of webhooks are encrypted with: `webhooks.keys`. Where there is none, a cluster makes it from
    `api.internal_key`, and others keep one in the data folder. None in a cluster without either. Raises
    `StoreUnavailable`."""
    if config.webhooks.keys:
        return config.webhooks.keys
    if config.broker.url:
        internal = config.api.internal_key
        return (hmac.digest(internal.encode(), b"webhooks", hashlib.sha256).hex(),) if internal else ()
    return (_key_in(folder / WEBHOOKS_FILE, "encrypts the secrets of webhooks"),)


def _key_in(file: Path, use: str) -> str:
    """What the file holds, which only its owner can read; made where it is missing."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # in a cluster nobody else makes it
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
        raise StoreUnavailable(f"{file}, which {use}, cannot be used: {error.strerror}") from error
    if len(key) < 16:
        raise StoreUnavailable(f"{file} holds no key of 16 characters or more; delete it, and a new one is made")
    return key
