"""`spiderduck inspect` as a person uses it: a file, a page on the web, and a word for what cannot be read."""

import json
from pathlib import Path

import pytest

from tests.e2e.test_command_line import run, told
from tests.origin import Origin, page

pytestmark = pytest.mark.e2e


def test_a_page_is_read_from_a_file_or_from_the_web(origin: Origin, tmp_path: Path) -> None:
    """Both give the same table; the web's is fetched by the rules."""
    origin.answers["news.test/a"] = page("A page", '<meta property="og:title" content="A page">')
    (tmp_path / "a.html").write_bytes(b'<title>A page</title><meta property="og:title" content="A page">')
    names = json.dumps({"*.test": f"127.0.0.1:{origin.port}"})
    fetched = run("inspect", "page", "http://news.test/a", SPIDERDUCK_FETCHERS__NETWORK__RESOLVE=names)
    read = run("inspect", "page", str(tmp_path / "a.html"))
    for ended in (fetched, read):
        assert ended.returncode == 0, ended.stderr
        assert "og:title" in ended.stdout
        assert "title: the same" in ended.stdout
        assert "og:title is what the publisher wrote for sharing" in " ".join(ended.stdout.split())


def test_what_cannot_be_read_is_said() -> None:
    told(run("inspect", "page", "/none"), 1, "cannot be read")
    told(run("inspect", "page", "http://["), 1, "is no URL")
    told(run("inspect", "url", "http://["), 1, "is no URL")
    told(run("fetch", "http://["), 1, "is no URL")
