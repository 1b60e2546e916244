"""Host names that look like others: scripts that do not belong together, and letters that pass for ASCII. Pure.

After Unicode's security mechanisms (UTS #39): a label may be of one script, or of those that one writing system uses
together ("highly restrictive"); and a label whose letters all look like ASCII is taken for what it looks like. Short
words of other scripts are of this kind as well, so that this is a signal and no verdict.
"""

import unicodedata
from functools import cache, lru_cache
from importlib import resources

_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
"""Scripts that Japanese, Chinese and Korean write with; CJK is what the names of Han characters begin with."""
LONGEST_LABEL = 63


@lru_cache(maxsize=4096)
def is_confusable(host: str) -> bool:
    """Whether a label of a serialised host is one that a reader would take for another."""
    return "xn--" in host and any(_is_confusable(label) for label in host.split(".") if label.startswith("xn--"))


def _is_confusable(label: str) -> bool:
    if len(label) > LONGEST_LABEL:
        return False  # no name that can be resolved
    try:
        text = label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return False
    letters = [character for character in text if unicodedata.category(character)[0] == "L"]
    scripts = {_script(letter) for letter in letters} - {"MODIFIER"}
    if len(scripts) > 1:
        return not any(scripts <= allowed for allowed in _TOGETHER)
    looks = _looks_like_ascii()
    return all(letter.isascii() or letter in looks for letter in letters) and bool(letters)


def _script(letter: str) -> str:
    """The first word of a letter's name is its script, with few exceptions: 々 and the long mark of Japanese."""
    word = unicodedata.name(letter, "UNNAMED").partition(" ")[0]
    return {"IDEOGRAPHIC": "CJK", "KATAKANA-HIRAGANA": "KATAKANA"}.get(word, word)


@cache
def _looks_like_ascii() -> frozenset[str]:
    text = resources.files("spiderduck.lists").joinpath("confusables.txt").read_text("ascii")
    return frozenset(chr(int(line.split()[0], 16)) for line in text.splitlines() if not line.startswith("#"))
