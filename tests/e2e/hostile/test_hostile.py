"""Strangers attack the real process from several connections at once; other users must not notice."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.hostile import attacks, hoarding
from tests.e2e.hostile.bodies import LARGE_BYTES, answers, repeated, unfolding_pages
from tests.e2e.hostile.watch import Bystander
from tests.e2e.product import Product
from tests.origin import Origin, http, page

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

FROZEN_SECONDS = 3.0
"""One probe. Above what two cores that are busy with other things may cost it, far below what a frozen loop does."""
HEALTH_SECONDS = 0.5
"""Nineteen probes of twenty."""
ATTACK_SECONDS = 240.0
LINK_SECONDS = 15.0
"""A fresh link of another user, while two cores do everything at once."""
MEMORY_BYTES = 900 * 1024 * 1024
"""All processes of the product together: what fits a container of 1 GiB."""
ALLOWED = {"SPIDERDUCK_FETCHERS__NETWORK__ALLOW_ADDRESSES": '["127.0.0.0/8"]'}

ATTACKS = (
    attacks.share_hostile_pages,
    attacks.share_long_urls_under_rules,
    attacks.share_hostile_texts,
    attacks.fetch_hostile_pages_directly,
    attacks.ask_for_hostile_pictures,
    attacks.send_odd_requests,
    attacks.send_huge_heads,
)


def attack(product: Product, *kinds: attacks.Attack) -> Bystander:
    """Run all attacks at once, a thread each. Returns what a bystander saw; raises what an attack raised."""
    assert product.process is not None
    base_url = str(product.client.base_url)
    with Bystander(base_url, product.process.pid) as bystander, ThreadPoolExecutor(len(kinds)) as threads:
        for done in [threads.submit(kind, base_url) for kind in kinds]:
            done.result(ATTACK_SECONDS)
    return bystander


def assert_alive(seen: Bystander) -> None:
    health = sorted(seen.health)
    assert health[-1] < FROZEN_SECONDS
    assert health[int(len(health) * 0.95)] < HEALTH_SECONDS


@pytest.mark.timeout(420)
def test_hostile_input_from_many_clients_hurts_nobody_else(origin: Origin, tmp_path: Path) -> None:
    origin.answers |= answers()
    origin.default = page("A friend's page")
    origin.answers["*/robots.txt"] = http("", content_type="text/plain")
    with Product(tmp_path / "data", origin.port, ALLOWED) as product:
        with attacks.slow_heads(str(product.client.base_url), 50):
            seen = attack(product, *ATTACKS)
        assert_alive(seen)
        assert max(seen.links) < LINK_SECONDS
        assert seen.memory < MEMORY_BYTES
        records = product.ended(*attacks.hostile_urls(), seconds=90)
        assert all(record["status"] not in ("unknown", "pending") for record in records), "each has an ending"
        assert product.stop() == 0


@pytest.mark.timeout(420)
def test_a_post_of_very_many_events_does_not_delay_other_users(origin: Origin, tmp_path: Path) -> None:
    origin.default = page("A friend's page")
    origin.answers["*/robots.txt"] = http("", content_type="text/plain")
    with Product(tmp_path / "data", origin.port, ALLOWED) as product:
        seen = attack(product, attacks.post_many_events(50_000))
        assert_alive(seen)
        assert max(seen.links) < LINK_SECONDS
        assert seen.memory < MEMORY_BYTES


@pytest.mark.timeout(420)
def test_pages_that_unfold_take_turns_for_memory(origin: Origin, tmp_path: Path) -> None:
    """Two gigabytes, were all of them held at once; each is understood in the end."""
    origin.answers |= unfolding_pages()
    origin.default = page("A friend's page")
    origin.answers["*/robots.txt"] = http("", content_type="text/plain")
    with Product(tmp_path / "data", origin.port, ALLOWED) as product:
        seen = attack(product, attacks.share_unfolding_pages)
        records = product.ended(*attacks.unfolding_urls(), seconds=240)
        assert {record["status"] for record in records} == {"fetched"}
        assert {record["metadata"]["title"] for record in records} == {"A page"}
        assert_alive(seen)
        assert max(seen.links) < LINK_SECONDS
        assert seen.memory < MEMORY_BYTES


@pytest.mark.timeout(420)
@pytest.mark.parametrize(
    "kind",
    [
        hoarding.begin_bodies_without_an_end,
        hoarding.send_bodies_in_crumbs,
        hoarding.take_no_answer,
        hoarding.share_and_ask_for_long_links,
        hoarding.send_lists_without_number,
        hoarding.share_pages_in_crumbs,
    ],
    ids=lambda kind: kind.__name__,
)
def test_who_makes_the_server_keep_things_is_bounded(origin: Origin, tmp_path: Path, kind: attacks.Attack) -> None:
    origin.answers["large.test/page"] = http(
        gzip.compress(repeated("<p>word</p>", size=9 * LARGE_BYTES)), Content_Encoding="gzip"
    )
    origin.answers["*/crumbs"] = hoarding.crumbs()
    origin.answers["*/robots.txt"] = http("", content_type="text/plain")
    origin.default = page("A friend's page")
    with Product(tmp_path / "data", origin.port, ALLOWED) as product:
        seen = attack(product, kind)
        assert_alive(seen)
        assert max(seen.links) < LINK_SECONDS
        assert seen.memory < MEMORY_BYTES
        assert product.stop() == 0
