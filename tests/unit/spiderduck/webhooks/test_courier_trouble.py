"""Couriers where something else goes wrong: a key is lost, the clock is set, the store is away, a webhook is removed
while it is delivered to."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from spiderduck.errors import StoreUnavailable
from spiderduck.webhooks.administration import WebhookEdit
from spiderduck.webhooks.courier import LONGEST_SLEEP
from spiderduck.webhooks.errors import UnknownWebhook
from spiderduck.webhooks.model import Webhook, queue_of
from spiderduck.webhooks.signatures import Verifier
from spiderduck.webhooks.vault import Vault
from tests.unit.spiderduck.webhooks.desk import DOWN, OK, Desk, made, url

OLD, NEW = "a key of sixteen letters", "another key of sixteen"


async def test_a_rotation_replaces_a_secret_whose_key_is_lost(desk: Desk) -> None:
    """At once: the one before it could not sign beside the new one."""
    webhook, _ = await made(desk, "a")
    desk.vault = Vault((NEW,))
    await desk.restart()
    await desk.tell("n1")
    await desk.pass_time(20)
    assert desk.web.requests == []
    changed, secret = await desk.webhooks.rotate(webhook.id, 86_400.0)
    assert len(changed.secrets) == 1
    await desk.until(lambda: desk.web.ids(url("a")) == ["n1"], 20.0)
    _verify(desk, secret)


async def test_a_key_that_is_dropped_while_two_secrets_are_valid_stops_nothing(desk: Desk) -> None:
    """What the newest secret signs goes on."""
    desk.vault = Vault((NEW, OLD))
    webhook, _ = await made(desk, "a")
    await desk.restart()
    changed, secret = await desk.webhooks.rotate(webhook.id, 86_400.0)
    assert len(changed.secrets) == 2
    desk.vault = Vault((NEW,))
    await desk.restart()
    await desk.tell("n1")
    await desk.until(lambda: desk.web.ids(url("a")) == ["n1"])
    _verify(desk, secret)


def _verify(desk: Desk, secret: str) -> None:
    post = desk.web.requests[-1].post
    assert post is not None
    Verifier(secret).verify(post.body, dict(post.headers), desk.clock.now())


@pytest.mark.parametrize("seconds", [3_600.0, 86_400.0 * 365])
async def test_a_clock_that_is_set_forward_brings_what_is_due(desk: Desk, seconds: float) -> None:
    """Soon, and not when the pause is over that began before."""
    await made(desk, "a")
    desk.web.says[url("a")] = DOWN
    await desk.tell("n1")
    await desk.sent(3, 100.0)  # and the next attempt is 40 s away
    desk.web.says[url("a")] = OK
    desk.clock.step(seconds)
    await desk.sent(4, LONGEST_SLEEP)


async def test_a_clock_that_is_set_back_sends_nothing_early_and_loses_nothing(desk: Desk) -> None:
    webhook, secret = await made(desk, "a")
    desk.web.says[url("a")] = DOWN
    await desk.tell("n1")
    await desk.sent(1)
    desk.clock.step(-600.0)
    await desk.tell("n2")
    await desk.sent(2)
    desk.web.says[url("a")] = OK
    await desk.sent(4, 700.0)
    assert sorted(desk.web.ids(url("a"))) == ["n1", "n1", "n2", "n2"]
    _verify(desk, secret)
    log = await desk.webhooks.deliveries(webhook.id, None, 10)
    assert {one.id for one in log} == {"n1", "n2"}
    assert len({one.created_at for one in log}) == 2


async def test_a_receiver_that_is_gone_is_disabled_also_where_the_store_was_away(desk: Desk) -> None:
    webhook, _ = await made(desk, "a")
    desk.web.says[url("a")] = 410
    change, failures = desk.store.change, [StoreUnavailable("locked")] * 2

    async def failing(identity: str, edit: Callable[[Webhook], Webhook]) -> Webhook:
        if failures:
            raise failures.pop()
        return await change(identity, edit)

    desk.store.change = failing  # type: ignore[method-assign]
    await desk.tell("n1")
    await desk.until(lambda: not failures, 60.0)
    await desk.pass_time(20)
    assert not (await desk.webhooks.get(webhook.id)).enabled
    assert len(desk.web.requests) == 1


@pytest.mark.parametrize("answer", [OK, DOWN, 410])
async def test_what_was_under_way_when_its_webhook_was_removed_leaves_nothing(desk: Desk, answer: int) -> None:
    """However it ends: no row that no list and no takedown would lead to."""
    webhook, _ = await made(desk, "a")
    gate = desk.web.slow[url("a")] = asyncio.Event()
    desk.web.says[url("a")] = answer
    await desk.tell("n1")
    await desk.sent(1)
    assert await desk.store.remove(webhook.id)
    gate.set()
    await desk.quiet()
    assert await desk.store.find(webhook.id, "n1") is None
    assert await desk.store.pending(webhook.id) == []
    await desk.pass_time(30)
    assert len(desk.web.requests) == 1


async def test_a_removal_that_a_crash_cut_short_is_ended_by_the_next(desk: Desk) -> None:
    webhook, _ = await made(desk, "a")
    assert await desk.store.remove(webhook.id)  # and then it was killed
    await desk.restart()
    await desk.webhooks.remove(webhook.id)
    assert not await desk.notices.remove(queue_of(webhook.id))
    with pytest.raises(UnknownWebhook):
        await desk.webhooks.remove(webhook.id)


async def test_a_webhook_is_disabled_and_enabled_while_it_is_delivered_to(desk: Desk) -> None:
    """What was under way comes again, with its id; nothing is lost."""
    webhook, _ = await made(desk, "a")
    gate = desk.web.slow[url("a")] = asyncio.Event()
    await desk.tell("n1", "n2")
    await desk.sent(2)
    await desk.webhooks.change(webhook.id, WebhookEdit(enabled=False))
    await desk.until(lambda: not desk.dispatcher._running)
    gate.set()
    await desk.tell("n3")
    await desk.webhooks.change(webhook.id, WebhookEdit(enabled=True))
    await desk.sent(5)
    assert sorted(desk.web.ids(url("a"))) == ["n1", "n1", "n2", "n2", "n3"]


@pytest.mark.parametrize("name", ["a.b", "a\r\nX-Evil: 1", "ü", "a b", "", "\0", "x\n", "x" * 5_000])
async def test_a_notice_whose_id_is_none_stops_no_other(desk: Desk, name: str) -> None:
    """It would be a header, and a part of what is signed; no notice of ours has such an id."""
    await made(desk, "a")
    await desk.tell(name, "n1")
    await desk.until(lambda: desk.web.ids(url("a")) == ["n1"])


async def test_hundreds_of_webhooks_each_get_their_notices_once(desk: Desk) -> None:
    """And those that fail are tried again beside the others."""
    desk.webhooks._parts = replace(desk.webhooks._parts, most=300)
    for number in range(150):
        await made(desk, str(number))
        if number % 3 == 0:
            desk.web.says[url(str(number))] = DOWN
    await desk.tell("n1", "n2")
    await desk.until(lambda: len(desk.web.requests) >= 300, 4.0)
    desk.web.says.clear()
    await desk.sent(400, 60.0)
    assert all(set(desk.web.ids(url(str(number)))) == {"n1", "n2"} for number in range(150))
