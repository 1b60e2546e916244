"""What must be true after chaos, as pure questions; each answers with what contradicts it, and an empty list is good.

Asked by `test_cluster_chaos.py` with what the API, the fanout queue, the origin and the id service gave.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

OPEN = frozenset({"unknown", "pending", "deferred"})


def without_ending(accepted: Mapping[str, Sequence[str]], records: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """URLs of accepted events that have no ending. `accepted`: event id → its URLs; `records`: URL → its record."""
    urls = dict.fromkeys(url for urls in accepted.values() for url in urls)
    return [url for url in urls if url not in records or records[url]["status"] in OPEN]


def with_ending_other_than(wanted: Mapping[str, str], records: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """URLs that ended differently from what their server answers. `wanted`: URL → status."""
    return [
        f"{url}: {record['status']} ({record.get('reason')})"
        for url, status in wanted.items()
        if (record := records.get(url)) is not None and record["status"] != status
    ]


def stored_more_than_once(versions: Mapping[str, Sequence[str]]) -> list[str]:
    """Pages with more than one version, where every URL was shared once. `versions`: URL → its page ids."""
    return [f"{url}: pages {', '.join(ids)}" for url, ids in versions.items() if len(ids) > 1]


def not_told(accepted: Mapping[str, Sequence[str]], notices: Iterable[Mapping[str, Any]]) -> list[str]:
    """Events' URLs without a notice, and notices of one event and URL whose ids differ."""
    ids: dict[tuple[str, str], set[str]] = {}
    for notice in notices:
        if notice["type"] == "spiderduck.url.processed":
            ids.setdefault((notice["event_id"], notice["subject"]), set()).add(notice["id"])
    silent = [f"{event}: {url}" for event, urls in accepted.items() for url in urls if (event, url) not in ids]
    return silent + [f"{event}: {url} has {len(found)} ids" for (event, url), found in ids.items() if len(found) > 1]


def too_many(arrivals: Iterable[float], rate: float, burst: int, jitter: float) -> str | None:
    """A window with more than burst + rate * t requests, if there is one. `jitter`: by how much an arrival may have
    been noted too late.

    Request k+1 of a window that begins with request i is allowed where k + 1 <= burst + rate * t, which is that
    `number - rate * time` grows by less than `burst` from any request to any later one.
    """
    lowest, first = float("inf"), 0.0
    for number, at in enumerate(sorted(arrivals)):
        height = number - rate * at
        if height < lowest:
            lowest, first = height, at
        if height - lowest + 1 > burst + rate * jitter:
            sent = round(height - lowest + rate * (at - first)) + 1
            return f"{sent} requests in {at - first:.3f} s, {burst + rate * (at - first):.1f} are allowed"
    return None


def given_twice(ids: Iterable[str]) -> list[str]:
    """Ids that were given more than once."""
    return [one for one, times in Counter(ids).items() if times > 1]
