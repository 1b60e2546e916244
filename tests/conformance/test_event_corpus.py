"""Real tweets, Jetstream lines and Slack's example: each is read, with the links that its own markup names."""

import json
from typing import Any

import pytest

from schedulers.events import read_event, read_events
from tests.corpora import CORPORA

CORPUS = CORPORA / "events"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus in {CORPUS}")


def lines(name: str) -> list[bytes]:
    return [line for line in (CORPUS / name).read_bytes().split(b"\n") if line.strip()]


def test_every_tweet_yields_the_links_of_its_entities() -> None:
    """All of them, under their ids, and when they were written."""
    for line in lines("tweets.jsonl"):
        tweet: dict[str, Any] = json.loads(line)
        event = read_event(line)
        assert event.id == tweet["id_str"]
        assert event.created_at is not None
        assert event.urls == tuple(dict.fromkeys(url["expanded_url"] for url in tweet["entities"]["urls"]))


def test_every_jetstream_line_yields_the_links_of_its_facets_and_card() -> None:
    """And nothing else, but what stands in the text of a post without either."""
    for line in lines("bluesky_jetstream.jsonl"):
        record = json.loads(line).get("commit", {}).get("record", {})
        named = {
            feature["uri"] for facet in record.get("facets", ()) for feature in facet["features"] if "uri" in feature
        }
        named |= {card["uri"] for card in [record.get("embed", {}).get("external")] if card}
        if named or record.get("$type") != "app.bsky.feed.post":
            assert set(read_event(line).urls) == named


@pytest.mark.parametrize("name", ["tweets.jsonl", "bluesky_jetstream.jsonl", "slack_link_shared.json"])
def test_a_whole_file_is_read_at_once(name: str) -> None:
    """With the raw bytes of each beside it, and an id of its own each."""
    events = read_events((CORPUS / name).read_bytes())
    assert len({event.id for event, _ in events}) == len(events) > 0
    assert all(read_event(raw) == event for event, raw in events)
