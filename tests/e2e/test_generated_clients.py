"""Clients generated from the OpenAPI document, in Python and TypeScript, do the main job against the real process."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.product import Product
from tests.engines.fixtures import need
from tests.origin import Origin, page

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
GENERATORS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "spiderduck" / "generators"
"""Where the generators are installed, once for all checkouts: by the digest of what is locked."""
URL = "http://news.test/duck"
TOLD = {"status": "fetched", "title": "A duck", "card": "A duck", "code": "bad_request"}


def run(*command: str | Path, at: Path, **environment: str) -> str:
    """What it says on standard output. Fails with all that it says where it fails."""
    words: Sequence[str] = [str(word) for word in command]
    ended = subprocess.run(words, cwd=at, env={**os.environ, **environment}, capture_output=True, text=True)
    assert ended.returncode == 0, f"{' '.join(words)}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    return ended.stdout


def installed(lock: Path) -> Path:
    """The folder for what this lock file names; made anew where the lock changed."""
    from hashlib import sha256

    return GENERATORS / sha256(lock.read_bytes()).hexdigest()[:16]


def document_at(product: Product, folder: Path) -> Path:
    file = folder / "openapi.json"
    file.write_bytes(product.client.get("/openapi.json").content)
    return file


def check(told: str) -> None:
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    assert found == TOLD


def test_a_python_client(origin: Origin, product: Product, tmp_path: Path) -> None:
    lock = ROOT / "requirements" / "clients.txt"
    folder = installed(lock)
    python = folder / "bin" / "python"
    uv = Path(sys.executable).parent / "uv"
    if not (folder / "done").exists():
        run(uv, "venv", "--quiet", "--clear", folder, at=tmp_path)
        run(uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock, at=tmp_path)
        (folder / "done").touch()
    origin.answers["news.test/duck"] = page("A duck")
    generator = folder / "bin" / "openapi-python-client"
    made = run(
        generator, "generate", "--path", document_at(product, tmp_path), "--meta", "none", "--output-path",
        tmp_path / "spider_duck_client", at=tmp_path, PATH=f"{folder / 'bin'}:{os.environ['PATH']}",
    )  # fmt: skip
    assert "WARNING" not in made, made
    job = ROOT / "tests" / "clients" / "python_job.py"
    check(run(python, job, product.client.base_url, URL, at=tmp_path, PYTHONPATH=str(tmp_path)))


@pytest.mark.engine("node")
def test_a_typescript_client(origin: Origin, product: Product, tmp_path: Path) -> None:
    sources = ROOT / "tests" / "clients" / "typescript"
    folder = installed(sources / "package-lock.json")
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(sources / name, folder)
        run("npm", "ci", "--silent", "--no-audit", "--no-fund", at=folder)
        (folder / "done").touch()
    origin.answers["news.test/duck"] = page("A duck")
    job = tmp_path / "job"
    shutil.copytree(sources, job)
    (job / "node_modules").symlink_to(folder / "node_modules")
    programs = folder / "node_modules" / ".bin"
    run(programs / "openapi-typescript", document_at(product, tmp_path), "--output", job / "schema.ts", at=job)
    run(programs / "tsc", at=job)
    check(run(need("node"), job / "built" / "main.js", product.client.base_url, URL, at=job))
