"""Which archived pages are read again: `--since` and `--where`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fetchers.urls import registrable_domain, split
from schedulers.errors import InvalidUrl
from schedulers.metadata import Metadata
from schedulers.model import Page
from spiderduck.errors import BadSetting

NAMES = ("domain", "host", "type", "language", "has", "missing", "rule")
FIELDS = frozenset(Metadata.__struct_fields__)


@dataclass(frozen=True, slots=True)
class Selection:
    """Pages fetched at `since` (epoch seconds) or later for which all of `where` holds, pairs of a name and a value."""

    since: float = 0.0
    where: tuple[tuple[str, str], ...] = ()

    def takes(self, page: Page, metadata: Metadata) -> bool:
        """Whether a page is among them."""
        return page.fetched_at >= self.since and all(_holds(name, value, page, metadata) for name, value in self.where)


EVERYTHING = Selection()


def selection(since: str | None, where: Sequence[str]) -> Selection:
    """From the command line. Raises `BadSetting`."""
    return Selection(0.0 if since is None else _moment(since), tuple(_condition(text) for text in where))


def _condition(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not value or name not in NAMES:
        raise BadSetting(f"--where is {text!r}; it takes NAME=VALUE with one of {', '.join(NAMES)}")
    field = value.partition(":")[0] if name == "rule" else value
    if name in ("has", "missing", "rule") and field not in FIELDS:
        raise BadSetting(f"--where {name}= takes a field of the metadata, e.g. title, and {field!r} is none")
    if name in ("domain", "host"):
        return name, _spelled(value)
    return name, value.lower() if name in ("type", "language") else value


def _spelled(host: str) -> str:
    """As URLs have it. Raises `BadSetting`."""
    try:
        return split(f"http://{host}/").host
    except InvalidUrl as error:
        raise BadSetting(f"--where takes a name or an address of a host, and {host!r} is none: {error}") from error


def _moment(text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadSetting(
            f"--since is {text!r}; it takes a day or a time, e.g. 2026-11-30 or 2026-11-30T12:00Z"
        ) from error
    return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()


def _holds(name: str, value: str, page: Page, metadata: Metadata) -> bool:
    match name:
        case "domain" | "host":
            host = _host(page.url)
            return (registrable_domain(host) if name == "domain" and host else host) == value
        case "type":
            return page.content.type == value
        case "language":
            return f"{(metadata.language or '').lower()}-".startswith(f"{value}-")
        case "rule":
            field, _, rule = value.partition(":")
            said = metadata.provenance.get(field)
            return said is not None and (not rule or said.rule == rule)
    return bool(getattr(metadata, value)) == (name == "has")


def _host(url: str) -> str:
    try:
        return split(url).host
    except InvalidUrl:
        return ""
