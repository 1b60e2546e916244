"""Which parts run in a process, and what is said of settings with which they cannot work."""

from pathlib import Path
from typing import Any

import pytest

from spiderduck.bootstrap.parts import EVERYTHING, PARTS, check, parts_of
from spiderduck.config import Config, load
from spiderduck.errors import BadSetting
from spiderduck.keyring import Entry, create_key
from spiderduck.settings.coordination import IdsConfig

BROKER: dict[str, Any] = {"broker": {"url": "amqp://broker:5672//"}}
STORE: dict[str, Any] = {"cassandra": {"hosts": ["cassandra"]}}
ARCHIVE: dict[str, Any] = {"archive": {"url": "s3://bucket/pages"}}
FETCHERS: dict[str, Any] = {"fetchers": {"addresses": ["http://fetchers:8080"]}}
IDS: dict[str, Any] = {"ids": {"url": "http://ids:8080"}}
ZOOKEEPER: dict[str, Any] = {"zookeeper": {"hosts": ["zookeeper:2181"]}}
SIGNING: dict[str, Any] = {"images": {"keys": ["a key of the tests only"]}}
CLUSTER = {**BROKER, **STORE, **ARCHIVE, **FETCHERS, **IDS, **SIGNING}


def settings(**tables: Any) -> Config:
    return load(None, {}, tables)


def test_without_names_everything_runs() -> None:
    assert parts_of([]) == EVERYTHING == frozenset(PARTS)
    assert parts_of(["ids", "images"]) == {"ids", "images"}


def test_an_unknown_part_is_named_with_those_there_are() -> None:
    with pytest.raises(BadSetting, match=r"there is no part 'fetcher'; --only takes schedulers, fetchers, api"):
        parts_of(["fetcher"])


def test_the_defaults_run_everything_in_one_process() -> None:
    check(EVERYTHING, settings())


@pytest.mark.parametrize("part", sorted(PARTS))
def test_each_part_runs_alone_with_the_settings_of_a_cluster(part: str) -> None:
    check(frozenset({part}), settings(**CLUSTER, **ZOOKEEPER))


@pytest.mark.parametrize(
    ("parts", "tables", "said"),
    [
        ("schedulers,api", {**CLUSTER, "cassandra": {}}, r"broker\.url is set and cassandra\.hosts is not"),
        ("api", {**CLUSTER, "broker": {}}, r"cassandra\.hosts is set and broker\.url is not"),
        ("schedulers", {**FETCHERS, **IDS}, r"broker\.url and cassandra\.hosts are empty"),
        ("api", {**CLUSTER, "archive": {}}, r"archive\.url is empty"),
        ("schedulers", {**CLUSTER, "fetchers": {}}, r"fetchers\.addresses is empty"),
        ("images", {}, r"fetchers\.addresses is empty"),
        ("schedulers", {**CLUSTER, "ids": {}}, r"ids\.urls is empty"),
        ("images", {**CLUSTER, "images": {}}, r"images\.keys is empty"),
        ("images", FETCHERS, r"images\.keys is empty"),
        ("fetchers,images", ZOOKEEPER, r"run alone: --only fetchers"),
    ],
)
def test_what_cannot_work_is_said_with_the_setting_that_mends_it(parts: str, tables: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        check(parts_of(parts.split(",")), settings(**tables))


def test_everything_in_one_process_shares_no_domains() -> None:
    with pytest.raises(BadSetting, match=r"zookeeper\.hosts is set.*--only"):
        check(EVERYTHING, settings(**ZOOKEEPER))


def test_everything_in_one_process_may_keep_its_data_in_engines() -> None:
    check(EVERYTHING, settings(**BROKER, **STORE))


def test_the_schema_is_made_without_a_broker() -> None:
    """`spiderduck migrate` is told of the store alone."""
    assert settings(**STORE).cassandra.hosts == ("cassandra",)


@pytest.mark.parametrize(
    ("part", "secret", "said"),
    [
        (
            "fetchers",
            {"api": {"keys": [{"key": "a-key-of-the-api"}]}},
            r"fetchers\.token is empty, so that anybody could fetch",
        ),
        ("ids", {"fetchers": {"token": "t"}}, r"there are no \[\[api\.keys\]\]"),
    ],
)
def test_who_can_be_reached_asks_for_the_right_secret(part: str, secret: dict[str, Any], said: str) -> None:
    """The API's keys open no fetcher, and the fetchers' token no API."""
    with pytest.raises(BadSetting, match=said):
        check(frozenset({part}), settings(host="0.0.0.0", **secret))


def test_a_fetcher_needs_no_key_of_the_api() -> None:
    check(frozenset({"fetchers"}), settings(host="0.0.0.0", fetchers={"token": "t"}))


def test_schedulers_need_a_key_in_plain_for_the_id_service(tmp_path: Path) -> None:
    """Hashes open nothing: what our own processes show one another is a setting of its own."""
    create_key(tmp_path / "keys.json", Entry(name="one", scopes=("admin",)))
    tables: dict[str, Any] = {**CLUSTER, "data": str(tmp_path)}
    with pytest.raises(BadSetting, match=r"set api\.internal_key"):
        check(parts_of(["schedulers"]), settings(**tables))
    check(parts_of(["schedulers"]), settings(**tables, api={"internal_key": "a-long-random-text-of-ours"}))
    old = {"key": "an-old-key-of-ours", "scopes": ["read", "write"]}
    check(parts_of(["schedulers"]), settings(**tables, api={"keys": [old]}))
    with pytest.raises(BadSetting, match="the scope write"):  # which leases ranges of ids
        check(parts_of(["schedulers"]), settings(**tables, api={"keys": [{**old, "scopes": ["read"]}]}))
    check(parts_of(["api"]), settings(**tables))


@pytest.mark.parametrize(
    ("ids", "services"),
    [
        ({}, ()),
        ({"url": "http://ids:8080"}, ("http://ids:8080",)),
        ({"urls": ("http://ids-0:8080", "http://ids-1:8080")}, ("http://ids-0:8080", "http://ids-1:8080")),
        ({"url": "http://a:1", "urls": ("http://b:1", "http://a:1")}, ("http://a:1", "http://b:1")),
    ],
)
def test_every_id_service_is_named_once(ids: dict[str, Any], services: tuple[str, ...]) -> None:
    config = IdsConfig(**ids)
    config.validate()
    assert config.services == services


@pytest.mark.parametrize("url", ["ids:8080", "ftp://ids", "http://"])
def test_an_id_service_without_an_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"ids\.urls"):
        IdsConfig(urls=(url,)).validate()
