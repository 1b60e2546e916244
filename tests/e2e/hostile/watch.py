"""What an innocent user sees while others attack: health, memory, and how long a fresh link takes."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import httpx

HEALTH_EVERY = 0.05
SHARE_EVERY = 0.5
AFTERWARDS = 5
"""Links that are shared after the last attacker has gone."""
DONE = frozenset({"fetched"})


def tree_memory(pid: int) -> int:
    """Bytes of memory that a process and its children use; what they share counts once (PSS)."""
    total = 0
    for one in (pid, *_descendants(pid)):
        try:
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        total += int(rollup.split("\nPss:")[1].split()[0]) * 1024
    return total


def _descendants(pid: int) -> list[int]:
    found = []
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return []
    for task in tasks:
        try:
            children = [int(child) for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        for child in children:
            found += [child, *_descendants(child)]
    return found


@dataclass
class Bystander:
    """Asks for `/healthz` all the time, shares a fresh link now and then, and writes down what it took."""

    base_url: str
    pid: int
    health: list[float] = field(default_factory=list)
    links: list[float] = field(default_factory=list)
    memory: int = 0

    def __enter__(self) -> "Bystander":
        self._over = threading.Event()
        self._shared = threading.Condition()
        self._threads = ThreadPoolExecutor(3)
        self._watching = [self._threads.submit(work) for work in (self._ask_health, self._share, self._weigh)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch_on(AFTERWARDS if error is None else 0)
        self._over.set()
        self._threads.shutdown()
        if error is None:
            for watching in self._watching:
                watching.result()

    def _watch_on(self, links: int) -> None:
        """What an attack does comes after it, too: go on until so many more links were shared."""
        goal = len(self.links) + links
        with self._shared:
            self._shared.wait_for(lambda: len(self.links) >= goal or any(one.done() for one in self._watching), 300)

    def _ask_health(self) -> None:
        with httpx.Client(base_url=self.base_url, timeout=60, trust_env=False) as client:
            while not self._over.wait(HEALTH_EVERY):
                began = time.monotonic()
                client.get("/healthz").raise_for_status()
                self.health.append(time.monotonic() - began)

    def _share(self) -> None:
        with httpx.Client(base_url=self.base_url, timeout=120, trust_env=False) as client:
            number = 0
            while not self._over.wait(SHARE_EVERY):
                number += 1
                url = f"http://friend{number}.test/page"
                began = time.monotonic()
                client.post("/v1/events", json={"urls": [url]}).raise_for_status()
                status = "pending"
                while status not in DONE and time.monotonic() - began < 60:
                    answer = client.get("/v1/urls", params={"url": url, "wait_ms": 5000})
                    status = answer.raise_for_status().json()["status"]
                with self._shared:
                    self.links.append(time.monotonic() - began)
                    self._shared.notify_all()

    def _weigh(self) -> None:
        while not self._over.wait(0.2):
            self.memory = max(self.memory, tree_memory(self.pid))
