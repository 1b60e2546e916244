"""Pictures in the running product: from its archive, and resumed through the fetcher."""

import io
import json
import random
from pathlib import Path

import pytest
from PIL import Image

import imagepipe
from tests.e2e.product import Product
from tests.e2e.test_flow import wait_for_notices
from tests.origin import Origin, Request, http
from tests.unit.imagepipe.pictures import encode

pytestmark = pytest.mark.e2e

_NOISE = encode(Image.frombytes("RGB", (640, 400), random.Random(1).randbytes(640 * 400 * 3)), "PNG")
_DUCK = "http://pics.test/duck.png"


def test_a_picture_that_was_shared_comes_from_the_archive(origin: Origin, product: Product) -> None:
    """It was fetched and archived like a page; its origin is not asked again, also when the caches are empty."""
    origin.answers["pics.test/duck.png"] = http(_NOISE, content_type="image/png")
    product.notices("all")
    product.send({"id": "one", "urls": [_DUCK]})
    assert [one["outcome"] for one in wait_for_notices(product, "all", 2)] == ["fetched", "updated"]
    assert len(origin.asked("pics.test")) == 1, "as a page, and not once more as that page's picture"
    assert product.client.delete("/images/store").json() == {"purged": 1}
    answer = product.client.get("/images/cards", params={"src": _DUCK, "w": 320, "format": "png"})
    assert answer.status_code == 200, answer.text
    assert "additional:archive" in answer.headers["x-pipeline-trace"]
    assert Image.open(io.BytesIO(answer.content)).size == (320, 200)
    assert len(origin.asked("pics.test")) == 1


def test_the_inspector_asks_a_person_for_the_key(origin: Origin, tmp_path: Path) -> None:
    """Its page is open and empty; what it shows is for administrators."""
    keys = [{"key": "a-key-to-read-with", "scopes": ["read"]}, {"key": "a-key-for-all-of-it", "scopes": ["admin"]}]
    with Product(tmp_path / "data", origin.port, {"SPIDERDUCK_API__KEYS": json.dumps(keys)}) as product:
        page = product.client.get("/images/inspect/page")
        assert (page.status_code, 'type="password"' in page.text) == (200, True)
        for path in ("/images/inspect", "/images/inspect/tables"):
            given = [{}, *({"Authorization": f"Bearer {one['key']}"} for one in keys)]
            assert [product.client.get(path, headers=each).status_code for each in given] == [401, 403, 200]


def test_a_download_that_broke_off_is_continued(origin: Origin, product: Product) -> None:
    """Through the fetcher, by range and validator."""

    def answer(request: Request) -> bytes:
        if "range" in request.headers:
            assert request.headers["if-range"] == '"1"'
            start = int(request.headers["range"].removeprefix("bytes=").rstrip("-"))
            span = f"bytes {start}-{len(_NOISE) - 1}/{len(_NOISE)}"
            return http(_NOISE[start:], "206 Partial Content", "image/png", Content_Range=span, ETag='"1"')
        head, _, body = http(_NOISE, content_type="image/png", ETag='"1"', Accept_Ranges="bytes").partition(b"\r\n\r\n")
        return head + b"\r\nConnection: close\r\n\r\n" + body[:300_000]

    origin.answers["pics.test/duck.png"] = answer
    key = (product.data / "image-signing-key").read_text().strip()
    address = imagepipe.url("/images/cards", _DUCK, width=640, format="png", key=key)
    first, second = product.client.get(address), product.client.get(address)
    assert (first.status_code, second.status_code) == (502, 200)
    assert Image.open(io.BytesIO(second.content)).tobytes() == Image.open(io.BytesIO(_NOISE)).tobytes()
    ranges = [one.headers.get("range") for one in origin.asked("pics.test")]
    assert ranges == [None, "bytes=300000-"]
