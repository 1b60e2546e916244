"""The chart is sound: lint, schemas of Kubernetes, values that cannot work are refused with their place."""

import re
import shlex
import shutil
from base64 import b64decode
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from spiderduck.config import load
from spiderduck.keyring import digest_of, read_keys
from tests.unit.helm.rendering import CHART, VALUES, Helm, Release

pytestmark = pytest.mark.engine("helm")

# The oldest and the newest Kubernetes whose schemas the validator carries and whose APIs the chart uses.
KUBERNETES = ("1.30", "1.37")
# Custom resources have no schema in Kubernetes itself.
CUSTOM = {"ServiceMonitor", "PrometheusRule"}


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


def test_missing_secrets_are_made_at_random(helm: Helm, releases: dict[str, Release]) -> None:
    """Long ones, other ones each time, so that none stands in the repository; and kept when the release goes."""
    made = [made_secrets(helm, "trial") for _ in range(2)]
    assert made[0].keys() == {
        "spiderduck-api-keys",
        "spiderduck-internal",
        "spiderduck-fetchers",
        "spiderduck-images",
        "spiderduck-broker",
        "spiderduck-broker-account",
    }
    for name, data in made[0].items():
        for key, value in data.items():
            if key != "username":
                assert len(value) >= 43, name
                assert value != made[1][name][key], name
    assert releases["minimal"].of_kind("Secret").keys() == made[0].keys() - {
        "spiderduck-broker",
        "spiderduck-broker-account",
    }
    assert releases["single"].of_kind("Secret").keys() == {"spiderduck-api-keys", "spiderduck-images"}
    for secret in releases["trial"].of_kind("Secret").values():
        assert secret["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_what_is_made_fits_together(helm: Helm, tmp_path: Path) -> None:
    """The product takes the file of keys, which has the administrator's; the broker's URL has the account."""
    made = made_secrets(helm, "trial")
    file = tmp_path / "api-keys"
    file.write_text(made["spiderduck-api-keys"]["keys"])
    key = read_keys(file)[digest_of(made["spiderduck-api-keys"]["admin-key"])]
    assert (key.name, key.scopes) == ("admin", ("admin",))
    account = made["spiderduck-broker-account"]
    url = f"amqp://{account['username']}:{account['password']}@links-rabbitmq:5672//"
    assert made["spiderduck-broker"] == {"url": url}
    internal = tmp_path / "internal"
    internal.write_text(made["spiderduck-internal"]["key"])
    signing = tmp_path / "signing"
    signing.write_text(made["spiderduck-images"]["keys"])
    given = {"SPIDERDUCK_API__INTERNAL_KEY_FILE": str(internal), "SPIDERDUCK_IMAGES__KEYS_FILE": str(signing)}
    assert len(load(None, given, {}).images.keys) == 1


def test_secrets_are_made_only_where_that_is_wanted(helm: Helm) -> None:
    assert made_secrets(helm, "trial", "--set", "secrets.create=false") == {}


def made_secrets(helm: Helm, values: str, *options: str) -> dict[str, dict[str, str]]:
    """What a first install makes, decoded."""
    result = helm(
        "template", "links", str(CHART), "--values", str(VALUES[values]), "--kube-version", "1.33.0", *options
    )
    assert result.returncode == 0, result.stderr
    return {
        one["metadata"]["name"]: {key: b64decode(value).decode() for key, value in one["data"].items()}
        for one in yaml.safe_load_all(result.stdout)
        if one and one["kind"] == "Secret"
    }


def test_engines_come_only_where_asked_for(releases: dict[str, Release]) -> None:
    """The sub-charts are off by default; the trial values switch all four on. One pod needs none, and takes none."""
    engines = {"links-cassandra", "links-rabbitmq", "links-zookeeper", "links-memcached"}
    assert engines <= releases["trial"].pods.keys()
    assert not engines & releases["minimal"].pods.keys()
    assert not engines & releases["production"].pods.keys()
    assert releases["single"].pods.keys() == {"links-single"}


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
        ("config.api.internal_key=secret", "/config/api/internal_key"),
        ("config.api.sharer_key=secret", "/config/api/sharer_key"),
        ("networkPolicy.dns=null", "/networkPolicy"),
        ("mode=both", "/mode"),
        ("image.digest=latest", "/image/digest"),
        ("api.extraEnv[0].value=nameless", "/api/extraEnv/0"),
        ("pods.disruptionBudget.maxUnavailable=some", "/pods/disruptionBudget/maxUnavailable"),
        ("pods.topologySpread[0].maxSkew=1", "/pods/topologySpread/0"),
        ("ingress.paths[0]=/metrics", "/ingress/paths/0"),
        ("serviceMonitor.interval=often", "/serviceMonitor/interval"),
    ],
)
def test_values_that_cannot_work_are_refused(helm: Helm, setting: str, place: str) -> None:
    """The message names the value's place."""
    result = helm("template", "links", str(CHART), "--values", str(VALUES["minimal"]), "--set", setting)
    assert result.returncode != 0
    assert place in result.stderr


def test_one_pod_takes_no_engines(helm: Helm) -> None:
    """They would stand there unused, and with no caller in their policies."""
    given = ("--values", str(VALUES["single"]), "--set", "rabbitmq.enabled=true")
    result = helm("template", "links", str(CHART), "--kube-version", "1.33.0", *given)
    assert result.returncode != 0
    assert "/rabbitmq/enabled" in result.stderr


def test_an_archive_is_required(helm: Helm) -> None:
    """Without a place for the archive nothing is rendered, and the message says what to give."""
    result = helm("template", "links", str(CHART), "--kube-version", "1.33.0")
    assert result.returncode != 0
    assert "archive.url is empty; it takes any fsspec address" in result.stderr


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_the_notes_name_the_next_commands(helm: Helm, values: Path, tmp_path: Path) -> None:
    """For the workload that this release has; a warning where engines or the user agent are not for use."""
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)
    # Helm shows the notes of an installation alone, and that needs a cluster.
    (chart / "templates" / "shown.yaml").write_text('notes: {{ include "spiderduck.notes" . | quote }}\n')
    given = ("--namespace", "duck", "--kube-version", "1.33.0", "--values", str(values))
    result = helm("template", "links", str(chart), "--show-only", "templates/shown.yaml", *given)
    notes = yaml.safe_load(result.stdout)["notes"]
    serving = "statefulset/links-single" if values.stem == "single" else "deployment/links-api"
    assert f"kubectl -n duck rollout status {serving}" in notes
    assert f"port-forward service/{serving.partition('/')[2]} 8080" in notes
    assert ("engines of this chart" in notes) is (values.stem == "trial")
    assert ("user_agent names no page" in notes) is (values.stem in ("trial", "minimal"))


@pytest.mark.parametrize("document", ["docs/how-to/kubernetes.md", "helm/README.md"])
def test_documented_installations_take_the_image_that_is_built_there(helm: Helm, document: str) -> None:
    """As somebody does who follows the page word for word."""
    text = (CHART.parent / document).read_text(encoding="utf-8").replace("\\\n", " ")
    built = set(re.findall(r"docker build -t (\S+)", text))
    installations = re.findall(r"^helm install links helm (.*)$", text, re.MULTILINE)
    assert len(installations) == 2
    for options in installations:
        shown = helm("template", "links", str(CHART), "--kube-version", "1.33.0", *shlex.split(options, comments=True))
        assert shown.returncode == 0, shown.stderr
        assert {image for image in re.findall(r"image: \"(\S+)\"", shown.stdout) if "spiderduck" in image} <= built
