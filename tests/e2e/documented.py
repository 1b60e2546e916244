"""Takes samples out of the documentation, and runs them against a server of ours."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.product import Product
from tests.engines.fixtures import need

DOCS = Path(__file__).parents[2] / "docs"
SAMPLE_SERVER, SAMPLE_LINK, SAMPLE_PICTURE = (
    "http://127.0.0.1:8080",
    "https://www.python.org/",
    "https://www.python.org/duck.png",
)
LINK, PICTURE = "http://news.test/duck", "http://news.test/duck.png"


def samples(document: str, language: str, heading: str = "") -> list[str]:
    """The code blocks of a language, of the whole page or below a heading."""
    text = (DOCS / document).read_text(encoding="utf-8")
    if heading:
        text = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)


def command(language: str, code: str, product: Product) -> list[str]:
    """What runs a sample."""
    code = code.replace(SAMPLE_SERVER, str(product.client.base_url).rstrip("/"))
    code = code.replace(SAMPLE_PICTURE, PICTURE).replace(SAMPLE_LINK, LINK)
    if language == "javascript":
        return [need("node"), "--input-type=module", "--eval", code]
    if language == "python":
        return [sys.executable, "-u", "-c", code]
    lines = (line.strip() for line in code.splitlines())
    return ["bash", "-euc", "\n".join(line.removeprefix("$ ") for line in lines if line.startswith("$ "))]


def environment() -> dict[str, str]:
    """Where `spiderduck` and `python` are those of this environment, as where it is activated."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def run(language: str, code: str, product: Product, folder: Path) -> str:
    """What a sample prints. One that fails, fails the test with what it said."""
    words = command(language, code, product)
    ended = subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, f"{code}\n{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}"
    return ended.stdout


@contextmanager
def printing(text: str, language: str, code: str, product: Product) -> Iterator[None]:
    """Around a sample that goes on for ever, from the moment at which it printed this."""
    words = command(language, code, product)
    with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert any(text in line for line in process.stdout), f"it ended, and did not print {text!r}:\n{code}"
            yield
        finally:
            process.kill()
