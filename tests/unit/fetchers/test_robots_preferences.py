"""What robots.txt says of the use of pages comes with their answers."""

import pytest

from fetchers import wire
from fetchers.model import Response
from fetchers.robots.rules import RobotsTxt, copy_from_bytes, copy_to_bytes
from fetchers.robots_txt import parse
from tests.unit.fetchers.small_web import ask, page, small_fetcher

FILE = b"""
License: https://pond.test/license.xml
User-agent: *
Content-Signal: search=yes, ai-train=no  # ours
Disallow: /nest
User-agent: duckbot
Content-Usage: train-ai=n
Content-Usage: /open/ train-ai=y
Allow: /
"""
LICENSE = "license: https://pond.test/license.xml"


@pytest.mark.parametrize(
    ("agent", "path", "said"),
    [
        ("spiderduck", "/a", ("usage: search=yes, ai-train=no", LICENSE)),
        ("DuckBot/2.0", "/a", ("usage: train-ai=n", LICENSE)),
        ("DuckBot/2.0", "/open/a", ("usage: train-ai=y", "usage: train-ai=n", LICENSE)),
    ],
)
def test_the_agents_own_group_and_the_longer_path_first(agent: str, path: str, said: tuple[str, ...]) -> None:
    assert parse(FILE).preferences(agent, f"https://pond.test{path}") == said


def test_before_the_first_group_it_is_for_everybody() -> None:
    rules = parse(b"Content-Signal: ai-train=no\nUser-agent: swan\nDisallow: /\n")
    assert rules.preferences("spiderduck", "https://pond.test/") == ("usage: ai-train=no",)


def test_it_changes_nothing_of_the_rules() -> None:
    rules = parse(b"User-agent: a\nContent-Signal: ai-train=no\nUser-agent: b\nDisallow: /\n")
    assert [rules.allows(agent, "https://pond.test/x") for agent in ("a", "b", "c")] == [False, False, True]


def test_it_is_bounded() -> None:
    rules = parse(b"User-agent: *\n" + b"Content-Signal: ai-train=no\nLicense: https://a.test/\n" * 10_000)
    assert len(rules.preferences("spiderduck", "https://pond.test/")) <= 101


def test_copies_keep_it_and_those_of_an_earlier_version_are_read() -> None:
    rules = parse(FILE)
    copy = copy_from_bytes(copy_to_bytes(rules, 1.0, 2.0))
    assert copy is not None
    assert copy[0] == rules
    earlier = rules.to_bytes()[:1].replace(b"\x95", b"\x94") + RobotsTxt((), {}, {}, ()).to_bytes()[1:5]
    assert RobotsTxt.from_bytes(earlier).preferences("spiderduck", "https://pond.test/") == ()


async def test_an_answer_carries_it_between_processes_too() -> None:
    site = {"http://pond.test/robots.txt": page(FILE, content_type="text/plain"), "http://pond.test/": page()}
    async with small_fetcher(site) as (fetcher, _, clock):
        answer = await fetcher.perform(ask("http://pond.test/", clock))
        assert isinstance(answer, Response)
        assert answer.preferences == ("usage: search=yes, ai-train=no", LICENSE)
        [sent] = wire.FrameReader().feed(wire.pack_head(answer, 1.0), 1.0)
        assert isinstance(sent, Response)
        assert sent.preferences == answer.preferences
