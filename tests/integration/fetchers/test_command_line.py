"""`python -m fetchers` as a person meets it: hops on standard error, the body on standard output; and the service."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fetchers.__main__ import main
from tests.origin import Answer, Origin, http, redirect

PAGES: dict[str, Answer] = {
    "*/robots.txt": http("User-agent: *\nAllow: /page\nDisallow: /private"),
    "*/short": redirect("/meta"),
    "*/meta": http('<meta http-equiv="refresh" content="0; url=/page">', content_type="text/html"),
    "*/page": http("hello", content_type="text/html"),
}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """In a thread, since the command line has a loop of its own. Gives the options that lead there."""
    with Origin(PAGES) as origin:
        yield f"--resolve=*.test={origin.target}"


def test_every_hop_is_told_and_the_body_given(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["http://a.test/short", site]) == 0
    told = capsys.readouterr()
    assert told.out == "hello"
    first, second, last = told.err.splitlines()
    assert first == "301 http://a.test/short (127.0.0.1)"
    assert second == "200 http://a.test/meta by meta_refresh (127.0.0.1)"
    assert last.startswith("200 http://a.test/page (text/html, 5 bytes, 127.0.0.1, ")


def test_the_same_for_programs(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["a.test/short", site, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(hop["status_code"], hop["by"]) for hop in told["redirects"]] == [(301, "location"), (200, "meta_refresh")]
    assert all(hop["address"] == "127.0.0.1" and abs(hop["fetched_at"] - time.time()) < 60 for hop in told["redirects"])
    assert (told["status"], told["url"], told["robots_rule"]) == (
        "fetched",
        "http://a.test/page",
        "Allow: /page (line 2)",
    )


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("http://a.test/private", 1, "robots_denied http://a.test/private: http://a.test/robots.txt forbids it"),
        ("http://127.0.0.1:8080/", 1, "blocked_address http://127.0.0.1:8080/: 127.0.0.1 is not dialled"),
        ("ftp://a.test/", 1, "unsupported_scheme ftp://a.test/"),
        ("http://[", 2, "fetchers: 'http://[' is no URL"),
    ],
)
def test_other_endings_are_a_sentence_and_a_code(
    site: str, capsys: pytest.CaptureFixture[str], url: str, code: int, said: str
) -> None:
    assert main([url, site]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--resolve=nonsense", "--resolve is 'nonsense'; it takes NAME=HOST:PORT"),
        ("--allow-address=everywhere", "fetchers.network.allow_addresses has 'everywhere'"),
        ("--certificate=a.pem", "fetchers.tls takes certificate, key and authority"),
    ],
)
def test_a_wrong_option_is_named(capsys: pytest.CaptureFixture[str], option: str, said: str) -> None:
    assert main(["http://a.test/", option]) == 2
    assert said in capsys.readouterr().err


def test_the_service_is_asked_and_goes_when_it_is_told(
    site: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says where it is and that a contact should be set; the token comes by the environment."""
    monkeypatch.setenv("SPIDERDUCK_FETCHERS_TOKEN", "secret")
    process = subprocess.Popen(
        [sys.executable, "-m", "fetchers", "serve", "--port", "0", site],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SPIDERDUCK_FETCHERS_TOKEN": "secret"},
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        assert main(["http://a.test/short", "--through", address]) == 0
        assert capsys.readouterr().out == "hello"
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60.0)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert "set --user-agent to name a page where site owners can read about your bot" in said


def test_settings_come_from_a_file_and_the_environment(
    site: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line beats both; a mistake is named."""
    file = tmp_path / "fetchers.toml"
    target = site.partition("*.test=")[2]
    file.write_text(f'[network.resolve]\n"*.test" = "{target}"')
    assert main(["http://a.test/page", "--config", str(file)]) == 0
    monkeypatch.setenv("FETCHERS_NETWORK__RESOLVE", f'{{"b.test": "{target}"}}')
    assert main(["http://b.test/page"]) == 0
    assert capsys.readouterr().out == "hellohello"
    monkeypatch.setenv("FETCHERS_LIMITS__PAGE_BYTES", "few")
    assert main(["http://a.test/page", site]) == 2
    assert "FETCHERS_LIMITS__PAGE_BYTES is 'few'; it takes a whole number" in capsys.readouterr().err
