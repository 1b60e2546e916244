"""The pure parts of webhooks: the schedule, what an answer means, which URL may be a receiver's, and the vault."""

from typing import get_args, get_type_hints

import msgspec
import pytest

from fetchers.config import Network
from schedulers import notice
from spiderduck.config import Config
from spiderduck.errors import BadSetting
from spiderduck.settings.webhooks import PAUSES, WebhooksConfig
from spiderduck.webhooks.errors import BadReceiver, NoSecretKey
from spiderduck.webhooks.receiver import checked_url
from spiderduck.webhooks.schedule import (
    DOWN_AFTER,
    LONGEST_PROBE,
    LONGEST_WAIT,
    AttemptOutcome,
    next_attempt,
    outcome_of,
    probe_pause,
    throttled,
)
from spiderduck.webhooks.vault import Vault

DAY = 86_400.0


def test_ten_attempts_in_three_days() -> None:
    """The specification's table, and then no more."""
    at = [0.0]
    while (due := next_attempt(len(at), at[-1], PAUSES, None, 0.0)) is not None:
        at.append(due)
    assert len(at) == 10
    assert 3 * DAY < at[-1] < 3.2 * DAY
    assert at[1:4] == [5.0, 305.0, 2105.0]


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_what_failed_together_is_spread(chance: float) -> None:
    assert next_attempt(2, 0.0, PAUSES, None, chance) == pytest.approx(300 * (1 + chance / 10))


def test_retry_after_puts_off_and_never_hurries() -> None:
    assert next_attempt(1, 0.0, PAUSES, 120.0, 0.0) == 120.0
    assert next_attempt(4, 0.0, PAUSES, 1.0, 0.0) == 7200.0
    assert next_attempt(1, 0.0, PAUSES, 1e9, 0.0) == LONGEST_WAIT


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((status, AttemptOutcome.DELIVERED) for status in (200, 201, 202, 204, 299)),
        *((status, AttemptOutcome.FAILED) for status in (301, 302, 304, 307, 308, 400, 401, 404, 429, 500, 503)),
        (410, AttemptOutcome.GONE),
    ],
)
def test_only_2xx_was_taken(status: int, outcome: AttemptOutcome) -> None:
    assert outcome_of(status) is outcome


def test_an_overloaded_receiver_is_left_alone_for_a_while() -> None:
    assert throttled(429, 30.0) == 30.0
    assert throttled(502, None) > 0
    assert throttled(503, None) == 0.0
    assert throttled(503, 1e9) == 3600.0
    assert throttled(500, 30.0) == 0.0


def test_a_receiver_that_is_down_is_given_few_new_notices() -> None:
    pauses = [probe_pause(failures) for failures in range(DOWN_AFTER + 12)]
    assert pauses[:DOWN_AFTER] == [0.0] * DOWN_AFTER
    assert pauses[DOWN_AFTER:] == sorted(pauses[DOWN_AFTER:])
    assert pauses[-1] == LONGEST_PROBE


CLOSED, LOCAL = Network(), Network(allow_addresses=("127.0.0.0/8", "10.1.0.0/16"))


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/x",
        "ftp://hooks.example/x",
        "file:///etc/passwd",
        "gopher://hooks.example/",
        "hooks.example/x",
        "https://",
        "https://user:password@hooks.example/",
        "https://user@hooks.example/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.1.2.3/",
        "https://0/",
        "https://hooks.example:22/",
        "https://hooks.example:9042/",
        "https://①②⑦.0.0.1/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost/",
        "https://hooks.example/" + "x" * 3000,
    ],
)
def test_what_no_webhook_may_lead_to(url: str) -> None:
    with pytest.raises(BadReceiver):
        checked_url(url, CLOSED)


@pytest.mark.parametrize(
    ("url", "network", "stored"),
    [
        ("https://Hooks.Example/x?y=1#part", CLOSED, "https://hooks.example/x?y=1"),
        ("https://hooks.example:8443/a b", CLOSED, "https://hooks.example:8443/a%20b"),
        ("https://93.184.216.34/x", CLOSED, "https://93.184.216.34/x"),
        ("http://127.0.0.1:9999/x", LOCAL, "http://127.0.0.1:9999/x"),
        ("http://10.1.2.3/x", LOCAL, "http://10.1.2.3/x"),
        ("http://localhost:9000/", LOCAL, "http://localhost:9000/"),
        ("https://localhost.example/", CLOSED, "https://localhost.example/"),
        ("http://hook.internal:9000/", LOCAL, "http://hook.internal:9000/"),  # looked at where it is dialled
        ("http://hook.test/", Network(resolve={"*.test": "127.0.0.1:1"}), "http://hook.test/"),
    ],
)
def test_what_one_may_lead_to(url: str, network: Network, stored: str) -> None:
    assert checked_url(url, network) == stored


@pytest.mark.parametrize("url", ["http://93.184.216.34/", "https://10.2.0.1/", "http://169.254.169.254/"])
def test_an_exception_is_for_its_addresses_alone(url: str) -> None:
    with pytest.raises(BadReceiver):
        checked_url(url, LOCAL)


def test_the_vault_opens_what_it_closed() -> None:
    pair, sealed = Vault(("a key of sixteen letters",)).make("wh_1")
    assert Vault(("another key, the newer one", "a key of sixteen letters")).open("wh_1", sealed) == pair
    assert pair.secret not in sealed.sealed
    assert pair.seed not in sealed.sealed
    assert sealed.public_key == pair.public_key


def test_the_vault_opens_nothing_else() -> None:
    """With another key, for another webhook, or after a change."""
    vault = Vault(("a key of sixteen letters",))
    _, sealed = vault.make("wh_1")
    with pytest.raises(NoSecretKey):
        Vault(("another key, the newer one",)).open("wh_1", sealed)
    with pytest.raises(NoSecretKey):
        vault.open("wh_2", sealed)
    with pytest.raises(NoSecretKey, match="empty"):
        Vault(()).make("wh_1")


@pytest.mark.parametrize(
    "settings", [{"keys": ("short",)}, {"most": -1}, {"retry_after_s": (0.0,)}, {"retry_after_s": (1.0,) * 51}]
)
def test_settings_that_cannot_work_are_named(settings: dict[str, object]) -> None:
    with pytest.raises(BadSetting, match=r"webhooks\.") as caught:
        Config(webhooks=WebhooksConfig(**settings)).validate()  # type: ignore[arg-type]
    assert "short" not in str(caught.value).replace("too short", "")


def test_every_kind_of_notice_can_be_asked_for() -> None:
    """A new one is one for webhooks too."""
    kinds = [one for one in vars(notice).values() if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    told = {get_args(get_type_hints(one)["type"])[0] for one in kinds if "type" in one.__annotations__}
    assert set(notice.TYPES) == told
