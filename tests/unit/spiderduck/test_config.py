"""Settings: the annotated file is complete and true, the order of precedence, and what a mistake is answered with."""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from spiderduck.config import Config, load
from spiderduck.errors import BadSetting

ANNOTATED = Path(__file__).parents[3] / "spiderduck.toml"


def keys(shape: Any, place: str = "") -> set[str]:
    found = set()
    for one in fields(shape):
        kind = one.type if not isinstance(one.type, str) else None
        if kind is not None and is_dataclass(kind):
            found |= keys(kind, f"{place}{one.name}.")
        else:
            found.add(f"{place}{one.name}")
    return found


def listed(tree: dict[str, Any], place: str = "") -> set[str]:
    found = set()
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            found |= listed(value, f"{place}{name}.")
        else:
            found.add(f"{place}{name}")
    return found


def test_the_annotated_file_lists_every_setting() -> None:
    tree = msgspec.toml.decode(ANNOTATED.read_bytes())
    assert listed(tree) == keys(Config) - {"api.keys", "lists"}


def test_the_annotated_file_holds_the_defaults() -> None:
    assert load(ANNOTATED, {}, {}) == load(None, {}, {})


def test_command_line_beats_environment_beats_file(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text("port = 1\nhost = '127.0.0.2'\nlog_level = 'error'")
    config = load(file, {"SPIDERDUCK_PORT": "2", "SPIDERDUCK_HOST": "127.0.0.3"}, {"port": 3})
    assert (config.port, config.host, config.log_level) == (3, "127.0.0.3", "error")


def test_every_key_is_an_environment_variable() -> None:
    environment = {
        "SPIDERDUCK_FETCHERS__USER_AGENT": "Bot/1",
        "SPIDERDUCK_FETCHERS__RATE_LIMIT__BURST": "9",
        "SPIDERDUCK_FETCHERS__NETWORK__ALLOW_ADDRESSES": '["127.0.0.0/8"]',
        "SPIDERDUCK_FETCHERS__NETWORK__RESOLVE": '{"*.test": "127.0.0.1:81"}',
        "SPIDERDUCK_SCHEDULERS__PICTURES": "false",
        "PATH": "/bin",
    }
    config = load(None, environment, {})
    assert config.fetchers.user_agent == "Bot/1"
    assert config.fetchers.rate_limit.burst == 9
    assert config.fetchers.network.allow_addresses == ("127.0.0.0/8",)
    assert config.fetchers.network.resolve == {"*.test": "127.0.0.1:81"}
    assert config.schedulers.pictures is False


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("prot = 1", "prot"),
        ("[fetchers]\nuser_agnet = 'x'", "fetchers.user_agnet"),
        ("port = 'many'", "port"),
        ("port = 99999", "port"),
        ("log_level = 'loud'", "log_level"),
        ("[fetchers.rate_limit]\nper_second = 0", "per_second"),
        ("[fetchers.rate_limit.domains]\n'a.test' = { burst = 0 }", "a.test"),
        ("[fetchers.network]\nallow_addresses = ['here']", "allow_addresses"),
        ("[fetchers.network]\nresolve = { a = 'b' }", "resolve"),
        ("[schedulers]\nin_flight = 0", "in_flight"),
        ("[api]\ntrusted_proxies = ['the front']", "trusted_proxies"),
        ("host = '0.0.0.0'", "api.keys"),
        ("port = ", "my.toml"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "my.toml"
    file.write_text(text)
    with pytest.raises(BadSetting, match=named.replace("[", r"\[")):
        load(file, {}, {})


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BadSetting, match=r"no\.toml"):
        load(Path("/nowhere/no.toml"), {}, {})


def test_keys_open_the_server_to_others() -> None:
    keys = '[{"key": "a-long-enough-secret", "scopes": ["read"]}]'
    config = load(None, {"SPIDERDUCK_HOST": "0.0.0.0", "SPIDERDUCK_API__KEYS": keys}, {})
    assert config.api.keys[0].key == "a-long-enough-secret"


def test_settings_of_the_http_front_that_cannot_work_are_refused() -> None:
    for name, value, told in (
        ("API__HOSTS", '["http://a.example"]', "api.hosts"),
        ("API__ORIGINS", '["a.example"]', "api.origins"),
        ("API__FRONT__HEAD_BYTES", "10", "api.front.head_bytes"),
        ("API__FRONT__CONNECTIONS", "0", "api.front.connections"),
        ("API__TLS_KEY", "key.pem", "api.tls_certificate"),
        ("METRICS_PORT", "8080", "metrics_port"),
    ):
        with pytest.raises(BadSetting, match=told):
            load(None, {f"SPIDERDUCK_{name}": value}, {})
