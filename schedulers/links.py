"""A shared URL, and the chain of redirects that leads from it. Pure.

`identify` is called by everybody who is handed a URL: the flow, the API's intake and the command line.
"""

import hashlib
from collections.abc import Iterator, Mapping

import msgspec

from fetchers.model import Ended, FetchResult, Hop, Response, Timings
from fetchers.urls import redacted_url
from schedulers.errors import InvalidUrl
from schedulers.model import Failure, HopTrace, Known, Redirect, Status
from schedulers.urls import dedup_key, parse_shared

LONGEST_URL = 8192
"""Characters. Browsers and servers draw the line between 2,000 and 64,000; what is longer is kept as an invalid URL,
cut."""
LONGEST_SERIALISED = 16_384
"""Characters of the URL as it is stored and sent, in which each letter beyond ASCII takes six or more."""
MOST_SHOWN = 200
"""Characters of a text that is no URL. What is longer ends with the digest of the whole, so that no two are one."""


class Link(msgspec.Struct, frozen=True):
    """A shared URL in its WHATWG form, with its dedup key. Where the text cannot be parsed, both are the text without
    user information, cut where it is long, and `invalid` says why."""

    url: str
    key: str
    invalid: Failure | None = None


def url_id(key: str) -> str:
    """What log lines know a URL by: equal for equal dedup keys, and telling nothing of the query."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


class Member(msgspec.Struct, frozen=True):
    """One URL of a chain, the redirects that follow from it, and how the requests from it on went."""

    key: str
    url: str
    redirects: tuple[Redirect, ...]
    trace: tuple[HopTrace, ...] = ()


class Chain(msgspec.Struct, frozen=True):
    """How far a fetch came: every URL that was asked, the shared one first and each one once, and the last `url`.

    `known` is what the store knew, by dedup key, of the shared URL and of every redirect target.
    """

    link: Link
    known: Mapping[str, Known]
    url: str
    members: tuple[Member, ...]


def identify(text: str) -> Link:
    """The link of one shared text. Never raises."""
    if len(text) > LONGEST_URL:
        return _invalid(text, f"it is longer than {LONGEST_URL:,} characters")
    try:
        url = parse_shared(text)
        if len(url) > LONGEST_SERIALISED:
            return _invalid(text, f"it is longer than {LONGEST_SERIALISED:,} characters, percent-encoded")
        return Link(url, dedup_key(url))
    except InvalidUrl as error:
        return _invalid(text, str(error))


def unsupported(url: str) -> Failure | None:
    """How a URL ends that is neither http nor https, whoever asks; None for all others."""
    if url.startswith(("http://", "https://")):
        return None
    name = url.partition(":")[0]
    return Failure(Status.UNSUPPORTED_SCHEME, f"only http and https are fetched, and this is {name}:")


def chain_of(link: Link, known: Mapping[str, Known], result: FetchResult) -> Chain:
    """The chain that a fetch went through. Where it stopped before a target (`outcome` is None), the target is no
    member."""
    hops = [_redirect(hop) for hop in result.hops]
    trace = tuple(traces_of(result))
    members = [Member(step.key, step.url, tuple(hops[index:]), trace[index:]) for index, step in enumerate(hops)]
    if result.outcome is not None or not hops:
        members.append(Member(key_of(result.url) or link.key, result.url, (), trace[len(hops) :]))
    # The shared URL under its own key, also where it differs from the fetched one by its fragment.
    members[0] = Member(link.key, link.url, members[0].redirects, members[0].trace)
    different: dict[str, Member] = {}
    for member in members:
        different.setdefault(member.key, member)
    return Chain(link, known, result.url, tuple(different.values()))


def traces_of(result: FetchResult) -> Iterator[HopTrace]:
    """How each request of a fetch went, in order."""
    for hop in result.hops:
        yield _trace(hop.url, hop.fetched_at or 0.0, str(hop.status_code), hop)
    outcome = result.outcome
    if isinstance(outcome, Response):
        yield _trace(result.url, outcome.fetched_at, str(outcome.status_code), outcome)
    elif isinstance(outcome, Ended):
        answer = outcome.response
        at = 0.0 if answer is None else answer.fetched_at
        yield (
            HopTrace(result.url, at, outcome.ending.value)
            if answer is None
            else _trace(result.url, at, outcome.ending.value, answer)
        )


def _trace(url: str, at: float, result: str, told: Hop | Response) -> HopTrace:
    hop = HopTrace(url, at, result, robots_rule=told.robots_rule, address=told.address)
    return timed(hop, told.timings or Timings(), told.elapsed)


def timed(hop: HopTrace, took: Timings, elapsed: float) -> HopTrace:
    """The same with what its time went into. `elapsed`: seconds from the connect to the last byte."""
    head = took.dns + took.connect + took.tls + took.first_byte
    return msgspec.structs.replace(
        hop,
        waited_ms=_ms(took.waited),
        dns_ms=_ms(took.dns),
        connect_ms=_ms(took.connect),
        tls_ms=_ms(took.tls),
        first_byte_ms=_ms(took.first_byte),
        body_ms=_ms(max(0.0, elapsed - head)),
        reused=took.reused,
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def key_of(url: str) -> str | None:
    """The dedup key; None where the URL has none."""
    try:
        return dedup_key(url)
    except InvalidUrl:
        return None


def _redirect(hop: Hop) -> Redirect:
    return Redirect(hop.url, key_of(hop.url) or hop.url, hop.status_code, hop.by)


def _invalid(text: str, reason: str) -> Link:
    text = redacted_url(text)
    if len(text) > MOST_SHOWN:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        text = f"{text[:MOST_SHOWN]}… (SHA-256 {digest})"
    return Link(text, text, Failure(Status.INVALID_URL, reason))
