"""The file of keys: hashed, private, replaced whole, reread when it changes; and the commands that write it."""

import json
import logging
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from spiderduck.cli.app import app
from spiderduck.config import load
from spiderduck.errors import BadSetting
from spiderduck.keyring import Entry, KeyFile, Keyring, create_key, digest_of, read_entries, read_keys, revoke_key
from tests.clock import FakeClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def made(path: Path, name: str = "one", *scopes: str) -> str:
    return create_key(path, Entry(name=name, scopes=scopes or ("read",)))


def test_a_key_is_long_random_and_never_stored(path: Path) -> None:
    keys = {made(path, f"key {number}") for number in range(20)}
    assert len(keys) == 20
    text = path.read_text()
    for key in keys:
        assert len(key) >= 40
        assert key not in text
        assert key[8:] not in text
        assert digest_of(key) in text


def test_the_file_is_its_owners_alone(path: Path) -> None:
    before = os.umask(0o022)
    try:
        made(path)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}


def test_a_name_is_taken_once_and_must_be_there_to_be_revoked(path: Path) -> None:
    made(path)
    with pytest.raises(BadSetting, match="there is a key 'one' already"):
        made(path)
    made(path, "two")
    assert revoke_key(path, "one") == 1
    with pytest.raises(BadSetting, match="there is no key 'one'"):
        revoke_key(path, "one")
    assert [one.name for one in read_entries(path)] == ["two"]


@pytest.mark.parametrize("name", ["", "x" * 101, "two\nlines", "\x1b[31mred"])
def test_names_are_fit_to_be_shown(path: Path, name: str) -> None:
    with pytest.raises(BadSetting, match="a key's name takes"):
        made(path, name)


async def test_a_running_process_sees_changes_within_a_second(path: Path) -> None:
    clock = FakeClock()
    ring = Keyring((), KeyFile(path, clock.monotonic))
    assert not ring.asks
    key = made(path)
    assert ring.find(key) is None, "it looked a moment ago"
    await clock.advance(1.0)
    assert ring.asks
    found = ring.find(key)
    assert found is not None
    assert (found.name, found.start, found.plain) == ("one", key[:8], "")
    revoke_key(path, "one")
    await clock.advance(1.0)
    assert ring.find(key) is None
    assert ring.asks, "a file without keys still asks for one"


@pytest.mark.parametrize(
    "content", ["", "{", "[]x", '{"keys": [{"name": "x"}]}', '{"keys": [{"key": "short"}]}', '{"other": 1}', "\xff"]
)
async def test_a_broken_file_keeps_what_was_read_last(
    path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    key = made(path)
    ring = Keyring((), KeyFile(path, clock.monotonic))
    path.write_bytes(content.encode("latin-1"))
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            await clock.advance(1.0)
            assert ring.find(key) is not None
    assert len(caplog.records) == 1, "said once"
    assert str(path) in caplog.text
    with pytest.raises(BadSetting):
        KeyFile(path, clock.monotonic)


async def test_a_file_that_is_gone_opens_nothing(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    key = made(path)
    ring = Keyring((), KeyFile(path, clock.monotonic))
    path.unlink()
    await clock.advance(1.0)
    assert ring.find(key) is not None
    assert ring.asks
    assert "is gone" in caplog.text


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"sha256": "0" * 64, "scopes": ["reads"]}, "the scope 'reads', which does not exist"),
        ({"sha256": "0" * 64, "scopes": []}, "no scopes"),
        ({"sha256": "0" * 64, "scope": ["read"]}, "unknown field `scope`"),
        ({"sha256": "0" * 63}, "64 lower-case hexadecimal"),
        ({"sha256": "0" * 64, "key": "k" * 32}, "either sha256 or key"),
        ({"sha256": "0" * 64, "expires": "2030-01-01T00:00:00"}, "a time with its zone"),
        ({"sha256": "0" * 64, "per_second": -1}, "per_second is -1"),
        ({"key": "k" * 15}, "15 characters; it takes at least 16"),
        ({"key": "k" * 16 + "\n"}, "characters that no header carries"),
    ],
)
def test_an_entry_that_is_not_sound_is_refused(path: Path, entry: dict[str, object], said: str) -> None:
    path.write_text(json.dumps({"keys": [entry]}))
    with pytest.raises(BadSetting, match=said) as raised:
        read_keys(path)
    assert "kkkk" not in str(raised.value)


def test_a_list_of_plain_keys_is_read_as_well(path: Path) -> None:
    """So that a Secret which was written for `api.keys` can be mounted as the file."""
    path.write_text('[{"key": "a-key-in-plain-text", "scopes": ["read", "write"]}]')
    (key,) = read_keys(path).values()
    assert (key.digest, key.scopes) == (digest_of("a-key-in-plain-text"), ("read", "write"))
    assert "plain-text" not in repr(key)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"key": "a", "scopes": ["admin"]}, r"api.keys\[0\].key has 1 characters; it takes at least 16"),
        ({"key": "k" * 20, "scopes": ["reads"]}, "the scope 'reads', which does not exist; it takes read, write"),
        ({"key": "k" * 20, "scope": ["write"]}, r"there is no setting api.keys\[0\].scope; .*scopes"),
        ({"key": "k" * 20, "scopes": []}, "no scopes"),
        ({"key": "k" * 20, "scopes": "read"}, "scopes"),
        ({"key": "k" * 20, "expires": "2030-01-01T00:00:00"}, "a time with its zone"),
        ({"key": "k" * 20, "per_second": -1}, "per_second is -1"),
        ({"key": " kkkk kkkk kkkk kkkk"}, "no header carries"),
        ({"scopes": ["read"]}, "key"),
    ],
)
def test_a_key_of_the_settings_that_is_not_sound_is_refused(entry: dict[str, object], said: str) -> None:
    with pytest.raises(BadSetting, match=said) as raised:
        load(None, {"SPIDERDUCK_API__KEYS": json.dumps([entry])}, {})
    assert "kkkk" not in str(raised.value)


def test_a_file_with_keys_opens_the_server_to_others(tmp_path: Path) -> None:
    given = {"SPIDERDUCK_HOST": "0.0.0.0", "SPIDERDUCK_DATA": str(tmp_path)}
    with pytest.raises(BadSetting, match="spiderduck keys create"):
        load(None, given, {})
    made(tmp_path / "keys.json")
    assert load(None, given, {}).has_keys


def test_the_commands_make_list_and_revoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is on standard output and alone there, so that a shell can take it; it is never shown again."""
    monkeypatch.setenv("SPIDERDUCK_HOST", "0.0.0.0")
    data = ["--data", str(tmp_path)]
    run = CliRunner().invoke
    created = run(app, ["keys", "create", "cron", "--scopes", "read,write", "--expires", "90d", *data])
    assert created.exit_code == 0
    key = created.stdout.strip()
    assert read_keys(tmp_path / "keys.json")[digest_of(key)].scopes == ("read", "write")
    as_json = json.loads(run(app, ["keys", "create", "ci", "--scopes", "admin", "--json", *data]).stdout)
    assert (as_json["name"], as_json["scopes"], as_json["expires"]) == ("ci", ["admin"], None)
    listed = run(app, ["keys", "list", *data]).stdout
    assert "cron" in listed
    assert key[:8] in listed
    assert key[8:] not in listed
    rows = [json.loads(line) for line in run(app, ["keys", "list", "--json", *data]).stdout.splitlines()]
    assert [(one["name"], one["start"], one["expired"]) for one in rows] == [
        ("cron", key[:8], False),
        ("ci", as_json["key"][:8], False),
    ]
    assert run(app, ["keys", "revoke", "cron", *data]).exit_code == 0
    assert json.loads(run(app, ["keys", "revoke", "ci", "--json", *data]).stdout) == {"revoked": "ci", "left": 0}


@pytest.mark.parametrize(
    "arguments", [["--scopes", "reads"], ["--scopes", ""], ["--scopes", "read", "--expires", "1x"]]
)
def test_the_commands_refuse_what_makes_no_sense(tmp_path: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["keys", "create", "x", *arguments, "--data", str(tmp_path)])
    assert isinstance(result.exception, BadSetting)
    assert not (tmp_path / "keys.json").exists()


@pytest.mark.parametrize(
    "rate", [{"per_second": 1e-308}, {"per_second": 1e-12}, {"per_second": 1e300}, {"burst": 10**9}]
)
def test_a_rate_that_no_bucket_can_keep_is_refused_when_the_key_is_made(tmp_path: Path, rate: dict[str, Any]) -> None:
    with pytest.raises(BadSetting, match=f"the key busy: {next(iter(rate))} is .*; 0 takes the one of api.rate_limit"):
        create_key(tmp_path / "keys.json", Entry(name="busy", scopes=("read",), **rate))
    assert not (tmp_path / "keys.json").exists()


def test_scopes_with_a_space_between_are_answered_with_how_to_write_them(tmp_path: Path) -> None:
    given = ["keys", "create", "one", "--scopes", "read,", "write", "--data", str(tmp_path)]
    refused = CliRunner().invoke(app, given)
    assert isinstance(refused.exception, BadSetting)
    assert "'write' is one argument too many" in str(refused.exception)
    assert "--scopes read,write" in str(refused.exception)
    assert not (tmp_path / "keys.json").exists()
