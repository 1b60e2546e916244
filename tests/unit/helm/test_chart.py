"""The chart is sound: lint, schemas of Kubernetes, values that cannot work are refused with their place."""

from pathlib import Path

import kubernetes_validate
import pytest

from tests.unit.helm.rendering import CHART, VALUES, Helm, Release

pytestmark = pytest.mark.engine("helm")

# The oldest and the newest Kubernetes whose schemas the validator carries and whose APIs the chart uses.
KUBERNETES = ("1.30", "1.37")
# Custom resources have no schema in Kubernetes itself.
CUSTOM = {"ServiceMonitor"}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_lint_finds_nothing(helm: Helm, values: Path) -> None:
    """`helm lint --strict` passes with every values file."""
    result = helm("lint", "--strict", str(CHART), "--values", str(values), "--kube-version", "1.33.0")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("version", KUBERNETES)
def test_manifests_fit_the_schemas_of_kubernetes(release: Release, version: str) -> None:
    """Strictly: no unknown field, no wrong type."""
    for manifest in release.manifests:
        if manifest["kind"] not in CUSTOM:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_names_are_unique(release: Release) -> None:
    """No manifest overwrites another."""
    names = [(one["kind"], one["metadata"]["name"]) for one in release.manifests]
    assert len(names) == len(set(names))


def test_the_chart_holds_no_secret(release: Release) -> None:
    """Secrets are named, never made."""
    assert not release.of_kind("Secret")


def test_engines_come_only_where_asked_for(releases: dict[str, Release]) -> None:
    """The sub-charts are off by default; the trial values switch all four on."""
    engines = {"links-cassandra", "links-rabbitmq", "links-zookeeper", "links-memcached"}
    assert engines <= releases["trial"].pods.keys()
    assert not engines & releases["minimal"].pods.keys()
    assert not engines & releases["production"].pods.keys()


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ("fetcher.replicas=2", "fetcher"),
        ("fetchers.replicas=0", "/fetchers/replicas"),
        ("archive.url=pages", "/archive/url"),
        ("archive.peers[0].ipBlock.cidr=0.0.0.0/0", "/archive/peers/0/ipBlock/cidr"),
        ("engines.cassandra.peers[0].ipBlock.cidr=::/0", "/engines/cassandra/peers/0/ipBlock/cidr"),
        ("engines.memcached.peers[0].everybody=true", "/engines/memcached/peers/0"),
        ("engines.zookeeper.port=70000", "/engines/zookeeper/port"),
        ("ids.lease=coin", "/ids/lease"),
        ("secrets.apiKeys.name=", "/secrets/apiKeys/name"),
        ("config.port=9000", "/config/port"),
        ("config.api.keys[0].key=secret", "/config/api/keys"),
        ("networkPolicy.dns=null", "/networkPolicy"),
        ("serviceMonitor.interval=often", "/serviceMonitor/interval"),
    ],
)
def test_values_that_cannot_work_are_refused(helm: Helm, setting: str, place: str) -> None:
    """The message names the value's place."""
    result = helm("template", "links", str(CHART), "--values", str(VALUES["minimal"]), "--set", setting)
    assert result.returncode != 0
    assert place in result.stderr


def test_an_archive_is_required(helm: Helm) -> None:
    """Without a place for the archive nothing is rendered, and the message says what to give."""
    result = helm("template", "links", str(CHART), "--kube-version", "1.33.0")
    assert result.returncode != 0
    assert "archive.url is empty; it takes any fsspec address" in result.stderr
