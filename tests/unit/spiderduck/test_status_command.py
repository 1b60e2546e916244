"""`spiderduck status` and `queues`, and what holds for every command: `--json`, exit codes, sentences, completion."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from groundwork.version import VERSION
from spiderduck.cli import app
from spiderduck.errors import SpiderDuckError

ROOT = Path(__file__).parents[3]
Run = Callable[..., tuple[int, str]]

NEEDS = [
    {"name": "store", "state": "ok", "since": "2026-01-01T00:00:00Z"},
    {
        "name": "disk",
        "state": "missing",
        "since": "2026-01-01T03:00:00Z",
        "kind": "disk_full",
        "says": "the disk is full",
        "remedy": "free some space",
    },
]
PAUSED = [
    {"name": "quiet.test", "until": "2026-01-01T04:00:00Z"},
    {"name": "busy.test", "until": "2026-01-01T05:00:00Z", "because": "it answered 503 to /a", "waiting": 7},
]
CLUSTER: dict[str, Any] = {
    "processes": [
        {"name": "gone:8080", "state": "silent", "because": "it has said nothing for 22 s"},
        {"name": "one:8080", "state": "not_ready", "version": "2", "dependencies": NEEDS, "paused": PAUSED},
    ],
    "silent": ["gone:8080"],
    "versions": {"2": 1},
    "queue": {"ready": 3, "deferred": 1, "dead": 2, "oldest_s": 200.0},
}
WELL: dict[str, Any] = {**CLUSTER, "processes": [{"name": "one", "state": "running", "dependencies": NEEDS[:1]}]}
QUEUES = [
    {"name": "search", "lag": 4, "age_s": 7300.0, "used_at": "2026-01-01T00:00:00Z", "expires_at": None},
    {"name": "empty", "lag": 0, "age_s": None, "used_at": "2026-01-01T00:00:00Z", "expires_at": None},
]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def running(*words: str, cluster: dict[str, Any] = CLUSTER, answer: Any = None) -> tuple[int, str]:
        answers = {"/v1/cluster": cluster, "/v1/queues": {"queues": QUEUES}}
        monkeypatch.setattr("spiderduck.cli.server.ServerClient.get", answer or (lambda _, path: answers[path]))
        monkeypatch.setattr("sys.argv", ["spiderduck", *words])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            app.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    return running


def test_status_says_what_is_missing_what_waits_and_what_is_paused(run: Run) -> None:
    code, told = run("status")
    assert code == 1
    assert "gone:8080: process silent: it has said nothing for 22 s" in told
    assert "one:8080: disk missing since 2026-01-01T03:00:00Z: the disk is full\n    free some space" in told
    assert "3 events wait or are worked on, the oldest for 3 min" in told
    assert "2 events were given up: `spiderduck dead list` has the reasons" in told
    assert "4 notices wait in the queue search, the oldest for 2 h" in told
    assert told.index("busy.test until 2026-01-01T05:00:00Z, 7 wait: it answered 503 to /a") < told.index("quiet.test")


def test_status_of_what_works_ends_with_0(run: Run) -> None:
    code, told = run("status", "--json", cluster=WELL)
    found = json.loads(told)
    assert (code, found["works"], found["needs"], found["paused"]) == (0, True, [], [])
    assert [one["name"] for one in found["queues"]] == ["search", "empty"]


def test_status_is_told_while_the_broker_is_away(run: Run) -> None:
    """That is when one asks for it: what the broker would have told is left out."""
    from spiderduck.cli.server import Refused, ServerClient

    def answered(_: ServerClient, path: str) -> dict[str, Any]:
        if path == "/v1/queues":
            raise Refused("the broker does not answer", 503)
        return {**CLUSTER, "queue": None}

    code, told = run("status", answer=answered)
    assert code == 1
    assert "one:8080: disk missing" in told
    assert "the broker does not say what waits" in told


def test_queues_are_listed_with_their_lag(run: Run) -> None:
    code, told = run("queues")
    assert code == 0
    assert re.search(r"search\s+4\s+2 h", told)
    assert [json.loads(line)["name"] for line in run("queues", "--json")[1].splitlines()] == ["search", "empty"]


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word, one in below.items():
        yield from _commands(one, f"{name} {word}".strip())


def test_every_command_but_the_server_prints_json() -> None:
    commands = dict(_commands(typer.main.get_command(app.app), ""))
    assert len(commands) > 40
    without = {name for name, one in commands.items() if not any("--json" in given.opts for given in one.params)}
    assert without == {"up"}


def test_every_exit_code_is_documented() -> None:
    text = (ROOT / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert documented >= {0, 2, 70, 130, 141, *(one.exit_code for one in _all_errors(SpiderDuckError))}


def _all_errors(base: type[SpiderDuckError]) -> Iterator[type[SpiderDuckError]]:
    yield base
    for one in base.__subclasses__():
        yield from _all_errors(one)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("lookup", "--wait", "soon", "http://a.test/"), ("--wait", "spiderduck lookup --help")),
        (("up", "--port", "x"), ("--port", "spiderduck up --help")),
        (("lookup",), ("urls", "spiderduck lookup --help")),
        (("lookp", "x"), ("lookp", "lookup", "spiderduck --help")),
        (("watch", "--colour"), ("--colour", "spiderduck watch --help")),
        (("status", "--server", "ftp://a.test"), ("--server", "http://127.0.0.1:8080")),
        (("status", "--server", "http://"), ("--server", "is no URL")),
    ],
)
def test_a_bad_argument_names_the_option_and_the_remedy(
    run: Run, words: tuple[str, ...], named: tuple[str, ...]
) -> None:
    code, told = run(*words)
    assert code == 2
    assert len(told.splitlines()) == 1
    for word in named:
        assert word in told


def test_a_server_may_be_named_without_its_scheme() -> None:
    from spiderduck.client.connection import options

    assert str(options("localhost:8080", None)["base_url"]) == "http://localhost:8080/"


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


def test_the_shell_completes_commands() -> None:
    given = {**os.environ, "_SPIDERDUCK_COMPLETE": "complete_bash", "COMP_WORDS": "spiderduck sta", "COMP_CWORD": "1"}
    command = [str(Path(sys.executable).with_name("spiderduck"))]
    ended = subprocess.run(command, env=given, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout.split() == ["status"], ended.stderr
