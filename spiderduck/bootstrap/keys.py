"""The key with which our own processes call one another: an administrator's, from the list that all of them have."""

from spiderduck.api.keys import ADMIN
from spiderduck.config import Config


def bearer(config: Config) -> dict[str, str]:
    """The header to send; none where no key is an administrator's."""
    key = next((one.key for one in config.api.keys if ADMIN in one.scopes), None)
    return {} if key is None else {"authorization": f"Bearer {key}"}
