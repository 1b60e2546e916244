"""`POST /v1/events` against the real process: limits, ids, retries, and what is never kept."""

import json
from pathlib import Path

import pytest

from tests.e2e.product import Product
from tests.origin import Origin, page

pytestmark = pytest.mark.e2e

SECRET = "hunter2"


def urls(count: int, host: str = "many.test") -> list[str]:
    return [f"http://{host}/{number}" for number in range(count)]


def post(product: Product, body: object, **headers: str) -> tuple[int, dict[str, object]]:
    answer = product.client.post("/v1/events", json=body, headers=headers)
    return answer.status_code, answer.json()


def test_all_urls_of_an_event_or_of_a_batch_are_handled(origin: Origin, product: Product) -> None:
    """However many there may be; and one more is refused whole."""
    event, batch = urls(150), urls(300, "batch.test")
    origin.answers |= {url.removeprefix("http://"): page("A") for url in event + batch}
    assert post(product, {"urls": event})[0] == 202
    answer = product.client.post("/v1/urls/batch", json={"urls": batch, "schedule": True})
    assert answer.status_code == 200
    assert {record["status"] for record in product.ended(*event, *batch)} == {"fetched"}

    status, problem = post(product, [{"urls": ["http://other.test/1"]}, {"urls": urls(1001, "other.test")}])
    assert status == 422
    assert problem["code"] == "event_too_large"
    assert "item 1" in str(problem["detail"])
    assert product.client.get("/v1/urls", params={"url": "http://other.test/1"}).json()["status"] == "unknown"


def test_texts_have_a_limit_and_nothing_is_no_event(product: Product) -> None:
    for body, code in (
        ({"text": "a.com " * 50_000}, "event_too_large"),
        ({"text": None}, "nothing_shared"),
        ({"urls": []}, "nothing_shared"),
    ):
        status, problem = post(product, body)
        assert (status, problem["code"], problem["type"]) == (422, code, f"/problems/{code}")
    assert post(product, {"text": "no link"})[0] == 202


def test_two_people_who_share_the_same_are_two_shares(origin: Origin, product: Product) -> None:
    """And a retry with its key is none."""
    origin.answers["same.test/a"] = page("A")
    body = {"urls": ["http://same.test/a"]}
    first, second = post(product, body)[1], post(product, body)[1]
    assert first["ids"] != second["ids"]
    assert first["accepted"] == second["accepted"] == 1

    key = {"Idempotency-Key": "once"}
    sent, again = post(product, [body, body], **key)[1], post(product, [body, body], **key)[1]
    assert len(set(map(str, sent["ids"]))) == 2  # type: ignore[call-overload]
    assert sent["ids"] == again["ids"]
    assert (sent["accepted"], again["accepted"], again["duplicates"]) == (2, 0, 2)
    status, problem = post(product, [body], **key)
    assert status == 422
    assert "Idempotency-Key" in str(problem["detail"])
    assert post(product, [body], **{"Idempotency-Key": "x" * 256})[0] == 400
    product.ended("http://same.test/a")


def test_the_same_id_of_a_plain_event_and_of_a_tweet_is_two_events(origin: Origin, product: Product) -> None:
    """And each is known again. Answers name them as they were sent."""
    origin.answers["kinds.test/a"] = page("A")
    tweet = {"id_str": "42", "text": "", "entities": {"urls": [{"expanded_url": "http://kinds.test/a"}]}}
    events = [{"id": "42", "urls": ["http://kinds.test/a"]}, tweet]
    for accepted, duplicates in ((2, 0), (0, 2)):
        answer = post(product, events)[1]
        assert (answer["accepted"], answer["duplicates"], answer["ids"]) == (accepted, duplicates, ["42", "42"])


def test_a_key_is_free_again_where_nothing_was_accepted(product: Product) -> None:
    key = {"Idempotency-Key": "mended"}
    assert post(product, {"text": 7}, **key)[0] == 400
    assert post(product, {"text": "now right"}, **key)[0] == 202


def test_user_information_is_kept_nowhere(origin: Origin, product: Product, tmp_path: Path) -> None:
    """Neither of what is shared, nor of where it leads."""
    origin.answers["cred.test/page"] = page("A")
    shared = f"http://user:{SECRET}@cred.test/page"
    product.client.put("/v1/queues/mine").raise_for_status()
    assert post(product, {"urls": [shared, f"http://me:{SECRET}@[bad/", f"ftp://me:{SECRET}@files.test/"]})[0] == 202
    (record,) = product.ended("http://cred.test/page")
    assert record["status"] == "fetched"
    asked = product.client.get("/v1/urls", params={"url": shared})
    assert asked.json()["status"] == "fetched"
    assert SECRET not in asked.text
    assert post(product, {"id": "odd", "urls": [shared], "created_at": "never"})[0] == 400
    assert product.stop() == 0
    nothing_keeps(SECRET, tmp_path)


def test_a_sharer_is_kept_as_a_hash_alone(origin: Origin, product: Product, tmp_path: Path) -> None:
    """Of the data folder's key, so that it is the same after a restart; notices have it, too."""
    origin.answers["who.test/a"] = page("A")
    product.client.put("/v1/queues/mine").raise_for_status()
    event = {"urls": ["http://who.test/a"], "sharer": f"{SECRET}@pond.example"}
    packed = {"specversion": "1.0", "type": "t", "source": "/chat", "id": "9", "data": json.dumps(event)}
    assert post(product, [event, packed, {"text": "none", "sharer": SECRET}])[0] == 202
    assert post(product, {**event, "sharer": [SECRET]})[0] == 400
    product.ended("http://who.test/a")
    assert product.stop() == 0
    with product:
        assert post(product, {**event, "urls": ["http://who.test/a", "http://elsewhere.test/"]})[0] == 202
        product.ended("http://who.test/a", "http://elsewhere.test/")
        told = [one for one in product.notices("mine") if one["type"].endswith("processed")]
        assert product.stop() == 0
    assert len(told) == 4
    assert len({one["sharer"] for one in told}) == 1
    nothing_keeps(SECRET, tmp_path)


def nothing_keeps(secret: str, tmp_path: Path) -> None:
    assert secret not in (tmp_path / "product.log").read_text()
    for file in (tmp_path / "data").rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def test_many_small_events_are_read_whole(product: Product) -> None:
    """As an array and as lines; one bad one among them refuses all."""
    events = [{"text": f"number {number}"} for number in range(5_000)]
    status, answer = post(product, events)
    assert (status, answer["accepted"]) == (202, 5_000)
    lines = "\n".join(map(json.dumps, [*events, {"text": 7}]))
    refused = product.client.post("/v1/events", content=lines, headers={"content-type": "application/x-ndjson"})
    assert refused.status_code == 400
    assert "line 5001" in refused.json()["detail"]
