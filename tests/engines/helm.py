"""Helm, built from its Go module: a tool for the chart's tests, not a server. Its first build takes two minutes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.engines import go_module
from tests.engines.model import Command

_VERSION = "v3.19.0"


class Helm:
    name = "helm"
    requirements = go_module.REQUIREMENTS
    port_count = 0

    def fetch(self, cache: Path) -> None:
        go_module.fetch("helm.sh/helm/v3/cmd/helm", _VERSION, self._binary(cache))

    def commands(self, cache: Path, folder: Path, ports: Sequence[int]) -> Sequence[Command]:
        return []

    def answers(self, ports: Sequence[int]) -> bool:
        return True

    def environment(self, cache: Path, ports: Sequence[int]) -> Mapping[str, str]:
        return {"SPIDERDUCK_TEST_HELM": str(self._binary(cache))}

    def _binary(self, cache: Path) -> Path:
        return cache / "bin" / f"helm-{_VERSION}"
