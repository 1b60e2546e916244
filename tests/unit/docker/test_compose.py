"""compose.yaml gives the cluster on one machine: the same parts, engines and borders as the Helm chart."""

import json
import os
import re
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from typer.testing import CliRunner

from spiderduck.cli.app import app
from spiderduck.keyring import digest_of, read_keys

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PARTS = {"schedulers", "fetchers", "api", "ids", "images"}
ENGINES = {"cassandra", "rabbitmq", "zookeeper", "memcached"}
OURS = PARTS | {"spiderduck", "migrate"}


def networks(service: str) -> set[str]:
    return set(SERVICES[service].get("networks", ()))


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
    """The five parts by `--only`, the four engines, the schema, the one address, and the product in one process."""
    assert SERVICES.keys() == OURS | ENGINES | {"secrets", "front"}
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
    """And, before it, the service that makes its secrets. Everything else belongs to a profile."""
    alone = {"secrets", "spiderduck"}
    assert {name for name, one in SERVICES.items() if "profiles" not in one} == alone
    assert all(one["profiles"] == ["cluster"] for name, one in SERVICES.items() if name not in alone)


@pytest.mark.parametrize("name", sorted(OURS | {"secrets"}))
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


def secret_files(name: str) -> set[str]:
    """The files of secrets that a service is told of."""
    environment = SERVICES[name].get("environment", {})
    return {value for variable, value in environment.items() if variable.endswith("_FILE")}


def test_every_process_asks_for_keys() -> None:
    """From a file of its own; a fetcher asks for its callers' token, and the migration serves nobody."""
    for name in OURS - {"fetchers", "migrate"}:
        assert SERVICES[name]["environment"]["SPIDERDUCK_API__KEYS_FILE"] == "/secrets/api/keys.json"
    assert secret_files("fetchers") == {"/secrets/fetchers/token"}
    assert secret_files("migrate") == set()


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_process_sees_the_secrets_that_it_needs_and_no_others(name: str) -> None:
    """Read-only, one volume for each group of them; it starts when they are made."""
    mounted = {volume for volume in SERVICES[name].get("volumes", ()) if volume.startswith("secret-")}
    groups = {file.split("/")[2] for file in secret_files(name)}
    assert mounted == {f"secret-{group}:/secrets/{group}:ro" for group in groups}
    assert SERVICES[name]["depends_on"]["secrets"] == {"condition": "service_completed_successfully"}


def test_each_waits_until_those_it_needs_are_healthy() -> None:
    """The engines that its settings name, the schema where it uses the store, and nobody who waits for it in turn."""
    for name in sorted(OURS | {"front"}):
        needs = SERVICES[name]["depends_on"]
        told = {other for value in SERVICES[name].get("environment", {}).values() for other in hosts(value)}
        assert told & ENGINES - {"cassandra"} <= needs.keys()
        assert ("cassandra" in told) is (name == "migrate" or "migrate" in needs)
        for other, how in needs.items():
            finished = other in ("secrets", "migrate")
            assert how == {"condition": f"service_{'completed_successfully' if finished else 'healthy'}"}
            assert finished or other in OURS or "healthcheck" in SERVICES[other]  # the image of ours brings its own

    def reached(name: str, above: tuple[str, ...] = ()) -> None:
        assert name not in above, above
        for other in SERVICES[name].get("depends_on", ()):
            reached(other, (*above, name))

    for name in SERVICES:
        reached(name)


def test_the_cluster_has_one_address() -> None:
    """Pictures go to their process, everything else to the API; both are on the network of the front, and no other
    process of ours publishes a port."""
    lines = COMPOSE["configs"]["front"]["content"]
    assert re.findall(r"location (\S+) { proxy_pass http://(\w+):8080; }", lines) == [
        ("/images/", "images"),
        ("/", "api"),
    ]
    assert can_talk("front", "api")
    assert can_talk("front", "images")
    assert {name for name in OURS | {"front"} if SERVICES[name].get("ports")} == {"spiderduck", "front"}
    front = SERVICES["front"]
    assert (front["read_only"], front["cap_drop"]) == (True, ["ALL"])


def test_no_secret_is_fixed_here() -> None:
    """What a variable falls back to is nothing, and what the broker is told comes from a file."""
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    for variable, default in re.findall(r"\$\{(\w+):-([^}]*)\}", text):
        assert default in ("", "[]") or variable.endswith("_PORT"), variable
    assert not re.search(r"://[^/@\s]+:[^/@\s]+@", text)
    assert "RABBITMQ_DEFAULT_PASS" not in SERVICES["rabbitmq"]["environment"]


def test_the_secrets_are_made_where_the_processes_look(tmp_path: Path) -> None:
    """Every file that a service names; private, random, and the same at the second start."""
    command = SERVICES["secrets"]["command"]
    run = CliRunner().invoke
    before = os.umask(0o022)
    try:
        assert run(app, [word.replace("/secrets", str(tmp_path)) for word in command]).exit_code == 0
        files = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
        assert run(app, ["secrets", str(tmp_path), "--broker", "other:1"]).exit_code == 0
    finally:
        os.umask(before)
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == files
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    named = {file for name in OURS for file in secret_files(name)}
    assert {name.replace("/secrets", str(tmp_path)) for name in named} <= {str(path) for path in files}
    mounted = {volume.split(":")[1] for volume in SERVICES["secrets"]["volumes"]}
    assert {str(path.parent).replace(str(tmp_path), "/secrets") for path in files} == mounted
    key = (tmp_path / "admin" / "key").read_text().strip()
    assert read_keys(tmp_path / "api" / "keys.json")[digest_of(key)].scopes == ("admin",)
    password = (tmp_path / "broker" / "password").read_text().strip()
    assert (tmp_path / "broker" / "url").read_text() == f"amqp://spiderduck:{password}@rabbitmq:5672//\n"


def test_secrets_that_are_there_already_are_taken(tmp_path: Path) -> None:
    """A broker that was set up with another password keeps it, whatever is in it."""
    given = {"FETCHERS_TOKEN": "a token", "BROKER_PASSWORD": "p/w:d@"}
    before = os.umask(0o077)
    try:
        assert CliRunner().invoke(app, ["secrets", str(tmp_path)], env=given).exit_code == 0
    finally:
        os.umask(before)
    assert (tmp_path / "fetchers" / "token").read_text() == "a token\n"
    assert (tmp_path / "broker" / "url").read_text() == "amqp://spiderduck:p%2Fw%3Ad%40@rabbitmq:5672//\n"


def test_engines_are_those_of_the_chart() -> None:
    """The same image of each engine on one machine and in a trial release."""
    for engine in ENGINES:
        values = yaml.safe_load((ROOT / f"helm/charts/{engine}/values.yaml").read_text(encoding="utf-8"))
        assert values["image"] == SERVICES[engine]["image"]


def test_names_are_those_of_the_chart() -> None:
    """A setting has one name wherever it is set."""
    chart = (ROOT / "helm/templates/_environment.tpl").read_text(encoding="utf-8")
    files = (ROOT / "helm/templates/_secrets.tpl").read_text(encoding="utf-8")
    for name in OURS:
        for variable in SERVICES[name]["environment"]:
            setting = variable.removeprefix("SPIDERDUCK_").removesuffix("_FILE")
            assert variable in chart or f'"setting" "{setting}"' in files, variable
