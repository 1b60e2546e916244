"""The samples of the documentation, run as they stand there: by a shell, by Node.js and by Python, against the real
process. Only the server's address and the link are put in their place."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.documented import LINK, printing, run, samples
from tests.e2e.product import Product
from tests.origin import Origin, page

pytestmark = pytest.mark.e2e

API, KEYS, LISTS, SUBSCRIBE = ("reference/api.md", "how-to/keys.md", "how-to/lists.md", "how-to/subscribe.md")
NODE = pytest.param("javascript", marks=pytest.mark.engine("node"))


@pytest.fixture
def product(origin: Origin, tmp_path: Path) -> Iterator[Product]:
    """With its data where a shell in `tmp_path` expects it."""
    origin.answers["news.test/duck"] = page("A duck")
    with Product(tmp_path / "spiderduck-data", origin.port) as product:
        yield product


@pytest.mark.parametrize("language", ["console", NODE, "python"])
def test_a_card(product: Product, tmp_path: Path, language: str) -> None:
    (code,) = samples(API, language, "Show a card")
    told = run(language, code, product, tmp_path)
    assert "fetched" in told
    assert "A duck" in told


@pytest.mark.parametrize("language", ["console", NODE, "python"])
def test_a_message(product: Product, tmp_path: Path, language: str) -> None:
    (code,) = samples(API, language, "Share messages")
    assert LINK in run(language, code, product, tmp_path)
    (record,) = product.ended(LINK)
    assert record["status"] == "fetched"


def share(product: Product) -> None:
    product.send({"urls": [LINK]})
    product.ended(LINK)


def lag(product: Product) -> int:
    (queue,) = product.client.get("/v1/queues").json()["queues"]
    return int(queue["lag"])


@pytest.mark.parametrize("language", ["console", NODE])
def test_a_durable_queue(product: Product, tmp_path: Path, language: str) -> None:
    """It is there, gives what happened meanwhile, and is acknowledged."""
    product.client.put("/v1/queues/mailer").raise_for_status()
    share(product)
    (code,) = samples(SUBSCRIBE, language, "Collect while you are away")
    assert "A duck" in run(language, code, product, tmp_path)
    assert lag(product) == 0


def test_a_durable_queue_in_python(product: Product) -> None:
    """The loop acknowledges as it goes on."""
    product.client.put("/v1/queues/mailer").raise_for_status()
    share(product)
    (code,) = samples(SUBSCRIBE, "python", "Collect while you are away")
    over = time.monotonic() + 60
    with printing("A duck", "python", code, product):
        while lag(product):
            assert time.monotonic() < over


@pytest.mark.parametrize(
    ("language", "now", "beginning"),
    [
        pytest.param(
            "javascript", "{headers: {}}", '{headers: {"Last-Event-ID": "0"}}', marks=pytest.mark.engine("node")
        ),
        ("python", "links.notices()", 'links.notices(after="0")'),
    ],
)
def test_the_stream(product: Product, language: str, now: str, beginning: str) -> None:
    """Heard from the beginning, so that nothing has to happen at the right moment."""
    share(product)
    (code,) = samples(SUBSCRIBE, language, "Listen from now on")
    assert now in code
    with printing("A duck", language, code.replace(now, beginning), product):
        pass


def test_lists(product: Product, tmp_path: Path) -> None:
    code, *_ = samples(LISTS, "console")  # the others go on for ever, or show a line of a program
    told = run("console", code, product, tmp_path)
    assert '"verdict":"block"' in told
    assert '"status":"blocked_domain"' in told
    assert product.client.get("/v1/lists").json()["lists"] == []


def test_keys(product: Product, tmp_path: Path) -> None:
    """Made beside the running server, shown to it by each kind of caller, and taken away."""
    making, *using, revoking = samples(KEYS, "console")
    share(product)
    told = run("console", "\n".join((making, *using)), product, tmp_path)
    assert "A duck" in told
    assert "chat" in run("console", revoking, product, tmp_path)
    assert product.client.get("/v1/urls", params={"url": LINK}).status_code == 401
