"""The product's real process, as a user starts it: `spiderduck up` on a free port and a data folder of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

ENDED = frozenset({"pending", "unknown", "deferred"})
START_SECONDS = 30.0


class Product:
    """`start`, `kill` (-9), `stop` (SIGTERM); and the calls that tests make."""

    def __init__(
        self, data: Path, origin_port: int, settings: Mapping[str, str] | None = None, parts: Sequence[str] = ()
    ) -> None:
        """`parts`: only these run; without them all do."""
        self.data = data
        self.only = ("--only", ",".join(parts)) if parts else ()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SPIDERDUCK_")},
            "SPIDERDUCK_FETCHERS__NETWORK__RESOLVE": json.dumps({"*.test": f"127.0.0.1:{origin_port}"}),
            "SPIDERDUCK_FETCHERS__RATE_LIMIT__PER_SECOND": "1000",
            "SPIDERDUCK_FETCHERS__RATE_LIMIT__BURST": "1000",
            **(settings or {}),
        }
        self.process: subprocess.Popen[str] | None = None
        self.output: list[str] = []

    def start(self) -> "Product":
        """Start and wait until it says where it listens."""
        command = [sys.executable, "-m", "spiderduck", "up", "--port", "0", "--data", str(self.data), *self.only]
        log = (self.data.parent / "product.log").open("a")
        self.process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True)
        log.close()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"https?://[\w.:\[\]]*\w", line)
        assert found, f"it did not start: {line!r}; {(self.data.parent / 'product.log').read_text()[-2000:]}"
        self.client = httpx.Client(base_url=found[0], timeout=30, trust_env=False)
        return self

    def __enter__(self) -> "Product":
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def kill(self) -> None:
        """kill -9, as a crash."""
        assert self.process is not None
        self.process.kill()
        self._gone()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def _gone(self) -> int:
        assert self.process is not None
        code = self.process.wait(15)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.client.close()
        return code

    def threads(self) -> int:
        """How many threads the process has now."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("Threads:")[1].split()[0])

    def send(self, *events: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.client.post("/v1/events", json=list(events))
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def record(self, url: str) -> dict[str, Any]:
        answer = self.client.get("/v1/urls", params={"url": url})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ended(self, *urls: str, seconds: float = 20.0, open_statuses: frozenset[str] = ENDED) -> list[dict[str, Any]]:
        """The records, once each of them has come to an ending."""
        over = time.monotonic() + seconds
        while True:
            answer = self.client.post("/v1/urls/batch", json={"urls": list(urls), "wait_ms": 1000})
            assert answer.status_code == 200, answer.text
            records = answer.json()["results"]
            if all(one["status"] not in open_statuses for one in records):
                return list(records)
            assert time.monotonic() < over, [one for one in records if one["status"] in open_statuses]

    def notices(self, queue: str) -> list[dict[str, Any]]:
        """All that lie in a durable queue, acknowledged; it is made where there is none, and begins then."""
        self.client.put(f"/v1/queues/{queue}").raise_for_status()
        found: list[dict[str, Any]] = []
        while True:
            pulled = self.client.get(f"/v1/queues/{queue}", params={"most": 500}).json()
            if pulled["position"] is None:
                return found
            found += pulled["notices"]
            self.client.post(f"/v1/queues/{queue}/ack", json={"position": pulled["position"]}).raise_for_status()
