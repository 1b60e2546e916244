"""Which fetcher gets which bucket: even shares, and no more moves than it takes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetchers.ownership.assignment import BUCKETS, NOBODY, Assignment, bucket_of, read, rebalanced


def names(count: int) -> list[str]:
    return [f"http://fetcher-{number}:8080~{number:08x}" for number in range(count)]


def moved(old: Assignment, new: Assignment) -> int:
    return sum(old.owner(bucket) != new.owner(bucket) for bucket in range(BUCKETS))


def test_buckets_never_change() -> None:
    """Every fetcher of every release must agree; these were computed once."""
    assert [bucket_of(domain) for domain in ("example.com", "example.org", "127.0.0.1")] == [614, 437, 652]


def test_domains_are_spread() -> None:
    counts = [0] * 16
    for number in range(16_000):
        counts[bucket_of(f"domain{number}.test") % 16] += 1
    assert max(counts) < 1200


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
def test_shares_are_even(count: int) -> None:
    new = rebalanced(Assignment(), names(count))
    shares = [len(new.of(name)) for name in names(count)]
    assert sum(shares) == BUCKETS
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_who_joins_gets_its_share_and_nobody_else_gets_any(count: int) -> None:
    old = rebalanced(Assignment(), names(count))
    new = rebalanced(old, names(count + 1))
    assert moved(old, new) <= BUCKETS // (count + 1)
    assert moved(old, new) == len(new.of(names(count + 1)[-1]))


@pytest.mark.parametrize("count", [2, 3, 9])
def test_when_one_leaves_only_its_buckets_move(count: int) -> None:
    old = rebalanced(Assignment(), names(count))
    gone = names(count)[0]
    new = rebalanced(old, names(count)[1:])
    assert moved(old, new) == len(old.of(gone))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sets(st.integers(0, 9)), max_size=5))
def test_whatever_happens_every_bucket_has_one_living_owner(changes: list[set[int]]) -> None:
    everyone, current = names(10), Assignment()
    for living in changes:
        live = [everyone[number] for number in living]
        current = rebalanced(current, live)
        assert rebalanced(current, live) == current, "nothing moves while nothing changes"
        owners = {current.owner(bucket) for bucket in range(BUCKETS)}
        assert owners <= set(live) if live else owners == {None}
        if live:
            shares = [len(current.of(name)) for name in live]
            assert max(shares) - min(shares) <= 1


def test_it_is_written_and_read() -> None:
    one = rebalanced(Assignment(), names(3))
    assert read(one.to_bytes()) == one
    assert len(one.to_bytes()) < 100_000


@pytest.mark.parametrize(
    "data", [b"", b"{}x", b'{"members":["a"],"owners":[0]}', b'{"members":[],"owners":[%s0]}' % (b"0," * 1023), b"[]"]
)
def test_what_cannot_be_read_is_nobodys(data: bytes) -> None:
    assert read(data).owners == (NOBODY,) * BUCKETS
