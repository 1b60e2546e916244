"""The inspector for people: tables in HTML from `inspect_registry`'s values, strangers' text escaped.

Above it `inspector`, which serves the page around them. Nothing that is shown was made by asking for a picture,
so looking changes nothing.
"""

from collections import Counter
from datetime import UTC, datetime
from html import escape
from typing import Any

_TIERS = {
    "rendered": "variants as they were sent, in memory",
    "encoded": "originals, in memory",
    "disk": "originals, on disk",
    "partial": "beginnings of downloads that broke off",
}
_COUNTS = {
    "rendered": "answered from the rendered tier",
    "ancestor": "made from a larger variant",
    "encoded": "made from an original in memory",
    "disk": "made from an original on disk",
    "additional": "made from an additional cache's original",
    "network": "fetched from the origin",
    "revalidated": "the origin said: unchanged",
    "stale": "an old one, because the origin failed",
    "preview": "answered with a preview",
    "coalesced": "waited for somebody else's render",
    "fallback": "answered with the fallback picture",
    "renders": "renders begun",
    "reworked": "encoded better in idle time",
    "reloaded": "stale ones loaded again",
    "problems": "times something was wrong",
}
_ENOUGH_ROWS = 30


def tables_of(found: dict[str, Any], now: float) -> str:
    """All of them, under one line on the whole."""
    whole = (
        f"<p>{_clock(now)} UTC · {found['renders_active']} renders running or waiting · "
        f"{found['idle_waiting']} pieces of work for idle time</p>"
    )
    return whole + _totals(found) + "".join(_pipeline(name, each, now) for name, each in found["pipelines"].items())


def _totals(found: dict[str, Any]) -> str:
    head = "".join(f'<th scope="col"><abbr title="{escape(_TIERS[tier])}">{tier}</abbr>' for tier in _TIERS)
    rows = "".join(
        f'<tr><th scope="row"><a href="#{escape(name)}">{escape(name)}</a>'
        + "".join(_room(tier, each[tier]) for tier in _TIERS)
        for name, each in found["pipelines"].items()
    )
    together = "".join(_room(tier, found["global"][tier]) for tier in _TIERS)
    return f'<table class="room"><tr><td>{head}{rows}<tr><th scope="row">together{together}</table>'


def _room(name: str, tier: dict[str, Any] | None) -> str:
    label = f"<span>{name}: </span>"  # shown where the table has no room for columns
    if tier is None or tier["limit_bytes"] == 0:
        return f'<td class="off">{label}off'
    meter = f'<meter max="{tier["limit_bytes"]}" value="{tier["bytes"]}"></meter>'
    used = f"{_size(tier['bytes'])} of {_size(tier['limit_bytes'])}, {_count(tier['entries'], 'entry')}"
    return f"<td>{meter}<br>{label}{used}"


def _pipeline(name: str, found: dict[str, Any], now: float) -> str:
    parts = [
        f'<section id="{escape(name)}"><h2>{escape(name)}</h2>',
        _counts(found),
        _loading(found),
        _problems(found["problems"], now),
        *(_tier(tier, found[tier], now) for tier in _TIERS if found[tier] is not None and found[tier]["entries"]),
        "</section>",
    ]
    return "".join(parts)


def _counts(found: dict[str, Any]) -> str:
    hits = found["hits"]
    known = [(name, hits[name]) for name in _COUNTS if hits.get(name)]
    shown = "".join(f"<li><b>{count:,}</b> {escape(_COUNTS[name])}" for name, count in known)
    return f'<ul class="counts">{shown}</ul>' if shown else "<p>Nobody has asked for anything yet.</p>"


def _loading(found: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(each['identifier'])}<td>"
        + (f'<progress max="{each["total"]}" value="{each["received"]}"></progress> ' if each["total"] else "")
        + f"{_size(each['received'])} of {_size(each['total']) if each['total'] else 'nobody knows how much'}"
        for each in found["loading"]
    )
    return f"<h3>Loading now</h3><table>{rows}</table>" if rows else ""


def _problems(problems: list[dict[str, Any]], now: float) -> str:
    """The same problem of the same picture is one line, with how often and when it was last."""
    times = Counter((each["problem"], each["identifier"]) for each in problems)
    last = {(each["problem"], each["identifier"]): each["at"] for each in problems}
    if not times:
        return ""
    newest = sorted(times, key=lambda key: -last[key])
    rows = "".join(
        f"<tr><td>{_ago(now - last[key])}<td>{f'{times[key]}×' if times[key] > 1 else ''}<td>{escape(key[0])}"
        f"<td>{escape(key[1])}"
        for key in newest[:_ENOUGH_ROWS]
    )
    return f"<h3>Problems, the latest first</h3><table>{rows}</table>"


def _tier(name: str, tier: dict[str, Any], now: float) -> str:
    variants = name == "rendered"
    rows = "".join(
        f"<tr><td>{escape(each['identifier'])}{'<td>' + escape(each['variant']) if variants else ''}"
        f"<td>{_size(each['bytes'])}<td>in {_span(each['expires_at'] - now)}"
        for each in tier["shown"]
    )
    some = f", the {len(tier['shown'])} last used" if len(tier["shown"]) < tier["entries"] else ""
    title = f"{name}: {_TIERS[name]} ({_count(tier['entries'], 'entry')}{some})"
    head = f"<tr><th>picture{'<th>variant' if variants else ''}<th>size<th>forgotten if not used"
    return f"<details><summary>{escape(title)}</summary><table>{head}{rows}</table></details>"


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} bytes"
    if count < 1024 * 1024:
        return f"{count / 1024:.0f} KiB"
    if count < 1024**3:
        return f"{count / 1024**2:.1f} MiB"
    return f"{count / 1024**3:.1f} GiB"


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun.removesuffix('y')}ies"


def _span(seconds: float) -> str:
    for length, noun in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {noun}"
    return f"{max(0, seconds):.0f} seconds"


def _ago(seconds: float) -> str:
    return f"{_span(seconds)} ago"


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S")
