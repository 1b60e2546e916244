"""Autoscalers and disruption budgets point at workloads that exist, and never fight with a fixed number of replicas."""

import pytest

from tests.unit.helm.rendering import Release

pytestmark = pytest.mark.engine("helm")


def test_an_autoscaler_owns_the_number_of_replicas(release: Release) -> None:
    """A workload with an autoscaler says no number, one without says one."""
    scaled = set()
    for scaler in release.of_kind("HorizontalPodAutoscaler").values():
        target = scaler["spec"]["scaleTargetRef"]
        assert target["name"] in release.of_kind(target["kind"])
        assert scaler["spec"]["minReplicas"] <= scaler["spec"]["maxReplicas"]
        scaled.add(target["name"])
    for workload in release.workloads.values():
        assert ("replicas" in workload["spec"]) is (workload["metadata"]["name"] not in scaled)


def test_schedulers_scale_by_waiting_events_and_fetchers_by_cpu(releases: dict[str, Release]) -> None:
    """A scheduler mostly waits, so its CPU says little; ids never scale by themselves."""
    scalers = releases["minimal"].of_kind("HorizontalPodAutoscaler")
    assert scalers.keys() == {"links-schedulers", "links-fetchers", "links-api", "links-images"}
    (metric,) = scalers["links-schedulers"]["spec"]["metrics"]
    assert metric["external"]["metric"] == {
        "name": "spiderduck_messages_ready"
    }  # `test_monitoring` shows that it is there
    (metric,) = scalers["links-fetchers"]["spec"]["metrics"]
    assert metric["resource"]["name"] == "cpu"


def test_a_drain_takes_one_pod_at_a_time(release: Release) -> None:
    """Each workload has a budget that selects its pods."""
    budgets = release.of_kind("PodDisruptionBudget")
    for part, workload in release.workloads.items():
        budget = budgets[f"links-{part}"]["spec"]
        assert budget["maxUnavailable"] == 1
        assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        assert budget["selector"] == workload["spec"]["selector"]


def test_the_migration_runs_once_per_release_and_may_be_repeated(cluster: Release) -> None:
    """A Job's template cannot change, so its name carries the revision."""
    job = cluster.of_kind("Job")["links-migrate-1"]
    container = job["spec"]["template"]["spec"]["containers"][0]
    assert container["args"] == ["migrate"]
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "OnFailure"


def test_prometheus_finds_the_services(releases: dict[str, Release]) -> None:
    """The monitor selects exactly our five services, at /metrics on their port's name."""
    production = releases["production"]
    monitor = production.of_kind("ServiceMonitor")["links-metrics"]["spec"]
    wanted = monitor["selector"]["matchLabels"].items()
    services = production.of_kind("Service")
    found = {name for name, one in services.items() if wanted <= one["metadata"]["labels"].items()}
    assert found == {f"links-{part}" for part in production.workloads}
    (endpoint,) = monitor["endpoints"]
    assert (endpoint["port"], endpoint["path"], endpoint["interval"]) == ("metrics", "/metrics", "15s")
    assert not releases["minimal"].of_kind("ServiceMonitor")


def test_the_ingress_leads_pictures_to_images_and_the_rest_to_the_api(releases: dict[str, Release]) -> None:
    """All backends are services of the release; one pod serves both."""
    for name, api, images in (("production", "links-api", "links-images"), ("single", "links-single", "links-single")):
        (rule,) = releases[name].of_kind("Ingress")[api]["spec"]["rules"]
        backends = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
        assert backends.pop("/images") == images
        assert set(backends.values()) == {api}
        assert {api, images} <= releases[name].of_kind("Service").keys()


def test_the_ingress_publishes_what_is_listed_and_no_more(releases: dict[str, Release]) -> None:
    """Neither figures and health, nor the console, nor what administrators call."""
    for name in ("production", "single"):
        (ingress,) = releases[name].of_kind("Ingress").values()
        public = [path["path"] for path in ingress["spec"]["rules"][0]["http"]["paths"]]
        inside = (
            "/",
            "/links",
            "/dead",
            "/metrics",
            "/healthz",
            "/readyz",
            "/v1/webhooks",
            "/v1/takedowns",
            "/v1/audit",
        )
        assert [one for one in inside if any(one == path or one.startswith(f"{path}/") for path in public)] == []
        assert {path["pathType"] for path in ingress["spec"]["rules"][0]["http"]["paths"]} == {"Prefix"}
