"""Couriers and their dispatcher over the embedded store and a clock moved by hand: what is sent when, and that nothing
is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fetchers.body.chunks import NO_CHUNKS, Chunks
from fetchers.model import Ended, Ending, HopRequest, HopResult, NotNow, Response
from spiderduck.settings.broker import QueuesConfig
from spiderduck.webhooks.administration import WebhookEdit
from spiderduck.webhooks.signatures import Verifier
from spiderduck.webhooks.vault import Vault
from tests.unit.spiderduck.webhooks.desk import DOWN, OK, PAUSES, Desk, Says, header, made, url


async def test_each_notice_is_posted_once_and_signed(desk: Desk) -> None:
    webhook, secret = await made(desk, "a")
    await desk.tell("n1", "n2", "n3")
    await desk.until(lambda: len(desk.web.requests) == 3)
    for one in desk.web.requests:
        assert one.post is not None
        assert one.purpose == "webhook"
        for key in (secret, webhook.secrets[0].public_key):
            assert Verifier(key).verify(one.post.body, dict(one.post.headers), desk.clock.now()).startswith("n")
    await desk.restart()
    await desk.tell("n4")
    await desk.until(lambda: len(desk.web.requests) == 4)
    assert sorted(desk.web.ids(url("a"))) == ["n1", "n2", "n3", "n4"]


async def test_only_what_is_wanted(desk: Desk) -> None:
    """Domains with everything below them; types; and all of it where nothing is said."""
    await made(desk, "domain", domains=("example.org",))
    await made(desk, "type", types=("spiderduck.url.updated",))
    await made(desk, "all")
    await desk.tell("n1", host="www.example.org")
    await desk.tell("n2", host="notexample.org")
    await desk.tell("n3", host="example.org", type="spiderduck.url.updated")
    await desk.until(lambda: len(desk.web.requests) == 6)
    assert sorted(desk.web.ids(url("domain"))) == ["n1", "n3"]
    assert desk.web.ids(url("type")) == ["n3"]


async def test_what_is_wanted_changes_while_it_runs(desk: Desk) -> None:
    webhook, _ = await made(desk, "a", domains=("example.org",))
    await desk.tell("n1", host="example.org")
    await desk.until(lambda: len(desk.web.requests) == 1)
    await desk.webhooks.change(webhook.id, WebhookEdit(domains=("example.net",)))
    await desk.until(lambda: _domains(desk) == ("example.net",))
    await desk.tell("n2", host="example.org")
    await desk.tell("n3", host="example.net")
    await desk.until(lambda: len(desk.web.requests) == 2)
    assert desk.web.ids(url("a")) == ["n1", "n3"]


def _domains(desk: Desk) -> tuple[str, ...]:
    return next(one.courier.webhook.domains for one in desk.dispatcher._running.values())


async def test_what_fails_is_tried_again_by_the_schedule_and_then_given_up(desk: Desk) -> None:
    webhook, _ = await made(desk, "a")
    desk.web.says[url("a")] = DOWN
    await desk.tell("n1")
    at = []
    for attempt in range(1, 5):
        await desk.sent(attempt, 0.0 if attempt == 1 else 2 * PAUSES[attempt - 2])
        at.append(desk.clock.now())
        found = await desk.delivery(webhook, "n1")
        assert len(found.attempts) == attempt
        assert found.status == ("failed" if attempt == 4 else "pending")
    assert [one.status_code for one in found.attempts] == [DOWN] * 4
    assert all(pause <= later - earlier for pause, earlier, later in zip(PAUSES, at, at[1:], strict=False))
    await desk.pass_time(900)
    assert len(desk.web.requests) == 4


async def test_the_same_id_whenever_it_is_tried(desk: Desk) -> None:
    """And each attempt is signed at its own time, so that it is no replay."""
    answers = iter([DOWN, DOWN, OK])
    _, secret = await made(desk, "a")
    desk.web.says[url("a")] = lambda _: next(answers)
    await desk.tell("n1")
    await desk.until(lambda: len(desk.web.requests) == 3, 60.0)
    assert desk.web.ids(url("a")) == ["n1"] * 3
    times = [int(header(one, "webhook-timestamp")) for one in desk.web.requests]
    assert times == sorted(set(times))
    for one, at in zip(desk.web.requests, times, strict=True):
        assert one.post is not None
        Verifier(secret).verify(one.post.body, dict(one.post.headers), at)


@pytest.mark.parametrize(
    "said",
    [
        301,
        302,
        404,
        500,
        Ended(Ending.CONNECT_ERROR, "nobody there"),
        Ended(Ending.TIMED_OUT, "it was slow"),
        Ended(Ending.BLOCKED_ADDRESS, "its address is not a public one"),
    ],
)
async def test_everything_but_2xx_is_a_failure(desk: Desk, said: Says) -> None:
    webhook, _ = await made(desk, "a")
    desk.web.says[url("a")] = said
    await desk.tell("n1")
    found = await desk.delivery(webhook, "n1")
    assert (found.status, len(found.attempts)) == ("pending", 1)
    assert found.attempts[0].reason
    assert found.due == pytest.approx(desk.clock.now() + 5.0, abs=0.6)


async def test_a_kill_between_attempts_loses_nothing(desk: Desk) -> None:
    """What waits for its next attempt is tried by the next process, at the time that was said."""
    webhook, _ = await made(desk, "a")
    desk.web.says[url("a")] = DOWN
    await desk.tell("n1", "n2")
    assert [await desk.state(webhook, one) for one in ("n1", "n2")] == ["pending"] * 2
    await desk.restart()
    desk.web.says[url("a")] = OK
    await desk.until(lambda: len(desk.web.requests) == 4, 10.0)
    assert sorted(desk.web.ids(url("a"))) == ["n1", "n1", "n2", "n2"]


async def test_a_kill_while_a_request_is_under_way_loses_nothing(desk: Desk) -> None:
    """The receiver may get it twice, with one id; what was noted before is not sent again."""
    await made(desk, "a")
    desk.web.slow[url("a")] = asyncio.Event()
    await desk.tell("n1", "n2", "n3")
    await desk.until(lambda: len(desk.web.requests) == 3)
    await desk.restart()
    desk.web.slow.clear()
    await desk.until(lambda: len(desk.web.requests) == 6)
    assert sorted(desk.web.ids(url("a"))) == ["n1", "n1", "n2", "n2", "n3", "n3"]


async def test_a_slow_receiver_delays_no_other(desk: Desk) -> None:
    """Nor is it sent more at once than it may be; what it did not take yet waits in its queue."""
    await made(desk, "slow")
    await made(desk, "quick")
    desk.web.slow[url("slow")] = asyncio.Event()
    names = [f"n{number}" for number in range(40)]
    await desk.tell(*names)
    await desk.until(lambda: len(desk.web.ids(url("quick"))) == 40)
    assert len(desk.web.ids(url("slow"))) == 8
    desk.web.slow[url("slow")].set()
    await desk.until(lambda: len(desk.web.ids(url("slow"))) == 40)
    assert sorted(desk.web.ids(url("slow"))) == sorted(names)


async def test_one_slow_answer_holds_up_no_later_notice(desk: Desk) -> None:
    """Of the same receiver: the others go on beside it, and after a kill only it comes again."""
    webhook, _ = await made(desk, "a")
    never = asyncio.Event()

    @asynccontextmanager
    async def open_hop(request: HopRequest) -> AsyncIterator[tuple[HopResult, Chunks]]:
        desk.web.requests.append(request)
        if header(request, "webhook-id") == "n0":
            await never.wait()
        yield Response(request.url, OK, (), b"", desk.clock.now()), NO_CHUNKS

    before, desk.web.open_hop = desk.web.open_hop, open_hop  # type: ignore[method-assign]
    await desk.restart()
    names = [f"n{number}" for number in range(60)]
    await desk.tell(*names)
    await desk.until(lambda: len(desk.web.requests) == 60)
    assert await desk.state(webhook, "n59") == "delivered"
    desk.web.open_hop = before  # type: ignore[method-assign]
    await desk.restart()
    await desk.until(lambda: len(desk.web.requests) == 61)
    await desk.tell("last")
    await desk.until(lambda: "last" in desk.web.ids(url("a")))
    assert sorted(desk.web.ids(url("a"))) == sorted([*names, "n0", "last"])


async def test_gone_disables_and_an_administrator_enables_again(desk: Desk) -> None:
    webhook, _ = await made(desk, "a")
    desk.web.says[url("a")] = 410
    await desk.tell("n1")
    await desk.quiet()
    assert "410" in ((await desk.webhooks.get(webhook.id)).disabled_because or "")
    await desk.audit.noted.wait()
    await desk.until(lambda: not desk.dispatcher._running)
    assert [one.action for one in (await desk.audit.newest(5)).entries] == ["webhook.disabled"]
    await desk.tell("n2")
    await desk.pass_time(60)
    assert len(desk.web.requests) == 1
    desk.web.says[url("a")] = OK
    await desk.webhooks.change(webhook.id, WebhookEdit(enabled=True))
    await desk.until(lambda: desk.web.ids(url("a"))[-1:] == ["n2"])
    assert await desk.state(webhook, "n1") == "failed"


async def test_rotation_signs_with_both_until_the_old_secret_ends(desk: Desk) -> None:
    webhook, old = await made(desk, "a")
    changed, new = await desk.webhooks.rotate(webhook.id, 60.0)
    keys = [old, new, *(one.public_key for one in changed.secrets)]
    assert len(set(keys)) == 4

    async def valid(name: str) -> list[bool]:
        await desk.tell(name)
        await desk.until(lambda: name in desk.web.ids(url("a")))
        sent = desk.web.requests[-1].post
        assert sent is not None
        return [_verifies(key, sent.body, dict(sent.headers), desk.clock.now()) for key in (old, new)]

    assert await valid("n1") == [True, True]
    await desk.pass_time(61)
    assert await valid("n2") == [False, True]
    for _ in range(2):
        changed, newest = await desk.webhooks.rotate(webhook.id, 60.0)
    await desk.until(lambda: _signs_with(desk) == changed.secrets)
    assert len(changed.secrets) == 2
    sent = desk.web.requests[-1]
    await desk.tell("n3")
    await desk.until(lambda: desk.web.requests[-1] is not sent)
    post = desk.web.requests[-1].post
    assert post is not None
    assert _verifies(newest, post.body, dict(post.headers), desk.clock.now())
    assert not _verifies(new, post.body, dict(post.headers), desk.clock.now())


def _signs_with(desk: Desk) -> object:
    return next(one.courier.webhook.secrets for one in desk.dispatcher._running.values())


def _verifies(key: str, body: bytes, headers: dict[str, str], now: float) -> bool:
    try:
        Verifier(key).verify(body, headers, now)
    except ValueError:
        return False
    return True


async def test_what_was_given_up_is_replayed(desk: Desk) -> None:
    webhook, _ = await made(desk, "a")
    desk.web.says[url("a")] = DOWN
    await desk.tell("n1")
    await desk.until(lambda: len(desk.web.requests) == 4, 2 * sum(PAUSES))
    assert await desk.state(webhook, "n1") == "failed"
    desk.web.says[url("a")] = OK
    assert await desk.webhooks.replay(webhook.id, None, None) == 1
    await desk.until(lambda: len(desk.web.requests) == 5, 5.0)
    assert await desk.state(webhook, "n1") == "delivered"
    assert await desk.webhooks.replay(webhook.id, None, None) == 0
    assert await desk.webhooks.replay(webhook.id, None, desk.clock.now() - 900) == 1
    await desk.until(lambda: len(desk.web.requests) == 6, 5.0)
    assert await desk.webhooks.replay(webhook.id, ["n1", "n1", "unknown"], None) == 1
    await desk.until(lambda: len(desk.web.requests) == 7, 5.0)
    assert desk.web.ids(url("a")) == ["n1"] * 7


async def test_where_no_fetcher_takes_it_nothing_counts_as_an_attempt(desk: Desk) -> None:
    webhook, _ = await made(desk, "a")
    desk.web.says[url("a")] = NotNow(desk.clock.now() + 1, "no fetcher takes it now")
    await desk.tell("n1")
    await desk.until(lambda: len(desk.web.requests) >= 3, 20.0)
    assert await desk.state(webhook, "n1") is None
    desk.web.says[url("a")] = OK
    await desk.until(lambda: desk.dispatcher.counts["delivered"] == 1, 20.0)


async def test_an_overloaded_receiver_is_sent_nothing_for_as_long_as_it_asks(desk: Desk) -> None:
    await made(desk, "a")
    desk.web.says[url("a")], desk.web.headers = 429, (("retry-after", "120"),)
    await desk.tell("n1")
    await desk.until(lambda: len(desk.web.requests) == 1)
    await desk.until(lambda: desk.dispatcher.counts["pending"] == 1)
    desk.web.says[url("a")] = OK
    await desk.tell("n2")
    await desk.pass_time(110)
    assert len(desk.web.requests) == 1
    await desk.until(lambda: len(desk.web.requests) == 3, 40.0)


async def test_a_receiver_that_is_down_is_given_little_that_is_new(desk: Desk) -> None:
    """The rest stays in its queue, and comes when it is up again."""
    await made(desk, "a")
    desk.web.says[url("a")] = Ended(Ending.CONNECT_ERROR, "nobody there")
    names = [f"n{number}" for number in range(60)]
    await desk.tell(*names)
    await desk.until(lambda: desk.dispatcher.counts["pending"] >= 10)
    assert len(set(desk.web.ids(url("a")))) < 30
    desk.web.says[url("a")] = OK
    await desk.until(lambda: desk.dispatcher.counts["delivered"] == 60, 4 * 60.0)
    assert set(desk.web.ids(url("a"))) == set(names)


async def test_a_removed_webhook_is_sent_nothing_more(desk: Desk) -> None:
    webhook, _ = await made(desk, "a")
    await desk.tell("n1")
    await desk.until(lambda: desk.dispatcher.counts["delivered"] == 1)
    await desk.webhooks.remove(webhook.id)
    await desk.until(lambda: not desk.dispatcher._running)
    await desk.tell("n2")
    await desk.pass_time(60)
    assert len(desk.web.requests) == 1
    assert await desk.webhooks.all() == []
    assert not await desk.notices.remove(webhook.queue)


async def test_a_queue_that_somebody_deleted_is_made_anew(desk: Desk) -> None:
    """What came between is gone with it."""
    webhook, _ = await made(desk, "a")
    await desk.tell("n1")
    await desk.until(lambda: desk.dispatcher.counts["delivered"] == 1)
    assert await desk.notices.remove(webhook.queue)
    await desk.pass_time(10)
    await desk.tell("n2")
    await desk.until(lambda: desk.web.ids(url("a")) == ["n1", "n2"])


async def test_its_queue_is_neither_listed_nor_counted_nor_given_away(desk: Desk) -> None:
    """Subscribers have as many queues as they may, whatever webhooks there are, and the other way round."""
    for number in range(QueuesConfig().most):
        await desk.notices.create(f"q{number}")
    await made(desk, "a")
    assert [one.name for one in await desk.notices.queues() if not one.name.startswith("q")] == []
    assert await desk.notices.remove("q0")
    await desk.notices.create("one-more")
    await desk.tell("n1")
    await desk.until(lambda: desk.web.ids(url("a")) == ["n1"])


async def test_a_secret_that_cannot_be_opened_stops_only_its_webhook(desk: Desk) -> None:
    await made(desk, "a")
    desk.vault = Vault(("another key of sixteen",))
    await desk.restart()
    await made(desk, "b")
    await desk.tell("n1")
    await desk.until(lambda: desk.web.ids(url("b")) == ["n1"])
    desk.vault = Vault(("another key of sixteen", "a key of sixteen letters"))
    await desk.restart()
    await desk.until(lambda: desk.web.ids(url("a")) == ["n1"])
