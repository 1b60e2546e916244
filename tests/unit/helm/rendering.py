"""Renders the chart in `helm/` with Helm itself; the tests read the manifests that a cluster would get."""

import os
import subprocess
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parents[3] / "helm"
VALUES = {path.stem: path for path in sorted((Path(__file__).parent / "values").glob("*.yaml"))}

# A manifest as YAML gives it: nested dicts and lists without a type of their own.
Manifest = dict[str, Any]
Helm = Callable[..., subprocess.CompletedProcess[str]]


class Release:
    """The manifests of one rendering, looked up by kind and name."""

    def __init__(self, name: str, manifests: Iterable[Manifest]):
        self.values: Manifest = yaml.safe_load(VALUES[name].read_text(encoding="utf-8"))
        self.manifests = [manifest for manifest in manifests if manifest]

    def of_kind(self, *kinds: str) -> dict[str, Manifest]:
        return {one["metadata"]["name"]: one for one in self.manifests if one["kind"] in kinds}

    @property
    def workloads(self) -> dict[str, Manifest]:
        """Our own, by the part they run; `single` is all of it in one."""
        running = self.of_kind("Deployment", "StatefulSet").values()
        ours = [one for one in running if one["metadata"]["labels"]["app.kubernetes.io/name"] == "spiderduck"]
        return {one["metadata"]["labels"]["app.kubernetes.io/component"]: one for one in ours}

    @property
    def is_cluster(self) -> bool:
        return bool(self.values.get("mode", "cluster") == "cluster")

    @property
    def pods(self) -> dict[str, Manifest]:
        """Every pod template, engines' and the migration's too, by the name of what makes it."""
        return {name: one["spec"]["template"] for name, one in self.of_kind("Deployment", "StatefulSet", "Job").items()}

    def environment(self, workload: str) -> dict[str, Manifest]:
        container = self.workloads[workload]["spec"]["template"]["spec"]["containers"][0]
        return {variable["name"]: variable for variable in container["env"]}


@cache
def rendered(name: str) -> Release:
    command = [os.environ["SPIDERDUCK_TEST_HELM"], "template", "links", str(CHART), "--namespace", "duck"]
    options = ["--kube-version", "1.33.0", "--values", str(VALUES[name])]
    result = subprocess.run([*command, *options], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    return Release(name, yaml.safe_load_all(result.stdout))
