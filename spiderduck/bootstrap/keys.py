"""The key with which our own processes call one another: `api.internal_key`, or a plain one of the API's."""

from spiderduck.config import Config
from spiderduck.keyring import Key, read_keys


def bearer(config: Config, scope: str) -> dict[str, str]:
    """The header to send; none where no key with that scope is known in plain."""
    internal = config.api.internal_key
    if internal:
        return {"authorization": f"Bearer {internal}"}
    known: tuple[Key, ...] = (*config.api.configured(), *read_keys(config.keys_path).values())
    key = next((one.plain for one in known if one.plain and one.may(scope)), None)
    return {} if key is None else {"authorization": f"Bearer {key}"}
