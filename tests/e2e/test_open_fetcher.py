"""The product's pictures: those of records for everybody, others with a signature or a key."""

import stat
from pathlib import Path

import imagepipe
from tests.e2e.product import Product
from tests.origin import Origin, http
from tests.unit.imagepipe.pictures import encode, photo

DUCK = "http://pics.test/duck.png"
PICTURE = http(encode(photo((64, 48)), "PNG"), content_type="image/png")


def test_without_a_signature_only_pictures_of_records(origin: Origin, product: Product) -> None:
    origin.answers["pics.test/duck.png"] = PICTURE
    refused = product.client.get("/images/cards", params={"src": DUCK, "preset": "small"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_signed")
    assert origin.asked("pics.test") == []
    assert product.client.get("/v1/pictures", params={"url": DUCK}).json() == {"url": DUCK, "owned": False}
    product.send({"id": "one", "urls": [DUCK]})
    product.client.get("/v1/urls", params={"url": DUCK, "wait_ms": 20_000})
    assert product.client.get("/v1/pictures", params={"url": DUCK}).json()["owned"]
    assert product.client.get("/images/cards", params={"src": DUCK, "w": 99}).status_code == 200


def test_the_signing_key_is_made_and_private(origin: Origin, product: Product) -> None:
    origin.answers["pics.test/duck.png"] = PICTURE
    file = product.data / "image-signing-key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    address = imagepipe.url("/images/cards", DUCK, width=77, key=file.read_text().strip())
    assert product.client.get(address).status_code == 200


def test_what_is_blocked_is_asked_for_by_nobody(origin: Origin, tmp_path: Path) -> None:
    settings = {"SPIDERDUCK_SCHEDULERS__BLOCKED_DOMAINS": '["pics.test"]'}
    with Product(tmp_path / "data", origin.port, settings) as product:
        answers = [
            product.client.post("/v1/fetch", json={"url": DUCK}),
            product.client.get("/images/cards", params={"src": DUCK}),
        ]
    assert origin.asked("pics.test") == []
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "blocked_domain")] * 2
