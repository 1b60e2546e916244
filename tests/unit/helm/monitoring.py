"""What the chart's alerts and dashboards ask Prometheus for, read from their files."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.unit.helm.rendering import CHART

RULES = CHART / "rules" / "alerts.yaml"
DASHBOARDS = sorted((CHART / "dashboards").glob("*.json"))
_OURS = re.compile(r"\b((?:spiderduck|snowflake|imagepipe|process)_\w+)(?:\{([^}]*)\})?")
_BY = re.compile(r"\b(?:by|on|group_left)\s*\(([^)]*)\)")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
# What Prometheus and its operator add to every figure, and a histogram to its buckets.
ADDED = {"namespace", "instance", "job", "pod", "service", "le"}

CLUSTER_ONLY = re.compile(
    r"spiderduck_(fetchers_(memcached|coordinator|members|buckets)|cassandra|broker|ids_in_hand)\w*"
)
"""Figures that only a process of a cluster tells,"""
EMBEDDED_ONLY = re.compile(r"spiderduck_store_\w+")
"""and those of the embedded store."""


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


def strange(told: Iterable[str], elsewhere: re.Pattern[str]) -> list[tuple[str, list[str]]]:
    """Figures and labels that are asked for and are in none of these texts of `/metrics`, with their place; but for
    those that are told elsewhere. A figure without a sample yet has shown no labels; the reference names them."""
    labels: dict[str, set[str]] = {}
    for family in chain.from_iterable(map(text_string_to_metric_families, told)):
        ends = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",)}.get(family.type, ("",))
        shown = {label for sample in family.samples for label in sample.labels}
        for end in ends:
            labels.setdefault(family.name + end, set()).update(shown | documented_labels(family.name + end))
    found = []
    for one in questions():
        here = {name for name in one.names if not elsewhere.fullmatch(name)}
        unknown = here - labels.keys()
        if here == one.names and not unknown:
            unknown = one.labels - set().union(*(labels[name] for name in here))
        if unknown:
            found.append((one.place, sorted(unknown)))
    return found


@cache
def documented_labels(name: str) -> set[str]:
    """What docs/reference/metrics.md says of a figure, which it may name by the end of its name."""
    stem = re.sub(r"_(bucket|sum|count)$", "", name)
    text = (CHART.parent / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    given = re.findall(r"`((?:spiderduck)?_\w+)\{([^}]*)\}`", text)
    return {label.strip() for ending, labels in given if stem.endswith(ending) for label in labels.split(",")}
