"""A disk that becomes read-only, or a database that somebody else has locked, under the real process.

Nothing that was accepted is lost, `/readyz` and who sends events are told why, what is known can be read, and all goes
on by itself afterwards.
"""

import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, page

pytestmark = pytest.mark.chaos

SETTINGS = {
    "SPIDERDUCK_FETCHERS__RATE_LIMIT__PER_SECOND": "2",
    "SPIDERDUCK_FETCHERS__RATE_LIMIT__BURST": "2",
    "SPIDERDUCK_SCHEDULERS__DEFER_AFTER": "1",
}
WITHIN_SECONDS = 30.0


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """See `read_only_disk.c`."""
    switch = folder.parent / "read-only"
    switch.touch()
    yield
    switch.unlink()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """By another process, for longer than a write waits for it."""
    other = sqlite3.connect(folder / "spiderduck.db", isolation_level=None, timeout=WITHIN_SECONDS)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@pytest.fixture
def preload(tmp_path: Path) -> dict[str, str]:
    """What puts `read_only_disk.c` below the product."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler to make the disk read-only with")
    library = tmp_path / "read_only_disk.so"
    source = Path(__file__).with_name("read_only_disk.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return {
        "LD_PRELOAD": str(library),
        "READ_ONLY_SWITCH": str(tmp_path / "read-only"),
        "READ_ONLY_FOLDER": str(tmp_path / "data"),
    }


def until(condition: Callable[[], bool]) -> None:
    over = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < over
        time.sleep(0.1)


def try_to_send(product: Product, names: list[str]) -> list[str]:
    """The URLs that were accepted; whoever is refused is told why."""
    accepted = []
    for name in names:
        url = f"http://{name}.test/"
        answer = product.client.post("/v1/events", json={"id": url, "urls": [url]})
        if answer.status_code == 202:
            accepted.append(url)
        else:
            assert answer.status_code == 503, answer.text
            assert "spiderduck.db" in answer.json()["detail"]
    return accepted


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("weather", [read_only, locked])
def test_what_cannot_be_written_is_refused_and_nothing_accepted_is_lost(
    weather: Callable[[Path], AbstractContextManager[None]], killed: bool, preload: dict[str, str], tmp_path: Path
) -> None:
    known = [f"http://busy.test/{number}" for number in range(20)]
    with Origin(default=page("Duck")) as origin:
        product = Product(tmp_path / "data", origin.port, {**SETTINGS, **preload})
        with product:
            product.notices("all")
            product.send(*({"id": url, "urls": [url]} for url in known))
            product.ended(known[0])
            with weather(product.data):
                accepted = try_to_send(product, ["one", "two", "three"])
                until(lambda: product.client.get("/readyz").status_code == 503)
                assert "spiderduck.db" in product.client.get("/readyz").json()["missing"]["store"]
                assert product.record(known[0])["status"] == "fetched", "what is known can be read"
                assert product.process is not None
                assert product.process.poll() is None, "and the process goes on"
                if killed:
                    product.kill()
            if killed:
                product.start()
            until(lambda: product.client.get("/readyz").status_code == 200)
            accepted += try_to_send(product, ["four"])
            assert "http://four.test/" in accepted
            records = product.ended(*known, *accepted, seconds=120.0)
            assert Counter(one["status"] for one in records) == Counter(fetched=len(known) + len(accepted))
            assert Counter(one["subject"] for one in product.notices("all")) == Counter([*known, *accepted])
