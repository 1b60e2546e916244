"""Real article pages (mozilla/readability's test pages) give the titles and the other fields that they should."""

import pytest

from benchmarks import quality
from schedulers.metadata import extract_metadata

pytestmark = pytest.mark.skipif(
    not quality.PAGES.is_dir(), reason=f"no article pages in {quality.PAGES}; set SPIDERDUCK_CORPORA"
)

# Of the pages that have the field. Readability's own slips among the rest: a date taken for a byline, a title cut at
# its colon, a caption taken for the excerpt.
AT_LEAST = {
    "title": 34
    / 38,  # where headline and og:title differ, the pages' expectations take the headline, we the publisher's word
    "author": 0.75,
    "description": 0.85,
    "site_name": 14 / 16,  # og:site_name before the article's publisher, which often is the legal entity
    "language": 0.95,
    "published_at": 0.95,
}


@pytest.fixture(scope="module")
def scores() -> dict[str, quality.Score]:
    return quality.score(quality.ours)


@pytest.mark.parametrize("field", AT_LEAST)
def test_a_field_is_found_in_most_pages_that_have_it(scores: dict[str, quality.Score], field: str) -> None:
    """Found of expected is at least the share above; the message names each miss."""
    found = scores[field]
    assert found.hits >= AT_LEAST[field] * found.wanted, found.misses


@pytest.mark.parametrize("field", AT_LEAST)
def test_no_field_is_below_the_plain_open_graph_rule(scores: dict[str, quality.Score], field: str) -> None:
    """What a few lines of code find is found here too."""
    assert scores[field].hits >= quality.score(quality.open_graph)[field].hits


def test_no_page_of_an_article_is_taken_for_an_interstitial() -> None:
    """A page that says much is no wall."""
    taken = [
        (case.name, found)
        for case in quality.cases()
        if (found := extract_metadata(case.body, url="https://news.example/2026/a-story").interstitial)
    ]
    assert taken == []
