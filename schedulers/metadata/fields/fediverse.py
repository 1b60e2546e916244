"""The account that the page credits in the fediverse: `fediverse:creator`, Mastodon's author attribution."""

import re

from schedulers.metadata.ladder import Ladder, meta
from schedulers.metadata.page import HtmlPage

_ACCOUNT = re.compile(r"^@?([\w.-]{1,64})@([\w-]+(?:\.[\w-]+)+)$")

LADDER = Ladder(*meta("fediverse:creator"))


def read(page: HtmlPage) -> str | None:
    return LADDER.climb(page, _account, "fediverse_creator")


def _account(value: str) -> str | None:
    """With its @, and the host in lower case."""
    match = _ACCOUNT.match(value.strip()[:320])
    return f"@{match[1]}@{match[2].lower()}" if match else None
