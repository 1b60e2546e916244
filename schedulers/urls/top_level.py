"""Which names end a host: the top-level domains, and where one ends in a text that goes on without a space.

The list is the public suffix list's, which its package keeps up to date, and the names that have left the root zone
since twitter-text's own list was made (`retired_top_level.txt`), because texts and archives still hold them.
"""

import re
from functools import cache
from importlib import resources

import publicsuffixlist

_ASCII_WORD = re.compile(r"[A-Za-z]+")
_SPECIAL_USE = frozenset(("test", "example", "invalid", "localhost"))
"""RFC 2606, section 2: set aside, in the root zone never."""
_PUNYCODE = re.compile(r"xn--[-0-9a-z]+", re.IGNORECASE)
_GOES_ON = re.compile(r"[0-9A-Za-z@+-]")
"""Behind a top-level domain these say that the word was longer. A letter of another script says no such thing."""


def top_level_end(text: str, start: int) -> int:
    """Where the top-level domain ends that begins at `start`; -1 where none does. The longest one counts."""
    character = text[start : start + 1]
    if character.isascii():
        end = _ascii_end(text, start)
        if end >= 0:
            return end
    return _other_script_end(text, start)


def special_use_end(text: str, start: int) -> int:
    """As `top_level_end`, with the names that are set aside for tests and documentation."""
    word = _ASCII_WORD.match(text, start)
    if word and word[0].lower() in _SPECIAL_USE and not _GOES_ON.match(text, word.end()):
        return word.end()
    return top_level_end(text, start)


def _ascii_end(text: str, start: int) -> int:
    if (word := _ASCII_WORD.match(text, start)) is None:
        return -1
    end = word.end()
    if word[0].lower() in _names().ascii and not _GOES_ON.match(text, end):
        return end
    punycode = _PUNYCODE.match(text, start)
    return punycode.end() if punycode else -1


def _other_script_end(text: str, start: int) -> int:
    names = _names()
    if text[start : start + 1].lower() not in names.first_letters:
        return -1
    for length in names.other_lengths:
        end = start + length
        if end <= len(text) and text[start:end].lower() in names.other and not _GOES_ON.match(text, end):
            return end
    return -1


class _Names:
    """The names of Latin letters, and the others with their lengths, the longest first."""

    def __init__(self, names: set[str]) -> None:
        self.ascii = frozenset(name for name in names if name.isascii())
        self.other = frozenset(names - self.ascii)
        self.other_lengths = sorted({len(name) for name in self.other}, reverse=True)
        self.first_letters = frozenset(name[0] for name in self.other)


@cache
def _names() -> _Names:
    """Read when it is first asked for (15 ms)."""
    with open(publicsuffixlist.PSLFILE, encoding="utf-8") as file:
        delegated = file.read().partition("===END ICANN DOMAINS===")[0]
    retired = resources.files("schedulers.urls").joinpath("retired_top_level.txt").read_text("utf-8")
    return _Names(_last_labels(delegated, comment="//") | _last_labels(retired, comment="#"))


def _last_labels(lines: str, comment: str) -> set[str]:
    rules = (line.split()[0] for line in lines.splitlines() if line.strip() and not line.startswith(comment))
    return {rule.rpartition(".")[2].lstrip("!*") for rule in rules} - {""}
