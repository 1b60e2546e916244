"""The arithmetic of the cache tiers."""

from hypothesis import given
from hypothesis import strategies as st

from imagepipe.config import TierLimits
from imagepipe.tiers.lru import Lru, Shared

_operations = st.lists(
    st.tuples(
        st.sampled_from(["put", "get", "remove", "rename", "merge", "expire"]),
        st.integers(0, 2),
        st.sampled_from("abcdef"),
        st.integers(0, 60),
        st.integers(0, 5),
    ),
    max_size=120,
)


def _check(shared: Shared[int], members: list[Lru[int]], evicted: list[int]) -> None:
    for member in members:
        sizes = [entry.size for _, entry in member.items()]
        assert member.bytes == sum(sizes) <= member.limits.bytes
        assert len(member) == len(sizes) <= member.limits.entries
    assert shared.bytes == sum(member.bytes for member in members) <= shared.limits.bytes
    assert shared.entries == sum(len(member) for member in members) <= shared.limits.entries


@given(_operations, st.integers(60, 400), st.integers(1, 12), st.booleans())
def test_counters_equal_the_entries_and_never_pass_a_limit(
    operations: list[tuple[str, int, str, int, int]], room: int, entries: int, sliding: bool
) -> None:
    """After every operation the counters are exact and within the limits of the tier and of all tiers together."""
    shared: Shared[int] = Shared(TierLimits(room, entries))
    evicted: list[int] = []
    limits = TierLimits(240, 6, 10.0, sliding)
    members = [shared.join(limits, lambda _key, value: evicted.append(value)) for _ in range(3)]
    now = 0.0
    for operation, index, key, size, wait in operations:
        member = members[index]
        now += wait
        if operation == "put":
            kept = member.put(key, size, size, now)
            assert kept == (key in member)
        elif operation == "get":
            member.get(key, now)
        elif operation == "remove":
            member.remove(key)
        elif operation == "rename":
            member.rename(key, "a")
        elif operation == "merge":
            whole = sum(entry.size for name, entry in member.items() if name in (key, "a"))
            if member.merge(key, "a"):
                assert key not in member
                assert dict(member.items())["a"].size == whole
        else:
            member.expire(now)
        _check(shared, members, evicted)


def _tiers(room: int, count: int = 2) -> tuple[Shared[str], list[Lru[str]], list[str]]:
    shared: Shared[str] = Shared(TierLimits(room))
    gone: list[str] = []
    return shared, [shared.join(TierLimits(600), lambda key, _: gone.append(key)) for _ in range(count)], gone


def test_the_least_recently_used_leaves_first() -> None:
    """A read counts as a use."""
    _, (tier, _), gone = _tiers(600)
    for key in "abcdef":
        tier.put(key, key, 100, 0)
    tier.get("a", 1)
    tier.put("g", "g", 100, 2)
    assert gone == ["b"]


def test_under_the_global_limit_the_writing_tier_gives_last() -> None:
    """Another pipeline's entries go first, oldest first, even if the writer's own are older."""
    _, (mine, others), gone = _tiers(600)
    mine.put("mine", "", 100, 0)
    others.put("first", "", 100, 1)
    others.put("second", "", 100, 2)
    for number in range(5):
        mine.put(f"more{number}", "", 100, 3)
    assert gone == ["first", "second"]


def test_one_entry_takes_at_most_a_sixth() -> None:
    """A larger one is refused, and what it would have replaced is gone, because it is outdated."""
    _, (tier, _), gone = _tiers(600)
    assert tier.put("a", "old", 100, 0)
    assert not tier.put("a", "new", 101, 0)
    assert gone == ["a"]


def test_zero_bytes_means_off() -> None:
    """Nothing is let in, not even nothing."""
    shared: Shared[str] = Shared(TierLimits(600))
    tier = shared.join(TierLimits(0))
    assert not tier.put("a", "", 1, 0)
    assert len(tier) == 0


def test_time_to_live_slides_unless_told_not_to() -> None:
    """Read at 9 of 10 seconds, an entry is there at 15 if it slides, and gone if not."""
    shared: Shared[str] = Shared(TierLimits(600))
    sliding = shared.join(TierLimits(600, seconds=10))
    fixed = shared.join(TierLimits(600, seconds=10, sliding=False))
    for tier in (sliding, fixed):
        tier.put("a", "here", 1, 0)
        assert tier.get("a", 9) == "here"
    assert sliding.get("a", 15) == "here"
    assert fixed.get("a", 15) is None
