"""What a server writes is its user's alone, under the umask that most machines have, and after an upgrade as well."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.product import Product
from tests.e2e.test_flow import wait_for_notices
from tests.origin import Origin

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Of everything below, by kind: folders must be 0700, files 0600."""
    found = {"": stat.S_IMODE(folder.stat().st_mode)}
    for path in folder.rglob("*"):
        found[str(path.relative_to(folder))] = stat.S_IMODE(path.lstat().st_mode)
    return {name: mode for name, mode in found.items() if mode != (0o700 if (folder / name).is_dir() else 0o600)}


def fill(product: Product) -> None:
    """Database, archive, pictures, ids."""
    product.notices("all")
    product.send({"id": os.urandom(4).hex(), "urls": [f"http://news.test/{os.urandom(4).hex()}"]})
    wait_for_notices(product, "all", 1)


def test_a_new_folder_and_an_opened_one(origin: Origin, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Product(data, origin.port) as product:
        fill(product)
        assert {"spiderduck.db", "spiderduck.db-wal", "archive", "lock"} <= {one.name for one in data.iterdir()}
        assert modes(data) == {}
        product.stop()
    for path in (data, *data.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with Product(data, origin.port) as product:
        fill(product)
        assert modes(data) == {}
        product.stop()
    lines = [line for line in (tmp_path / "product.log").read_text().splitlines() if "open to other users" in line]
    assert len(lines) == 1


def test_a_key_closes_a_running_server_and_a_revoked_one_is_refused(origin: Origin, tmp_path: Path) -> None:
    """Through the commands, as an operator does it; within about a second."""

    def keys(*arguments: str) -> str:
        command = [sys.executable, "-m", "spiderduck", "keys", *arguments, "--data", str(tmp_path / "data")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    with Product(tmp_path / "data", origin.port) as product:
        assert product.client.get("/v1/dead").status_code == 200
        key = json.loads(keys("create", "ops", "--scopes", "read", "--json"))["key"]
        wait_for_status(product, 401)
        product.client.headers["authorization"] = f"bearer {key}"
        assert product.client.get("/v1/dead").status_code == 200
        assert key[8:] not in keys("list")
        keys("revoke", "ops")
        wait_for_status(product, 401)
        assert modes(tmp_path / "data") == {}
        assert key[8:] not in (tmp_path / "product.log").read_text()


def wait_for_status(product: Product, status: int) -> None:
    """At most a few hundred calls: the server looks at the file once a second."""
    for _ in range(20_000):
        if product.client.get("/v1/dead").status_code == status:
            return
    raise AssertionError(f"it never answered {status}")
