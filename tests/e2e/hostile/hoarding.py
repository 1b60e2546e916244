"""Clients that make a server keep things: bodies without an end, answers that nobody takes, and requests that are
small to send and large to work on."""

import json
import socket
from contextlib import ExitStack, suppress

from tests.e2e.hostile.attacks import client, connection

CONNECTIONS = 60
SENT_BYTES = 12_000_000
PATIENCE_SECONDS = 3.0
POST = "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
LENGTH = "Content-Length: 16000000"
CHUNKED = "Transfer-Encoding: chunked"


def begin_bodies_without_an_end(base_url: str) -> None:
    """Each is within the limits; together they are 700 MB."""
    head = POST.format(path="/v1/events", framing=LENGTH).encode()
    _hold(base_url, [head + b'{"text":"' + b"x" * SENT_BYTES] * CONNECTIONS)


def send_bodies_in_crumbs(base_url: str) -> None:
    """A hundred thousand chunks of one byte."""
    head = POST.format(path="/v1/events", framing=CHUNKED).encode()
    _hold(base_url, [head + b"1\r\n[\r\n" * 100_000] * CONNECTIONS)


def take_no_answer(base_url: str) -> None:
    """Ten megabytes for each of many connections, pages and notices alike; nothing of it is read."""
    with client(base_url) as http:
        http.post("/v1/events", json={"urls": ["http://large.test/page"]}).raise_for_status()
        found = http.get("/v1/urls", params={"url": "http://large.test/page", "wait_ms": 30_000}).json()
    asked = [f"/v1/pages/{found['page_id']}/content", "/v1/stream?after=0"]
    heads = [f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for path in asked]
    _hold(base_url, heads * CONNECTIONS)


def share_and_ask_for_long_links(base_url: str) -> None:
    """Links in another script: six characters on the wire for each that is typed."""
    urls = [f"http://long.test/{number}{'ü' * 2_600}" for number in range(200)]
    with client(base_url) as http:
        for path in ("/v1/urls/batch", "/v1/resolve"):
            http.post(path, json={"urls": [f"{url}{'ü' * 5_000}" for url in urls]}).raise_for_status()
            http.post(path, json={"urls": urls}).raise_for_status()
        http.post("/v1/events", json={"urls": urls}).raise_for_status()


def send_lists_without_number(base_url: str) -> None:
    """Millions of texts in one body, each of which takes fifty bytes when it is decoded."""
    body = json.dumps({"urls": ["ab"] * 1_500_000}, separators=(",", ":")).encode()
    with client(base_url) as http:
        for path in ("/v1/urls/batch", "/v1/resolve", "/v1/dead/replay"):
            answer = http.post(path, content=body, headers={"content-type": "application/json"})
            assert answer.status_code == 413, answer.text


def share_pages_in_crumbs(base_url: str) -> None:
    """Pages in chunks of one byte."""
    with client(base_url) as http:
        urls = [f"http://crumbs{number}.test/crumbs" for number in range(12)]
        http.post("/v1/events", json={"urls": urls}).raise_for_status()


def crumbs() -> bytes:
    """Such a page: a megabyte in six."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"1\r\na\r\n" * 1_000_000 + b"0\r\n\r\n"


def _hold(base_url: str, requests: list[bytes]) -> None:
    """Send them all and take nothing, until the server has had its time with them."""
    with ExitStack() as stack:
        opened = []
        for request in requests:
            one = stack.enter_context(connection(base_url))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.settimeout(PATIENCE_SECONDS)
            with suppress(OSError):  # refused half way, or read no further
                one.sendall(request)
            opened.append(one)
        for one in opened[-3:]:
            with suppress(OSError):
                one.recv(1)
