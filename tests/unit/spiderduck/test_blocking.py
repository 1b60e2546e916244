"""What may not be asked for, from the settings."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fetchers.blocked_domains import BlockedDomains
from fetchers.model import Ended, Ending
from schedulers.config import OneTimeLinks, SchedulersConfig
from spiderduck.bootstrap.blocking import ONE_TIME, OneTimePolicy, Policies, open_blocking
from spiderduck.config import Config, load
from spiderduck.errors import BadSetting
from spiderduck.settings.lists import ListConfig
from tests.clock import FakeClock
from tests.unit.fetchers.small_web import ask, page, small_fetcher

SPENT = "http://mail.pond.test/unsubscribe?token=b7c1d0e94f2a8836"


def ending(settings: OneTimeLinks, url: str = SPENT) -> Ending | None:
    found = OneTimePolicy(settings).verdict(url)
    return None if found is None else found.ending


def test_a_link_that_a_fetch_would_spend_is_refused_with_a_code_and_a_sentence() -> None:
    found = OneTimePolicy(OneTimeLinks()).verdict(SPENT)
    assert found is not None
    assert (found.ending, found.code) == (Ending.NOT_FETCHED, ONE_TIME)
    assert "schedulers.one_time" in found.reason


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        (OneTimeLinks(fetch=True), False),
        (OneTimeLinks(domains={"pond.test": True}), False),
        (OneTimeLinks(domains={"Pond.TEST.": True}), False),
        (OneTimeLinks(domains={"pond.test": True, "mail.pond.test": False}), True),
        (OneTimeLinks(domains={"other.test": True}), True),
        (OneTimeLinks(fetch=True, domains={"pond.test": False}), True),
    ],
)
def test_the_setting_and_its_exceptions(settings: OneTimeLinks, refused: bool) -> None:
    """The longest name that holds the host counts."""
    assert (ending(settings) is Ending.NOT_FETCHED) == refused


async def test_a_fetcher_sends_no_request_for_it_whatever_the_purpose() -> None:
    policy = open_blocking(Config(), FakeClock()).policy
    async with small_fetcher({SPENT: page()}, policy=policy) as (fetcher, web, clock):
        for purpose in ("page", "picture", "direct"):
            result = await fetcher.perform(ask(SPENT, clock, purpose=purpose))
            assert isinstance(result, Ended)
            assert (result.ending, result.code) == (Ending.NOT_FETCHED, ONE_TIME)
        assert web.urls() == []


def test_a_blocked_domain_is_named_first() -> None:
    policy = Policies(BlockedDomains(["pond.test"]), OneTimePolicy(OneTimeLinks()))
    found = policy.verdict(SPENT)
    assert found is not None
    assert found.ending is Ending.BLOCKED_DOMAIN


@pytest.mark.parametrize("domains", [{"no name": True}, {"": False}])
def test_an_exception_that_names_no_domain_is_refused_at_the_start(domains: dict[str, bool], tmp_path: Path) -> None:
    config: Any = Config(schedulers=SchedulersConfig(one_time=OneTimeLinks(domains=domains)))
    with pytest.raises(BadSetting):
        config.validate()


def test_the_settings_file_takes_it(tmp_path: Path) -> None:
    file = tmp_path / "spiderduck.toml"
    file.write_text('[schedulers.one_time]\nfetch = true\ndomains = { "pond.test" = false }\n')
    found = load(file, {}, {}).schedulers.one_time
    assert found == OneTimeLinks(fetch=True, domains={"pond.test": False})


def test_a_list_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    config = replace(Config(), lists=(ListConfig("bad", str(tmp_path / "none")),))
    with pytest.raises(BadSetting, match=r"lists\.bad"):
        open_blocking(config, FakeClock())


def test_a_list_that_blocks_is_part_of_the_policy(tmp_path: Path) -> None:
    """Those that warn or note are not: their links are fetched, and told of."""
    for action in ("block", "warn", "note"):
        (tmp_path / action).write_text(f"{action}.test\n")
    lists = tuple(ListConfig(name, str(tmp_path / name), action=name) for name in ("block", "warn", "note"))  # type: ignore[arg-type]
    blocking = open_blocking(replace(Config(), lists=lists), FakeClock())
    found = blocking.policy.verdict("http://www.block.test/x")
    assert found is not None
    assert (found.code, found.ending) == ("listed", Ending.BLOCKED_DOMAIN)
    assert "block" in found.reason
    assert blocking.blocked.verdict("http://block.test/") is not None
    assert blocking.policy.verdict("http://warn.test/") is None
    assert blocking.policy.verdict("http://note.test/") is None
