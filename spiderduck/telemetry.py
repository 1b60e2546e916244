"""What is counted, for `/metrics`. Kept as plain numbers and rendered on demand: counting costs a dictionary access."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from groundwork.histogram import LONG_SECONDS, Histogram
from groundwork.process_metrics import ProcessMetrics
from groundwork.single_flight import SingleFlight
from groundwork.spans import sampled
from spiderduck.errors import StoreUnavailable

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0
"""An engine that is away must not take the metrics with it, of all times."""
PREFIX = "spiderduck_"
TOTAL = "_total"
MOST_ROUTES = 2000
"""Kinds of requests (route, method, class of status) that are told apart; far more than there are."""
STREAMS = frozenset({"/v1/stream", "/healthz", "/readyz", "/metrics"})
"""Routes whose answers say nothing of how long callers wait: they last for ever, or are probes."""

Gauges = Callable[[], Awaitable[Mapping[str, tuple[str, float]]]]
"""Gives name → (help, value) at the moment of asking. A name that ends in `_total` is a counter."""


class Table(NamedTuple):
    """A gauge with one label, whose values are few."""

    name: str
    what: str
    label: str
    figures: Mapping[str, float]


Tables = Callable[[], Awaitable[Iterable[Table]]]
Told = TypeVar("Told")


class Telemetry(Collector):
    """What is counted, and the functions that are asked for the rest."""

    def __init__(self, parts: Iterable[str] = ()) -> None:
        """`parts`: those that run in this process."""
        self.stages: defaultdict[str, Histogram] = defaultdict(Histogram)
        self.outcomes: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.shares = Histogram(LONG_SECONDS)
        self._routes: dict[tuple[str, str, str], Histogram] = {}
        self._observed: list[tuple[str, str, str, Mapping[str, Histogram]]] = []
        self._gauges: list[Gauges] = []
        self._asked: dict[str, tuple[str, float]] = {}
        self._tables: list[Tables] = []
        self._told: list[Table] = []
        self._rendering: SingleFlight[str, bytes] = SingleFlight(goes_on=True)
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self.process = ProcessMetrics(self._registry, parts)

    def stage(self, name: str, seconds: float) -> None:
        """One stage was passed (`schedulers.ports.Observer`)."""
        self.stages[name].observe(seconds, sampled())

    def ended(self, outcome: str, seconds: float | None = None) -> None:
        """One share of a URL came to its end, `seconds` after it was shared, where that is known."""
        self.outcomes[outcome] += 1
        if seconds is not None:
            self.shares.observe(seconds, sampled())

    def refused(self, reason: str) -> None:
        """A call was refused for its key: `missing`, `unknown`, `expired`, `slowed_down`, `scope`, `rate`."""
        self.refusals[reason] += 1

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request of the API was answered. `route` is its template, so that there are few."""
        kind = (route, method, f"{status // 100}xx")
        histogram = self._routes.get(kind)
        if histogram is None:
            if len(self._routes) >= MOST_ROUTES:
                kind = ("(other)", "OTHER", kind[2])
            histogram = self._routes.setdefault(kind, Histogram())
        histogram.observe(seconds, sampled())

    def took(self) -> dict[str, dict[str, int]]:
        """How often shares, fetches and answers of the API took how long, by the upper bound in seconds."""
        api: Counter[str] = Counter()
        for (route, _, _), histogram in list(self._routes.items()):
            if route not in STREAMS:
                api.update(histogram.by_bound)
        took = {"share": self.shares.by_bound, "fetch": self.stages["fetch"].by_bound, "api": dict(api)}
        return {name: buckets for name, buckets in took.items() if buckets}

    def ask(self, gauges: Gauges) -> None:
        """Add a source of gauges and counters."""
        self._gauges.append(gauges)

    def ask_tables(self, tables: Tables) -> None:
        """Add a source of gauges with a label."""
        self._tables.append(tables)

    def observe(self, name: str, what: str, label: str, histograms: Mapping[str, Histogram]) -> None:
        """Add histograms that somebody else fills, each by its value of `label`."""
        self._observed.append((PREFIX + name, what, label, histograms))

    def register(self, collector: Collector) -> None:
        """Add what has metrics of its own, with names of its own."""
        self._registry.register(collector)

    async def render(self, *, openmetrics: bool = False) -> bytes:
        """The Prometheus text format, or OpenMetrics, which has exemplars. Who asks at the same moment gets the
        same."""
        return await self._rendering.run("openmetrics" if openmetrics else "text", partial(self._render, openmetrics))

    async def _render(self, openmetrics: bool) -> bytes:
        asked: dict[str, tuple[str, float]] = {}
        nothing: Mapping[str, tuple[str, float]] = {}
        for found in await asyncio.gather(*(self._ask(one, nothing) for one in self._gauges)):
            asked |= found
        self._asked = asked
        none: Iterable[Table] = ()
        tables = await asyncio.gather(*(self._ask(one, none) for one in self._tables))
        self._told = [table for some in tables for table in some]
        generate: Callable[[Collector], bytes] = generate_openmetrics if openmetrics else generate_latest
        return generate(self._registry)

    async def _ask(self, ask: Callable[[], Awaitable[Told]], nothing: Told) -> Told:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await ask()
        except (TimeoutError, StoreUnavailable) as error:
            log.info("metrics go out without what an engine would have told: %s", error or "no answer in time")
            return nothing

    def collect(self) -> Iterable[Metric]:
        yield from self._stages()
        yield _labelled("outcomes", "Shared URLs by outcome.", "outcome", self.outcomes)
        yield _labelled("key_failures", "API calls refused because of their key, by reason.", "reason", self.refusals)
        yield _histogram(
            "share_latency_seconds", "From an event's created_at to a share's end, where it has one.", self.shares
        )
        routes = HistogramMetricFamily(
            "spiderduck_api_request_seconds",
            "Answers of the API; streams count from beginning to end.",
            labels=["route", "method", "status"],
        )
        for labels, histogram in list(self._routes.items()):
            routes.add_metric(labels, _buckets(histogram), histogram.total)
        yield routes
        for name, what, label, histograms in self._observed:
            family = HistogramMetricFamily(name, what, labels=[label])
            for value, histogram in histograms.items():
                family.add_metric([value], _buckets(histogram), histogram.total)
            yield family
        for asked, (text, figure) in self._asked.items():
            kind = CounterMetricFamily if asked.endswith(TOTAL) else GaugeMetricFamily
            yield kind(PREFIX + asked, text, value=figure)
        for table in self._told:
            gauge = GaugeMetricFamily(PREFIX + table.name, table.what, labels=[table.label])
            for value, figure in table.figures.items():
                gauge.add_metric([value], figure)
            yield gauge

    def _stages(self) -> Iterable[Metric]:
        duration = HistogramMetricFamily(
            "spiderduck_stage_duration_seconds", "A stage of the flow, without the stages after it.", labels=["stage"]
        )
        calls = CounterMetricFamily(
            "spiderduck_stage_calls", "URLs and messages that entered a stage of the flow.", labels=["stage"]
        )
        seconds = CounterMetricFamily(
            "spiderduck_stage_seconds", "Seconds spent in a stage, without the stages after it.", labels=["stage"]
        )
        for name, histogram in list(self.stages.items()):
            duration.add_metric([name], _buckets(histogram), histogram.total)
            calls.add_metric([name], sum(histogram.counts))
            seconds.add_metric([name], histogram.total)
        yield from (duration, calls, seconds)


def _labelled(name: str, what: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(PREFIX + name, what, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _histogram(name: str, what: str, histogram: Histogram) -> Metric:
    return HistogramMetricFamily(PREFIX + name, what, buckets=_buckets(histogram), sum_value=histogram.total)


def _buckets(histogram: Histogram) -> list[Any]:
    """With exemplars where there are some."""
    if not histogram.exemplars:
        return list(histogram.buckets)
    shown = {place: Exemplar({"trace_id": name}, value) for place, (name, value) in histogram.exemplars.items()}
    return [(bound, count, shown.get(place)) for place, (bound, count) in enumerate(histogram.buckets)]
