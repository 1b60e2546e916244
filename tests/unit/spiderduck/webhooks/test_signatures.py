"""Signatures of webhooks: the specification's vectors, and whatever is not signed, not whole or not fresh."""

import base64
from typing import Any

import pytest

from spiderduck.client import NoNotice, WebhookReceiver, WrongSignature
from spiderduck.webhooks.signatures import ID, SIGNATURE, TIMESTAMP, KeyPair, Verifier, sign
from tests.unit.spiderduck.client.test_client import notice

NOW = 1614265330
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SEED = "VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="
V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
V1A = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
"""What the specification's own libraries expect for these."""
PAIR = KeyPair(base64.b64decode(SECRET), base64.b64decode(SEED))
OTHER = KeyPair(b"o" * 32, b"p" * 32)


def signed(*pairs: KeyPair, now: float = NOW, body: bytes = BODY) -> dict[str, str]:
    return dict(sign(pairs or (PAIR,), MESSAGE, now, body))


def test_the_specifications_vectors() -> None:
    assert PAIR.signatures(MESSAGE, NOW, BODY) == (V1, V1A)
    assert signed() == {ID: MESSAGE, TIMESTAMP: str(NOW), SIGNATURE: f"{V1} {V1A}"}


@pytest.mark.parametrize("key", [SECRET, f"whsec_{SECRET}", PAIR.public_key])
def test_either_key_verifies(key: str) -> None:
    """With the prefix or without, the secret as well as the public key."""
    assert Verifier(key).verify(BODY, signed(), NOW) == MESSAGE


@pytest.mark.parametrize("key", [f"whsec_{SECRET}", PAIR.public_key])
def test_names_of_headers_come_in_any_case(key: str) -> None:
    headers = {name.title(): value for name, value in signed().items()}
    assert Verifier(key).verify(BODY, headers, NOW) == MESSAGE


@pytest.mark.parametrize("key", [f"whsec_{SECRET}", PAIR.public_key])
@pytest.mark.parametrize("change", ["body", "id", "timestamp", "signature", "other", "empty", "garbage"])
def test_what_was_changed_is_refused(key: str, change: str) -> None:
    headers, body = signed(), BODY
    match change:
        case "body":
            body += b" "
        case "id":
            headers[ID] = "msg_other"
        case "timestamp":
            headers[TIMESTAMP] = str(NOW + 1)
        case "other":
            headers |= signed(OTHER)
        case _:
            headers[SIGNATURE] = {"signature": "v1,AAAA v1a,AAAA", "empty": "v1, v1a,", "garbage": "v1,%% ,, v2"}[
                change
            ]
    with pytest.raises(WrongSignature):
        WebhookReceiver(key, now=lambda: NOW).verify(body, headers)


@pytest.mark.parametrize("name", [ID, TIMESTAMP, SIGNATURE])
def test_each_header_has_to_be_there(name: str) -> None:
    headers = signed()
    del headers[name]
    with pytest.raises(WrongSignature, match="missing"):
        WebhookReceiver(SECRET, now=lambda: NOW).verify(BODY, headers)


@pytest.mark.parametrize("later", [-301, 301])
def test_an_old_request_is_a_replay(later: int) -> None:
    """Its signature is right, and it is refused all the same; five minutes are within the tolerance."""
    assert WebhookReceiver(SECRET, now=lambda: NOW + 300).verify(BODY, signed()) == MESSAGE
    with pytest.raises(WrongSignature, match="300 seconds"):
        WebhookReceiver(SECRET, now=lambda: NOW + later).verify(BODY, signed())


@pytest.mark.parametrize("timestamp", ["", "-1", "1.6e9", "²", "1" * 30, "now", " 1614265330"])
def test_what_is_no_time_is_refused(timestamp: str) -> None:
    with pytest.raises(WrongSignature):
        WebhookReceiver(SECRET, now=lambda: NOW).verify(BODY, {**signed(), TIMESTAMP: timestamp})


def test_during_a_rotation_either_secret_verifies() -> None:
    headers = signed(OTHER, PAIR)
    for key in (OTHER.shown_secret, PAIR.shown_secret, OTHER.public_key, PAIR.public_key):
        assert Verifier(key).verify(BODY, headers, NOW) == MESSAGE
    assert Verifier(OTHER.public_key, PAIR.shown_secret).verify(BODY, signed(PAIR), NOW) == MESSAGE


def test_a_signature_of_one_kind_is_none_of_the_other() -> None:
    """`v1a` bytes under `v1`, and the other way round."""
    swapped = " ".join(f"{other},{one.partition(',')[2]}" for one, other in ((V1, "v1a"), (V1A, "v1")))
    for key in (SECRET, PAIR.public_key):
        with pytest.raises(WrongSignature):
            WebhookReceiver(key, now=lambda: NOW).verify(BODY, {**signed(), SIGNATURE: swapped})


def test_a_header_of_a_thousand_signatures_costs_a_few() -> None:
    """Only the first are looked at."""
    headers = {**signed(), SIGNATURE: "v1a,QUFBQQ== " * 1000 + V1}
    with pytest.raises(WrongSignature):
        WebhookReceiver(SECRET, now=lambda: NOW).verify(BODY, headers)


@pytest.mark.parametrize(
    "key", ["", "whsec_", "whsec_AAAA", "whpk_AAAA", "whpk_%%", "not base64!", "whsec_" + "A" * 200]
)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"base64|bytes"):
        WebhookReceiver(key)
    with pytest.raises(ValueError, match="secret"):
        WebhookReceiver()


def test_secrets_are_not_shown() -> None:
    """Neither in a log line nor in a traceback."""
    assert "secret" not in repr(PAIR)
    assert SECRET not in repr(PAIR)


@pytest.mark.parametrize(("body", "problem"), [(notice(1), None), (b'{"type": "spiderduck.webhook.test"}', NoNotice)])
def test_the_client_reads_the_notice(body: bytes, problem: Any) -> None:
    receiver = WebhookReceiver(SECRET, now=lambda: NOW)
    headers = signed(body=body)
    if problem is None:
        assert receiver.read(body, headers).data.url == "http://duck.test/1"
        return
    with pytest.raises(problem):
        receiver.read(body, headers)
