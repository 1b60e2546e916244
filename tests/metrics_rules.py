"""The naming rules of Prometheus, as `promtool check metrics` has them: what breaks them, by name."""

import re
from collections.abc import Iterable

from prometheus_client import Metric

_UNITS = re.compile(r"_(?:milliseconds|microseconds|ms|minutes|hours|days|kilobytes|megabytes|mib|percent)(?:_|$)")


def against_the_rules(families: Iterable[Metric]) -> list[str]:
    """A sentence for each fault: help, lower case, base units, `_total` for counters alone, no name of a suffix."""
    return [f"{family.name}: {fault}" for family in families for fault in _faults(family)]


def _faults(family: Metric) -> Iterable[str]:
    name = family.name
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        yield "it is not in lower case"
    if not family.documentation:
        yield "it has no help"
    if _UNITS.search(name):
        yield "its unit is no base unit"
    if name.endswith(("_count", "_sum", "_bucket")):
        yield "it ends as a part of a histogram does"
    is_counter = any(sample.name.endswith("_total") for sample in family.samples)
    if family.samples and (family.type == "counter") != is_counter:
        yield "counters end in _total, and nothing else does"
    if family.type == "histogram" and not name.endswith(("_seconds", "_bytes")):
        yield "a histogram names its unit"
