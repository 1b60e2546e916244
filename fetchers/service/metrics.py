"""The fetcher's figures in Prometheus' text form, put together when they are asked for.

Counting costs the fetcher nothing but an addition; names, help and buckets live here.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from fetchers.fetcher import Fetcher
from groundwork.process_metrics import ProcessMetrics

if TYPE_CHECKING:  # their libraries are there in a cluster only
    from fetchers.ownership.zookeeper import ZookeeperOwnership
    from fetchers.stores.memcached import MemcachedRing

PREFIX = "spiderduck_fetchers_"


class Figure(NamedTuple):
    """One number. `counts`: it only grows."""

    name: str
    what: str
    value: float
    counts: bool = False


More = Callable[[], Iterable[Figure]]
"""Figures of what stands beside the fetcher."""


def cache_figures(ring: "MemcachedRing") -> Iterable[Figure]:
    """Of the memcached servers."""
    counters = ring.counters
    return (
        Figure("memcached_servers", "Servers of the shared cache.", len(ring.addresses)),
        Figure(
            "memcached_servers_left_out", "Cache servers that are left out because they did not answer.", ring.left_out
        ),
        Figure("memcached_hits", "Cache hits.", counters.hits, True),
        Figure("memcached_misses", "Cache misses.", counters.misses, True),
        Figure("memcached_failures", "Cache requests that were not answered in time.", counters.failures, True),
        Figure("memcached_refused", "Values that a cache server refused.", counters.refused, True),
        Figure(
            "memcached_ejections", "Times that a cache server was left out after a failure.", counters.ejections, True
        ),
        Figure(
            "memcached_unreadable", "Values that were ignored because they cannot be true.", counters.unreadable, True
        ),
    )


def ownership_figures(ownership: "ZookeeperOwnership") -> Iterable[Figure]:
    """Of this fetcher's place among the others."""
    counters = ownership.counters
    return (
        Figure("buckets_held", "Buckets of domains held here.", ownership.held),
        Figure("members", "Fetchers that share the domains.", len(ownership.assignment.members)),
        Figure("coordinator_rounds", "Successful checks of the session with the coordinator.", counters.rounds, True),
        Figure(
            "coordinator_failed_rounds",
            "Failed checks of the session with the coordinator.",
            counters.failed_rounds,
            True,
        ),
        Figure("coordinator_sessions_lost", "Sessions that ended.", counters.sessions_lost, True),
        Figure("buckets_taken", "Buckets that this fetcher took over.", counters.taken, True),
        Figure("buckets_given", "Buckets that this fetcher handed over.", counters.given, True),
        Figure("members_expelled", "Silent fetchers whose buckets this one gave to others.", counters.expelled, True),
    )


class Metrics:
    """The text of `/metrics` for one fetcher."""

    def __init__(self, fetcher: Fetcher, more: More = tuple) -> None:
        self._registry = CollectorRegistry()
        self._collector = FetcherCollector(fetcher, more)
        self._registry.register(self._collector)
        self.process = ProcessMetrics(self._registry, ("fetchers",))

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def gauges(self) -> dict[str, float]:
        """The plain ones of this moment, by name."""
        return {one.name: one.value for one in self._collector.figures() if not one.counts}


class FetcherCollector(Collector):
    """For whoever has a registry of its own."""

    def __init__(self, fetcher: Fetcher, more: More = tuple) -> None:
        self._fetcher = fetcher
        self._more = more

    def collect(self) -> Iterator[Metric]:
        for name, what, value, counts in self.figures():
            family = CounterMetricFamily if counts else GaugeMetricFamily
            yield family(PREFIX + name, what, value=value)
        yield from self._labelled()
        counters = self._fetcher.counters
        for name, what, histogram in (
            ("wait_seconds", "How long requests waited for their domain's turn.", counters.wait),
            ("dns_seconds", "Look-ups for new connections.", counters.dns),
            ("connect_seconds", "Connects.", counters.connect),
            ("tls_seconds", "TLS handshakes.", counters.tls),
            ("first_byte_seconds", "From setting out to the head of the answer.", counters.first_byte),
            ("hop_seconds", "From setting out to the end of the answer.", counters.whole),
        ):
            yield HistogramMetricFamily(PREFIX + name, what, buckets=histogram.buckets, sum_value=histogram.total)

    def figures(self) -> Iterator[Figure]:
        """Every plain number of this moment."""
        queues, counters, eaten = self._fetcher.queues, self._fetcher.counters, self._fetcher.vultures.eaten
        yield Figure("domain_queues", "Domains with a queue in memory.", len(queues))
        yield Figure("domains_paused", "Domains that are left alone for a while.", len(queues.paused()))
        yield Figure("requests_waiting", "Requests waiting for their domain's turn.", queues.waiting)
        longest = max((len(queue.waiting) for queue in queues), default=0)
        yield Figure("longest_queue", "Requests waiting in the longest queue of a domain.", longest)
        yield Figure("requests_in_flight", "Requests being sent or answered.", queues.in_flight)
        yield Figure("robots_entries", "Origins whose robots.txt is known here.", self._fetcher.robots.known)
        yield Figure("body_bytes", "Bytes of decoded bodies.", counters.body_bytes, True)
        yield Figure("coalesced", "Requests that shared an equal one.", counters.coalesced, True)
        yield Figure("back_offs", "Times that a domain was paused.", counters.back_offs, True)
        yield Figure(
            "limits_told", "Answers that said that the site's own rate limit is used up.", counters.limits_told, True
        )
        yield Figure(
            "connections_reused",
            "Requests sent over a connection that was open already.",
            counters.connections_reused,
            True,
        )
        places = self._fetcher.places
        yield Figure("connections_used", "Connections that requests hold.", places.used)
        yield Figure("connections_given_way", "Requests that gave way to others.", places.given_way, True)
        yield Figure("vultures_rounds", "Rounds of the vultures.", eaten.rounds, True)
        yield Figure("vultures_hungry_rounds", "Rounds in which memory ran short.", eaten.hungry_rounds, True)
        yield Figure("vultures_queues_freed", "Idle queues evicted.", eaten.queues, True)
        yield Figure("vultures_hosts_freed", "Robots entries evicted.", eaten.hosts, True)
        yield from self._more()

    def _labelled(self) -> Iterator[Metric]:
        counters = self._fetcher.counters
        for name, what, label, table in (
            ("endings", "Hops by ending.", "ending", counters.endings),
            ("statuses", "Answers by status.", "status", {str(key): value for key, value in counters.statuses.items()}),
            ("robots", "Verdicts by the tier that knew.", "tier", counters.robots),
        ):
            family = CounterMetricFamily(PREFIX + name, what, labels=[label])
            for key, value in table.items():
                family.add_metric([key], value)
            yield family
