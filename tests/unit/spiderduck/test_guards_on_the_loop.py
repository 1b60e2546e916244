"""No request waits for a thread before it is let in: the pool is full of whatever strangers make slow."""

import inspect

import pytest

from groundwork.front.browsers import BrowserRules
from imagepipe.service.access import bearer_guard
from schedulers.ports import Clock
from spiderduck.api.front.browsers import BrowserGuard
from spiderduck.api.front.keys import ADMIN, KeyGuard, ScopeGuard
from spiderduck.api.front.throttle import Rate
from spiderduck.keyring import Keyring
from tests.clock import FakeClock


def guards() -> dict[str, object]:
    clock: Clock = FakeClock(1_900_000_000.0)
    keys = KeyGuard(Keyring(), clock, Rate(0, 1))
    return {
        "browsers": BrowserGuard(BrowserRules(), keys),
        "keys": keys,
        "scope": ScopeGuard(ADMIN),
        "pictures": bearer_guard("a long enough key", loopback=False),
    }


@pytest.mark.parametrize("name", guards())
def test_guards_are_asynchronous(name: str) -> None:
    """Litestar runs the others in the loop's pool of threads."""
    guard = guards()[name]
    assert inspect.iscoroutinefunction(guard) or inspect.iscoroutinefunction(type(guard).__call__)
