"""Webhooks on the real process: made, signed, filtered, tried again, rotated, replayed; and kill -9 in the middle."""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spiderduck.client import WebhookReceiver
from tests.e2e.product import Product
from tests.engines.fixtures import need
from tests.origin import Origin, page
from tests.receiver import Answer, Receiver, Taken

pytestmark = pytest.mark.e2e

PATH = "/v1/webhooks"
SETTINGS = {
    "SPIDERDUCK_FETCHERS__NETWORK__ALLOW_ADDRESSES": '["127.0.0.0/8"]',
    "SPIDERDUCK_WEBHOOKS__RETRY_AFTER_S": json.dumps([0.2] * 20),
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "how-to" / "webhooks.md"


@pytest.fixture(scope="module")
def web() -> Iterator[Origin]:
    with Origin(default=page("Any")) as origin:
        yield origin


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def server(web: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with Product(tmp_path_factory.mktemp("webhooks") / "data", web.port, SETTINGS) as product:
        yield product


def make(product: Product, url: str, **more: Any) -> dict[str, Any]:
    answer = product.client.post(PATH, json={"url": url, **more})
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


def until(is_so: Callable[[], bool], what: Callable[[], object] = lambda: "", seconds: float = 40.0) -> None:
    over = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < over, what()
        time.sleep(0.02)


def share(product: Product, *urls: str) -> None:
    product.send(*({"urls": [url]} for url in urls))


def subjects(taken: list[Taken]) -> set[str]:
    """Of the notices that a share made."""
    told = [json.loads(one.body) for one in taken]
    return {one["subject"] for one in told if one["type"] == "spiderduck.url.processed"}


def deliveries(product: Product, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    return list(product.client.get(f"{PATH}/{webhook['id']}/deliveries").json()["deliveries"])


def test_what_is_wanted_comes_signed_and_nothing_else(server: Product, receiver: Receiver) -> None:
    made = make(server, receiver.url("/mine"), domains=["mine.test"], types=["spiderduck.url.processed"])
    share(server, "http://www.mine.test/1", "http://other.test/1", "http://mine.test/2")
    until(lambda: len(receiver.at("/mine")) == 2)
    assert subjects(receiver.at("/mine")) == {"http://www.mine.test/1", "http://mine.test/2"}
    for one in receiver.at("/mine"):
        for key in (made["secret"], *made["public_keys"]):
            notice = WebhookReceiver(key).read(one.body, one.headers)
            assert notice.id == one.id
        assert one.headers["content-type"] == "application/json"
    until(lambda: len(deliveries(server, made)) == 2)
    log = deliveries(server, made)
    assert {(one["status"], len(one["attempts"])) for one in log} == {("delivered", 1)}
    assert {one["id"] for one in log} == {one.id for one in receiver.at("/mine")}


def test_the_secret_is_shown_once(server: Product, receiver: Receiver) -> None:
    """Neither listed, nor in the log, nor in plain on the disk."""
    made = make(server, receiver.url("/secret"))
    secret = made["secret"].removeprefix("whsec_")
    for path in (PATH, f"{PATH}/{made['id']}", "/v1/audit", f"{PATH}/{made['id']}/deliveries"):
        answer = server.client.get(path)
        assert answer.status_code == 200
        assert secret not in answer.text
    files = [*server.data.glob("spiderduck.db*"), server.data / "audit.jsonl", server.data.parent / "product.log"]
    assert all(secret.encode() not in file.read_bytes() for file in files)
    assert (server.data / "webhook-secret-key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"url": "http://hooks.example.com/"}, 201, ""),  # dialled only where it leads to what a setting names
        ({"url": "https://169.254.169.254/latest"}, 422, "bad_receiver"),
        ({"url": "ftp://127.0.0.1/"}, 422, "bad_receiver"),
        ({"url": "https://a:b@hooks.example.com/"}, 422, "bad_receiver"),
        ({"url": "nonsense"}, 422, "bad_receiver"),
        ({"url": 5}, 400, "bad_request"),
        ({}, 400, "bad_request"),
        ({"url": "https://hooks.example.com/", "types": ["no.such.type"]}, 400, "bad_request"),
        ({"url": "https://hooks.example.com/", "domains": ["a b"]}, 400, "bad_request"),
        ({"url": "https://hooks.example.com/", "domains": ["x/y"]}, 400, "bad_request"),
        ({"url": "https://hooks.example.com/", "colour": "red"}, 400, "bad_request"),
    ],
)
def test_what_cannot_be_a_webhook_is_refused(server: Product, body: Any, status: int, code: str) -> None:
    answer = server.client.post(PATH, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json().get("code", "") == code
    if status == 201:
        server.client.delete(f"{PATH}/{answer.json()['id']}").raise_for_status()


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_webhook_is_a_404(server: Product, method: str) -> None:
    for path, status in ((f"{PATH}/wh_{'0' * 24}", 404), (f"{PATH}/nonsense", 400)):
        answer = server.client.request(method, path, json={} if method == "PATCH" else None)
        assert answer.status_code == status, answer.text


def test_a_failing_receiver_is_asked_again_and_a_slow_one_delays_nobody(server: Product, receiver: Receiver) -> None:
    gate = threading.Event()
    failures = iter([500, 302, 503])
    receiver.answers["/fails"] = lambda _: Answer(next(failures, 200), headers={"Location": receiver.url("/trap")})
    receiver.answers["/slow"] = lambda _: Answer(until=gate)
    wanted = {"domains": ["pace.test"], "types": ["spiderduck.url.processed"]}
    fails, slow, quick = (make(server, receiver.url(f"/{name}"), **wanted) for name in ("fails", "slow", "quick"))
    urls = {f"http://pace.test/{number}" for number in range(30)}
    share(server, *urls)
    until(lambda: subjects(receiver.at("/quick")) == urls, lambda: len(receiver.at("/quick")))
    assert len(receiver.at("/slow")) <= 8
    until(lambda: subjects(receiver.at("/fails")) == urls and len(receiver.at("/fails")) == 33)
    assert receiver.at("/trap") == []
    gate.set()
    until(lambda: subjects(receiver.at("/slow")) == urls)
    until(lambda: {one["status"] for one in deliveries(server, fails)} == {"delivered"})
    tried = [one for one in deliveries(server, fails) if len(one["attempts"]) > 1]
    assert {one["attempts"][0]["status_code"] for one in tried} == {500, 302, 503}
    for one in (fails, slow, quick):
        server.client.delete(f"{PATH}/{one['id']}").raise_for_status()


def test_gone_disables(server: Product, receiver: Receiver) -> None:
    receiver.answers["/gone"] = Answer(410)
    made = make(server, receiver.url("/gone"), domains=["gone.test"])
    share(server, "http://gone.test/1")
    until(lambda: not server.client.get(f"{PATH}/{made['id']}").json()["enabled"])
    receiver.answers["/gone"] = Answer(204)
    enabled = server.client.patch(f"{PATH}/{made['id']}", json={"enabled": True}).json()
    assert (enabled["enabled"], enabled["disabled_because"]) == (True, None)
    share(server, "http://gone.test/2")
    until(lambda: "http://gone.test/2" in subjects(receiver.at("/gone")))
    actions = [one["action"] for one in server.client.get("/v1/audit").json()["entries"]]
    assert actions[:3] == ["webhook.changed", "webhook.disabled", "webhook.created"]


def test_rotation_replay_and_the_test_call(server: Product, receiver: Receiver) -> None:
    made = make(server, receiver.url("/turn"), domains=["turn.test"])
    path = f"{PATH}/{made['id']}"
    turned = server.client.post(f"{path}/rotate", json={"old_valid_s": 600}).json()
    assert turned["secret"] != made["secret"]
    assert turned["public_keys"][1:] == made["public_keys"]
    assert turned["old_valid_until"] is not None
    assert server.client.post(f"{path}/test", json={}).json()["delivered"]
    (sent,) = receiver.at("/turn")
    for key in (made["secret"], turned["secret"], *turned["public_keys"]):
        assert WebhookReceiver(key).verify(sent.body, sent.headers) == sent.id
    assert json.loads(sent.body)["type"] == "spiderduck.webhook.test"
    share(server, "http://turn.test/1")
    until(lambda: "http://turn.test/1" in subjects(receiver.at("/turn")[1:]))
    until(lambda: len(deliveries(server, made)) == 1)
    (one,) = deliveries(server, made)
    for order in ({"ids": [one["id"]]}, {"since": one["created_at"][:19] + "Z"}):
        before = len(receiver.at("/turn"))
        assert server.client.post(f"{path}/replay", json=order).json() == {"replayed": 1}
        until(lambda before=before: len(receiver.at("/turn")) > before)  # type: ignore[misc]
        until(lambda: deliveries(server, made)[0]["status"] == "delivered")
    assert {taken.id for taken in receiver.at("/turn")[1:]} == {one["id"]}
    assert server.client.post(f"{path}/replay", json={}).json() == {"replayed": 0}
    receiver.answers["/turn"] = Answer(500, b"<b>no</b>\x00\x1b[31m")
    told = server.client.post(f"{path}/test", json={}).json()
    assert (told["delivered"], told["status_code"]) == (False, 500)
    assert told["reason"] == "it answered 500: <b>no</b> [31m"


def test_what_was_taken_down_is_sent_to_nobody(server: Product, web: Origin, receiver: Receiver) -> None:
    """Neither by a replay nor by a later attempt."""
    web.answers["taken.test/1"] = page("Zwiebelfisch")
    made = make(server, receiver.url("/taken"), domains=["taken.test"])
    share(server, "http://taken.test/1")
    until(lambda: [one["status"] for one in deliveries(server, made)] == ["delivered"])
    assert b"Zwiebelfisch" in receiver.at("/taken")[0].body
    answer = server.client.post("/v1/takedowns", json={"url": "http://taken.test/1", "reason": "by law"})
    assert answer.is_success, answer.text
    before = len(receiver.at("/taken"))
    ids = [one["id"] for one in deliveries(server, made)]
    assert server.client.post(f"{PATH}/{made['id']}/replay", json={"ids": ids}).json()["replayed"] == len(ids)
    until(lambda: len(receiver.at("/taken")) >= before + len(ids))
    assert all(b"Zwiebelfisch" not in one.body for one in receiver.at("/taken")[before:])
    for one in receiver.at("/taken")[before:]:
        WebhookReceiver(made["secret"]).verify(one.body, one.headers)


def test_the_command_line(server: Product, receiver: Receiver) -> None:
    """Every command, in one process."""
    made = make(server, receiver.url("/line"), domains=["line.test"])
    address = ("--json", "--server", str(server.client.base_url))
    commands = [
        ("create", receiver.url("/line"), "--domain", "line.test", *address),
        ("list", *address),
        ("test", made["id"], *address),
        ("change", made["id"], "--disable", *address),
        ("rotate", made["id"], "--old-valid", "0", *address),
        ("replay", made["id"], *address),
        ("deliveries", made["id"], *address),
        ("delete", made["id"], *address[1:]),
    ]
    ended = subprocess.run(
        [sys.executable, "-c", RUN_ALL], input=json.dumps(commands), capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    created, listed, tested, changed, rotated, replayed, log, deleted = json.loads(ended.stdout)
    assert json.loads(created)["secret"].startswith("whsec_")
    assert made["id"] in [json.loads(line)["id"] for line in listed.splitlines()]
    assert json.loads(tested)["delivered"]
    assert json.loads(changed)["disabled_because"]
    assert json.loads(rotated)["old_valid_until"] is None
    assert json.loads(replayed) == {"replayed": 0}
    assert log == ""
    assert made["id"] in deleted
    assert server.client.get(f"{PATH}/{made['id']}").status_code == 404


RUN_ALL = """
import json, sys
from typer.testing import CliRunner
from spiderduck.cli.app import app
ended = [CliRunner().invoke(app, ["webhooks", *words]) for words in json.load(sys.stdin)]
assert not any(one.exit_code for one in ended), [one.output for one in ended]
print(json.dumps([one.stdout for one in ended]))
"""


@pytest.mark.parametrize("language", ["python", pytest.param("javascript", marks=pytest.mark.engine("node"))])
def test_the_samples_of_the_page_verify(server: Product, receiver: Receiver, language: str) -> None:
    """And refuse what was changed."""
    made = make(server, receiver.url(f"/sample-{language}"))
    assert server.client.post(f"{PATH}/{made['id']}/test", json={}).json()["delivered"]
    sent = receiver.at(f"/sample-{language}")[-1]
    sample = DOCUMENT.read_text(encoding="utf-8").split(f"```{language}\n")[1].split("```")[0]
    for body, is_right in ((sent.body.decode(), True), (sent.body.decode() + " ", False)):
        given = (json.dumps(made["secret"]), json.dumps(body), json.dumps(sent.headers))
        if language == "python":
            code = f"SECRET = {given[0]}\n{sample}\nprint(take({given[1]}.encode(), {given[2]}) == 204)"
            command = [sys.executable, "-c", code]
        else:
            code = f"const SECRET = {given[0]};\n{sample}\nconsole.log(isOurs({given[1]}, {given[2]}));"
            command = [need("node"), "--input-type=module", "--eval", code]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ended.stdout.strip().lower() == str(is_right).lower(), ended.stderr
    server.client.delete(f"{PATH}/{made['id']}").raise_for_status()


@pytest.mark.timeout(180)
def test_kills_lose_nothing(web: Origin, tmp_path: Path, receiver: Receiver) -> None:
    """Kill -9 again and again, while one receiver fails every other time, one is slow, and the secret of both is
    rotated between: each notice arrives at each of them, signed with a secret that was valid."""
    moments = random.Random(20261130)
    answers = {"/flaky": lambda: Answer(moments.choice((200, 200, 500, 302))), "/lame": lambda: Answer()}

    def lame(_: Taken) -> Answer:
        time.sleep(moments.random() / 5)
        return answers["/lame"]()

    receiver.answers |= {"/flaky": lambda _: answers["/flaky"](), "/lame": lame}
    product = Product(tmp_path / "data", web.port, SETTINGS).start()
    made = {path: make(product, receiver.url(path), domains=["kill.test"]) for path in answers}
    secrets = {path: [one["secret"]] for path, one in made.items()}
    urls: set[str] = set()
    for turn in range(2):
        some = {f"http://kill.test/{turn}-{number}" for number in range(30)}
        urls |= some
        share(product, *some)
        for path, one in made.items():
            turned = product.client.post(f"{PATH}/{one['id']}/rotate", json={"old_valid_s": 600}).json()
            secrets[path].append(turned["secret"])
        time.sleep(moments.uniform(0.1, 0.8))
        product.kill()
        product.start()
    try:
        for path in answers:
            until(lambda path=path: subjects(receiver.at(path)) >= urls, lambda: len(receiver.requests), 90.0)  # type: ignore[misc]
            for taken in receiver.at(path):
                assert WebhookReceiver(*secrets[path][-6:], tolerance=3600).verify(taken.body, taken.headers)
    finally:
        product.kill()
