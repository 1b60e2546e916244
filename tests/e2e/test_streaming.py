"""What is read while it comes, with the real process: `POST /v1/fetch`, and a picture that shows itself early."""

import io
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

import imagepipe
from tests.e2e.product import Product

pytestmark = pytest.mark.e2e

SECONDS = 10.0


class TwoHalves:
    """An origin that sends the second half of `body` when told to, or hangs up when told to."""

    def __init__(self, body: bytes, content_type: str) -> None:
        self.body = body
        self.content_type = content_type
        self.go_on = threading.Event()
        self.hang_up = False
        self.half_sent = threading.Event()
        self.left = threading.Event()
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.go_on.set()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed: the test is over
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            while request := lines.readline():
                while lines.readline().strip():
                    pass
                if b"/robots.txt" in request:
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                elif not self._answer(connection):
                    return

    def _answer(self, connection: socket.socket) -> bool:
        self.asked += 1
        half = len(self.body) // 2
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {self.content_type}\r\nContent-Length: {len(self.body)}\r\n\r\n"
        connection.sendall(head.encode() + self.body[:half])
        self.half_sent.set()
        while not self.go_on.wait(0.02):
            connection.setblocking(False)
            try:
                gone = connection.recv(1) == b""
            except BlockingIOError:
                gone = False
            except ConnectionError:
                gone = True
            connection.setblocking(True)
            if gone:
                self.left.set()
                return False
        if self.hang_up:
            return False
        connection.sendall(self.body[half:])
        return True


def progressive() -> bytes:
    """A JPEG of several scans, of a picture with something in it."""
    out = io.BytesIO()
    Image.effect_mandelbrot((1200, 800), (-2.0, -1.5, 1.0, 1.5), 60).convert("RGB").save(
        out, "JPEG", quality=90, progressive=True
    )
    return out.getvalue()


@pytest.fixture
def origin(request: pytest.FixtureRequest) -> Iterator[TwoHalves]:
    body, content_type = getattr(request, "param", (bytes(range(256)) * 1024, "application/x-odd"))
    origin = TwoHalves(body, content_type)
    yield origin
    origin.close()


@pytest.fixture
def product(origin: TwoHalves, tmp_path: Path) -> Iterator[Product]:
    with Product(tmp_path / "data", origin.port) as product:
        yield product


ORDER = {"url": "http://slow.test/x"}


def test_a_direct_fetch_begins_before_the_origin_has_ended(origin: TwoHalves, product: Product) -> None:
    half, got = len(origin.body) // 2, b""
    with product.client.stream("POST", "/v1/fetch", json=ORDER) as answer:
        assert answer.status_code == 200
        assert answer.headers["x-fetched-status"] == "200"
        assert answer.headers["content-length"] == str(len(origin.body))
        for piece in answer.iter_raw():
            got += piece
            if len(got) == half:
                assert not origin.go_on.is_set()
                origin.go_on.set()
    assert got == origin.body


def test_a_direct_fetch_that_breaks_off_is_no_whole_body(origin: TwoHalves, product: Product) -> None:
    origin.hang_up = True
    with product.client.stream("POST", "/v1/fetch", json=ORDER) as answer:
        pieces = answer.iter_raw()
        assert next(pieces)
        origin.go_on.set()
        with pytest.raises(httpx.RemoteProtocolError):
            b"".join(pieces)
    log = (product.data.parent / "product.log").read_text()
    assert "a fetch that was passed on broke off" in log
    assert "Traceback" not in log


def test_who_hangs_up_ends_the_fetch(origin: TwoHalves, product: Product) -> None:
    with product.client.stream("POST", "/v1/fetch", json=ORDER) as answer:
        next(answer.iter_raw())
    assert origin.left.wait(SECONDS)


def until_received(product: Product, count: int) -> None:
    """Until the pipeline has so many bytes of a picture that it is loading."""
    over = time.monotonic() + SECONDS
    while not any(one["received"] >= count for one in loading(product)):
        assert time.monotonic() < over


def loading(product: Product) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = product.client.get("/images/inspect").json()["pipelines"]["cards"]["loading"]
    return found


@pytest.mark.parametrize("origin", [(progressive(), "image/jpeg")], indirect=True)
def test_a_progressive_picture_is_shown_while_it_loads(origin: TwoHalves, product: Product) -> None:
    key = (product.data / "image-signing-key").read_text().strip()
    address = imagepipe.url("/images/cards", "http://slow.test/p.jpg", width=600, key=key)
    preview = imagepipe.url("/images/cards", "http://slow.test/p.jpg", width=600, key=key, preview="1")
    with ThreadPoolExecutor(1) as beside:
        whole = beside.submit(product.client.get, address)
        assert origin.half_sent.wait(SECONDS)
        until_received(
            product, len(origin.body) // 2
        )  # sent is not received: before that, a preview waits for the whole
        early = product.client.get(preview)
        while early.status_code != 200 or early.headers.get("x-pipeline-preview") != "1":
            assert not whole.done()
            early = product.client.get(preview)
        with Image.open(io.BytesIO(early.content)) as picture:
            assert picture.width == 600
        origin.go_on.set()
        answer = whole.result(SECONDS)
    assert answer.status_code == 200
    assert "x-pipeline-preview" not in answer.headers
    assert origin.asked == 1
