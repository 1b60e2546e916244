"""`spiderduck config` and `--version`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fetchers.config import VERSION
from spiderduck.cli import app

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def running(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["spiderduck", *words])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            app.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    return running


def test_the_version_is_told(run: Run) -> None:
    assert run("--version") == (0, f"spiderduck {VERSION}\n")


def test_each_setting_says_where_it_comes_from(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "spiderduck.toml"
    file.write_text('port = 9000\n[fetchers]\ntoken = "a-very-secret-token"\n[fetchers.rate_limit]\nburst = 7\n')
    monkeypatch.setenv("SPIDERDUCK_FETCHERS__RATE_LIMIT__PER_SECOND", "2.5")
    code, told = run("config", "show", "--config", str(file), "--json")
    assert code == 0
    rows = {row["name"]: row for row in map(json.loads, told.splitlines())}
    assert (rows["port"]["value"], rows["port"]["source"]) == (9000, str(file))
    assert rows["fetchers.rate_limit.burst"]["source"] == str(file)
    per_second = rows["fetchers.rate_limit.per_second"]
    assert (per_second["value"], per_second["source"]) == (2.5, "SPIDERDUCK_FETCHERS__RATE_LIMIT__PER_SECOND")
    assert rows["schedulers.count"]["source"] == "default"
    assert rows["fetchers.token"]["value"] == "(hidden)"
    assert "a-very-secret-token" not in told
    _, given = run("config", "show", "--config", str(file), "--given")
    assert "schedulers.count" not in given
    assert "fetchers.rate_limit.burst" in given


def test_settings_are_checked_without_a_start(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "spiderduck.toml"
    file.write_text("port = 9000\n")
    assert run("config", "check", "--config", str(file)) == (0, "the settings are valid\n")
    file.write_text('[fetchers]\nuser_agnet = "x"\n')
    code, told = run("config", "check", "--config", str(file))
    assert code == 2
    assert "user_agnet" in told
