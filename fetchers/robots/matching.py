"""One agent's rules against one path (RFC 9309, section 2.2.2): the longest match wins, and Allow wins a tie. Pure.

Used by `rules.py`. Rules without special characters are found by looking up the path's beginnings, longest first, in
one table. The others are tried one by one, without backtracking, and there are limits to their number and to the path:
the worst check takes a sixth of a second (`RobotsTxt.is_slow` says where one can take more than some milliseconds).
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

Rule = tuple[bool, str, int]
"""Allow or disallow, the pattern (escaped), its line."""

WHOLE_URL = re.compile(r"https?://[^/?;#]*(/[^#]*)")
DELIMITER = re.compile(r"[/?;]")
LOWER_HEX = re.compile(r"%(?:[a-f][0-9a-fA-F]|[0-9A-F][a-f])")
SPECIAL = str.maketrans({"*": "%2A", "$": "%24"})
"""RFC 9309, section 2.2.3: these characters, where they stand for themselves, are written percent-encoded in a rule."""

MOST_SPECIAL = 1_000
"""Rules with `*` or `$` that count for one agent. Files of large shops have some hundreds; what stands behind the limit
says nothing, like what stands behind the size limit of the file."""
LONGEST_PATH = 8_192
"""Characters of a path that are compared with these. A rule that would have to see more of it does not match."""
FEW_RULES, FEW_SPECIAL = 2_000, 200
"""Up to these a first check, which builds the tables, and a later one each take a few milliseconds."""


class Found(NamedTuple):
    """A rule and its precedence (octets of the pattern as written)."""

    octets: int
    allow: bool
    line: int
    pattern: str


class _Special(NamedTuple):
    found: Found
    parts: tuple[str, ...]
    anchored: bool


class Matcher:
    """All rules that hold for one agent.

    Plain patterns lie in a table, found through the octets they begin with: most paths are no rule's business, and one
    look-up says so. Those too short for that, and the special ones, are few.
    """

    __slots__ = ("_lengths", "_plain", "_short_lengths", "_special")

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._plain: dict[str, Found] = {}
        special: list[_Special] = []
        for allow, pattern, line in rules:
            self._add(Found(len(pattern), allow, line, pattern), pattern, special)
            if allow and (slash := pattern.rfind("/")) >= 0 and pattern.startswith("/index.htm", slash):
                # Google's parser takes leave to fetch a folder's index as leave to fetch the folder.
                folder = pattern[: slash + 1] + "$"
                self._add(Found(len(folder), True, line, pattern), folder, special)
        self._lengths, self._short_lengths = _lengths_by_beginning(self._plain)
        special.sort(key=lambda rule: (-rule.found.octets, not rule.found.allow, rule.found.line))
        # A path without the longest of its parts is told from a match at once.
        self._special = [(max(rule.parts, key=len), rule) for rule in special]

    def _add(self, found: Found, pattern: str, special: list[_Special]) -> None:
        if "*" not in pattern and "$" not in pattern:
            known = self._plain.get(pattern)
            if known is None or (found.allow and not known.allow):
                self._plain[pattern] = found
            return
        anchored = pattern.endswith("$")
        if len(special) >= MOST_SPECIAL:
            return
        parts = (pattern[:-1] if anchored else pattern).replace("$", "%24").split("*")
        special.append(_Special(found, tuple(parts), anchored))

    def find(self, path: str) -> Found | None:
        """The rule that decides about `path`, None where none matches."""
        best = self._find_plain(path)
        path, cut = path[:LONGEST_PATH], len(path) > LONGEST_PATH
        for literal, rule in self._special:
            if literal in path and not (cut and rule.anchored) and _matches(rule.parts, rule.anchored, path):
                # They are in order of precedence, so this is the best of them.
                found = rule.found
                if best is None or (found.octets, found.allow) > (best.octets, best.allow):
                    return found
                return best
        return best

    def _find_plain(self, path: str) -> Found | None:
        plain = self._plain
        for lengths in (self._lengths.get(path[:BEGINNING], ()), self._short_lengths):
            for length in lengths:
                if (found := plain.get(path[:length])) is not None:
                    return found
        return None


BEGINNING = 5


def _lengths_by_beginning(patterns: Iterable[str]) -> tuple[dict[str, tuple[int, ...]], tuple[int, ...]]:
    """The lengths of the patterns that begin alike, longest first, and those of the patterns shorter than that."""
    by_beginning: dict[str, set[int]] = {}
    short = set()
    for pattern in patterns:
        if len(pattern) < BEGINNING:
            short.add(len(pattern))
        else:
            by_beginning.setdefault(pattern[:BEGINNING], set()).add(len(pattern))
    lengths = {key: tuple(sorted(found, reverse=True)) for key, found in by_beginning.items()}
    return lengths, tuple(sorted(short, reverse=True))


def _matches(parts: tuple[str, ...], anchored: bool, path: str) -> bool:
    """Whether `path` begins with `parts` in order with anything between them; all of it where `anchored`."""
    if not path.startswith(parts[0]):
        return False
    place = len(parts[0])
    if len(parts) == 1:
        return not anchored or len(path) == place
    last = len(parts) - 1
    for part in parts[1:last] if anchored else parts[1:]:
        place = path.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return not anchored or (len(path) - len(parts[last]) >= place and path.endswith(parts[last]))


def path_of(url: str) -> str:
    """Path, parameters and query of `url` as rules are compared with them; `/` where it has none.

    Tolerates what is no whole URL (`example.com/a`, `//a/b`) as Google's parser does. Octets beyond ASCII that are not
    percent-encoded stay so and match no rule: no URL that is sent has any.
    """
    whole = WHOLE_URL.match(url)
    if whole is not None:
        return _normalised(whole[1])
    begin = 2 if url.startswith("//") else 0
    early = DELIMITER.search(url, begin)
    if early is None:
        return "/"
    scheme_end = url.find("://", begin)
    start = early.start()
    if 0 <= scheme_end < start:
        after = DELIMITER.search(url, scheme_end + 3)
        if after is None:
            return "/"
        start = after.start()
    fragment = url.find("#", begin)
    if 0 <= fragment < start:
        return "/"
    path = url[start:] if fragment < 0 else url[start:fragment]
    return _normalised(path if path[0] == "/" else "/" + path)


def _normalised(path: str) -> str:
    if "%" in path and LOWER_HEX.search(path):
        path = LOWER_HEX.sub(lambda match: match.group().upper(), path)
    if "*" in path or "$" in path:
        path = path.translate(SPECIAL)
    return path
