"""The HTTP half of `ids.py`: a server process that answers ids and a constant, and a client that asks for them.

The client writes many requests at once and only counts the answers' bytes, so that the server is what is measured.
"""

import socket
import subprocess
import sys
import time
from dataclasses import dataclass

CONSTANT = b'{"id":2124712426115960832,"id_str":"2124712426115960832"}'
BATCH = 10_000
BATCHES = 300
ONES = 4_000
PIPELINED = 50
ROUNDS = 15


@dataclass(frozen=True)
class HttpFigures:
    batch: int
    batch_rate: float
    one_rate: float
    constant_rate: float


def measure_http() -> HttpFigures:
    """Start the server, ask, stop it."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.ids_server", str(listener.fileno())]
    with subprocess.Popen(command, pass_fds=[listener.fileno()]) as server:
        try:
            listener.close()
            with socket.create_connection(("127.0.0.1", port)) as connection:
                return _measure(connection)
        finally:
            server.terminate()


def _measure(connection: socket.socket) -> HttpFigures:
    _rate(connection, "/v1/ids", ONES)
    # In turn and in short pieces, so that a noisy neighbour meets both alike; the median of the ratios counts.
    pairs = [(_rate(connection, "/v1/ids", ONES), _rate(connection, "/constant", ONES)) for _ in range(ROUNDS)]
    one, constant = sorted(pairs, key=lambda pair: pair[0] / pair[1])[ROUNDS // 2]
    batches = _rate(connection, f"/v1/ids/batch?count={BATCH}", BATCHES, pipelined=2)
    return HttpFigures(BATCH, batches * BATCH, one, constant)


def _rate(connection: socket.socket, path: str, requests: int, pipelined: int = PIPELINED) -> float:
    """Requests a second. Answers to one path have one length, which the first tells."""
    request = f"GET {path} HTTP/1.1\r\nHost: ids\r\nUser-Agent: benchmark/1\r\n\r\n".encode()
    connection.sendall(request)
    length = _first_length(connection)
    started = time.perf_counter()
    for _ in range(requests // pipelined):
        connection.sendall(request * pipelined)
        missing = length * pipelined
        while missing > 0:
            got = len(connection.recv(min(missing, 1 << 20)))
            if not got:
                raise ConnectionError("the server hung up")
            missing -= got
    return requests / (time.perf_counter() - started)


def _first_length(connection: socket.socket) -> int:
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(1 << 16)
    head, _, _ = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ConnectionError(head.decode())
    (body,) = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = len(head) + 4 + body
    while len(answer) < length:
        answer += connection.recv(length - len(answer))
    return length


def serve(descriptor: int) -> None:
    """The server process: the same framework, server and loop for both."""
    import uvicorn
    import uvloop
    from litestar import Litestar, Response, get

    from snowflake import Generator
    from snowflake.service.server import route_handlers

    @get("/constant")
    async def constant() -> Response[bytes]:
        return Response(CONSTANT, media_type="application/json", headers={"cache-control": "no-store"})

    app = Litestar([constant, *route_handlers(Generator(worker_id=1))], logging_config=None)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"))
    uvloop.run(server.serve([socket.socket(fileno=descriptor)]))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
