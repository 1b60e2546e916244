"""The address guard against the verdicts that nine projects assert."""

import json

import pytest

from groundwork.address_guard import is_allowed
from tests.corpora import CORPORA

CASES = CORPORA / "ssrf" / "addresses.json"


@pytest.fixture(scope="module")
def verdicts() -> dict[str, str]:
    if not CASES.exists():
        pytest.skip(f"{CASES} is absent; set SPIDERDUCK_CORPORA to the folder of corpora")
    return {case["ip"]: case["expect"] for case in json.loads(CASES.read_text())}


def test_every_deny_is_refused(verdicts: dict[str, str]) -> None:
    """No address into a private network, however it is written."""
    denied = [ip for ip, expect in verdicts.items() if expect == "deny"]
    assert len(denied) > 100
    assert [ip for ip in denied if is_allowed(ip)] == []


def test_every_allow_is_allowed(verdicts: dict[str, str]) -> None:
    """The guard does not close the public internet."""
    allowed = [ip for ip, expect in verdicts.items() if expect == "allow"]
    assert len(allowed) > 10
    assert [ip for ip in allowed if not is_allowed(ip)] == []
