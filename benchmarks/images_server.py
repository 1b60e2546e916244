"""The picture server in a process of its own, for the benchmarks: its CPU, and its rate when hot and when constant."""

import asyncio
import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

_TICKS = os.sysconf("SC_CLK_TCK")
_SERVE = """
import sys
from pathlib import Path
import uvicorn
from litestar import Litestar, Response, get
from imagepipe.config import default_config
from groundwork.memory import tune_allocator
from imagepipe.registry import Registry
from imagepipe.service.app import route_handlers
from imagepipe.originals.sources.folder import FolderSource

root, cache, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
tune_allocator()
registry = Registry(FolderSource(root), default_config(), folder=cache)
constant = (root / "constant").read_bytes()

@get("/constant", media_type="image/jpeg")
async def answer() -> Response[bytes]:
    return Response(constant, media_type="image/jpeg", headers={"ETag": '"x"', "Cache-Control": "public"})

app = Litestar([*route_handlers(registry, loopback=True, unsigned=True), answer],
               on_startup=[registry.start], on_shutdown=[registry.close])
uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
"""


class Server:
    """Use as a context manager. `data` are the pictures it can be asked for, by number."""

    def __init__(self, folder: Path, data: list[bytes], port: int = 18_231) -> None:
        self._folder = folder
        self._port = port
        for number, each in enumerate(data):
            path = folder / "root" / str(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(each)

    def __enter__(self) -> "Server":
        (self._folder / "root" / "constant").write_bytes(b"")
        self._start()
        body = self.get(0, "jpeg", 680)
        self.__exit__()
        (self._folder / "root" / "constant").write_bytes(body)
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.terminate()
        self._process.wait()

    def get(self, number: int, format: str, width: int) -> bytes:
        """One variant."""
        src = quote(f"http://o.test/{number}", safe="")
        return self._ask("GET", f"/images/cards?src={src}&w={width}&format={format}")

    def purge(self) -> None:
        """Forget everything."""
        self._ask("DELETE", "/images/store")

    def cpu_seconds(self) -> float:
        """User and system time of the process so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def coalesced(self, clients: int) -> dict[str, int]:
        """So many ask for one cold picture over connections of their own: what that made the server do."""
        self.purge()
        before = self._work()
        asyncio.run(self._ask_at_once(clients, f"/images/cards?src={quote('http://o.test/0', safe='')}&w=555"))
        return {name: count - before.get(name, 0) for name, count in self._work().items()}

    def _work(self) -> dict[str, int]:
        cards = json.loads(self._ask("GET", "/images/inspect"))["pipelines"]["cards"]
        return {"fetches": cards["fetches"], "renders": cards["hits"].get("renders", 0)}

    async def _ask_at_once(self, clients: int, path: str) -> None:
        pairs = [await asyncio.open_connection("127.0.0.1", self._port) for _ in range(clients)]
        for _, writer in pairs:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answers = await asyncio.gather(*(reader.read() for reader, _ in pairs))
        for _, writer in pairs:
            writer.close()
        bad = [answer for answer in answers if not answer.startswith(b"HTTP/1.1 200")]
        if bad:
            raise RuntimeError(f"{len(bad)} of {clients} were answered otherwise: {bad[0][:200]!r}")

    def hot_rate(self, seconds: float = 1.5) -> float:
        """Requests a CPU second of one variant that is in the rendered tier."""
        self.get(0, "jpeg", 680)
        return self._rate(f"/images/cards?src={quote('http://o.test/0', safe='')}&w=680&format=jpeg", seconds)

    def constant_rate(self, seconds: float = 1.5) -> float:
        """Requests a CPU second of the same bytes as a constant."""
        return self._rate("/constant", seconds)

    def _rate(self, path: str, seconds: float) -> float:
        count, began, until = 0, self.cpu_seconds(), time.monotonic() + seconds
        while time.monotonic() < until:
            self._ask("GET", path)
            count += 1
        return count / (self.cpu_seconds() - began)

    def _ask(self, method: str, path: str) -> bytes:
        try:
            self._connection.request(method, path)
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):  # it was idle for long
            self._connection.close()
            self._connection.request(method, path)
            answer = self._connection.getresponse()
        body = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{answer.status} for {path}: {body[:200]!r}")
        return body

    def _start(self) -> None:
        arguments = [str(self._folder / "root"), str(self._folder / "cache"), str(self._port)]
        self._process = subprocess.Popen([sys.executable, "-c", _SERVE, *arguments])
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port)
        for _ in range(200):
            try:
                self._connection.connect()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("the server did not start")
