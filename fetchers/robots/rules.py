"""A robots.txt as it is kept and asked. Pure; made by `parsing.py`, kept by the host cache, and as a
copy in the cache that all fetchers share.

The groups that name an agent hold for it all together, and those for anybody (`*`) only where none does (RFC 9309,
section 2.2.1).
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from fetchers.robots.matching import FEW_RULES, FEW_SPECIAL, Matcher, Rule, path_of

ANYBODY = "*"
MOST_MATCHERS = 8
"""A crawler asks under one name; only an inspection asks under others."""


class Verdict(NamedTuple):
    """Whether a URL may be fetched, and the rule with its line in the file that decided; None where none did."""

    allowed: bool
    rule: str | None = None
    line: int | None = None


UsageLine = tuple[int, str, str]
"""The number of its group (-1: before the first one), the path pattern ("" for all paths), what is said."""


class Preferences(NamedTuple):
    """What a site says of the use of its pages: lines of `Content-Signal` and `Content-Usage`, addresses of RSL
    licences."""

    usage: tuple[UsageLine, ...] = ()
    licenses: tuple[str, ...] = ()


NO_PREFERENCES = Preferences()


class _Stored(msgspec.Struct, array_like=True, frozen=True):
    groups: tuple[tuple[Rule, ...], ...]
    groups_of: dict[str, tuple[int, ...]]
    delays: dict[str, float]
    sitemaps: tuple[str, ...]
    preferences: Preferences = NO_PREFERENCES


class RobotsTxt:
    """The rules of one origin. Immutable to its users; an agent's rules are put together when it is first asked for.

    `sitemaps` are as written, each once. An agent is given by its product token (`ExampleBot`); a version behind it
    (`ExampleBot/1.0 (+https://…)`) makes no difference.
    """

    __slots__ = ("_delays", "_groups", "_groups_of", "_is_slow", "_matchers", "_preferences", "sitemaps")

    def __init__(
        self,
        groups: tuple[tuple[Rule, ...], ...],
        groups_of: Mapping[str, tuple[int, ...]],
        delays: Mapping[str, float],
        sitemaps: tuple[str, ...],
        preferences: Preferences = NO_PREFERENCES,
    ) -> None:
        self._groups = groups
        self._groups_of = dict(groups_of)
        self._delays = dict(delays)
        self._matchers: dict[str, Matcher] = {}
        self._preferences = preferences
        self.sitemaps = sitemaps
        self._is_slow = sum(map(len, groups)) > FEW_RULES or _specials(groups) > FEW_SPECIAL

    @property
    def is_slow(self) -> bool:
        """Whether a question can take more than a few milliseconds, and is better asked beside the event loop."""
        return self._is_slow

    def allows(self, user_agent: str, url: str) -> bool:
        """Whether `user_agent` may fetch `url`, which is on this file's origin."""
        matcher = self._matcher(user_agent)
        if matcher is None:
            return True
        found = matcher.find(path_of(url))
        return found is None or found.allow

    def verdict(self, user_agent: str, url: str) -> Verdict:
        """The same with its reason."""
        matcher = self._matcher(user_agent)
        if matcher is None:
            return Verdict(True)
        found = matcher.find(path_of(url))
        if found is None:
            return Verdict(True)
        return Verdict(found.allow, f"{'Allow' if found.allow else 'Disallow'}: {found.pattern}", found.line)

    def crawl_delay(self, user_agent: str) -> float | None:
        """Seconds between two requests that the file asks `user_agent` for, None where it does not."""
        token = self._token(user_agent)
        return None if token is None else self._delays.get(token)

    def preferences(self, user_agent: str, url: str) -> tuple[str, ...]:
        """What the file says to `user_agent` of the use of `url`, as `usage: train-ai=n` and `license: https://…`; what
        it says of a longer path first."""
        lines, licenses = self._preferences
        if not lines and not licenses:
            return ()
        token = self._token(user_agent)
        groups = {-1, *(self._groups_of[token] if token is not None else ())}
        path = path_of(url) if any(pattern for _, pattern, _ in lines) else ""
        found = [
            (len(pattern), said)
            for group, pattern, said in lines
            if group in groups and (not pattern or Matcher([(True, pattern, 0)]).find(path) is not None)
        ]
        found.sort(key=lambda line: -line[0])
        return (*(f"usage: {said}" for _, said in found), *(f"license: {address}" for address in licenses))

    def to_bytes(self) -> bytes:
        """Compact, for a cache that others read too."""
        return msgspec.msgpack.encode(
            _Stored(self._groups, self._groups_of, self._delays, self.sitemaps, self._preferences)
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "RobotsTxt":
        """What `to_bytes` gave. Raises `ValueError` for anything else."""
        stored = msgspec.msgpack.decode(data, type=_Stored)
        return cls(stored.groups, stored.groups_of, stored.delays, stored.sitemaps, stored.preferences)

    def __reduce__(self) -> tuple[Callable[[bytes], "RobotsTxt"], tuple[bytes]]:
        return RobotsTxt.from_bytes, (self.to_bytes(),)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RobotsTxt) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self._groups)

    def _token(self, user_agent: str) -> str | None:
        """The name under which the groups for `user_agent` are kept, None where no group is for it."""
        token = user_agent.partition("/")[0].lower()
        if token in self._groups_of and token != ANYBODY:
            return token
        return ANYBODY if ANYBODY in self._groups_of else None

    def _matcher(self, user_agent: str) -> Matcher | None:
        matcher = self._matchers.get(user_agent)
        if matcher is None:
            token = self._token(user_agent)
            if token is None:
                return None
            rules = [rule for group in self._groups_of[token] for rule in self._groups[group]]
            if len(self._matchers) >= MOST_MATCHERS:
                self._matchers.clear()
            matcher = self._matchers[user_agent] = Matcher(rules)
        return matcher


def _specials(groups: tuple[tuple[Rule, ...], ...]) -> int:
    return sum("*" in pattern or "$" in pattern for rules in groups for _, pattern, _ in rules)


FORM = 1
"""Raised when the form changes, so that an older fetcher passes a newer one's entries over, and the other way round."""


class RobotsCopy(msgspec.Struct, array_like=True, frozen=True):
    """`fetched_at` and `fresh_until` in epoch seconds; `rules` as `RobotsTxt.to_bytes` gives them."""

    form: int
    fetched_at: float
    fresh_until: float
    rules: bytes


_decode = msgspec.msgpack.Decoder(RobotsCopy).decode
_encode = msgspec.msgpack.Encoder().encode


def copy_to_bytes(rules: RobotsTxt, fetched_at: float, fresh_until: float) -> bytes:
    """A copy for the shared cache. `fetched_at` and `fresh_until` in epoch seconds."""
    return _encode(RobotsCopy(FORM, fetched_at, fresh_until, rules.to_bytes()))


def copy_from_bytes(data: bytes) -> tuple[RobotsTxt, RobotsCopy] | None:
    """None for whatever is no such copy."""
    try:
        copy = _decode(data)
        if copy.form != FORM or not copy.fetched_at <= copy.fresh_until:
            return None
        return RobotsTxt.from_bytes(copy.rules), copy
    except (ValueError, RecursionError):
        return None
