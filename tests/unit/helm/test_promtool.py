"""Prometheus itself reads the alerts and every question of the dashboards, where `promtool` is installed (Debian's
package `prometheus`); GitHub's workflow brings it."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.unit.helm.monitoring import DASHBOARDS, RULES, panels
from tests.unit.helm.rendering import CHART

PROMTOOL = shutil.which("promtool")

pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")


def promtool(*arguments: str, folder: Path) -> str:
    result = subprocess.run(
        [str(PROMTOOL), *arguments], cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_alerts_are_rules() -> None:
    assert "SUCCESS" in promtool("check", "rules", str(RULES), folder=CHART)


def test_alerts_fire_when_they_should_and_are_silent_else(tmp_path: Path) -> None:
    """On made-up figures, minute by minute."""
    shutil.copy(RULES, tmp_path)
    shutil.copy(Path(__file__).with_name("alerts_fire.yaml"), tmp_path)
    promtool("test", "rules", "alerts_fire.yaml", folder=tmp_path)


def test_questions_of_the_dashboards_can_be_asked(tmp_path: Path) -> None:
    """With Grafana's variables filled in."""
    asked = [
        target["expr"].replace("$__rate_interval", "5m").replace("$namespace", ".*")
        for dashboard in DASHBOARDS
        for panel in panels(dashboard)
        for target in panel["targets"]
        if "expr" in target
    ]
    rules = [{"record": f"asked:{number}", "expr": text} for number, text in enumerate(asked)]
    (tmp_path / "asked.yaml").write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    assert f"{len(asked)} rules found" in promtool("check", "rules", "asked.yaml", folder=tmp_path)
