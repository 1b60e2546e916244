"""`fetchers.urls` against the web-platform tests' http(s) cases."""

import json
from typing import Any

import pytest

from fetchers.errors import InvalidUrl
from fetchers.urls import parse, split
from tests.corpora import CORPORA

CASES = CORPORA / "url_normalisation" / "wpt_http_urls.json"


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    if not CASES.exists():
        pytest.skip(f"{CASES} is absent; set SPIDERDUCK_CORPORA to the folder of corpora")
    loaded: list[dict[str, Any]] = json.loads(CASES.read_text())
    return loaded


def _parsed(case: dict[str, Any]) -> str | None:
    try:
        return parse(case["input"], case["base"])
    except InvalidUrl:
        return None


def test_every_case_parses_as_the_standard_says(cases: list[dict[str, Any]]) -> None:
    """Equal serialisations, and failures where the standard fails."""
    missed = [case for case in cases if _parsed(case) != case.get("href")]
    assert missed == []
    assert len(cases) > 200


def test_every_split_agrees_with_the_standard_parts(cases: list[dict[str, Any]]) -> None:
    """Slicing gives the host and port that the tests state, and a target that, with the origin, is the URL again."""
    for case in cases:
        if "href" not in case:
            continue
        parts = split(case["href"])
        default = {"http": 80, "https": 443}.get(parts.scheme, 0)
        assert parts.host == case["hostname"], case
        assert parts.port == (int(case["port"]) if case["port"] else default), case
        if parts.scheme in ("http", "https"):
            without_user = case["href"].partition("#")[0].replace(_user(case["href"]), "", 1)
            assert parts.origin + parts.target == without_user, case


def _user(href: str) -> str:
    authority = href.split("/", 3)[2]
    return authority.rpartition("@")[0] + "@" if "@" in authority else ""
