"""The command line as a person meets it: sentences and exit codes, never a traceback."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, page

pytestmark = pytest.mark.e2e


def run(*words: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """`spiderduck WORDS`, with nothing of the tests' own settings."""
    command = [sys.executable, "-m", "spiderduck", *words]
    clean = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "COLUMNS": "200", **environment}
    return subprocess.run(command, input=given, env=clean, capture_output=True, text=True, timeout=60, check=False)


def told(ended: subprocess.CompletedProcess[str], code: int, words: str) -> None:
    assert ended.returncode == code, ended.stderr
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        told(run("up", "--port", port, "--data", str(tmp_path)), 3, "choose another port with --port")


def test_a_misspelt_setting_is_named() -> None:
    told(run("up", SPIDERDUCK_PORTT="1"), 2, "there is no setting portt")


def test_a_data_folder_that_cannot_be_made_is_named() -> None:
    told(run("up", "--port", "0", "--data", "/proc/none"), 5, "choose another with --data")


def test_no_server_is_said_to_be_missing() -> None:
    told(run("lookup", "http://a.test/", "--server", "http://127.0.0.1:9"), 6, "start it with `spiderduck up`")


def test_debug_shows_where_it_came_from() -> None:
    ended = run("--debug", "lookup", "http://a.test/", "--server", "http://127.0.0.1:9")
    assert "Traceback" in ended.stderr


def test_help_teaches_every_command() -> None:
    ended = run("--help")
    assert ended.returncode == 0
    for command in ("up", "demo", "unfurl", "send", "lookup", "watch", "fetch", "inspect", "dead"):
        assert command in ended.stdout


def test_send_lookup_watch_and_dead_talk_to_the_server(origin: Origin, product: Product) -> None:
    origin.answers["news.test/a"] = page("A page")
    server = ("--server", str(product.client.base_url))
    event = json.dumps({"id": "one", "text": "look: http://news.test/a"})
    assert json.loads(run("send", "-", "--json", *server, given=event).stdout) == {"accepted": 1, "duplicates": 0}
    found = run("lookup", "http://news.test/a", "--wait", "10", "--json", *server)
    assert found.returncode == 0
    assert json.loads(found.stdout)["metadata"]["title"] == "A page"
    assert run("lookup", "http://unknown.test/", *server).returncode == 1
    told(run("send", "-", *server, given="no json"), 1, "not JSON")
    assert "no dead letters" in run("dead", "list", *server).stdout


def test_unfurl_shows_the_card_without_a_server(origin: Origin) -> None:
    origin.answers["news.test/a"] = page("A page")
    names = json.dumps({"*.test": f"127.0.0.1:{origin.port}"})
    ended = run("unfurl", "http://news.test/a", "--json", SPIDERDUCK_FETCHERS__NETWORK__RESOLVE=names)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["metadata"]["title"] == "A page"
    missing = run("unfurl", "http://news.test/none", SPIDERDUCK_FETCHERS__NETWORK__RESOLVE=names)
    assert missing.returncode == 1
    assert "404" in missing.stdout


def test_the_demo_shows_the_whole_flow() -> None:
    ended = run("demo", "--json")
    assert ended.returncode == 0, ended.stderr
    notices = [json.loads(line) for line in ended.stdout.splitlines()]
    outcomes = {one["subject"]: one["outcome"] for one in notices if "event_id" in one}
    assert outcomes["http://news.test/private/drafts"] == "robots_denied"
    assert outcomes["http://slow.test/report"] == "fetched"
    short = next(one["data"] for one in notices if one["subject"] == "http://short.test/duck")
    assert [step["status_code"] for step in short["redirects"]] == [301, 302]
    measured = [one["data"]["metadata"]["image"] for one in notices if one["outcome"] == "updated"]
    assert {(one["width"], one["height"]) for one in measured} == {(1200, 630)}
