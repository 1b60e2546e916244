"""`python -m snowflake`."""

import json
import runpy
import sys
from pathlib import Path

import pytest

import snowflake


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker ids of the tests, not of the machine."""
    monkeypatch.setenv("SNOWFLAKE_STATE", str(tmp_path))


def run(*arguments: str) -> int:
    before, sys.argv = sys.argv, ["snowflake", *arguments]
    try:
        runpy.run_module("snowflake", run_name="__main__")
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        sys.argv = before
    return 0


def test_next_gives_ids(capsys: pytest.CaptureFixture[str]) -> None:
    """One a line, increasing; also in JSON and in other forms."""
    assert run("next", "-n", "3") == 0
    ids = [int(line) for line in capsys.readouterr().out.split()]
    assert ids == sorted(set(ids))
    assert len(ids) == 3
    assert run("next", "--json", "--form", "base62", "--worker-id", "4") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["worker_id"] == 4
    assert len(answer["ids_str"][0]) == 11


def test_decode_and_at(capsys: pytest.CaptureFixture[str]) -> None:
    """What an id says, and the ids of a moment."""
    assert run("decode", "685259250369601537", "--json") == 0
    (decoded,) = json.loads(capsys.readouterr().out)
    assert decoded["time"] == "2016-01-08T00:38:31.446Z"
    assert run("decode", "685259250369601537") == 0
    assert "datacenter 10  worker 10  sequence 1" in capsys.readouterr().out
    assert run("at", "2016-01-08T00:38:31.446Z", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert int(answer["min_id_str"]) <= 685259250369601537 <= int(answer["max_id_str"])
    assert run("at", "2016-01-08T00:38:31.446Z") == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("decode", "x"), "no id"),
        (("decode", "--form", "roman", "x"), "--form is 'roman'"),
        (("at", "soon"), "for example 2026"),
        (("next", "--worker-id", "99"), "from 0 to 31"),
        (("serve", "--worker-id", "1", "--ordinal"), "choose one of"),
        (("serve", "--own-sequences", "0"), "own_sequences is 0"),
    ],
)
def test_errors_are_one_line(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], named: str) -> None:
    """On standard error, with exit code 2."""
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("snowflake: ")
    assert named in error
    assert error.count("\n") == 1


def test_audit_fails_where_an_id_was_given_twice(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit code 1 where an id was given twice."""
    good, bad = tmp_path / "good", tmp_path / "bad"
    ids = [str(id) for ids in snowflake.Generator(worker_id=12).reserve(100) for id in ids]
    good.write_text("\n".join(ids))
    bad.write_text("\n".join([*ids, ids[5]]))
    assert run("audit", str(good)) == 0
    assert "100 ids, 0 duplicates, largest inversion 0 ms" in capsys.readouterr().out
    assert run("audit", "--json", str(bad)) == 1
    assert json.loads(capsys.readouterr().out)["duplicate_ids"] == [ids[5]]


def test_the_other_snowflake_is_named() -> None:
    """Who wanted the connector's namespace package is told what hides it."""
    with pytest.raises(ImportError, match="hides snowflake-connector-python"):
        __import__("snowflake.connector")
