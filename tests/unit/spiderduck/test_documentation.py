"""`/docs`: the built documentation, where the package has it, and nothing beside it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from litestar import Litestar
from litestar.testing import TestClient

from spiderduck.console.documentation import documentation_routes

ROOT = Path(__file__).parents[3]
PAGE = b"""<html><head><script src="_static/a.js"></script><script>
document.body.dataset.theme = "auto"</script></head><script type="module">let a</script></html>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    built = tmp_path / "documentation"
    (built / "how-to").mkdir(parents=True)
    (built / "index.html").write_bytes(PAGE)
    (built / "how-to" / "run.html").write_bytes(b"<html>run</html>")
    (built / "a.js").write_bytes(b"let a")
    (built / ".buildinfo").write_bytes(b"ours")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    return built


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient[Litestar]]:
    with TestClient(Litestar(documentation_routes(folder), openapi_config=None)) as client:
        yield client


def test_the_pages_are_given_with_their_types(client: TestClient[Litestar]) -> None:
    first = client.get("/docs")
    assert str(first.url).endswith("/docs/index.html")
    assert (first.content, first.headers["content-type"]) == (PAGE, "text/html; charset=utf-8")
    assert client.get("/docs/how-to/run.html").text == "<html>run</html>"
    assert client.get("/docs/a.js").headers["content-type"].startswith("text/javascript")
    assert "calls" in client.get("/docs/api").text


def test_a_page_runs_its_own_scripts_and_no_other(client: TestClient[Litestar]) -> None:
    policy = client.get("/docs/index.html").headers["content-security-policy"]
    assert len(re.findall(r"'sha256-[^']{44}'", policy)) == 2
    scripts = policy.partition("script-src")[2].partition(";")[0]
    assert "unsafe" not in scripts
    assert "http" not in scripts


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "how-to/../../secret.txt",
        "..%2fsecret.txt",
        "/etc/passwd",
        ".buildinfo",
        "how-to",
        "none.html",
        "index.html/",
        "index.html%00",
        "%ff",
    ],
)
def test_nothing_else_is_given(client: TestClient[Litestar], path: str) -> None:
    answer = client.get(f"/docs/{path}", follow_redirects=False)
    assert answer.status_code in (307, 404) or answer.content == PAGE
    assert b"secret" not in answer.content
    assert b"ours" not in answer.content


def test_without_them_the_calls_are_described(tmp_path: Path) -> None:
    with TestClient(Litestar(documentation_routes(tmp_path), openapi_config=None)) as client:
        assert client.get("/docs").content == client.get("/docs/api").content
        assert client.get("/docs/index.html").status_code == 404


def test_a_wheel_carries_them_where_they_were_built(tmp_path: Path) -> None:
    """They are made and not committed, so that the build would leave them out of its own accord."""
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    built = tmp_path / "spiderduck" / "documentation"
    (built / "_static").mkdir(parents=True)
    (built / "index.html").write_bytes(PAGE)
    (built / "_static" / "a.css").write_bytes(b"")
    (tmp_path / "spiderduck" / "__init__.py").write_bytes(b"")
    shipped = {one.distribution_path for one in WheelBuilder(str(tmp_path)).recurse_included_files()}
    assert {"spiderduck/documentation/index.html", "spiderduck/documentation/_static/a.css"} <= shipped
