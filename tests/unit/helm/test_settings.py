"""The variables that the chart sets are settings that the product has, and each part gets only those it needs."""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spiderduck.config import NOT_SETTINGS, Config, load
from tests.cluster.machine import PROCESSES
from tests.cluster.settings import Engines, Installation
from tests.engines.authority import Authority
from tests.unit.helm.rendering import CHART, VALUES, Helm, Release

pytestmark = pytest.mark.engine("helm")

FORM = re.compile(r"SPIDERDUCK_[A-Z0-9]+(_[A-Z0-9]+)*(__[A-Z0-9]+(_[A-Z0-9]+)*)*")
SECRET = {
    "SPIDERDUCK_API__KEYS",
    "SPIDERDUCK_API__INTERNAL_KEY",
    "SPIDERDUCK_IMAGES__KEYS",
    "SPIDERDUCK_BROKER__URL",
    "SPIDERDUCK_CASSANDRA__USERNAME",
    "SPIDERDUCK_CASSANDRA__PASSWORD",
    "SPIDERDUCK_ZOOKEEPER__AUTH",
    "SPIDERDUCK_FETCHERS__TOKEN",
    "SPIDERDUCK_MEMCACHED__AUTH",
    "SPIDERDUCK_TRACES__HEADERS",
}
OTHERS = {"POD_NAME", "TZ"}
FILES = "/run/secrets/spiderduck/"


def settings_of(names: Iterable[str]) -> set[str]:
    """The settings, whether they are given or named by a file."""
    return {name.removesuffix("_FILE") for name in names}


def is_setting(variable: str) -> bool:
    shape: object = Config
    for name in variable.removesuffix("_FILE").removeprefix("SPIDERDUCK_").lower().split("__"):
        fields = getattr(shape, "__dataclass_fields__", {})
        if name not in fields:
            return False
        shape = fields[name].type
    return True


def variables(release: Release) -> set[str]:
    return {name for part in release.workloads for name in release.environment(part)} - OTHERS


def test_names_have_the_form_of_settings(release: Release) -> None:
    """SPIDERDUCK_SECTION__KEY, so that no typing error passes for a variable of somebody else."""
    assert all(FORM.fullmatch(name) for name in variables(release))


def test_names_are_settings_of_the_product(releases: dict[str, Release]) -> None:
    """What is set is read, name for name."""
    names = {name for release in releases.values() for name in variables(release)}
    assert len(names) > 20
    assert [name for name in names - NOT_SETTINGS if not is_setting(name)] == []


def test_the_product_takes_the_settings_file_and_the_variables(releases: dict[str, Release], tmp_path: Path) -> None:
    """The rendered file and environment of a pod load into settings with the values' meaning."""
    production = releases["production"]
    text = production.of_kind("ConfigMap")["links-config"]["data"]["spiderduck.toml"]
    file = tmp_path / "spiderduck.toml"
    file.write_text(text, encoding="utf-8")
    given = production.environment("fetchers")
    environment = {name: str(one.get("value", "")) for name, one in given.items() if is_setting(name)}
    (tmp_path / "secret").write_text("user:word\n")
    environment |= {name: str(tmp_path / "secret") for name in environment if name.endswith("_FILE")}
    (tmp_path / "headers").write_text('{"x-api-key": "word"}')
    environment["SPIDERDUCK_TRACES__HEADERS_FILE"] = str(tmp_path / "headers")
    authority = str(Authority(tmp_path).file)
    environment |= {name: authority for name in environment if name.endswith("__TLS__AUTHORITY")}
    config = load(file, environment, {})
    assert (config.host, config.port, config.data) == ("0.0.0.0", 8080, "/data")
    assert config.memcached.tls.enabled
    assert config.fetchers.rate_limit.per_second == 0.5
    assert config.fetchers.user_agent.startswith("ExampleBot/1.0")


def mounted(pod: Any) -> dict[str, tuple[str, str]]:
    """Where each entry of a Secret lies in a pod: path → name and key."""
    (volume,) = [one["projected"] for one in pod["spec"]["volumes"] if one["name"] == "secrets"]
    assert volume["defaultMode"] == 0o440
    return {
        FILES + item["path"]: (source["secret"]["name"], item["key"])
        for source in volume["sources"]
        for item in source["secret"]["items"]
    }


def test_secrets_are_files(release: Release) -> None:
    """No secret is in the environment, where a crash report or a child process would find it."""
    for part, workload in release.workloads.items():
        files = mounted(workload["spec"]["template"])
        named = {}
        for name, variable in release.environment(part).items():
            assert "secretKeyRef" not in variable.get("valueFrom", {}), name
            assert name not in SECRET
            if name.endswith("_FILE"):
                assert name.removesuffix("_FILE") in SECRET
                named[variable["value"]] = name
        assert named.keys() == files.keys()


def test_the_migration_knows_the_store_alone(releases: dict[str, Release]) -> None:
    files = mounted(releases["production"].pods["links-migrate-1"])
    assert files == {
        FILES + "cassandra-username": ("cassandra-account", "username"),
        FILES + "cassandra-password": ("cassandra-account", "password"),
    }


def test_a_fetcher_knows_no_password_of_the_store_or_the_queue(releases: dict[str, Release]) -> None:
    """It talks to strangers, so what it could give away is what it needs: ZooKeeper, memcached, its callers' token."""
    known = settings_of(releases["production"].environment("fetchers"))
    assert known & SECRET == {
        "SPIDERDUCK_ZOOKEEPER__AUTH",
        "SPIDERDUCK_MEMCACHED__AUTH",
        "SPIDERDUCK_FETCHERS__TOKEN",
        "SPIDERDUCK_TRACES__HEADERS",
    }
    container = releases["production"].workloads["fetchers"]["spec"]["template"]["spec"]["containers"][0]
    assert "envFrom" not in container


def test_tls_with_an_engine_is_for_those_who_call_it(releases: dict[str, Release]) -> None:
    """The files lie in a Secret of that engine's, as cert-manager writes them, and each variable names one of them."""
    production = releases["production"]
    wanted = {"schedulers": {"cassandra", "rabbitmq"}, "api": {"cassandra", "rabbitmq"}, "fetchers": {"memcached"}}
    for part, workload in production.workloads.items():
        spec = workload["spec"]["template"]["spec"]
        secrets = {one["name"]: one["secret"]["secretName"] for one in spec["volumes"] if "secret" in one}
        assert secrets == {f"{engine}-tls": f"{engine}-tls" for engine in wanted.get(part, ())}
        places = {mount["name"]: mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
        files = {name: one["value"] for name, one in production.environment(part).items() if "__TLS__" in name}
        assert all(
            value == "true" or value.rpartition("/")[0] in {places[name] for name in secrets}
            for value in files.values()
        )
    files = {name for name in production.environment("api") if "__TLS__" in name}
    assert files == {
        *(f"SPIDERDUCK_CASSANDRA__TLS__{name}" for name in ("ENABLED", "AUTHORITY", "CERTIFICATE", "KEY")),
        *(f"SPIDERDUCK_BROKER__TLS__{name}" for name in ("ENABLED", "AUTHORITY")),
    }
    assert "cassandra-tls" in {one["name"] for one in production.pods["links-migrate-1"]["spec"]["volumes"]}


def test_addresses_are_json_lists(releases: dict[str, Release]) -> None:
    """As the settings take lists: given hosts with their port, or the trial engine's service."""
    production, trial = releases["production"], releases["trial"]
    hosts = production.environment("fetchers")["SPIDERDUCK_MEMCACHED__HOSTS"]["value"]
    assert json.loads(hosts) == ["m1.example.com:11211", "m2.example.com:11211"]
    hosts = production.environment("api")["SPIDERDUCK_CASSANDRA__HOSTS"]["value"]
    assert json.loads(hosts) == ["c1.db.example.com", "c2.db.example.com"]
    hosts = trial.environment("ids")["SPIDERDUCK_ZOOKEEPER__HOSTS"]["value"]
    assert json.loads(hosts) == ["links-zookeeper:2181"]
    assert "links-zookeeper" in trial.of_kind("Service")


def test_a_fetcher_tells_the_others_its_own_name(cluster: Release) -> None:
    """A domain's queue lives on one pod, which the others call by its stable name behind the headless service."""
    variable = cluster.environment("fetchers")["SPIDERDUCK_FETCHERS__ADVERTISE"]
    assert variable["value"] == "http://$(POD_NAME).links-fetchers:8080"
    assert cluster.of_kind("Service")["links-fetchers"]["spec"]["clusterIP"] == "None"
    names = list(cluster.environment("fetchers"))
    assert names.index("POD_NAME") < names.index("SPIDERDUCK_FETCHERS__ADVERTISE")


def test_who_fetches_asks_the_fetchers(cluster: Release) -> None:
    """The headless service leads to all of them; their token goes to whoever calls them and to nobody else."""
    asking = {part for part in cluster.workloads if "SPIDERDUCK_FETCHERS__ADDRESSES" in cluster.environment(part)}
    assert asking == {"schedulers", "api", "images"}
    for part in asking:
        (address,) = json.loads(cluster.environment(part)["SPIDERDUCK_FETCHERS__ADDRESSES"]["value"])
        assert address == "http://links-fetchers:8080"
    trusted = {part for part in cluster.workloads if "SPIDERDUCK_FETCHERS__TOKEN_FILE" in cluster.environment(part)}
    assert trusted == asking | {"fetchers"}


def test_urls_between_parts_are_services_of_the_release(cluster: Release) -> None:
    """`SPIDERDUCK_IDS__URL` and `SPIDERDUCK_IMAGES__URL` name services that exist."""
    environment = cluster.environment("schedulers")
    for part in ("ids", "images"):
        assert environment[f"SPIDERDUCK_{part.upper()}__URL"]["value"] == f"http://links-{part}:8080"
        assert f"links-{part}" in cluster.of_kind("Service")


def test_the_end_to_end_tests_tell_a_process_what_the_chart_tells_it(cluster: Release) -> None:
    """So that what those tests show holds for a pod; the broker's prefix, alone, keeps their clusters apart."""
    engines = Engines("cassandra:9042", "amqp://broker:5672//", "zookeeper:2181", "memcached:11211")
    ports = dict.fromkeys(PROCESSES, 8080)
    installation = Installation(
        "test", Path("/nowhere"), engines, ports, keys=({"key": "k"},), token="t", signing=("s",)
    )
    for process, part in PROCESSES.items():
        told = set(installation.environment(process)) - {"SPIDERDUCK_BROKER__PREFIX"}
        assert told <= settings_of(cluster.environment(part)), process
        settings = {name: value for name, value in cluster.environment(part).items() if is_setting(name)}
        sections = {name.split("__")[0] for name in settings if "__" in name} - {
            "SPIDERDUCK_TRACES"
        }  # for who has them
        assert sections == {name.split("__")[0] for name in told if "__" in name}, process


def test_a_workload_answers_to_its_services_name(release: Release) -> None:
    """By which the others call it; those that the public calls answer to the ingress's host as well."""
    for part in release.workloads:
        environment = release.environment(part)
        if part == "fetchers":
            assert "SPIDERDUCK_API__HOSTS" not in environment
            continue
        hosts = json.loads(environment["SPIDERDUCK_API__HOSTS"]["value"])
        assert {f"links-{part}", f"links-{part}.duck.svc.cluster.local"} <= set(hosts)
        for ingress in release.of_kind("Ingress").values():
            assert (ingress["spec"]["rules"][0]["host"] in hosts) is (part in ("api", "images", "single"))
        assert environment["SPIDERDUCK_METRICS_PORT"]["value"] == "9090"


def secrets_of(shape: object, *path: str) -> Iterator[str]:
    for name, field in getattr(shape, "__dataclass_fields__", {}).items():
        if not field.repr:
            yield ".".join((*path, name))
        yield from secrets_of(field.type, *path, name)


@pytest.mark.parametrize("setting", list(secrets_of(Config)))
def test_no_secret_is_taken_into_the_settings_file(helm: Helm, setting: str) -> None:
    """That is a ConfigMap, which more people may read than a Secret."""
    given = ("--values", str(VALUES["minimal"]), "--set", f"config.{setting}=hunter2")
    result = helm("template", "links", str(CHART), "--kube-version", "1.33.0", *given)
    assert result.returncode != 0
    assert f"/config/{setting.replace('.', '/')}" in result.stderr


def test_what_a_secret_holds_stands_nowhere_else(release: Release) -> None:
    made = release.of_kind("Secret").values()
    texts = [b64decode(value).decode() for one in made for value in one["data"].values()]
    everything_else = json.dumps([one for one in release.manifests if one["kind"] != "Secret"])
    assert not [text for text in texts if len(text) >= 20 and text in everything_else]


def test_a_password_in_the_archives_address_is_refused(helm: Helm) -> None:
    given = ("--values", str(VALUES["minimal"]), "--set", "archive.url=ftp://somebody:hunter2@files.example.com/pages")
    result = helm("template", "links", str(CHART), "--kube-version", "1.33.0", *given)
    assert result.returncode != 0
    assert "/archive/url" in result.stderr
