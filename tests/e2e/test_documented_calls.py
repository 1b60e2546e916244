"""The samples that are generated for every call, sent to the real process by a shell, by Node.js and by Python."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import pytest
from PIL import Image

from tests.e2e.product import Product
from tests.engines.fixtures import need
from tests.origin import Origin, http, page

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
SITE = "http://news.test"
LINK, PICTURE = f"{SITE}/", f"{SITE}/duck.png"
BUSY = {"GET /v1/pages/{page_id}/text": "422"}
"""What may be answered where the machine is so busy that a limit of time is reached."""


@pytest.fixture(scope="module")
def calls() -> Iterator[ModuleType]:
    """Found as Sphinx finds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "docs" / "_extensions"))
        yield importlib.import_module("calls_reference")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    written = BytesIO()
    Image.new("RGB", (64, 32), "navy").save(written, "PNG")
    with Origin() as origin:
        origin.answers["news.test/"] = page("A duck", f'<meta property="og:image" content="{PICTURE}">')
        origin.answers["news.test/duck.png"] = http(written.getvalue(), content_type="image/png")
        with Product(tmp_path_factory.mktemp("calls") / "data", origin.port) as product:
            yield product


def prepared(product: Product, folder: Path) -> dict[str, str]:
    """What the samples speak of is there. Returns what stands in the place of their words."""
    product.send({"urls": [LINK]})
    (record,) = product.ended(LINK)
    product.client.put("/v1/queues/mailer").raise_for_status()
    hook = product.client.post("/v1/webhooks", json={"url": "https://hooks.example.com/links"})
    hook.raise_for_status()
    (folder / "bad.txt").write_text("evil.example\n")
    return {
        "PAGE_ID": record["page_id"],
        "WEBHOOK_ID": hook.json()["id"],
        "QUESTION": "sites",
        "/etc/spiderduck/bad.txt": str(folder / "bad.txt"),
    }


def told(words: Sequence[str], text: str, folder: Path) -> list[str]:
    """The lines that a program of these words prints."""
    environment = {**os.environ, "CURL_HOME": str(folder)}
    ended = subprocess.run(words, input=text, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout.split()


def by_shell(samples: Sequence[str], folder: Path) -> list[str]:
    (folder / ".curlrc").write_text('output = "/dev/null"\nwrite-out = "%{http_code}\\n"\n')
    return told(["bash", "-eu"], "\n".join(one.removeprefix("$ ") for one in samples), folder)


def by_node(samples: Sequence[str], folder: Path) -> list[str]:
    code = "\n".join(f"{{\n{one}\nawait answer.body?.cancel();\n}}" for one in samples)
    return told([need("node"), "--input-type=module", "-"], code, folder)


def by_python(samples: Sequence[str], folder: Path) -> list[str]:
    """A problem is an exception of the client, which knows its status."""
    code = (
        "from spiderduck.client import ApiError\n"
        f"for sample in {json.dumps(samples)}:\n"
        "    try:\n        exec(sample)\n    except ApiError as error:\n        print(error.status)\n"
    )
    return told([sys.executable, "-"], code, folder)


def takes_away(call: tuple[str, str, object]) -> bool:
    return call[0] == "DELETE" or call[1].endswith("/rename")


@pytest.mark.parametrize(
    ("language", "run"),
    [
        ("console", by_shell),
        pytest.param("javascript", by_node, marks=pytest.mark.engine("node")),
        ("python", by_python),
    ],
)
def test_every_sample_does_what_its_call_says(
    calls: ModuleType, product: Product, tmp_path: Path, language: str, run: object
) -> None:
    """Those that take something away come last. Each is answered as what it asks for."""
    words = {
        calls.SERVER: str(product.client.base_url).rstrip("/"),
        calls.LINK: f"{SITE}/",
        quote(calls.LINK, safe=""): quote(f"{SITE}/", safe=""),
        **prepared(product, tmp_path),
    }
    document = product.client.get("/openapi.json").json()
    samples = []
    for method, path, operation in sorted(calls.operations(document), key=takes_away):
        if code := calls.samples(method, path, operation).get(language):
            for word, meant in words.items():
                code = code.replace(word, meant)
            samples.append((f"{method} {path}", code))
    assert callable(run)
    statuses = run([code for _, code in samples], tmp_path)
    assert len(statuses) == len(samples)
    answers = {name: status for (name, _), status in zip(samples, statuses, strict=True)}
    assert {name: status for name, status in answers.items() if status >= "400" and status != BUSY.get(name)} == {}
