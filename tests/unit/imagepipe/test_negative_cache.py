"""How long it is remembered that a picture could not be had."""

import pytest

from imagepipe.errors import BrokenPicture, ImageError, SourceFailed, UnsupportedFormat
from imagepipe.originals.negative_cache import NegativeCache
from imagepipe.originals.purges import Purges

_A = "http://o.test/a"


def _answered(status: int, retry_at: float | None = None) -> SourceFailed:
    return SourceFailed(f"answered {status}", "http_error", retry_at, status)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (_answered(404), 60),
        (_answered(403), 60),
        (_answered(500), 10),
        (_answered(503), 10),
        (_answered(503, 1000.0 + 25), 25),
        (_answered(429, 1000.0 + 90_000), 3600),
        (_answered(429, 900.0), 1),
        (BrokenPicture("cut"), 30),
        (UnsupportedFormat("html"), 30),
        (SourceFailed("robots.txt", "robots_denied"), 60),
        (SourceFailed("broke off", "protocol_error"), 0),
        (SourceFailed("slow", "timed_out"), 0),
        (SourceFailed("later", "late", 1000.0 + 5), 0),
    ],
)
def test_each_kind_has_its_life(error: ImageError, seconds: int) -> None:
    """And comes back as it was: class, words, status."""
    cache = NegativeCache()
    cache.put(_A, error, 1000.0)
    again = cache.get(_A, 1000.0 + seconds - 0.5) if seconds else None
    assert cache.get(_A, 1000.0 + seconds) is None
    if again is not None:
        assert (type(again), str(again)) == (type(error), str(error))
        assert getattr(again, "status", None) == getattr(error, "status", None)
    assert (again is None) == (seconds == 0)


@pytest.mark.parametrize(("stands_in", "last"), [(False, 60), (True, 600)])
def test_a_server_in_trouble_is_asked_ever_more_rarely(stands_in: bool, last: int) -> None:
    """Doubled each time, and back to the start once it has answered."""
    cache, now, waits = NegativeCache(), 1000.0, []
    for _ in range(10):
        cache.put(_A, _answered(502), now, stands_in=stands_in)
        wait = next(seconds for seconds in range(10, 700, 10) if cache.get(_A, now + seconds) is None)
        waits.append(wait)
        now += wait
    assert waits[:3] == [10, 20, 40]
    assert waits[-1] == last
    cache.forget(_A)
    cache.put(_A, _answered(502), now)
    assert cache.get(_A, now + 10) is None


def test_behind_an_old_picture_no_failure_is_asked_again_at_once() -> None:
    """Also one of which nothing is known but that it failed."""
    cache = NegativeCache()
    cache.put(_A, SourceFailed("no connection", "connect_error"), 1000.0, stands_in=True)
    assert cache.get(_A, 1009.0) is not None


def test_it_is_bounded() -> None:
    cache = NegativeCache()
    for number in range(10_001):
        cache.put(f"{_A}{number}", _answered(404), 1000.0)
    assert cache.get(f"{_A}0", 1000.0) is None
    assert cache.get(f"{_A}10000", 1000.0) is not None


def test_a_purge_ends_what_began_before_it() -> None:
    """Of that picture; a purge of all, of every one; what begins afterwards holds."""
    purges = Purges()
    before = purges.moment()
    purges.purge(_A, 5.0)
    assert not purges.holds(_A, before)
    assert purges.holds("http://o.test/b", before)
    assert purges.holds(_A, purges.moment())
    assert [purges.takes(_A, at) for at in (4.0, 5.0, 6.0)] == [False, False, True]
    between = purges.moment()
    purges.purge_all(9.0)
    assert not purges.holds(_A, between)
    assert not purges.takes("http://o.test/b", 8.0)


def test_forgotten_purges_are_taken_for_purges_of_all() -> None:
    """Where too many are to be remembered, work is done again rather than kept wrongly."""
    purges = Purges()
    before = purges.moment()
    purges.purge(_A, 1.0)
    middle = purges.moment()
    for number in range(10_000):
        purges.purge(f"{_A}{number}", 2.0)
    assert not purges.holds(_A, before)
    assert not purges.holds("http://o.test/other", before)
    assert purges.holds("http://o.test/other", middle)
