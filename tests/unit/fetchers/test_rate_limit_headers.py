"""How long a server that tells its limit wants to be left alone, and the pace per address."""

import pytest

from fetchers.model import RateLimit
from fetchers.politeness.address_pace import AddressPace
from fetchers.politeness.back_off import pause_asked
from tests.clock import FakeClock

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"ratelimit": '"default";r=0;t=30'}, 30.0),
        ({"ratelimit": '"default";r=5;t=30'}, 0.0),
        ({"ratelimit": '"burst";r=0;t=5, "daily";r=0;t=600'}, 600.0),
        ({"ratelimit": '"burst";r=1;t=5, "daily";t=60;r=0'}, 60.0),
        ({"ratelimit": "limit=100, remaining=0, reset=7"}, 7.0),
        ({"ratelimit": "limit=100, remaining=10, reset=7"}, 0.0),
        ({"ratelimit": '"default";r=0'}, 0.0),
        ({"ratelimit": "nonsense"}, 0.0),
        ((("ratelimit", '"daily";r=0;t=600'), ("ratelimit", '"burst";r=5;t=5')), 600.0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "12"}, 12.0),
        ({"ratelimit-remaining": "1", "ratelimit-reset": "12"}, 0.0),
        ({"ratelimit-remaining": "0"}, 0.0),
        ({"ratelimit-remaining": "x", "ratelimit-reset": "y"}, 0.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12.5"}, 12.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) + 90)}, 90.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str((int(NOW) + 90) * 1000)}, 90.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW) - 90)}, 0.0),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "3"}, 3.0),
    ],
)
def test_rate_limit_headers_give_the_pause_they_ask_for(
    headers: dict[str, str] | tuple[tuple[str, str], ...], seconds: float
) -> None:
    assert pause_asked(headers.items() if isinstance(headers, dict) else headers, NOW) == seconds


async def test_requests_to_one_address_keep_its_pace_whatever_their_names() -> None:
    clock = FakeClock()
    pace = AddressPace(clock, RateLimit(50.0, 50))
    waits = [pace.reserve("192.0.2.1", clock.monotonic()) for _ in range(150)]
    assert waits[49] == pytest.approx(0.0, abs=1e-6)
    assert waits[50] == pytest.approx(0.02)
    assert waits[149] == pytest.approx(2.0)
    assert pace.reserve("192.0.2.2", clock.monotonic()) == 0.0


async def test_addresses_are_bounded() -> None:
    clock = FakeClock()
    pace = AddressPace(clock, RateLimit(1.0, 1), most=3)
    for number in range(10):
        await pace(f"192.0.2.{number}")
    assert len(pace) == 3
