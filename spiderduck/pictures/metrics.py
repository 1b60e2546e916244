"""The picture pipelines' figures for `/metrics`, read when they are asked for."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from imagepipe.registry import Registry

PREFIX = "spiderduck_pictures_"
ANSWERS = ("rendered", "ancestor", "encoded", "disk", "additional", "network", "revalidated", "stale", "fallback")
"""Where an answer came from; each is a kind of event that the pipelines count."""


class PictureCollector(Collector):
    """Of all pipelines of this process."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        registry = self._registry
        answers = CounterMetricFamily(
            PREFIX + "answers",
            "Pictures answered, by where they came from.",
            labels=["pipeline", "tier"],
        )
        problems = CounterMetricFamily(PREFIX + "problems", "Problems with pictures.", labels=["pipeline"])
        bytes_held = GaugeMetricFamily(
            PREFIX + "tier_bytes", "Bytes that a tier of the caches holds.", labels=["pipeline", "tier"]
        )
        for name, pipeline in registry.pipelines.items():
            counts = pipeline.events.counts
            for tier in ANSWERS:
                answers.add_metric([name, tier], counts[tier])
            problems.add_metric([name], counts["problems"])
            tiers = {"rendered": pipeline.variants.tier.lru.bytes, "encoded": registry.encoded[name].lru.bytes}
            if (disk := registry.disks.get(name)) is not None:
                tiers["disk"] = disk.lru.bytes
            for tier, held in tiers.items():
                bytes_held.add_metric([name, tier], held)
        yield from (answers, problems, bytes_held)
        waiting = "Renders and originals that wait for their turn."
        limits = GaugeMetricFamily(PREFIX + "waiting", waiting, labels=["for"])
        limits.add_metric(["render"], registry.renders.waiting)
        limits.add_metric(["original"], registry.limiter.waiting)
        yield limits
        renders = HistogramMetricFamily(
            PREFIX + "render_seconds", "Work on pictures, with the wait for a worker.", labels=["work"]
        )
        for work, histogram in registry.seconds.items():
            renders.add_metric([work], histogram.buckets, histogram.total)
        yield renders
