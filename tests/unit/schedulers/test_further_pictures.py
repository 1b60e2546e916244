"""A page's icon and its other pictures lie in the cache before they are shown, where the settings want that."""

from collections.abc import Sequence
from typing import Any

import msgspec

from fetchers.model import NotNow
from schedulers.config import SchedulersConfig
from schedulers.model import Message
from schedulers.pipeline import Pipeline
from schedulers.ports import FlowPorts
from schedulers.stages.further_pictures import AskForFurther, FurtherWork
from tests.clock import FakeClock
from tests.unit.schedulers.test_picture_stage import ONE, TWO, Taken, World, head
from tests.unit.schedulers.test_pipeline import Passed

THREE, ICON = "https://pond.test/3.jpg", "https://pond.test/icon.png"
HEAD = head(ONE, TWO, THREE) + f'<link rel="icon" href="{ICON}">'
BOTH = SchedulersConfig(icons=True, further_pictures=2)


class Queue:
    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def publish(self, messages: Sequence[Message], *, bulk: bool = False) -> list[bool]:
        self.messages += messages
        return [True for _ in messages]


class Keeping(World):
    """Says which pictures the pipeline took."""

    async def take(self, url: str, response: Any) -> Any:
        self.noted.append(("", url, ""))
        found = await super().take(url, response)
        return found if isinstance(found, Taken) or found is not None else None


async def asked_for(config: SchedulersConfig, pages: int = 1) -> list[tuple[str, ...]]:
    """What stands in the messages of so many pages of one site."""
    queue: Any = Queue()
    ask = AskForFurther(queue, FakeClock(), config)
    for _ in range(pages):
        await ask(World(HEAD, {}).stored)
    return [msgspec.json.decode(one.body, type=FurtherWork).urls for one in queue.messages]


async def handle(world: World, *urls: str, reserved: str | None = None) -> None:
    ports: Any = world
    flow = FlowPorts(ports, ports, ports, ports, ports, ports, ports, ports, FakeClock())
    message = Message(msgspec.json.encode(FurtherWork(7, urls)), "further:7", "further", reserved)
    await Pipeline(flow, BOTH, Passed([])).handle(message)


async def test_what_the_settings_want_is_asked_for() -> None:
    """Nothing by default; the icon; so many of the other pictures."""
    assert await asked_for(SchedulersConfig()) == []
    assert await asked_for(SchedulersConfig(icons=True)) == [(ICON,)]
    assert await asked_for(SchedulersConfig(further_pictures=1)) == [(TWO,)]
    assert await asked_for(BOTH) == [(TWO, THREE, ICON)]


async def test_an_icon_is_asked_for_once_a_day() -> None:
    """However many pages of the site are fetched."""
    assert await asked_for(SchedulersConfig(icons=True), pages=5) == [(ICON,)]


async def test_each_is_fetched_as_a_picture_and_kept() -> None:
    """What is missing, or no picture, is left; the record stays as it is."""
    world = Keeping(HEAD, {TWO: (640, 400), ICON: (32, 32)})
    await handle(world, TWO, THREE, ICON)
    assert [(one.url, one.purpose) for one in world.asked] == [(url, "picture") for url in (TWO, THREE, ICON)]
    assert [url for _, url, _ in world.noted] == [TWO, ICON]
    assert world.updated == []


async def test_what_has_no_turn_yet_is_put_off_with_what_follows() -> None:
    """And what was had before is not fetched again; so is what the pipeline has no room for."""
    for answer in (NotNow(2_000_000.0, "its turn is later"), "busy"):
        world = Keeping(HEAD, {TWO: (640, 400), THREE: answer, ICON: (32, 32)})
        await handle(world, TWO, THREE, ICON)
        (later,) = world.deferred
        assert (later.kind, later.url) == ("further", THREE)
        assert msgspec.json.decode(later.body, type=FurtherWork).urls == (THREE, ICON)
        world.web[THREE] = (640, 400)
        world.asked.clear()
        await handle(world, THREE, ICON, reserved=THREE)
        assert [(one.url, one.promised) for one in world.asked] == [(THREE, True), (ICON, False)]
