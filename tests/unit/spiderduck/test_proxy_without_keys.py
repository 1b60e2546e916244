"""A reverse proxy calls from this machine, so a server behind one needs keys; it is told so at the start."""

import pytest

from spiderduck.bootstrap.processes import warn_of_open_proxy
from spiderduck.config import load

KEYS = [{"key": "a key of sixteen characters", "scopes": ["read"]}]


@pytest.mark.parametrize("api", [{"hosts": ["links.example"]}, {"trusted_proxies": ["127.0.0.1"]}])
def test_a_server_behind_a_proxy_without_keys_is_warned_of(
    api: dict[str, object], tmp_path: object, caplog: pytest.LogCaptureFixture
) -> None:
    """With keys there is nothing to say."""
    warn_of_open_proxy(load(None, {}, {"data": str(tmp_path), "api": api}))
    assert "spiderduck keys create" in caplog.text
    caplog.clear()
    warn_of_open_proxy(load(None, {}, {"data": str(tmp_path), "api": {**api, "keys": KEYS}}))
    warn_of_open_proxy(load(None, {}, {"data": str(tmp_path)}))
    assert "reverse proxy" not in caplog.text
