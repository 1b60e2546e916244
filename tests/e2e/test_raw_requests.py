"""Whatever bytes come in as a request, the process answers with no error of its own and goes on.

Seeded, so that a failure comes again: each test names the seed and prints the request.
"""

import random
import socket
import time
from urllib.parse import quote_from_bytes, urlsplit

import pytest

from tests.e2e.product import Product

pytestmark = pytest.mark.e2e

SECONDS = 8.0
"""Of one round. The answers of most requests take a millisecond or two."""
PATIENCE = 3.0

PATHS = (
    "/v1/urls?url={}",
    "/v1/urls?url=http://a.test/{}&wait_ms={}",
    "/v1/urls?url={}&schedule={}",
    "/v1/urls/batch",
    "/v1/events",
    "/v1/pages/{}",
    "/v1/pages/{}/content",
    "/v1/pages/{}/history",
    "/v1/queues/{}",
    "/v1/queues/q?most={}&wait_ms={}",
    "/v1/queues/q/ack",
    "/v1/domains/{}",
    "/v1/dead?most={}",
    "/v1/dead/replay",
    "/v1/ids/{}",
    "/v1/ids/batch?count={}",
    "/v1/ids/at?time={}",
    "/v1/ids/lease",
    "/images/cards?src={}&w={}",
    "/images/cards?src=http://a.test/{}&w=5&q={}&dpr={}&format={}",
    "/images/{}/info?src={}",
    "/images/cards/store?src={}",
    "/{}",
)
VALUES = (
    b"",
    b"0",
    b"-1",
    b"7",
    b"9223372036854775807",
    b"9223372036854775808",
    b"9" * 30,
    b"9" * 5000,
    b"1e308",
    b"1e999",
    b"NaN",
    b"0x10",
    "\u00b2".encode(),
    "\u0663\u0664".encode(),
    b"\xb2",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\x00",
    b"a\x00b",
    b"\r\n",
    b"\x1b[31m",
    "\u202e".encode(),
    b"true",
    b"null",
    b"[]",
    b"http://[",
    b"http://a.test:99999/",
    b"http://a.test/%",
    b"../../etc/passwd",
    b"%",
    b"%zz",
    b"2026-13-99T99:99:99Z",
    b"99999-01-01T00:00:00Z",
    b"a" * 3000,
)
JSON = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b"[" * 20_000,
    b'{"a":' * 20_000,
    b'{"position": 9223372036854775808}',
    b'{"position": -1}',
    b'{"position": 1e300}',
    b'{"position": ' + b"9" * 6000 + b"}",
    b'{"urls": ["http://a.test/\\ud800"]}',
    b'{"urls": ["\\u0000"], "schedule": true}',
    b'{"urls": [7]}',
    b'{"urls": ["http://a.test/"], "wait_ms": 99999999999999999999}',
    b'{"text": NaN}',
    b'{"text": "a.com", "created_at": 1e400}',
    b'{"text": "a.com", "created_at": ' + b"1" * 5000 + b"}",
    b'{"text": "a.com", "id": ' + b"1" * 5000 + b"}",
    b'{"text": "\xff"}',
    b'{"text": "\\ud83d a.com"}',
    b'{"ids": ["\\u00b2", "9223372036854775808"]}',
    b'{"ids": ["7"]}',
    b'{"per_ms": 9223372036854775808}',
    b'{"per_ms": 1, "length_ms": 1, "from_ms": 9223372036854775807}',
    b'{"per_second": 1e308, "burst": 9223372036854775808}',
    b'{"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data_base64": "/w=="}',
    b'\xef\xbb\xbf{"text": "a"}',
)
HEADERS = (
    (b"Last-Event-ID", VALUES),
    (b"Authorization", (b"Bearer \xe9", b"Bearer", b"", b"Basic \xff", b"bearer a b c")),
    (b"Idempotency-Key", (b"", b"\xff", b"a" * 300, b"\t", b"ok")),
    (b"Accept", (b"\xff", b"image/\xe9;q=", b"*/*;q=9e999", b",,,;;;")),
    (b"Accept-Encoding", (b"gzip;q=x", b"\xff")),
    (b"If-None-Match", (b'"\xe9"', b"\xff", b"W/")),
    (b"If-Modified-Since", (b"yesterday", b"\xff", b"Thu, 99 Foo 99999 99:99:99 GMT")),
    (b"Range", (b"bytes=\xb2-", b"bytes=99999999999999999999-")),
    (b"traceparent", (b"\xff", b"00-" + b"g" * 32)),
    (b"X-Forwarded-For", (b"\xff", b"::g, 1.2.3.4.5", b"," * 900)),
    (b"Cookie", (b"\xff=\xfe", b"a" * 2000)),
    (b"Origin", (b"\xff", b"null", b"http://[")),
    (b"User-Agent", (b"\xff\x80",)),
)
TYPES = (
    b"application/json",
    b"application/x-ndjson",
    b"application/json; charset=nothing",
    b"application/json; charset=\xff",
    b"\xe9/\xe9",
    b"multipart/form-data; boundary=",
    b"multipart/form-data",
    b"application/x-www-form-urlencoded",
    b"application/msgpack",
    b"application/" + b"x" * 500 + b"+json",
)


def request_of(chance: random.Random) -> bytes:
    """A request that a server can tell from the next, and otherwise anything."""
    path = chance.choice(PATHS)
    while "{}" in path:
        value = chance.choice(VALUES) if chance.random() < 0.8 else chance.randbytes(chance.randrange(40))
        path = path.replace("{}", quote_from_bytes(value), 1)
    raw = path.encode()
    if chance.random() < 0.2:
        raw += b"&" + bytes(one for one in chance.randbytes(20) if one > 32)
    method = chance.choice((b"GET", b"GET", b"POST", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"QX"))
    body = chance.choice(JSON) if chance.random() < 0.8 else chance.randbytes(chance.randrange(2000))
    head = [
        method + b" " + raw + b" HTTP/1.1",
        b"Host: 127.0.0.1",
        b"Connection: close",
        b"Content-Length: %d" % len(body),
        b"Content-Type: " + (chance.choice(TYPES) if chance.random() < 0.5 else TYPES[0]),
    ]
    for name, values in chance.sample(HEADERS, 2):
        head.append(name + b": " + chance.choice(values).translate(None, b"\r\n\x00"))
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def answer_to(address: tuple[str, int], request: bytes) -> bytes:
    """The head of the answer, or nothing where the server closes or has nothing to say yet (a stream)."""
    found = b""
    with socket.create_connection(address, PATIENCE) as connection:
        connection.settimeout(PATIENCE)
        try:
            connection.sendall(request)
            while b"\r\n\r\n" not in found and (piece := connection.recv(65_536)):
                found += piece
        except OSError:
            pass  # it closed in the middle of what it did not want to read
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_no_request_makes_an_error_of_ours(product: Product, seed: int) -> None:
    """No 500 for what a caller can send, and no end of the process."""
    where = urlsplit(str(product.client.base_url))
    address = (where.hostname or "", where.port or 0)
    chance = random.Random(seed)
    until = time.monotonic() + SECONDS
    sent = 0
    for _ in range(1_500):
        request = request_of(chance)
        answer = answer_to(address, request)
        assert not answer.startswith((b"HTTP/1.1 500", b"HTTP/1.0 500")), request[:4000]
        sent += 1
        if time.monotonic() > until:
            break
    assert sent > 20
    assert product.client.get("/healthz").status_code == 200


def test_bytes_that_are_no_request_are_refused(product: Product) -> None:
    """Also in the middle of one, and one behind another."""
    where = urlsplit(str(product.client.base_url))
    address = (where.hostname or "", where.port or 0)
    chance = random.Random(3)
    for _ in range(60):
        request = bytearray(request_of(chance))
        for _ in range(chance.randrange(1, 6)):
            request[chance.randrange(min(200, len(request)))] = chance.randrange(256)
        answer = answer_to(address, bytes(request) + chance.randbytes(20) + b"\r\n\r\n")
        assert not answer.startswith(b"HTTP/1.1 500"), bytes(request)[:4000]
    assert product.client.get("/healthz").status_code == 200
