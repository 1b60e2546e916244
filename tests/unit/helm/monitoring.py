"""What the chart's alerts and dashboards ask Prometheus for, read from their files."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.unit.helm.rendering import CHART

RULES = CHART / "rules" / "alerts.yaml"
DASHBOARDS = sorted((CHART / "dashboards").glob("*.json"))
_OURS = re.compile(r"\b((?:spiderduck|snowflake|imagepipe|process)_\w+)(?:\{([^}]*)\})?")
_BY = re.compile(r"\b(?:by|on|group_left)\s*\(([^)]*)\)")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
# What Prometheus and its operator add to every figure, and a histogram to its buckets.
ADDED = {"namespace", "instance", "job", "pod", "service", "le"}


@dataclass(frozen=True)
class Question:
    """One expression: where it stands, the figures it names, and the labels that it takes for granted."""

    place: str
    text: str
    names: frozenset[str] = field(default_factory=frozenset)
    labels: frozenset[str] = field(default_factory=frozenset)


def question(place: str, text: str) -> Question:
    found = _OURS.findall(text)
    labels = {label for _, given in found for label in _LABEL.findall(given)}
    labels |= {label.strip() for given in _BY.findall(text) for label in given.split(",")}
    return Question(place, text, frozenset(name for name, _ in found), frozenset(labels - ADDED))


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels(dashboard: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(dashboard.read_text(encoding="utf-8"))["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def questions() -> Iterator[Question]:
    """Of every alert and every panel."""
    for rule in alerts():
        yield question(rule["alert"], rule["expr"])
    for dashboard in DASHBOARDS:
        for panel in panels(dashboard):
            for target in panel["targets"]:
                if "expr" in target:
                    yield question(f"{dashboard.name}: {panel['title']}", target["expr"])
