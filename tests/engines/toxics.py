"""A client of Toxiproxy's HTTP interface, of the little that tests ask: put a link before an engine, cut it, spoil it.

Blocking and on the standard library: tests call it between awaits, against loopback, in about a millisecond.
"""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.engines.ports import free_ports

# No proxy from the environment may stand between a test and loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Link:
    """A TCP link through Toxiproxy. Clients connect to `port` on 127.0.0.1."""

    api: str
    name: str
    port: int

    def cut(self) -> None:
        """Close all its connections and refuse new ones."""
        self._call("POST", "", {"enabled": False})

    def restore(self) -> None:
        """Accept connections again, and take every toxic away."""
        self._call("POST", "", {"enabled": True})
        for toxic in self._call("GET", "/toxics"):
            self._call("DELETE", f"/toxics/{toxic['name']}")

    def spoil(self, kind: str, *, upstream: bool = False, share: float = 1.0, **attributes: int) -> None:
        """Add a toxic: `latency` (latency, jitter in ms), `bandwidth` (rate in KB/s), `timeout` (timeout in ms; 0 is a
        half-open link: data vanishes and the connection stays), `reset_peer`, `slow_close`, `limit_data`, `slicer`.
        That `share` of the connections gets it."""
        stream = "upstream" if upstream else "downstream"
        toxic = {"type": kind, "stream": stream, "attributes": attributes, "toxicity": share}
        self._call("POST", "/toxics", toxic)

    def close(self) -> None:
        self._call("DELETE", "")

    def _call(self, method: str, path: str, body: object = None) -> Any:
        return call(self.api, method, f"/proxies/{self.name}{path}", body)


@dataclass(frozen=True)
class Toxiproxy:
    """The server at `api`, such as `http://127.0.0.1:8474`."""

    api: str

    @contextmanager
    def link(self, upstream: str) -> Iterator[Link]:
        """A link to `host:port` under a name of its own, gone at the end of the block."""
        (port,) = free_ports(1)
        link = Link(self.api, f"link-{port}", port)
        proxy = {"name": link.name, "listen": f"127.0.0.1:{port}", "upstream": upstream, "enabled": True}
        call(self.api, "POST", "/proxies", proxy)
        try:
            yield link
        finally:
            link.close()


@contextmanager
def slow_link(toxiproxy: Toxiproxy, upstream: str) -> Iterator[Link]:
    """A link as between two towns, for a contract suite to run over."""
    with toxiproxy.link(upstream) as link:
        link.spoil("latency", latency=3, jitter=2)
        yield link


def call(api: str, method: str, path: str, body: object = None) -> Any:
    """One request to the interface. Raises urllib's HTTPError, whose text names what it disliked."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(api + path, data=data, method=method)
    with _OPENER.open(request, timeout=_TIMEOUT_SECONDS) as response:
        answer = response.read()
    return json.loads(answer) if answer else None
