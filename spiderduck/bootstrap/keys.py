"""The key with which our own processes call one another: one of the API's, from the list that all of them have."""

from spiderduck.api.keys import ADMIN
from spiderduck.config import Config


def bearer(config: Config, scope: str) -> dict[str, str]:
    """The header to send; none where no key has that scope."""
    key = next((one.key for one in config.api.keys if scope in one.scopes or ADMIN in one.scopes), None)
    return {} if key is None else {"authorization": f"Bearer {key}"}
