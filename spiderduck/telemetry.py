"""Counters of the flow, for `/metrics`. Kept as plain numbers and rendered on demand: counting costs a dictionary
access.

(prometheus-client's histograms take 1.5 µs per observation; a URL passes eight stages.)
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from groundwork.single_flight import SingleFlight
from spiderduck.errors import StoreUnavailable

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0
"""An engine that is away must not take the metrics with it, of all times."""

Gauges = Callable[[], Awaitable[Mapping[str, tuple[str, float]]]]
"""Gives name → (help, value) at the moment of asking."""


class Telemetry(Collector):
    """What is counted, and the functions that are asked for the rest."""

    def __init__(self) -> None:
        self.stage_calls: Counter[str] = Counter()
        self.stage_seconds: defaultdict[str, float] = defaultdict(float)
        self.outcomes: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self._gauges: list[Gauges] = []
        self._asked: dict[str, tuple[str, float]] = {}
        self._rendering: SingleFlight[str, bytes] = SingleFlight(goes_on=True)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def stage(self, name: str, seconds: float) -> None:
        """One stage was passed (`schedulers.ports.Observer`)."""
        self.stage_calls[name] += 1
        self.stage_seconds[name] += seconds

    def ended(self, outcome: str) -> None:
        """One share of a URL came to its end."""
        self.outcomes[outcome] += 1

    def refused(self, reason: str) -> None:
        """A call was refused for its key: `missing`, `unknown`, `expired`, `slowed_down`, `scope`, `rate`."""
        self.refusals[reason] += 1

    def ask(self, gauges: Gauges) -> None:
        """Add a source of gauges."""
        self._gauges.append(gauges)

    async def render(self) -> bytes:
        """The Prometheus text format. Who asks at the same moment gets the same."""
        return await self._rendering.run("metrics", self._render)

    async def _render(self) -> bytes:
        self._asked = {}
        for gauges in self._gauges:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    self._asked |= await gauges()
            except (TimeoutError, StoreUnavailable) as error:
                log.info("metrics go out without what an engine would have told: %s", error or "no answer in time")
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        calls = CounterMetricFamily(
            "spiderduck_stage_calls", "URLs and messages that entered a stage of the flow.", labels=["stage"]
        )
        seconds = CounterMetricFamily(
            "spiderduck_stage_seconds", "Seconds spent in a stage, without the stages after it.", labels=["stage"]
        )
        for name, count in self.stage_calls.items():
            calls.add_metric([name], count)
            seconds.add_metric([name], self.stage_seconds[name])
        outcomes = CounterMetricFamily("spiderduck_outcomes", "Shared URLs by outcome.", labels=["outcome"])
        for name, count in self.outcomes.items():
            outcomes.add_metric([name], count)
        refusals = CounterMetricFamily(
            "spiderduck_key_failures", "API calls refused because of their key, by reason.", labels=["reason"]
        )
        for reason, count in self.refusals.items():
            refusals.add_metric([reason], count)
        yield from (calls, seconds, outcomes, refusals)
        for name, (text, value) in self._asked.items():
            yield GaugeMetricFamily(f"spiderduck_{name}", text, value=value)
