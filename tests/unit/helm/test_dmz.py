"""The network policies make the DMZ real: only fetchers reach the internet, and they reach nothing of ours to steal.

The policies are evaluated as Kubernetes would, for every pair of pods and for addresses outside.
"""

import pytest

from tests.unit.helm.policies import End, may_connect
from tests.unit.helm.rendering import Release

pytestmark = pytest.mark.engine("helm")

PARTS = ("schedulers", "fetchers", "api", "ids", "images")
PORTS = {"cassandra": 9042, "rabbitmq": 5672, "zookeeper": 2181, "memcached": 11211}
INTERNET = ("93.184.216.34", "2606:2800:220:1::1")
NOT_INTERNET = (
    "10.0.0.1",  # pods, services and other machines of ours
    "172.16.5.4",
    "192.168.1.1",
    "100.64.0.1",  # carrier-grade address space, which some clusters use for pods
    "169.254.169.254",  # the cloud's metadata service
    "127.0.0.1",
    "fd00::1",
    "fe80::1",
)

# Who calls whom among our own, and which engines each needs. Everything else must be closed.
CALLS = {
    "schedulers": {"fetchers", "ids", "images"},
    "fetchers": {"fetchers"},
    "api": {"fetchers", "ids", "images"},  # the last two for the view of the cluster
    "ids": {"ids"},
    "images": {"fetchers", "api"},
}
USES = {
    "schedulers": {"cassandra", "rabbitmq"},
    "fetchers": {"zookeeper", "memcached"},
    "api": {"cassandra", "rabbitmq"},
    "ids": {"zookeeper"},
    "images": set(),
    "migrate": {"cassandra"},
}


def policies(release: Release) -> list[dict[str, object]]:
    return list(release.of_kind("NetworkPolicy").values())


def pod(release: Release, part: str) -> End:
    name = "links-migrate-1" if part == "migrate" else f"links-{part}"
    return End(labels=release.pods[name]["metadata"]["labels"])


def engine(name: str) -> End:
    return End(labels={"app.kubernetes.io/name": name, "app.kubernetes.io/instance": "links"})


def test_only_fetchers_reach_the_internet(cluster: Release) -> None:
    """On web ports, over both families; nobody else does, on any of them."""
    rules = policies(cluster)
    for address in INTERNET:
        for part in (*PARTS, "migrate"):
            for port in (80, 443, 8080):
                allowed = may_connect(rules, pod(cluster, part), End(address=address), port)
                assert allowed is (part == "fetchers"), (part, address, port)
        assert not may_connect(rules, pod(cluster, "fetchers"), End(address=address), 25)


def test_a_fetcher_reaches_no_address_of_ours(cluster: Release) -> None:
    """Not even on web ports, and not the cloud's metadata service."""
    for address in NOT_INTERNET:
        for port in (80, 443, 8080):
            assert not may_connect(policies(cluster), pod(cluster, "fetchers"), End(address=address), port), address


def test_parts_call_only_whom_they_need(cluster: Release) -> None:
    """The whole matrix, both directions of every pair."""
    rules = policies(cluster)
    called = {
        source: {target for target in PARTS if may_connect(rules, pod(cluster, source), pod(cluster, target), 8080)}
        for source in PARTS
    }
    assert called == CALLS
    assert not any(may_connect(rules, pod(cluster, "migrate"), pod(cluster, target), 8080) for target in PARTS)


def test_parts_use_only_the_engines_they_need(releases: dict[str, Release]) -> None:
    """Fetchers know ZooKeeper and memcached alone: no store, no queue."""
    for name in ("minimal", "trial"):
        release = releases[name]
        used = {
            part: {
                to for to, port in PORTS.items() if may_connect(policies(release), pod(release, part), engine(to), port)
            }
            for part in USES
        }
        assert used == USES


def test_engines_elsewhere_are_reached_by_their_addresses(releases: dict[str, Release]) -> None:
    """With peers given, those replace the pods of this namespace."""
    production = releases["production"]
    rules = policies(production)
    cassandra, store = End(address="10.1.0.9"), End(address="10.4.0.9")
    queues = End(labels={"any": "pod"}, namespace="queues")
    users = {part for part in PARTS if may_connect(rules, pod(production, part), cassandra, 9042)}
    assert users == {"schedulers", "api"}
    assert {part for part in PARTS if may_connect(rules, pod(production, part), store, 443)} == {"schedulers", "api"}
    assert not may_connect(rules, pod(production, "schedulers"), engine("cassandra"), 9042)
    assert not may_connect(rules, pod(production, "fetchers"), queues, 5672)


def test_a_trial_engine_calls_nobody(releases: dict[str, Release]) -> None:
    """Nor is it called by a pod that is not ours."""
    trial = releases["trial"]
    for name, port in PORTS.items():
        assert not may_connect(policies(trial), engine(name), End(address=INTERNET[0]), 443)
        assert not may_connect(policies(trial), End(labels={"app": "stranger"}), engine(name), port)


def test_strangers_reach_only_what_is_public(releases: dict[str, Release]) -> None:
    """The ingress controller's namespace reaches api and images; a stray pod of our own namespace nobody."""
    minimal = releases["minimal"]
    rules = policies(minimal)
    ingress = End(labels={"app": "nginx"}, namespace="ingress-nginx")
    assert {part for part in PARTS if may_connect(rules, ingress, pod(minimal, part), 8080)} == {"api", "images"}
    stray = End(labels={"app": "stranger"})
    assert not any(may_connect(rules, stray, pod(minimal, part), 8080) for part in PARTS)
    prometheus = End(labels={}, namespace="monitoring")
    for part in PARTS:
        ports = {port for port in (8080, 9090) if may_connect(rules, prometheus, pod(minimal, part), port)}
        assert ports == ({8080} if part == "fetchers" else {9090}), part


def test_an_empty_list_of_callers_means_nobody(releases: dict[str, Release]) -> None:
    """In Kubernetes an empty `from` means everybody: the chart leaves the rule away instead."""
    trial = releases["trial"]
    outside = End(labels={}, namespace="ingress-nginx")
    assert not any(may_connect(policies(trial), outside, pod(trial, part), 8080) for part in PARTS)


def test_no_rule_is_open_to_everybody(release: Release) -> None:
    """Each rule of each policy names peers and ports."""
    for policy in policies(release):
        spec = policy["spec"]
        assert isinstance(spec, dict)
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        for rule in [*spec["ingress"], *spec["egress"]]:
            assert rule.get("from") or rule.get("to")
            assert rule["ports"]


def test_every_pod_of_ours_can_ask_for_names(cluster: Release) -> None:
    """The cluster's name servers, and only on their port."""
    servers = End(labels={"k8s-app": "kube-dns"}, namespace="kube-system")
    for part in (*PARTS, "migrate"):
        assert may_connect(policies(cluster), pod(cluster, part), servers, 53)
        assert not may_connect(policies(cluster), pod(cluster, part), servers, 443)


def test_one_pod_reaches_the_internet_and_nothing_of_ours(releases: dict[str, Release]) -> None:
    """Callers reach it on its port, Prometheus on the other; a stray pod does not reach it."""
    single = releases["single"]
    rules, own = policies(single), pod(single, "single")
    assert all(may_connect(rules, own, End(address=address), 443) for address in INTERNET)
    assert not any(may_connect(rules, own, End(address=address), 443) for address in NOT_INTERNET)
    ingress, prometheus = End(labels={}, namespace="ingress-nginx"), End(labels={}, namespace="monitoring")
    assert [port for port in (8080, 9090) if may_connect(rules, ingress, own, port)] == [8080]
    assert [port for port in (8080, 9090) if may_connect(rules, prometheus, own, port)] == [9090]
    assert not may_connect(rules, End(labels={"app": "stranger"}), own, 8080)


def test_a_pod_that_no_policy_knows_is_closed(release: Release) -> None:
    """One that somebody adds to the release, or that a later version brings, starts with nothing."""
    ours = {"app.kubernetes.io/part-of": "spiderduck", "app.kubernetes.io/instance": "links"}
    other = End(labels={**ours, "app.kubernetes.io/component": "new"})
    assert not may_connect(policies(release), other, End(address=INTERNET[0]), 443)
    assert not may_connect(policies(release), End(labels={}, namespace="ingress-nginx"), other, 8080)


def test_the_collector_of_traces_is_reached_where_it_is_named(releases: dict[str, Release]) -> None:
    collector = End(labels={}, namespace="tracing")
    for name, open_there in (("production", True), ("minimal", False)):
        rules = policies(releases[name])
        assert {may_connect(rules, pod(releases[name], part), collector, 4318) for part in PARTS} == {open_there}
