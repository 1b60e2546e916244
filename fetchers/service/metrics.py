"""The fetcher's figures in Prometheus' text form, put together when they are asked for.

Its one rule: counting costs the fetcher nothing but an addition; names, help and buckets live here.
"""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from fetchers.counters import Histogram
from fetchers.fetcher import Fetcher

PREFIX = "spiderduck_fetchers_"
More = Callable[[], Mapping[str, tuple[str, float]]]
"""Further gauges by name, each with its help."""


class Metrics:
    """The text of `/metrics` for one fetcher."""

    def __init__(self, fetcher: Fetcher, more: More = dict) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(FetcherCollector(fetcher, more))

    def text(self) -> bytes:
        return generate_latest(self._registry)


class FetcherCollector(Collector):
    """For whoever has a registry of its own."""

    def __init__(self, fetcher: Fetcher, more: More = dict) -> None:
        self._fetcher = fetcher
        self._more = more

    def collect(self) -> Iterator[Metric]:
        yield from self._gauges()
        yield from self._counters()
        counters = self._fetcher.counters
        for name, what, histogram in (
            ("wait_seconds", "How long requests waited for their domain's turn.", counters.wait),
            ("dns_seconds", "Look-ups for new connections.", counters.dns),
            ("connect_seconds", "Connects.", counters.connect),
            ("tls_seconds", "TLS handshakes.", counters.tls),
            ("first_byte_seconds", "From setting out to the head of the answer.", counters.first_byte),
            ("hop_seconds", "From setting out to the end of the answer.", counters.whole),
        ):
            yield _histogram(PREFIX + name, what, histogram)

    def _gauges(self) -> Iterator[Metric]:
        queues = self._fetcher.queues
        figures: dict[str, tuple[str, float]] = {
            "domain_queues": ("Domains with a queue in memory.", len(queues)),
            "requests_waiting": ("Requests waiting for their domain's turn.", queues.waiting),
            "requests_in_flight": ("Requests under way.", queues.in_flight),
            **self._more(),
        }
        for name, (what, value) in figures.items():
            yield GaugeMetricFamily(PREFIX + name, what, value=value)

    def _counters(self) -> Iterator[Metric]:
        counters, eaten = self._fetcher.counters, self._fetcher.vultures.eaten
        for name, what, value in (
            ("body_bytes", "Decoded bytes of bodies.", counters.body_bytes),
            ("coalesced", "Requests that shared an equal one.", counters.coalesced),
            ("back_offs", "Times that a domain was left alone.", counters.back_offs),
            ("limits_told", "Answers that said that a limit is used up.", counters.limits_told),
            ("connections_reused", "Requests that found a connection open.", counters.connections_reused),
            ("vultures_queues_freed", "Idle queues evicted.", eaten.queues),
            ("vultures_hosts_freed", "Robots entries evicted.", eaten.hosts),
        ):
            yield CounterMetricFamily(PREFIX + name, what, value=value)
        for name, what, label, table in (
            ("endings", "Hops by ending.", "ending", counters.endings),
            ("statuses", "Answers by status.", "status", {str(key): value for key, value in counters.statuses.items()}),
            ("robots", "Verdicts by the tier that knew.", "tier", counters.robots),
        ):
            family = CounterMetricFamily(PREFIX + name, what, labels=[label])
            for key, value in table.items():
                family.add_metric([key], value)
            yield family


def _histogram(name: str, what: str, histogram: Histogram) -> Metric:
    buckets, seen = [], 0
    for bound, count in zip((*histogram.bounds, float("inf")), histogram.counts, strict=True):
        seen += count
        buckets.append(("+Inf" if bound == float("inf") else repr(bound), float(seen)))
    return HistogramMetricFamily(name, what, buckets=buckets, sum_value=histogram.total)
