"""What every pod keeps: probes, ports, no rights, no way to write but its data, no token, bounded memory."""

import tomllib
from typing import Any

import pytest
import yaml

from fetchers.config import FetchersConfig
from spiderduck.config import Config
from tests.unit.helm.rendering import CHART, Release, rendered

pytestmark = pytest.mark.engine("helm")

PARTS = {"schedulers", "fetchers", "api", "ids", "images"}
# Their images write into their own folders at the start.
WRITES_ITS_ROOT = {"links-cassandra", "links-rabbitmq", "links-zookeeper", "links-memcached"}


def containers(release: Release) -> dict[str, Any]:
    return {name: pod["spec"]["containers"][0] for name, pod in release.pods.items()}


def test_each_part_is_one_workload(cluster: Release) -> None:
    """`spiderduck up --only PART`, one part per process."""
    assert cluster.workloads.keys() == PARTS
    for part, workload in cluster.workloads.items():
        (container,) = workload["spec"]["template"]["spec"]["containers"]
        assert container["args"] == ["up", "--only", part]


def test_ports_and_probes(release: Release) -> None:
    """The port is the product's default, the probes ask /healthz and /readyz on it, the service leads to it. Metrics
    have a port without a key; a fetcher tells them on its only one."""
    for part, workload in release.workloads.items():
        container = workload["spec"]["template"]["spec"]["containers"][0]
        metrics = "http" if part == "fetchers" else "metrics"
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert ports == {"http": Config().port} | ({"metrics": 9090} if metrics == "metrics" else {})
        probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
        assert probes == {
            "startup": {"path": "/healthz", "port": "http"},
            "liveness": {"path": "/healthz", "port": "http"},
            "readiness": {"path": "/readyz", "port": "http"},
        }
        service = release.of_kind("Service")[f"links-{part}"]["spec"]
        assert service["selector"] == workload["spec"]["selector"]["matchLabels"]
        assert [(port["port"], port["targetPort"]) for port in service["ports"]] == [
            (Config().port, "http"),
            (9090, metrics),
        ]


def test_selectors_find_their_own_pods(release: Release) -> None:
    """A workload's selector is part of its pods' labels and of no other workload's."""
    pods = {name: pod["metadata"]["labels"] for name, pod in release.pods.items()}
    for name, workload in release.of_kind("Deployment", "StatefulSet").items():
        wanted = workload["spec"]["selector"]["matchLabels"].items()
        assert [pod for pod, labels in pods.items() if wanted <= labels.items()] == [name]


def test_no_pod_has_rights(release: Release) -> None:
    """Not root, no capability, no escalation, the default seccomp profile, no token for the cluster's API."""
    for name, pod in release.pods.items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        (container,) = spec["containers"]
        rights = container["securityContext"]
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert name in WRITES_ITS_ROOT or rights["readOnlyRootFilesystem"]


def test_kubernetes_puts_no_variables_of_its_own(release: Release) -> None:
    """Service links would set SPIDERDUCK_…_PORT in a release called spiderduck, which the settings would trip over."""
    assert all(pod["spec"]["enableServiceLinks"] is False for pod in release.pods.values())


def test_memory_is_bounded(release: Release) -> None:
    """Every container asks for CPU and memory and has a memory limit; CPU is not throttled."""
    for container in containers(release).values():
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert container["resources"]["limits"].keys() == {"memory"}


def test_what_is_mounted_exists(release: Release) -> None:
    """Every mount has its volume, from the pod or from a claim of the StatefulSet; settings are read-only."""
    for workload in release.of_kind("Deployment", "StatefulSet", "Job").values():
        spec = workload["spec"]["template"]["spec"]
        volumes = {volume["name"] for volume in spec.get("volumes", ())}
        volumes |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", ())}
        mounts = spec["containers"][0].get("volumeMounts", ())
        assert {mount["name"] for mount in mounts} == volumes
        assert all(mount.get("readOnly") for mount in mounts if mount["name"] == "config")


def test_what_must_outlive_a_pod_lies_on_a_claim(cluster: Release) -> None:
    """Archive files on their way out, the high-water time of an id worker, the pictures' disk tier; fetchers and the
    api keep nothing."""
    claimed = {part for part, one in cluster.workloads.items() if one["spec"].get("volumeClaimTemplates")}
    assert claimed == {"schedulers", "ids", "images"}


def test_a_changed_setting_rolls_the_pods(releases: dict[str, Release]) -> None:
    """The pods carry a checksum of the settings file."""

    def checksums(name: str) -> set[str]:
        pods = [one["spec"]["template"] for one in releases[name].workloads.values()]
        return {pod["metadata"]["annotations"]["checksum/config"] for pod in pods}

    assert len(checksums("minimal")) == len(checksums("production")) == 1
    assert checksums("minimal") != checksums("production")


def test_the_settings_file_says_what_the_values_say(releases: dict[str, Release]) -> None:
    """`config` becomes TOML, number for number."""
    production = releases["production"]
    text = production.of_kind("ConfigMap")["links-config"]["data"]["spiderduck.toml"]
    assert tomllib.loads(text) == production.values["config"]


def test_fetchers_may_leave_by_the_ports_that_they_dial() -> None:
    """The policy's default ports are the fetcher's."""
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert tuple(values["networkPolicy"]["internet"]["ports"]) == FetchersConfig().network.ports


def test_one_pod_holds_everything_on_one_volume(releases: dict[str, Release]) -> None:
    """`spiderduck up`, once: two processes never share a data folder."""
    single = releases["single"]
    ((part, workload),) = single.workloads.items()
    assert (part, workload["kind"], workload["spec"]["replicas"]) == ("single", "StatefulSet", 1)
    assert workload["spec"]["template"]["spec"]["containers"][0]["args"] == ["up"]
    (claim,) = workload["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"] == {"storage": "100Gi"}
    assert not single.of_kind("HorizontalPodAutoscaler", "Job")


def test_each_workload_has_an_account_of_its_own(release: Release) -> None:
    """A role of the cloud that schedulers need for the archive is not the fetchers', who talk to strangers."""
    ours = {name: pod["spec"] for name, pod in release.pods.items() if name not in WRITES_ITS_ROOT}
    named = {spec["serviceAccountName"] for spec in ours.values()}
    assert len(named) == len(ours)
    given = {"schedulers-s3"} if release is rendered("production") else set()
    assert named == release.of_kind("ServiceAccount").keys() | given
    assert all(one["automountServiceAccountToken"] is False for one in release.of_kind("ServiceAccount").values())


def test_what_is_said_of_all_pods_and_of_one(releases: dict[str, Release]) -> None:
    """A workload's own words come first; maps and variables add up."""
    production = releases["production"]
    specs = {part: one["spec"]["template"]["spec"] for part, one in production.workloads.items()}
    assert {part: spec["priorityClassName"] for part, spec in specs.items()} == {
        **dict.fromkeys(PARTS, "links"),
        "api": "front",
    }
    notes = {part: one["spec"]["template"]["metadata"]["annotations"] for part, one in production.workloads.items()}
    assert all(one["example.com/team"] == "links" for one in notes.values())
    assert [part for part, one in notes.items() if "example.com/log" in one] == ["fetchers"]
    for part, spec in specs.items():
        variables = {one["name"]: one.get("value") for one in spec["containers"][0]["env"]}
        assert variables["TZ"] == "UTC"
        assert ("SPIDERDUCK_LOG_QUERIES" in variables) is (part == "api")
        assert [one["topologyKey"] for one in spec["topologySpreadConstraints"]] == ["topology.kubernetes.io/zone"]
    image = specs["api"]["containers"][0]["image"]
    assert image == f"images.example.com/spiderduck:1.2.3@sha256:{'0' * 63}1"
