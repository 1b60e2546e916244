"""URLs on the names that RFC 2606 sets aside for tests and documentation (`.test`, `.example` …).

twitter-text links only what its list of top-level domains holds. Whoever writes `http://news.test/a` with its scheme means a
URL all the same, and demos and split-horizon networks are made of such names.
"""

import re

_URL = re.compile(r"https?://[\w.-]{1,253}\.(?:test|example|invalid|localhost)\b(?::\d{1,5})?(?:[/?#][^\s<>\"]{0,4096})?", re.I)
_MAY_HAVE = re.compile(r"\.(?:test|example|invalid|localhost)\b", re.I)
_BEFORE = re.compile(r"[A-Za-z0-9@$#]$")
_TRAILING = ".,;:!?'\"*_~"
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def special_use_urls(text: str) -> list[tuple[str, int, int]]:
    """URL, start and end of each, trailing punctuation and unbalanced brackets left out."""
    if "://" not in text or not _MAY_HAVE.search(text):
        return []
    found = []
    for match in _URL.finditer(text):
        if _BEFORE.search(text[max(0, match.start() - 1) : match.start()]):
            continue
        url = _trimmed(match[0])
        found.append((url, match.start(), match.start() + len(url)))
    return found


def _trimmed(url: str) -> str:
    while True:
        shorter = url.rstrip(_TRAILING)
        closing = shorter[-1:]
        if closing in _BRACKETS and shorter.count(closing) > shorter.count(_BRACKETS[closing]):
            shorter = shorter[:-1]
        if shorter == url:
            return url
        url = shorter
