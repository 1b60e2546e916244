"""What several strangers do at once: each attack is one function with a client of its own."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx

from tests.e2e.hostile.bodies import UNFOLDING_HOSTS, event_texts, html_pages, other_bodies

Attack = Callable[[str], None]
LONG_PATH = "/" + "a" * 7_900


@contextmanager
def client(base_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base_url, timeout=120, trust_env=False) as one:
        yield one


def hostile_urls() -> list[str]:
    return [f"http://hostile.test/{name}" for name in (*html_pages(), *other_bodies(), "bomb", "frames", "head")]


def share_hostile_pages(base_url: str) -> None:
    """Every hostile body as a shared link."""
    with client(base_url) as http:
        http.post("/v1/events", json=[{"urls": [url]} for url in hostile_urls()]).raise_for_status()


def unfolding_urls() -> list[str]:
    return [f"http://{host}/page" for host in UNFOLDING_HOSTS]


def share_unfolding_pages(base_url: str) -> None:
    """Many pages at once, each of another domain, so that none waits for its turn. Until all have ended."""
    urls = unfolding_urls()
    with client(base_url) as http:
        http.post("/v1/events", json={"urls": urls}).raise_for_status()
        status = {"pending"}
        while status & {"pending", "deferred"}:
            answer = http.post("/v1/urls/batch", json={"urls": urls, "wait_ms": 5_000}).raise_for_status()
            status = {record["status"] for record in answer.json()["results"]}


def share_long_urls_under_rules(base_url: str) -> None:
    """Long URLs on a host whose robots.txt has 25,000 wildcard rules."""
    with client(base_url) as http:
        urls = [f"http://rules.test{LONG_PATH}{n}" for n in range(60)]
        http.post("/v1/events", json={"urls": urls}).raise_for_status()


def share_hostile_texts(base_url: str) -> None:
    """Texts that are hard to search; refused or read, never a 5xx."""
    with client(base_url) as http:
        for text in event_texts().values():
            for body in ({"text": text}, {"text": text * 40}, {"content": text, "uri": "x"}):
                assert http.post("/v1/events", json=body).status_code < 500


def fetch_hostile_pages_directly(base_url: str) -> None:
    """The same bodies by direct fetches, which nobody extracts."""
    with client(base_url) as http:
        for url in hostile_urls():
            assert http.post("/v1/fetch", json={"url": url}).status_code < 600


def ask_for_hostile_pictures(base_url: str) -> None:
    """Hostile bodies as pictures; most are refused before anything is fetched."""
    with client(base_url) as http:
        for url in hostile_urls():
            assert http.get("/images/cards", params={"src": url, "w": "100"}).status_code < 600


def send_odd_requests(base_url: str) -> None:
    """Numbers and names that are none; each is told so."""
    with client(base_url) as http:
        for path in ("/v1/pages/" + "9" * 40, "/v1/pages/²", "/v1/ids/" + "9" * 40, "/v1/urls"):
            assert 400 <= http.get(path).status_code < 500, path
        for url in ("\0", "", "http://[", "x" * 9_000):
            assert http.get("/v1/urls", params={"url": url}).status_code < 500, url
        for body in (b"[" * 100_000, b"{" * 100_000, b'{"text":"\\ud800"}', b"\xff\xfe", b'{"urls":[1e999]}', b"null"):
            answer = http.post("/v1/events", content=body, headers={"content-type": "application/json"})
            assert answer.status_code < 500, body[:20]


def send_huge_heads(base_url: str) -> None:
    """Heads without an end: the server says 431 or closes."""
    for _ in range(3):
        with connection(base_url) as one:
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            try:
                for _ in range(2_000):
                    one.sendall(b"X-Filler: " + b"a" * 8_000 + b"\r\n")
            except OSError:
                continue  # closed on us, as it should be


def post_many_events(count: int) -> Attack:
    """One POST of `count` small events of one domain."""

    def post(base_url: str) -> None:
        with client(base_url) as http:
            lines = b"".join(
                json.dumps({"urls": [f"http://bulk.test/{n % 50}"]}).encode() + b"\n" for n in range(count)
            )
            answer = http.post("/v1/events", content=lines, headers={"content-type": "application/x-ndjson"})
            assert answer.status_code < 500

    return post


@contextmanager
def slow_heads(base_url: str, count: int) -> Iterator[list[socket.socket]]:
    """So many connections that begin a request and say nothing more."""
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            one = stack.enter_context(connection(base_url))
            one.sendall(b"GET /healthz HTTP/1.1\r\nX")
            opened.append(one)
        yield opened


@contextmanager
def connection(base_url: str) -> Iterator[socket.socket]:
    url = httpx.URL(base_url)
    with socket.create_connection((url.host, url.port), timeout=60) as one:
        yield one
