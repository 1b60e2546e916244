"""A host is asked once a day what it reserves of text and data mining, where a setting wants it."""

import msgspec

from fetchers.model import Ended, Ending, FetchResult, HopRequest, Response
from schedulers.config import SchedulersConfig
from schedulers.context import Answered
from schedulers.links import chain_of, identify
from schedulers.ports import Knows
from schedulers.stages.ask_reservations import AskReservations
from tests.clock import FakeClock

FILE = b'[{"location": "/", "tdm-reservation": 1}]'


class Host:
    """Answers every request in the same way, and notes it."""

    def __init__(self, status: int = 200, ended: Ended | None = None) -> None:
        self.status, self.ended = status, ended
        self.asked: list[str] = []

    async def fetch(self, request: HopRequest, knows: Knows | None = None) -> FetchResult:
        self.asked.append(request.url)
        return FetchResult(request.url, (), self.ended or Response(request.url, self.status, (), FILE, 1.0))


def page(url: str, status: int = 200) -> Answered:
    result = FetchResult(url, (), None)
    return Answered(
        chain_of(identify(url), {}, result), Response(url, status, (), b"", 1.0, preferences=("usage: a=n",))
    )


async def test_every_host_is_asked_once_a_day() -> None:
    host, clock = Host(), FakeClock()
    ask = AskReservations(host, clock, 2.0)
    for path in "ab":
        found = await ask(page(f"https://p.test/{path}"))
        assert found.response.preferences == ("usage: a=n", "tdm-reservation: 1")
    await ask(page("https://q.test/a"))
    assert host.asked == ["https://p.test/.well-known/tdmrep.json", "https://q.test/.well-known/tdmrep.json"]
    await clock.advance(86_401)
    await ask(page("https://p.test/a"))
    assert len(host.asked) == 3


async def test_a_host_without_the_file_reserves_nothing_and_one_in_trouble_is_asked_again_soon() -> None:
    clock = FakeClock()
    for host, again in ((Host(404), 1), (Host(503), 2), (Host(ended=Ended(Ending.TIMED_OUT, "late")), 2)):
        ask = AskReservations(host, clock, 2.0)
        for _ in range(2):
            given = page("https://p.test/a")
            assert await ask(given) == given
            await clock.advance(601)
        assert len(host.asked) == again


async def test_for_an_error_nobody_is_asked() -> None:
    host = Host()
    given = page("https://p.test/a", 404)
    assert await AskReservations(host, FakeClock(), 2.0)(given) is given
    assert host.asked == []
    assert msgspec.structs.asdict(given.response)["preferences"] == ("usage: a=n",)
    assert SchedulersConfig().tdmrep is False
