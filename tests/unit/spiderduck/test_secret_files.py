"""Secrets from files: which settings have them, what is stripped, and errors that name the setting alone."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from groundwork.secret_files import secret_variable
from imagepipe.errors import InvalidSetting
from imagepipe.settings import read_settings as imagepipe_settings
from spiderduck.cli.server import ServerClient
from spiderduck.config import Config, load
from spiderduck.errors import BadSetting
from spiderduck.settings.archive import ArchiveConfig

SECRETS = {
    "fetchers.token": "a-token",
    "api.internal_key": "an-internal-key-of-32-characters",
    "api.sharer_key": "a-key-that-hashes-sharers",
    "broker.url": "amqp://user:word@host//",
    "cassandra.username": "user",
    "cassandra.password": "word with spaces ",
    "zookeeper.auth": "user:word",
    "memcached.auth": "user:word",
    "images.admin_key": "admin",
    "archive.url": "sftp://user:word@host/pages",
}


def value_at(config: Config, path: str) -> Any:
    found: Any = config
    for name in path.split("."):
        found = getattr(found, name)
    return found


def variable(path: str) -> str:
    return f"SPIDERDUCK_{path.upper().replace('.', '__')}"


def secrets_of(shape: Any, place: str = "") -> set[str]:
    found = set()
    for one in fields(shape):
        if hasattr(one.type, "__dataclass_fields__"):
            found |= secrets_of(one.type, f"{place}{one.name}.")
        elif not one.repr:
            found.add(f"{place}{one.name}")
    return found


def test_every_secret_is_known_here() -> None:
    """A setting whose name says that it is secret is left out of `repr`, and so has a file."""
    assert secrets_of(Config) == {
        *SECRETS,
        "images.keys",
        "archive.options",
        "api.keys",
        "analytics.options",
        "traces.headers",
        "webhooks.keys",
    }


@pytest.mark.parametrize("path", SECRETS)
@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_comes_from_a_file(tmp_path: Path, path: str, ending: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f"{SECRETS[path]}{ending}".encode())
    config = load(None, {f"{variable(path)}_FILE": str(file)}, {})
    assert value_at(config, path) == SECRETS[path]
    section, _, name = path.partition(".")
    settings = tmp_path / "my.toml"
    settings.write_text(f'[{section}]\n{name}_file = "{file}"')
    config = load(settings, {}, {})
    assert value_at(config, path) == SECRETS[path]
    assert SECRETS[path] not in repr(config) or SECRETS[path] in ("user", "admin")


def test_lists_and_tables_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("the-first-signing-key\nthe-second-signing-key\n")
    (tmp_path / "json").write_text('["the-first-signing-key"]')
    (tmp_path / "options").write_text('{"key": "account", "secret": "word"}\n')
    given = {
        "SPIDERDUCK_IMAGES__KEYS_FILE": str(tmp_path / "keys"),
        "SPIDERDUCK_ARCHIVE__OPTIONS_FILE": str(tmp_path / "options"),
    }
    config = load(None, given, {})
    assert config.images.keys == ("the-first-signing-key", "the-second-signing-key")
    assert config.archive.options == {"key": "account", "secret": "word"}
    config = load(None, {"SPIDERDUCK_IMAGES__KEYS_FILE": str(tmp_path / "json")}, {})
    assert config.images.keys == ("the-first-signing-key",)


def test_the_environment_beats_the_file_in_either_form(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("from a")
    settings = tmp_path / "my.toml"
    settings.write_text(f'[fetchers]\ntoken_file = "{tmp_path / "a"}"')
    assert load(settings, {"SPIDERDUCK_FETCHERS__TOKEN": "from the environment"}, {}).fetchers.token.startswith(
        "from t"
    )
    settings.write_text('[fetchers]\ntoken = "from the settings"')
    given = {"SPIDERDUCK_FETCHERS__TOKEN_FILE": str(tmp_path / "a")}
    assert load(settings, given, {}).fetchers.token == "from a"


def test_the_settings_file_keeps_what_a_secret_stands_beside(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("word")
    settings = tmp_path / "my.toml"
    settings.write_text('[cassandra]\nhosts = ["c1"]')
    config = load(settings, {"SPIDERDUCK_CASSANDRA__PASSWORD_FILE": str(tmp_path / "a")}, {})
    assert (config.cassandra.hosts, config.cassandra.password) == (("c1",), "word")


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read: No such file"), (b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "no UTF-8")],
)
def test_a_file_that_holds_no_secret_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadSetting, match=rf"SPIDERDUCK_FETCHERS__TOKEN_FILE is .*secret, which .*{said}"):
        load(None, {"SPIDERDUCK_FETCHERS__TOKEN_FILE": str(file)}, {})


def test_a_broken_table_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "options").write_text("{key: hunter2}")
    with pytest.raises(BadSetting, match="holds no JSON") as raised:
        load(None, {"SPIDERDUCK_ARCHIVE__OPTIONS_FILE": str(tmp_path / "options")}, {})
    assert "hunter2" not in str(raised.value)


def test_both_forms_at_once_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("word")
    both = {"SPIDERDUCK_FETCHERS__TOKEN": "x", "SPIDERDUCK_FETCHERS__TOKEN_FILE": str(tmp_path / "a")}
    with pytest.raises(BadSetting, match="are both set"):
        load(None, both, {})
    settings = tmp_path / "my.toml"
    settings.write_text(f'[fetchers]\ntoken = "x"\ntoken_file = "{tmp_path / "a"}"')
    with pytest.raises(BadSetting, match=r"fetchers\.token and fetchers\.token_file are both set"):
        load(settings, {}, {})


@pytest.mark.parametrize(
    "name", ["SPIDERDUCK_PORT_FILE", "SPIDERDUCK_FETCHERS__USER_AGENT_FILE", "SPIDERDUCK_X__Y_FILE"]
)
def test_what_is_no_secret_has_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadSetting, match="there is no setting"):
        load(None, {name: str(tmp_path)}, {})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[images.pipelines]]\nname = 'x'\nquallity = 3", r"images\.pipelines\[0\]\.quallity"),
        ("[[images.pipelines]]\nname = 'x'\n[images.pipelines.tiers.disk]\nbites = 3", r"tiers\.disk\.bites"),
        ("[fetchers.rate_limit.domains]\n'a.test' = { per_secund = 1 }", r"domains\.a\.test\.per_secund"),
        ("[[api.keys]]\nkey = 'kkkkkkkkkkkkkkkkkkkk'\nscope = ['write']", r"api\.keys\[0\]\.scope"),
    ],
)
def test_misspelt_settings_are_found_in_lists_and_tables(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "my.toml"
    file.write_text(text)
    with pytest.raises(BadSetting, match=named):
        load(file, {}, {})


def test_the_parts_alone_take_files_as_well(tmp_path: Path) -> None:
    """`python -m imagepipe serve` and `python -m fetchers serve`; a form given twice is refused there, too."""
    (tmp_path / "keys").write_text("the-first-signing-key\nthe-second-signing-key\n")
    (tmp_path / "key").write_text("word\n")
    given = {"IMAGEPIPE_KEYS_FILE": str(tmp_path / "keys"), "IMAGEPIPE_ADMIN_KEY_FILE": str(tmp_path / "key")}
    images = imagepipe_settings(None, given)
    assert images.keys == ("the-first-signing-key", "the-second-signing-key")
    assert images.admin_key == "word"
    with pytest.raises(InvalidSetting, match="both set"):
        imagepipe_settings(None, {**given, "IMAGEPIPE_ADMIN_KEY": "x"})
    with pytest.raises(InvalidSetting, match=r"IMAGEPIPE_KEYS_FILE is .*none, which cannot be read"):
        imagepipe_settings(None, {"IMAGEPIPE_KEYS_FILE": str(tmp_path / "none")})
    token = {"SPIDERDUCK_FETCHERS_TOKEN_FILE": str(tmp_path / "key")}
    assert secret_variable(token, "SPIDERDUCK_FETCHERS_TOKEN") == "word"
    with pytest.raises(ValueError, match="both set"):
        secret_variable({**token, "SPIDERDUCK_FETCHERS_TOKEN": "x"}, "SPIDERDUCK_FETCHERS_TOKEN")


def test_the_command_line_takes_its_key_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("a-key-in-a-file\n")
    monkeypatch.setenv("SPIDERDUCK_KEY_FILE", str(tmp_path / "key"))
    sent = ServerClient("http://127.0.0.1:1", None)._client.http.headers
    assert sent["authorization"] == "Bearer a-key-in-a-file"
    assert ServerClient("http://127.0.0.1:1", "given")._client.http.headers["authorization"] == "Bearer given"
    monkeypatch.setenv("SPIDERDUCK_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(BadSetting, match=r"SPIDERDUCK_KEY_FILE is .*none, which cannot be read"):
        ServerClient("http://127.0.0.1:1", None)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/pages", "s3://bucket/pages"),
        ("sftp://user:word@host:22/pages", "sftp://host:22/pages"),
        ("ftp://user:w@rd@host", "ftp://host"),
        ("file:///a@b/pages", "file:///a@b/pages"),
        ("", ""),
    ],
)
def test_the_archives_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert ArchiveConfig(url=url).shown_url == shown
