"""An image process of its own, which asks the API over HTTP whose pictures these are; and who its clients are."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.e2e.product import Product
from tests.origin import Origin, http, page
from tests.unit.imagepipe.pictures import encode, photo

pytestmark = pytest.mark.e2e

PICTURE = http(encode(photo((64, 48)), "PNG"), content_type="image/png")
HANGING = http(b"x", content_type="image/png").replace(b"Length: 1", b"Length: 1000")
KEY = "a key of the operator, long enough"
KEYS = {"SPIDERDUCK_API__KEYS": json.dumps([{"key": KEY, "scopes": ["admin"]}])}
BEARER = {"authorization": f"Bearer {KEY}"}


@contextmanager
def image_process(folder: Path, origin: Origin, **settings: str) -> Iterator[Product]:
    """Pictures and a fetcher, and no store."""
    named = {f"SPIDERDUCK_{name}": value for name, value in settings.items()}
    signing = {"SPIDERDUCK_IMAGES__KEYS": json.dumps(["a long key that signs pictures"])}
    with Product(folder, origin.port, {**signing, **named}, ["images", "fetchers"]) as process:
        yield process


def asked(process: Product, picture: str, **headers: str) -> tuple[int, str]:
    """The status, and the code of a problem."""
    answer = process.client.get("/images/cards", params={"src": f"http://{picture}", "w": 32}, headers=headers)
    is_problem = answer.headers["content-type"].startswith("application/problem+json")
    return answer.status_code, answer.json()["code"] if is_problem else ""


@pytest.mark.parametrize("keys", [{}, KEYS], ids=["without keys", "with keys"])
def test_pictures_of_records_are_known_by_asking_the_api(origin: Origin, tmp_path: Path, keys: dict[str, str]) -> None:
    """Others are refused, and their origin is not asked. Where the API is gone nobody can say, and that is told."""
    origin.answers["news.test/a"] = page("A", '<meta property="og:image" content="http://pics.test/own.png">')
    for name in ("own", "other", "later"):
        origin.answers[f"pics.test/{name}.png"] = PICTURE
    with Product(tmp_path / "api", origin.port, keys | {"SPIDERDUCK_SCHEDULERS__PICTURES": "false"}) as api:
        api.client.headers.update(BEARER if keys else {})
        settings = {name.removeprefix("SPIDERDUCK_"): value for name, value in keys.items()}
        url = str(api.client.base_url)
        with image_process(tmp_path / "images", origin, IMAGES__API_URL=url, **settings) as images:
            assert asked(images, "pics.test/other.png") == (403, "not_signed")
            assert origin.asked("pics.test") == []
            api.send({"id": "one", "urls": ["http://news.test/a"]})
            (record,) = api.ended("http://news.test/a")
            assert record["metadata"]["image"]["url"] == "http://pics.test/own.png"
            assert asked(images, "pics.test/own.png") == (200, "")
            assert [one.target for one in origin.asked("pics.test")] == ["/own.png"]
            api.kill()
            assert asked(images, "pics.test/later.png") == (503, "records_unavailable")
            assert asked(images, "pics.test/own.png") == (200, "")
            assert [one.target for one in origin.asked("pics.test")] == ["/own.png"]


def test_an_api_that_refuses_the_key_is_nobody_who_can_say(origin: Origin, tmp_path: Path) -> None:
    """A picture is not taken for a stranger's because of a wrong setting."""
    with (
        Product(tmp_path / "api", origin.port, KEYS) as api,
        image_process(tmp_path / "images", origin, IMAGES__API_URL=str(api.client.base_url)) as images,
    ):
        assert asked(images, "pics.test/own.png") == (503, "records_unavailable")


@pytest.mark.parametrize(
    ("trusted", "served"), [("127.0.0.1", True), ("10.0.0.0/8", False)], ids=["trusted proxy", "stranger"]
)
def test_clients_behind_a_trusted_proxy_have_limits_of_their_own(
    origin: Origin, tmp_path: Path, trusted: str, served: bool
) -> None:
    """One of them whose pictures hang keeps nobody else waiting. What a stranger writes there counts for nothing."""
    origin.answers |= {f"hang.test/{number}.png": HANGING for number in range(3)}
    origin.answers["quick.test/a.png"] = PICTURE
    settings = {
        "API__TRUSTED_PROXIES": json.dumps([trusted]),
        "IMAGES__UNSIGNED_HOSTS": json.dumps(["hang.test", "quick.test"]),
        "IMAGES__LOADS_PER_CLIENT": "1",
        "IMAGES__LOADS_WAITING": "4",
        **{name.removeprefix("SPIDERDUCK_"): value for name, value in KEYS.items()},
    }
    answers: queue.Queue[tuple[int, str]] = queue.Queue()

    def ask(images: Product, number: int) -> None:
        """One is fetched and hangs, one waits for its place, and one is told that no more may wait."""
        with suppress(httpx.TransportError):  # the process has ended meanwhile
            forwarded = {"x-forwarded-for": "203.0.113.9, 198.51.100.1"}
            answers.put(asked(images, f"hang.test/{number}.png", **forwarded))

    with image_process(tmp_path / "images", origin, **settings) as images:
        threads = [threading.Thread(target=ask, args=(images, number)) for number in range(3)]
        for thread in threads:
            thread.start()
        assert answers.get(timeout=20) == (429, "busy")
        other = asked(images, "quick.test/a.png", **{"x-forwarded-for": "198.51.100.2"})
        assert other == ((200, "") if served else (429, "busy"))
    for thread in threads:
        thread.join(20)
