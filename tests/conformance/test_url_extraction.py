"""twitter-text's own conformance cases for URLs in texts."""

import re
from typing import Any

import pytest
import yaml

from schedulers.urls import extract_urls
from tests.corpora import CORPORA

CORPUS = CORPORA / "url_extraction"
LINK = re.compile(r'<a href="([^"]*)">')
SECTIONS = ("urls", "urls_with_indices", "urls_with_directional_markers", "tco_urls_with_params")

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus in {CORPUS}")


def sections(name: str) -> dict[str, list[dict[str, Any]]]:
    tests: dict[str, list[dict[str, Any]]] = yaml.safe_load((CORPUS / name).read_text("utf-8"))["tests"]
    return tests


def test_every_case_of_extraction() -> None:
    """All 108: the URLs in order and, where the case says them, their places in code points."""
    cases = [case for section in SECTIONS for case in sections("extract.yml")[section]]
    wrong = [case["description"] for case in cases if not extracts(case["text"], case["expected"])]
    assert wrong == []
    assert len(cases) >= 108


def extracts(text: str, expected: list[Any]) -> bool:
    found = extract_urls(text)
    if expected and isinstance(expected[0], dict):
        return [{"url": one.url, "indices": [one.start, one.end]} for one in found] == expected
    return [one.url for one in found] == expected


def test_every_case_of_linking() -> None:
    """What twitter-text links is what is found; hosts without a scheme, which it does not link, are found besides."""
    cases = sections("autolink.yml")["urls"]
    wrong = [case["description"] for case in cases if with_scheme(case["text"]) != LINK.findall(case["expected"])]
    assert wrong == []
    assert cases


def with_scheme(text: str) -> list[str]:
    return [one.url.replace("&", "&amp;") for one in extract_urls(text) if one.url.lower().startswith("http")]
