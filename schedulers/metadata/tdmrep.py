"""`/.well-known/tdmrep.json`: what a host reserves of text and data mining (W3C community group's TDM Reservation
Protocol, 2024, section 6.1). Pure: bytes in, words out.
"""

from typing import NamedTuple

import msgspec

from schedulers.metadata.addresses import absolute

PATH = "/.well-known/tdmrep.json"
LONGEST = 262_144
_RULES, _PATTERN, _STARS = 500, 1_000, 20


class Rule(NamedTuple):
    """`pattern` is a beginning of paths, `*` any characters, `$` the end."""

    pattern: str
    reserves: bool
    policy: str | None


def read(body: bytes, url: str) -> tuple[Rule, ...]:
    """The rules of the file at `url`, in order; what is none is left out. Never raises."""
    try:
        found = msgspec.json.decode(body[:LONGEST])
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return ()
    rules = []
    for one in found[:_RULES] if isinstance(found, list) else ():
        if not isinstance(one, dict) or not isinstance(pattern := one.get("location"), str):
            continue
        reserves, policy = one.get("tdm-reservation"), one.get("tdm-policy")
        if reserves in (0, 1, "0", "1") and len(pattern) <= _PATTERN and pattern.count("*") <= _STARS:
            known = absolute(policy, url) if isinstance(policy, str) else None
            rules.append(Rule(pattern, str(reserves) == "1", known))
    return tuple(rules)


def said(rules: tuple[Rule, ...], target: str) -> tuple[str, ...]:
    """What the first rule that fits the path and query `target` says, as `ReadingOptions.preferences` holds it."""
    for rule in rules:
        if _fits(rule.pattern, target):
            policy = () if rule.policy is None else (f"tdm-policy: {rule.policy}",)
            return (f"tdm-reservation: {int(rule.reserves)}", *policy)
    return ()


def _fits(pattern: str, target: str) -> bool:
    """Each part between stars where it first stands: there is nothing to go back to."""
    is_whole = pattern.endswith("$")
    first, *parts = pattern.removesuffix("$").split("*")
    if not target.startswith(first):
        return False
    at = len(first)
    for number, part in enumerate(parts, 1):
        if is_whole and number == len(parts):
            return len(target) - len(part) >= at and target.endswith(part)
        found = target.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return not is_whole or at == len(target)
