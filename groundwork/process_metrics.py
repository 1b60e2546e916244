"""What every process tells at `/metrics`, whichever its parts: version, what it needs, how late its loop is, CPU and
memory."""

import platform
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from groundwork.clock import Clock
from groundwork.histogram import Histogram
from groundwork.readiness import Dependency
from groundwork.version import VERSION

LOOK_SECONDS = 0.5


class ProcessMetrics(Collector):
    """`parts`: those that run in this process. `needs` gives what it needs, as soon as that is known."""

    def __init__(self, registry: CollectorRegistry, parts: Iterable[str]) -> None:
        self.loop_delay = Histogram()
        self.needs: Callable[[], Sequence[Dependency]] = tuple
        self._parts = ",".join(sorted(parts))
        registry.register(self)
        ProcessCollector(registry=registry)

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily(
            "spiderduck_build",
            "What runs here.",
            value={"version": VERSION, "python": platform.python_version(), "parts": self._parts},
        )
        delay = self.loop_delay
        yield HistogramMetricFamily(
            "spiderduck_event_loop_delay_seconds",
            "How late the event loop gives turns.",
            buckets=delay.buckets,
            sum_value=delay.total,
        )
        up = GaugeMetricFamily(
            "spiderduck_dependency_up",
            "1 while a thing that the process needs is there, 0 while it is missing.",
            labels=["dependency"],
        )
        for one in self.needs():
            up.add_metric([one.name], float(one.state != "missing"))
        yield up


class LoopDelay:
    """Measures how late the loop wakes who sleeps: what holds it, holds everybody."""

    def __init__(self, clock: Clock, histogram: Histogram) -> None:
        self._clock = clock
        self._histogram = histogram

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            began = self._clock.monotonic()
            await self._clock.sleep(LOOK_SECONDS)
            self._histogram.observe(max(self._clock.monotonic() - began - LOOK_SECONDS, 0.0))
