"""compose.yaml gives the cluster on one machine: the same parts, engines and borders as the Helm chart."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PARTS = {"schedulers", "fetchers", "api", "ids", "images"}
ENGINES = {"cassandra", "rabbitmq", "zookeeper", "memcached"}
OURS = PARTS | {"spiderduck", "migrate"}


def networks(service: str) -> set[str]:
    return set(SERVICES[service]["networks"])


def can_talk(one: str, other: str) -> bool:
    return bool(networks(one) & networks(other))


def hosts(value: str) -> set[str]:
    """The host names in a setting: a URL's, or those of a JSON list."""
    if value.startswith("["):
        return {entry.partition(":")[0] for entry in json.loads(value)}
    host = urlsplit(re.sub(r"\$\{[^}]*\}", "x", value)).hostname
    return {host} if host else set()


def test_hosts_are_found_in_settings() -> None:
    """The next tests would pass on anything if none were found."""
    assert hosts('["zookeeper:2181", "other"]') == {"zookeeper", "other"}
    assert hosts("amqp://spiderduck:${PASSWORD:-x}@rabbitmq:5672//") == {"rabbitmq"}
    assert hosts("/data") == set()


def test_each_part_and_each_engine_is_a_service() -> None:
    """The five parts by `--only`, the four engines, the schema, and the product in one process."""
    assert SERVICES.keys() == OURS | ENGINES
    for part in PARTS:
        assert SERVICES[part]["command"] == ["up", "--only", part]
    assert SERVICES["spiderduck"]["command"] == ["up"]


def test_the_image_brings_the_clients_of_the_engines() -> None:
    """One image for every service of ours; the packages of the cluster are in it."""
    arguments = COMPOSE["x-hardened"]["build"]["args"]
    assert (ROOT / f"requirements/{arguments['REQUIREMENTS']}.txt").exists()
    assert arguments == {"REQUIREMENTS": "cluster"}
    assert {SERVICES[name]["image"] for name in OURS} == {"spiderduck"}


def test_plain_up_starts_the_product_alone() -> None:
    """Everything else belongs to a profile."""
    assert [name for name, one in SERVICES.items() if "profiles" not in one] == ["spiderduck"]
    assert all(one["profiles"] == ["cluster"] for name, one in SERVICES.items() if name != "spiderduck")


@pytest.mark.parametrize("name", sorted(OURS))
def test_the_product_has_no_rights(name: str) -> None:
    """Read-only root, no capability, no way to gain any, time to drain."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]
    assert service["stop_grace_period"] == "15s"


def test_ports_are_published_on_loopback_only() -> None:
    """Nobody else on the network reaches an engine or the product by accident."""
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_only_fetchers_reach_the_internet() -> None:
    """In the cluster; the product in one process is its own fetcher. Other networks lead nowhere outside."""
    assert {name for name in SERVICES if "outside" in networks(name)} == {"fetchers", "spiderduck"}
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert COMPOSE["networks"]["dmz"]["internal"] is True
    options = COMPOSE["networks"]["front"]["driver_opts"]
    assert options["com.docker.network.bridge.enable_ip_masquerade"] == "false"
    assert COMPOSE["networks"].keys() == {"outside", "inside", "dmz", "front"}


def test_fetchers_meet_neither_store_nor_queue() -> None:
    """They share a network with ZooKeeper, memcached and their callers alone."""
    assert {other for other in ENGINES if can_talk("fetchers", other)} == {"zookeeper", "memcached"}
    assert {part for part in PARTS - {"fetchers"} if can_talk("fetchers", part)} == {"schedulers", "api", "images"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_an_address_in_the_environment_can_be_reached(name: str) -> None:
    """Who is told of a service shares a network with it."""
    for value in SERVICES[name]["environment"].values():
        for other in hosts(value) & SERVICES.keys():
            assert can_talk(name, other), other


def test_volumes_are_declared() -> None:
    """Every named volume that a service mounts, and none besides."""
    mounted = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert mounted == COMPOSE["volumes"].keys()


def test_every_process_asks_for_keys() -> None:
    """Without a key compose stops with a sentence, before the product does. A fetcher asks for its callers' token."""
    assert "SPIDERDUCK_API__KEYS" not in SERVICES["fetchers"]["environment"]
    assert SERVICES["fetchers"]["environment"]["SPIDERDUCK_FETCHERS__TOKEN"]
    for name in OURS - {"fetchers"}:
        assert SERVICES[name]["environment"]["SPIDERDUCK_API__KEYS"].startswith("${SPIDERDUCK_API__KEYS:?")


def test_engines_are_those_of_the_chart() -> None:
    """The same image of each engine on one machine and in a trial release."""
    for engine in ENGINES:
        values = yaml.safe_load((ROOT / f"helm/charts/{engine}/values.yaml").read_text(encoding="utf-8"))
        assert values["image"] == SERVICES[engine]["image"]


def test_names_are_those_of_the_chart() -> None:
    """A setting has one name wherever it is set."""
    chart = (ROOT / "helm/templates/_environment.tpl").read_text(encoding="utf-8")
    for name in OURS:
        assert all(variable in chart for variable in SERVICES[name]["environment"])
