"""A record as a card at the terminal. What came from a page is printed as text, without control characters."""

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from groundwork.terminal import field

COLOURS = {"fetched": "green", "reused": "green", "pending": "yellow", "deferred": "yellow", "unknown": "yellow"}


def print_record(console: Console, record: dict[str, Any], outcome: str | None = None) -> None:
    """One card."""
    metadata = record.get("metadata") or {}
    shown = outcome or record["status"]
    lines: list[RenderableType] = []
    if metadata.get("title"):
        lines.append(_text(metadata["title"], "bold"))
    beside = [metadata.get(name) for name in ("site_name", "author", "published_at")]
    if any(beside):
        lines.append(_text(" · ".join(value for value in beside if value), "dim"))
    if metadata.get("description"):
        lines.append(_text(metadata["description"]))
    if metadata.get("image"):
        lines.append(_text(f"picture  {_picture(metadata['image'])}", "cyan"))
    redirects = record.get("redirects") or []
    lines += [_text(f"{step['status_code']}  {step['url']} →", "dim") for step in redirects]
    if record.get("resolved_url") and record["resolved_url"] != record["url"]:
        lines.append(_text(f"leads to {record['resolved_url']}", "dim"))
    if record.get("reason"):
        lines.append(_text(record["reason"], "yellow"))
    if record.get("until"):
        lines.append(_text(f"will be tried again at {record['until']}", "yellow"))
    if record.get("last_error"):
        lines.append(_text(f"latest try: {record['last_error']['reason']}", "yellow"))
    title = Text.assemble((f" {shown} ", f"bold {COLOURS.get(shown, 'red')}"), _text(record["url"]), " ")
    console.print(
        Panel(Group(*lines) if lines else _text("nothing is known about it", "dim"), title=title, title_align="left")
    )


def _picture(image: dict[str, Any]) -> str:
    size = f" ({image['width']}×{image['height']})" if image.get("width") and image.get("height") else ""
    return f"{image['url']}{size}"


def _text(value: str, style: str = "") -> Text:
    return field(value, style)
