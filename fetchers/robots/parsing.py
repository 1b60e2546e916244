"""Directives to groups (RFC 9309, section 2.2). Pure; stands between `lines.py` and `rules.py`.

Only a rule ends the list of a group's user agents. Other records must not interfere with the rules, so a `Sitemap` or
`Crawl-delay` between two `User-agent` lines leaves them in one group.
"""

import re

from fetchers.robots.lines import Directive, directives, text_of
from fetchers.robots.matching import Rule
from fetchers.robots.rules import ANYBODY, Preferences, RobotsTxt, UsageLine

STRICT_TOKEN = re.compile(r"[a-zA-Z_-]*")
"""RFC 9309, section 2.2.1: the product token is of these characters."""
NUMBERED_TOKEN = re.compile(r"[a-zA-Z_-]+[0-9][0-9.]*(?![a-zA-Z0-9_-])")
"""Some crawlers have a number behind their name all the same (`bot2`), so a group is known by both. Letters behind the
number are no name to Google's specification test: `AB42bot` stands for `AB`."""
MOST_USAGE_LINES = 100
LONGEST_USAGE = 500
NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15}")
ESCAPABLE = re.compile(r"[\x80-\xff]|%[0-9a-fA-F]{2}")


def parse(body: bytes) -> RobotsTxt:
    """The rules of a robots.txt with the content `body`. Never raises."""
    builder = _Builder()
    handlers = {
        Directive.USER_AGENT: builder.user_agent,
        Directive.ALLOW: builder.allow,
        Directive.DISALLOW: builder.disallow,
        Directive.SITEMAP: builder.sitemap,
        Directive.CRAWL_DELAY: builder.crawl_delay,
        Directive.LICENSE: builder.license,
        Directive.USAGE: builder.usage,
    }
    for number, kind, value in directives(text_of(body)):
        handlers[kind](value, number)
    return builder.build()


class _Builder:
    """The groups so far, and who the next rule is for."""

    def __init__(self) -> None:
        self._groups: list[list[Rule]] = []
        self._groups_of: dict[str, list[int]] = {}
        self._delays: dict[str, float] = {}
        self._sitemaps: dict[str, None] = {}
        self._licenses: dict[str, None] = {}
        self._usage: list[UsageLine] = []
        self._rules: list[Rule] | None = None
        self._open = False
        self._named: list[str] = []
        self._naming = False
        self._delayed = False

    def user_agent(self, value: str, number: int) -> None:
        if not self._open:
            self._rules = []
            self._groups.append(self._rules)
            self._open = True
        if not self._naming:
            self._named = []
            self._naming = True
            self._delayed = False
        group = len(self._groups) - 1
        for token in _tokens_of(value):
            known = self._groups_of.setdefault(token, [])
            if not known or known[-1] != group:
                known.append(group)
            self._named.append(token)

    def allow(self, value: str, number: int) -> None:
        self._rule(True, value, number)

    def disallow(self, value: str, number: int) -> None:
        self._rule(False, value, number)

    def sitemap(self, value: str, number: int) -> None:
        if value:
            self._sitemaps[value.encode("latin-1").decode("utf-8", "replace")] = None

    def crawl_delay(self, value: str, number: int) -> None:
        """For the agents named just before it; the first that is a number counts."""
        self._naming = False
        if self._delayed:
            return  # thousands of delays for thousands of agents must not be multiplied
        seconds = _seconds(value)
        if seconds is not None:
            self._delayed = True
            for token in self._named:
                self._delays.setdefault(token, seconds)

    def license(self, value: str, number: int) -> None:
        """RSL names the terms of the whole site."""
        if value and len(self._licenses) < MOST_USAGE_LINES:
            self._licenses[value.encode("latin-1").decode("utf-8", "replace")] = None

    def usage(self, value: str, number: int) -> None:
        """Of the group around it, like a rule, but it ends no list of agents; before the first group for everybody."""
        if value and len(self._usage) < MOST_USAGE_LINES:
            pattern, _, said = value.partition(" ") if value.startswith("/") else ("", "", value)
            self._usage.append((len(self._groups) - 1, pattern, said.strip()[:LONGEST_USAGE]))

    def build(self) -> RobotsTxt:
        return RobotsTxt(
            tuple(tuple(rules) for rules in self._groups),
            {token: tuple(groups) for token, groups in self._groups_of.items()},
            self._delays,
            tuple(self._sitemaps),
            Preferences(tuple(self._usage), tuple(self._licenses)),
        )

    def _rule(self, allow: bool, value: str, number: int) -> None:
        if self._rules is None:
            return  # before the first group: for nobody
        self._open = self._naming = False
        if value:
            if "%" in value or not value.isascii():
                value = ESCAPABLE.sub(_escaped, value)
            self._rules.append((allow, value, number))


def _tokens_of(value: str) -> tuple[str, ...]:
    if value.startswith("*") and (len(value) == 1 or value[1].isspace()):
        return (ANYBODY,)
    matches = (STRICT_TOKEN.match(value), NUMBERED_TOKEN.match(value))
    return tuple({match.group().lower() for match in matches if match and match.group()})


def _escaped(match: re.Match[str]) -> str:
    """RFC 9309, section 2.2.2: octets beyond ASCII are compared percent-encoded; hex digits in upper case."""
    text = match.group()
    return text.upper() if text.startswith("%") else f"%{ord(text):02X}"


def _seconds(value: str) -> float | None:
    return float(value) if NUMBER.fullmatch(value) else None
