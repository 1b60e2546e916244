"""Which links a fetch would spend: sign-in, confirmation, invitation and the like, with a token in them. Pure.

The words and forms are data (`one_time.toml`, each with its source). A word alone never decides: what must stand beside
it is a part that nobody would write by hand.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

import msgspec

from fetchers.errors import InvalidUrl
from fetchers.urls import registrable_domain, split
from schedulers.urls.tracking import tracking_of

_PATH, _SEGMENTS, _PAIRS, _VALUE = 300, 40, 60, 2_000
_LOOKED_AT = 4_096
"""Characters of a URL. Every hop is asked about, and a URL may have sixteen thousand, all of them escapes."""
_LONGEST_ACTION = 60
_MOST_WORDS = 5
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_PAGE = re.compile(r"\.(?:php|html?|aspx?|jsp|do|cgi|action)$", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.?[\w-]*")
_TOKEN_LETTERS = re.compile(r"[\w.~=+/:|-]+", re.ASCII)
_PIECES = re.compile(r"[^0-9A-Za-z]+")
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,200}\.[^@\s]{2,}")
_LONG = 16
"""Characters from which on letters and digits in no order are a token; some of one kind only are a product's number."""
_SHORT = 12
_FEWEST = 4
_WORDS_OF_A_TITLE = 2
_DISORDER = 0.2
"""Changes between letters and digits, and between cases within a word, for each character. Random ones have 0.4 and
more, words with a year 0.1."""


class _Form(NamedTuple):
    """One entry of `certain` or `public`: an empty condition holds."""

    hosts: frozenset[str]
    path: re.Pattern[str]
    parameters: tuple[tuple[str, int | str], ...]

    def fits(self, host: str, path: str, given: dict[str, str]) -> bool:
        if self.hosts and host not in self.hosts and registrable_domain(host) not in self.hosts:
            return False
        if self.path.search(path[:_PATH]) is None:
            return False
        for name, wanted in self.parameters:
            value = given.get(name, "")
            if not (value.startswith(wanted) if isinstance(wanted, str) else len(value) >= wanted):
                return False
        return True


class _Words(NamedTuple):
    actions: frozenset[str]
    fillers: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    names: frozenset[str]
    certain_names: frozenset[str]
    action_names: frozenset[str]
    action_values: frozenset[str]
    certain: tuple[_Form, ...]
    public: tuple[_Form, ...]
    suspect: tuple[str, ...]


def is_one_time(url: str) -> bool:
    """Whether a fetch of the serialised `url` might use it up or change something for a person. Never raises."""
    words = _words()
    if not _is_suspect(url[:_LOOKED_AT], words):
        return False  # nearly every URL ends here
    try:
        parts = split(url)
    except InvalidUrl:
        return False
    path, _, query = parts.target.partition("?")
    pairs = list(_parameters(query, parts.authority))
    given = dict(pairs)
    if any(form.fits(parts.host, path, given) for form in words.public):
        return False
    if any(form.fits(parts.host, path, given) for form in words.certain):
        return True
    return _in_path(path, parts.host, words, pairs) or _in_query(pairs, words)


def _is_suspect(url: str, words: _Words) -> bool:
    """Words one by one: fifty searches for a word take a tenth of the time of one for any of them."""
    text = (unquote_plus(url) if "%" in url else url).lower()
    return any(word in text for word in words.suspect)


def _in_path(path: str, host: str, words: _Words, pairs: list[tuple[str, str]]) -> bool:
    """An action, and behind it a token: in the segments that follow, or in the query where the path ends there. The
    last segment may be the action, with the token before it."""
    segments = [unquote_plus(part) for part in path.split("/")[1 : _SEGMENTS + 1] if part]
    if len(segments) > 1 and _is_action(segments[-1], words) and _is_token(segments[-2]):
        return True
    label = host.partition(".")[0] if host.count(".") >= 2 else ""
    for start, segment in enumerate([label, *segments]):
        if not _is_action(segment, words):
            continue
        for following in segments[start:]:
            if _is_token(following) or _ADDRESS.fullmatch(following):
                return True
            if not _leads_on(following, words):
                break
        else:
            if any(_is_token_of(name, value, words) for name, value in pairs):
                return True
    return False


def _in_query(pairs: list[tuple[str, str]], words: _Words) -> bool:
    """A parameter that names the action itself, or one beside it that does."""
    asked = any(name.lower() in words.action_names and value.lower() in words.action_values for name, value in pairs)
    for name, value in pairs:
        if asked and _is_token_of(name, value, words):
            return True
        if _is_action(name, words) and (_is_token_like(value) if _is_certain(name, words) else _is_token(value)):
            return True
    return False


def _is_certain(name: str, words: _Words) -> bool:
    """Whether a parameter's name says that it holds a token."""
    return name.lower() in words.certain_names or "token" in _split_words(name)


def _parameters(query: str, authority: str) -> Iterator[tuple[str, str]]:
    is_tracking = tracking_of(f"//{authority}")
    for pair in query.split("&")[:_PAIRS] if query else ():
        name, _, value = pair.partition("=")
        if value and len(value) <= _VALUE and ("token" in name.lower() or not is_tracking(name)):
            yield name, unquote_plus(value)


@lru_cache(maxsize=4096)
def _split_words(text: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(text))


def _is_action(segment: str, words: _Words) -> bool:
    """Whether a segment, or a parameter's name, consists of an action's words alone."""
    if not segment or len(segment) > _LONGEST_ACTION or segment[0] in "@~":  # somebody's name
        return False
    found = _split_words(_PAGE.sub("", segment))
    if not 0 < len(found) <= _MOST_WORDS or not all(word in words.actions or word in words.fillers for word in found):
        return False
    return not words.actions.isdisjoint(found) or any(pair in words.pairs for pair in pairwise(found))


def _leads_on(segment: str, words: _Words) -> bool:
    """Whether a token may follow behind this segment: more of the action, or the short number of a person."""
    found = _split_words(_PAGE.sub("", segment))
    if found and all(word in words.actions or word in words.fillers for word in found):
        return True
    if len(segment) > 8 or not segment.isalnum():
        return False
    return len(segment) <= 3 or any(one.isdigit() for one in segment) or not segment[1:].islower()


def _is_token_of(name: str, value: str, words: _Words) -> bool:
    """Whether a parameter beside an action holds a token, or says whom the action is about."""
    if _is_certain(name, words):
        return _is_token_like(value)
    return _ADDRESS.fullmatch(value) is not None or (name.lower() in words.names and _is_token(value))


def _is_token_like(value: str) -> bool:
    """A value that its parameter's name says to be a token, unless it is a word."""
    if len(value) < _FEWEST or _TOKEN_LETTERS.fullmatch(value) is None:
        return False
    return any(one.isdigit() for one in value) or (len(value) >= _LONG and "_" not in value) or _is_token(value)


def _is_token(value: str) -> bool:
    """Whether a value looks like nothing that a person would write: random letters and digits."""
    if len(value) < _SHORT or _TOKEN_LETTERS.fullmatch(value) is None or "/" in value.rstrip("/="):
        return False
    if _UUID.search(value) or _JWT.match(value):
        return True
    pieces = [piece for piece in _PIECES.split(value) if piece]
    if sum(_is_word(piece) for piece in pieces) >= _WORDS_OF_A_TITLE:
        return False
    if max(map(len, pieces), default=0) >= _LONG:
        return any(len(piece) >= _LONG and _is_random(piece) for piece in pieces)
    whole = "".join(pieces)
    return _is_random(whole) if len(whole) >= _LONG and _is_random("".join(pieces[1:]) or whole) else _is_mixed(value)


def _is_word(piece: str) -> bool:
    return len(piece) > 2 and piece.isalpha() and (piece.islower() or piece.istitle())


def _is_mixed(value: str) -> bool:
    """A short one of small and capital letters and digits."""
    kinds = {_kind(one) for one in value}
    return kinds == {"a", "A", "0"} and _changes(value) > 2 * _DISORDER * len(value)


def _is_random(piece: str) -> bool:
    return _changes(piece) >= _DISORDER * len(piece) and any(one.isalpha() for one in piece)


def _changes(piece: str) -> int:
    """How often the kind of character changes, but for the capital at a word's beginning."""
    kinds = [_kind(one) for one in piece]
    count = 0
    for before, (one, after) in zip(["", *kinds], pairwise(kinds), strict=False):
        is_initial = one == "A" and after == "a" and before != "A"
        count += one != after and not is_initial
    return count


def _kind(one: str) -> str:
    return "0" if one.isdigit() else "A" if one.isupper() else "a" if one.isalpha() else ""


@cache
def _words() -> _Words:
    data: dict[str, Any] = msgspec.toml.decode(
        resources.files("schedulers.urls").joinpath("one_time.toml").read_bytes()
    )
    tokens, fillers = data["tokens"], data["fillers"]
    actions = frozenset(word for group in data["action"] for word in group["words"])
    forms = {name: tuple(_form(one) for one in data[name]) for name in ("certain", "public")}
    return _Words(
        actions,
        frozenset(fillers["words"]),
        frozenset((first, second) for first, second in fillers["pairs"]),
        frozenset(tokens["names"]),
        frozenset(tokens["certain"]),
        frozenset(tokens["actions"]),
        frozenset(tokens["action_values"]),
        forms["certain"],
        forms["public"],
        _suspect((*actions, *(f"={value}" for value in tokens["action_values"])), fillers["pairs"], forms["certain"]),
    )


def _form(entry: dict[str, Any]) -> _Form:
    parameters = entry.get("parameters", {})
    return _Form(frozenset(entry.get("hosts", ())), re.compile(entry.get("path", "")), tuple(parameters.items()))


def _suspect(words: Iterable[str], pairs: Iterable[list[str]], certain: Iterable[_Form]) -> tuple[str, ...]:
    """One of these is in every one-time link: looked for over a URL instead of taking it apart. In small letters."""
    found = {*words, "ticket=st-", "oobcode", "code="}
    found |= {f"{first}{between}{second}" for first, second in pairs for between in ("", "-", "_", ".")}
    found |= {host for form in certain for host in form.hosts}
    return tuple(sorted(word for word in found if not any(other != word and other in word for other in found)))
