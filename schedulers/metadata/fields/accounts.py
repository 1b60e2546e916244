"""Accounts that the page credits: `fediverse:creator` (Mastodon's attribution), Twitter's site and creator."""

import re

from schedulers.metadata.ladder import Ladder, climb, meta
from schedulers.metadata.page import Page

_FEDIVERSE = re.compile(r"^@?([\w.-]{1,64})@([\w-]+(?:\.[\w-]+)+)$")
_TWITTER = re.compile(r"^@?(\w{1,15})$", re.ASCII)

CREATOR: Ladder = meta("fediverse:creator")
TWITTER_SITE: Ladder = meta("twitter:site")
TWITTER_CREATOR: Ladder = meta("twitter:creator")


def read_fediverse(page: Page) -> str | None:
    return climb(CREATOR, page, _fediverse, "fediverse_creator")


def read_twitter_site(page: Page) -> str | None:
    return climb(TWITTER_SITE, page, _twitter, "twitter_site")


def read_twitter_creator(page: Page) -> str | None:
    return climb(TWITTER_CREATOR, page, _twitter, "twitter_creator")


def _fediverse(value: str) -> str | None:
    match = _FEDIVERSE.match(value.strip()[:320])
    return f"@{match[1]}@{match[2].lower()}" if match else None


def _twitter(value: str) -> str | None:
    match = _TWITTER.match(value.strip()[:40])
    return f"@{match[1]}" if match else None
