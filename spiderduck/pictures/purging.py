"""Empties the image pipelines of this process of what was taken down."""

from collections.abc import Sequence

from groundwork.clock import Clock
from imagepipe.errors import SourceNotAllowed
from imagepipe.originals.source_rules import normal_source
from imagepipe.registry import Registry
from spiderduck.database.picture_index import picture_key

AT_ONCE = 1_000
"""Addresses looked at before others get their turn: five milliseconds."""


class PipelineCaches:
    """The `Caches` port of takedowns."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    async def purge(self, sources: Sequence[str]) -> None:
        """What is being loaded of them is not kept either."""
        for source in sources:
            try:
                address = normal_source(source)
            except SourceNotAllowed:
                continue  # no address that a pipeline can hold
            for pipeline in self._registry.pipelines.values():
                await pipeline.admin.purge(address)

    async def purge_keys(self, keys: frozenset[bytes]) -> None:
        """The same for what is in the tiers, where only the addresses' digests (`picture_key`) are known."""
        held = {name for pipeline in self._registry.pipelines.values() for name in pipeline.admin.identifiers()}
        found = []
        for number, name in enumerate(held, 1):
            if picture_key(name) in keys:
                found.append(name)
            if number % AT_ONCE == 0:
                await self._clock.sleep(0)
        await self.purge(found)
