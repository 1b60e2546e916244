"""Carries the plan out: breaks each target at its time and mends it again.

Between `plan.py` and what it happens to, `supervisor.py` and the links of `tests/engines/toxics.py`. When `conduct`
returns, everything runs and every link is whole.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from tests.chaos.cluster.plan import Action
from tests.chaos.cluster.supervisor import Supervised
from tests.engines.toxics import Link

DELAY_MS, JITTER_MS = 120, 60
LOOK_SECONDS = 0.2


class Conductor:
    """`say` gets a line for each action."""

    def __init__(
        self, processes: Mapping[str, Supervised], links: Mapping[str, Link], say: Callable[[str], None]
    ) -> None:
        self._processes = processes
        self._links = links
        self._say = say
        self._busy = {name: asyncio.Lock() for name in processes}

    async def conduct(self, plan: Sequence[Action]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            for action in plan:
                await asyncio.sleep(began + action.at - loop.time())
                self._say(str(action))
                group.create_task(self._perform(action))

    async def keep(self) -> None:
        """As an orchestrator does, until cancelled: what ended by itself is started again. It is noted, for little
        should."""
        while True:
            for name, process in self._processes.items():
                if not self._busy[name].locked() and process.has_ended():
                    process.fell()
                    process.start()
            await asyncio.sleep(LOOK_SECONDS)

    async def _perform(self, action: Action) -> None:
        if action.target in self._links:
            await self._spoil(self._links[action.target], action)
        else:
            async with self._busy[action.target]:  # a stop may take longer than planned
                await self._strike(self._processes[action.target], action)

    async def _strike(self, process: Supervised, action: Action) -> None:
        match action.kind:
            case "kill":
                process.kill()
            case "restart":
                await process.stop()
            case "pause":
                process.pause()
        await asyncio.sleep(action.seconds)
        if action.kind == "pause":
            process.resume()
        else:
            process.start()

    async def _spoil(self, link: Link, action: Action) -> None:
        match action.kind:
            case "cut":
                link.cut()
            case "delay":
                link.spoil("latency", latency=DELAY_MS, jitter=JITTER_MS)
            case "half_open":
                link.spoil("timeout", timeout=0)
                link.spoil("timeout", upstream=True, timeout=0)
        await asyncio.sleep(action.seconds)
        if action.kind == "half_open":
            link.cut()  # what vanished never arrives: such a connection ends, it does not heal
        link.restore()
