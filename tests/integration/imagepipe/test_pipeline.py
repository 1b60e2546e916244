"""The look-up order, coalescing, resuming, previews, staleness and by-hand work, on a fake origin and a fake clock."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imagepipe import probe
from imagepipe.config import ImagesConfig, PictureLimits, PipelineConfig, TierLimits, Tiers, default_config
from imagepipe.errors import (
    BrokenPicture,
    ImageError,
    InvalidSetting,
    PictureTooLarge,
    SourceFailed,
    UnknownPipeline,
    UnsupportedFormat,
)
from imagepipe.model import Variant
from imagepipe.pipeline import Pipeline
from imagepipe.ports import SourceEnded
from imagepipe.registry import Extensions, Registry
from tests.clock import FakeClock
from tests.integration.imagepipe.fakes import FakeSource, Picture, Watcher, until
from tests.unit.imagepipe.pictures import encode, photo, quarters

_A = "http://o.test/a"
_JPEG = encode(photo((640, 480)), "JPEG", quality=90)
_PROGRESSIVE = encode(photo((640, 480)), "JPEG", quality=90, progressive=True)
_SMALL = Variant(width=100)

Open = Callable[..., Any]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@asynccontextmanager
async def _registry(source: FakeSource, clock: FakeClock, **more: Any) -> AsyncIterator[Registry]:
    async with Registry(source, clock=clock, workers=2, **more) as registry:
        yield registry


def _one(**changes: Any) -> ImagesConfig:
    return ImagesConfig(pipelines=(PipelineConfig("cards", **changes),))


async def test_each_tier_answers_before_the_next(clock: FakeClock, tmp_path: Path) -> None:
    """Network once; then rendered; after a restart the disk; another size from memory."""
    source = FakeSource(a=Picture(_JPEG))
    async with _registry(source, clock, folder=tmp_path) as registry:
        cards = registry["cards"]
        first = await cards.variant(_A, _SMALL)
        again = await cards.variant(_A, _SMALL)
        cropped = await cards.variant(_A, Variant(width=600, height=300, fit="cover"))
        assert [first.where, again.where, cropped.where] == ["network", "rendered", "encoded"]
        assert again.rendered.body == first.rendered.body
        assert first.trace.text == "rendered:miss > encoded:miss > disk:miss > shared:miss > network > render"
    async with _registry(source, clock, folder=tmp_path) as registry:
        assert (await registry["cards"].variant(_A, _SMALL)).where == "disk"
        assert (await registry["cards"].variant(_A, Variant(width=300))).where == "encoded"
    assert len(source.asked) == 1


async def test_two_pipelines_share_originals_alone(clock: FakeClock) -> None:
    """Each has its own variants; an unknown name is named."""
    source = FakeSource(a=Picture(_JPEG))
    async with _registry(source, clock) as registry:
        await registry["cards"].variant(_A, _SMALL)
        assert (await registry["avatars"].variant(_A, _SMALL)).where == "shared:cards"
        with pytest.raises(UnknownPipeline, match="cards, avatars"):
            registry["nothing"]


async def test_an_additional_cache_stands_before_the_network(clock: FakeClock) -> None:
    """One that fails is passed over and put on the list of problems."""

    class Legacy:
        def __init__(self, name: str, answer: bytes | None) -> None:
            self.name, self.answer = name, answer

        async def close(self) -> None:
            closed.append(self.name)

        async def get(self, url: str) -> bytes | None:
            if self.answer is None:
                raise SourceFailed("out of order", "cache_failed")
            return self.answer if url == _A else None

    closed: list[str] = []
    source = FakeSource(b=Picture(_JPEG))
    caches = {"cards": [Legacy("broken", None), Legacy("legacy", _JPEG)]}
    async with _registry(source, clock, extensions=Extensions(caches)) as registry:
        answer = await registry["cards"].variant(_A, _SMALL)
        assert answer.where == "additional:legacy"
        assert (await registry["cards"].variant("http://o.test/b", _SMALL)).where == "network"
        assert "broken" in registry["cards"].events.problems[0][2]
    assert sorted(closed) == ["broken", "legacy"]


async def test_200_who_ask_at_once_make_one_fetch_and_one_render(clock: FakeClock) -> None:
    """Of a cold picture."""
    source = FakeSource(a=Picture(_JPEG))
    async with _registry(source, clock) as registry:
        cards = registry["cards"]
        answers = await asyncio.gather(*(cards.variant(_A, _SMALL) for _ in range(200)))
        assert len({id(answer.rendered.body) for answer in answers}) == 1
        assert (len(source.asked), cards.events.counts["renders"]) == (1, 1)


async def test_different_sizes_share_the_fetch(clock: FakeClock) -> None:
    """One download, several renders."""
    source = FakeSource(a=Picture(_JPEG))
    async with _registry(source, clock) as registry:
        cards = registry["cards"]
        await asyncio.gather(*(cards.variant(_A, Variant(width=width)) for width in (100, 200, 300)))
        assert len(source.asked) == 1


async def test_a_waiter_that_leaves_does_not_cancel_the_others(clock: FakeClock) -> None:
    """And the last to leave cancels the download."""
    picture = Picture(_JPEG, pause_after=8192)
    source = FakeSource(a=picture)
    async with _registry(source, clock) as registry:
        cards = registry["cards"]
        stays, leaves = (asyncio.create_task(cards.variant(_A, _SMALL)) for _ in range(2))
        await until(lambda: _A in cards.originals.loader.downloads)
        leaves.cancel()
        await until(leaves.done)
        assert source.open == 1
        picture.go.set()
        assert (await stays).where == "network"

        picture.go.clear()
        await cards.admin.purge(_A)
        alone = asyncio.create_task(cards.variant(_A, _SMALL))
        await until(lambda: source.open == 1)
        alone.cancel()
        await until(lambda: source.open == 0)


@pytest.mark.parametrize("restart", [False, True])
async def test_an_interrupted_download_is_resumed(clock: FakeClock, tmp_path: Path, restart: bool) -> None:
    """By range and validator, also after a restart, and the bytes are right."""
    picture = Picture(_JPEG, break_after=20_000)
    source = FakeSource(a=picture)
    async with _registry(source, clock, folder=tmp_path) as registry:
        with pytest.raises(SourceFailed):
            await registry["cards"].variant(_A, _SMALL)
        picture.break_after = None
        if not restart:
            await registry["cards"].settle()
            await registry["cards"].variant(_A, _SMALL)
            await _is_whole(registry["cards"])
    if restart:
        async with _registry(source, clock, folder=tmp_path) as registry:
            await registry["cards"].variant(_A, _SMALL)
            await _is_whole(registry["cards"])
    assert [(wanted.resume_from > 0, wanted.etag) for wanted in source.asked] == [(False, None), (True, '"1"')]


async def _is_whole(pipeline: Pipeline) -> None:
    original = await pipeline.originals.store.get(_A)
    assert original is not None
    assert original.body == _JPEG


async def test_a_picture_that_changed_meanwhile_starts_over(clock: FakeClock) -> None:
    """The origin answers 200, and nothing old is in it."""
    source = FakeSource(a=Picture(_PROGRESSIVE, break_after=20_000))
    async with _registry(source, clock) as registry:
        with pytest.raises(SourceFailed):
            await registry["cards"].variant(_A, _SMALL)
        source.pictures[_A] = Picture(_JPEG, etag='"2"')
        await registry["cards"].variant(_A, _SMALL)
        await _is_whole(registry["cards"])


async def test_a_rest_that_does_not_fit_is_not_appended(clock: FakeClock) -> None:
    """A wrong start: the whole is asked for."""
    source = FakeSource(a=Picture(_JPEG, break_after=20_000))
    async with _registry(source, clock) as registry:
        with pytest.raises(SourceFailed):
            await registry["cards"].variant(_A, _SMALL)
        source.pictures[_A] = Picture(_JPEG, wrong_range=True)
        await registry["cards"].variant(_A, _SMALL)
        await _is_whole(registry["cards"])
        assert [wanted.resume_from > 0 for wanted in source.asked] == [False, True, False]


@pytest.mark.parametrize(
    "changes", [{"accept_ranges": False}, {"etag": None}, {"etag": 'W/"1"'}, {"etag": None, "last_modified": "x"}]
)
async def test_only_what_can_be_continued_is_kept(clock: FakeClock, changes: dict[str, Any]) -> None:
    """Ranges and a strong validator, or a date."""
    picture = Picture(_JPEG, break_after=20_000, **changes)
    source = FakeSource(a=picture)
    async with _registry(source, clock) as registry:
        with pytest.raises(SourceFailed):
            await registry["cards"].variant(_A, _SMALL)
        picture.break_after = None
        await registry["cards"].variant(_A, _SMALL)
        assert (source.asked[1].resume_from > 0) == ("last_modified" in changes)


@pytest.mark.parametrize("lie", [-1, 1])
async def test_a_wrong_total_is_detected(clock: FakeClock, lie: int) -> None:
    """More or fewer bytes than were announced are no picture."""
    source = FakeSource(a=Picture(_JPEG, lie_about_total=lie))
    async with _registry(source, clock) as registry:
        with pytest.raises(SourceFailed, match="announced"):
            await registry["cards"].variant(_A, _SMALL)


async def test_too_many_bytes_are_refused_while_they_come(clock: FakeClock) -> None:
    """Announced or not."""
    source = FakeSource(a=Picture(_JPEG))
    config = replace(_one(), limits=PictureLimits(bytes=10_000))
    async with _registry(source, clock, config=config) as registry:
        with pytest.raises(PictureTooLarge):
            await registry["cards"].variant(_A, _SMALL)
        assert source.open == 0


async def test_a_smaller_variant_is_made_from_the_smallest_that_serves(clock: FakeClock) -> None:
    """Without the original; not from one with fewer than twice the pixels, not from a crop."""
    source = FakeSource(a=Picture(_JPEG))
    config = _one(tiers=Tiers(encoded=TierLimits(0)))
    async with _registry(source, clock, config=config) as registry:
        cards = registry["cards"]
        await cards.variant(_A, Variant(width=400, height=100, fit="cover"))
        assert (await cards.variant(_A, Variant(width=500))).where == "network"
        assert (await cards.variant(_A, Variant(width=480))).where == "network"
        assert (await cards.variant(_A, Variant(width=200))).where == "ancestor"
        assert (await cards.variant(_A, Variant(width=190))).where == "ancestor"
        small = await cards.variant(_A, Variant(width=100, height=100, fit="cover"))
        assert (small.where, small.rendered.width, small.original.width) == ("ancestor", 100, 640)
        assert (await cards.variant(_A, Variant(width=100, quality=95))).where == "network"


async def test_a_variant_of_poor_quality_serves_its_like_only(clock: FakeClock) -> None:
    """What was made for somebody whose data is dear is not what others get, scaled down."""
    source = FakeSource(a=Picture(_JPEG))
    async with _registry(source, clock, config=_one(tiers=Tiers(encoded=TierLimits(0)))) as registry:
        cards = registry["cards"]
        await cards.variant(_A, Variant(width=500, quality=60))
        assert (await cards.variant(_A, Variant(width=200, quality=60))).where == "ancestor"
        assert (await cards.variant(_A, Variant(width=200))).where == "network"


async def test_a_preview_is_answered_at_once_while_the_real_one_is_made(clock: FakeClock) -> None:
    """A smaller one from the cache; then the real one is there."""
    source = FakeSource(a=Picture(_JPEG))
    async with _registry(source, clock) as registry:
        cards = registry["cards"]
        await cards.variant(_A, _SMALL)
        early = await cards.variant(_A, Variant(width=600), preview=True)
        assert (early.preview, early.rendered.width) == (True, 100)
        await cards.settle()
        late = await cards.variant(_A, Variant(width=600), preview=True)
        assert (late.preview, late.rendered.width, late.where) == (False, 600, "rendered")


async def test_scans_that_have_come_are_shown(clock: FakeClock) -> None:
    """A progressive picture still on its way has something to show, and nothing unfinished is kept."""
    picture = Picture(_PROGRESSIVE, pause_after=len(_PROGRESSIVE) * 3 // 4, chunk=1024)
    source = FakeSource(a=picture)
    async with _registry(source, clock) as registry:
        cards = registry["cards"]
        real = asyncio.create_task(cards.variant(_A, Variant(width=200)))
        await until(lambda: _enough(cards))
        early = await cards.variant(_A, Variant(width=200), preview=True)
        assert (early.preview, early.where, early.rendered.width) == (True, "preview", 200)
        picture.go.set()
        done = await real
        assert not done.preview
        assert done.rendered.body != early.rendered.body
        assert len(source.asked) == 1


def _enough(pipeline: Pipeline) -> bool:
    growing = pipeline.originals.loader.downloads.get(_A)
    return growing is not None and growing.received >= len(_PROGRESSIVE) * 3 // 4


async def test_a_stale_picture_is_served_and_reloaded(clock: FakeClock) -> None:
    """Unchanged: one conditional request and fresh again. Changed: the new one."""
    picture = Picture(_JPEG, fresh_seconds=3600)
    source = FakeSource(a=picture)
    async with _registry(source, clock) as registry:
        cards = registry["cards"]
        old = await cards.variant(_A, _SMALL)
        await clock.advance(3601)
        stale = await cards.variant(_A, _SMALL)
        assert stale.trace.text == "rendered:stale"
        assert not stale.preview
        assert stale.rendered.body == old.rendered.body
        await cards.settle()
        assert source.asked[-1].etag == '"1"'
        assert (await cards.variant(_A, _SMALL)).trace.text == "rendered:hit"

        source.pictures[_A] = Picture(encode(quarters((640, 480)), "JPEG"), etag='"2"')
        await clock.advance(3601)
        await cards.variant(_A, _SMALL)
        await cards.settle()
        new = await cards.variant(_A, _SMALL)
        assert new.rendered.body != old.rendered.body
        assert new.etag != old.etag


async def test_tiers_that_are_off_are_no_problem(clock: FakeClock, tmp_path: Path) -> None:
    """0 bytes: nothing is kept, nothing is complained of, and every answer is right."""
    off = TierLimits(0)
    config = ImagesConfig(pipelines=(PipelineConfig("cards"),), global_tiers=Tiers(off, off, off))
    source = FakeSource(a=Picture(_JPEG))
    async with _registry(source, clock, config=config, folder=tmp_path) as registry:
        cards = registry["cards"]
        bodies = {(await cards.variant(_A, _SMALL)).rendered.body for _ in range(2)}
        assert (len(bodies), len(source.asked)) == (1, 2)
        assert not cards.events.problems
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_refusal_is_remembered_for_a_minute(clock: FakeClock) -> None:
    """A page with a dead picture asks its origin once; a store by hand, or a minute, makes it alive again."""
    source = FakeSource()
    async with _registry(source, clock) as registry:
        cards = registry["cards"]
        for _ in range(3):
            with pytest.raises(SourceFailed, match="404"):
                await cards.variant(_A, _SMALL)
        assert len(source.asked) == 1
        await clock.advance(61)
        source.pictures[_A] = Picture(_JPEG)
        assert (await cards.variant(_A, _SMALL)).where == "network"
        other = "http://o.test/other"
        with pytest.raises(SourceFailed):
            await cards.variant(other, _SMALL)
        await cards.put(other, _JPEG)
        assert (await cards.variant(other, _SMALL)).where == "encoded"


async def test_tags_outlive_a_new_version(clock: FakeClock) -> None:
    """Stored with a tag, loaded again from its origin: the tag still finds it."""
    source = FakeSource(a=Picture(encode(photo((50, 40)), "PNG"), etag='"2"'))
    async with _registry(source, clock) as registry:
        cards = registry["cards"]
        await cards.put(_A, _JPEG, tags=("t",))
        await cards.admin.mark_stale(_A)
        await cards.variant(_A, _SMALL)
        await cards.settle()
        assert (await cards.variant(_A, _SMALL)).rendered.original is not None
        assert source.asked
        assert await cards.admin.purge_all("t") == 1


async def test_too_stale_is_asked_for_first_and_still_beats_an_error(clock: FakeClock) -> None:
    """Beyond stale-while-revalidate the origin is asked; if it has nothing, the old one is better than none."""
    source = FakeSource(a=Picture(_JPEG))
    config = _one(tiers=Tiers(rendered=TierLimits(0)), stale_while_revalidate=10.0)
    async with _registry(source, clock, config=config) as registry:
        cards = registry["cards"]
        await cards.variant(_A, _SMALL)
        await clock.advance(4000)
        assert (await cards.variant(_A, _SMALL)).where == "revalidated"
        await clock.advance(4000)
        source.endings[_A] = SourceEnded("http_error", "answered 500", status=500)
        assert (await cards.variant(_A, _SMALL)).where == "stale"


async def test_put_makes_the_origin_unnecessary(clock: FakeClock, tmp_path: Path) -> None:
    """The bytes that another part fetched; with a warm-up list, variants too. What is no picture is refused."""
    source = FakeSource()
    config = _one(warm_up=("w=100", "preset=tiny"), presets={"tiny": "w=10"})
    async with _registry(source, clock, config=config, folder=tmp_path) as registry:
        cards = registry["cards"]
        await cards.put(_A, _JPEG, "image/jpeg", tags=("page-1",))
        assert (await cards.variant(_A, Variant(width=50))).where == "encoded"
        await _advance_until(clock, lambda: len(registry.idle) == 0)
        await until(lambda: len(cards.variants.tier.of(_A)) == 3)
        with pytest.raises(ImageError):
            await cards.put("http://o.test/b", b"<html>", "image/jpeg")
        assert await cards.admin.purge_all("another") == 0
        assert await cards.admin.purge_all("page-1") == 1
        with pytest.raises(SourceFailed):
            await cards.variant(_A, _SMALL)
        assert not _files(tmp_path)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def _advance_until(clock: FakeClock, condition: Callable[[], bool]) -> None:
    """Two seconds at a time; a test that waits in vain fails by count."""
    for _ in range(20_000):
        await clock.advance(2.0)
        if condition():
            return
    raise AssertionError("it never came to be")


async def test_purge_rename_and_mark_stale(clock: FakeClock, tmp_path: Path) -> None:
    """By hand, in every tier."""
    source = FakeSource(a=Picture(_JPEG))
    async with _registry(source, clock, folder=tmp_path) as registry:
        cards = registry["cards"]
        await cards.variant(_A, _SMALL)
        assert await cards.admin.rename(_A, "http://o.test/new")
        assert (await cards.variant("http://o.test/new", _SMALL)).where == "rendered"
        assert await cards.admin.rename("http://o.test/new", _A)
        assert await cards.admin.mark_stale(_A)
        assert (await cards.variant(_A, _SMALL)).trace.text == "rendered:stale"
        await cards.settle()
        assert source.asked[-1].etag == '"1"'
        assert await cards.admin.purge(_A)
        assert not await cards.admin.purge(_A)
        assert not await cards.admin.mark_stale(_A)
        assert (await cards.variant(_A, _SMALL)).where == "network"


async def test_a_purge_beats_a_write_on_its_way(clock: FakeClock, tmp_path: Path) -> None:
    """What is removed while it is being written does not come back."""
    source = FakeSource(a=Picture(_JPEG))
    async with _registry(source, clock, folder=tmp_path) as registry:
        cards = registry["cards"]
        for _ in range(5):
            await cards.put(_A, _JPEG)
            await cards.admin.purge(_A)
        await cards.settle()
        assert registry.disks["cards"].lru.bytes == 0
        assert not _files(tmp_path)


async def test_slow_avif_is_answered_as_webp_and_made_when_idle(clock: FakeClock) -> None:
    """The same address gives AVIF later."""
    source = FakeSource(a=Picture(_JPEG))
    config = _one(avif_at_once_pixels=10_000)
    async with _registry(source, clock, config=config) as registry:
        cards = registry["cards"]
        accept = "image/avif,image/webp,*/*;q=0.8"
        assert (await cards.variant(_A, Variant(width=50), accept=accept)).rendered.format == "avif"
        quick = await cards.variant(_A, Variant(width=200), accept=accept)
        assert quick.rendered.format == "webp"
        await _advance_until(clock, lambda: cards.events.counts["reworked"] == 1)
        assert (await cards.variant(_A, Variant(width=200), accept=accept)).rendered.format == "avif"


async def test_a_jpeg_that_is_asked_for_again_becomes_progressive(clock: FakeClock) -> None:
    """Over 10 KB, in a quiet moment, once."""
    source = FakeSource(a=Picture(_JPEG))
    async with _registry(source, clock) as registry:
        cards = registry["cards"]
        wish = Variant(width=500, format="jpeg")
        await cards.variant(_A, wish)
        await cards.variant(_A, wish)
        await _advance_until(clock, lambda: cards.events.counts["reworked"] == 1)
        assert probe((await cards.variant(_A, wish)).rendered.body).progressive
        await cards.variant(_A, wish)
        assert len(registry.idle) == 0


async def test_progressive_at_once_if_so_configured(clock: FakeClock) -> None:
    """For those who would rather pay at the first answer."""
    async with _registry(FakeSource(a=Picture(_JPEG)), clock, config=_one(progressive="at_once")) as registry:
        answer = await registry["cards"].variant(_A, Variant(width=500, format="jpeg"))
        assert probe(answer.rendered.body).progressive


async def test_watchers_are_told(clock: FakeClock) -> None:
    """Started, progress, loaded, finished; and the problems by name."""
    exif_jpeg = encode(photo((64, 48)), "JPEG", exif=_exif_with_location())
    source = FakeSource(a=Picture(exif_jpeg), b=Picture(_JPEG[:150]))
    watcher = Watcher()
    async with _registry(source, clock, extensions=Extensions(observers=(watcher,))) as registry:
        await registry["cards"].variant(_A, _SMALL)
        assert list(dict.fromkeys(watcher.kinds())) == [
            "started", "progress", "loaded", "problem", "finished",
        ]  # fmt: skip
        assert watcher.problems() == ["location_found", "asked_larger_than_original: 100 of 64"]
        with pytest.raises(BrokenPicture):
            await registry["cards"].variant("http://o.test/b", _SMALL)
        assert "broken_picture" in watcher.problems()[-1]


def _exif_with_location() -> bytes:
    from PIL import Image

    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    return exif.tobytes()


async def test_a_broken_picture_leaves_the_rest_alone(clock: FakeClock) -> None:
    """An error is not kept: the next who ask find the pipeline as it was."""
    source = FakeSource(a=Picture(_JPEG[:150]), b=Picture(_JPEG))
    async with _registry(source, clock) as registry:
        for _ in range(2):
            with pytest.raises(BrokenPicture):
                await registry["cards"].variant(_A, _SMALL)
        assert (await registry["cards"].variant("http://o.test/b", _SMALL)).rendered.width == 100


async def test_a_placeholder_is_made_once(clock: FakeClock) -> None:
    """Size, main colour and BlurHash, looked at once."""
    picture = encode(quarters((80, 60)), "PNG")
    source = FakeSource(a=Picture(picture))
    async with _registry(source, clock) as registry:
        found = await registry["cards"].placeholder(_A)
        assert (found.info.width, found.info.height, found.length) == (80, 60, len(picture))
        assert found.content_type == "image/png"
        assert found.colour in ("#dc1e1e", "#1eb41e", "#1e1edc", "#ffffff")
        assert len(found.blurhash) > 10
        assert await registry["cards"].placeholder(_A) is found


async def test_only_so_many_sizes_of_a_picture_are_kept(clock: FakeClock) -> None:
    """The least recently used size goes."""
    source = FakeSource(a=Picture(_JPEG))
    async with _registry(source, clock, config=_one(sizes_per_picture=3)) as registry:
        cards = registry["cards"]
        for width in (10, 20, 30, 40):
            await cards.variant(_A, Variant(width=width))
        assert sorted(each.rendered.width for each in cards.variants.tier.of(_A)) == [20, 30, 40]


def test_settings_are_checked() -> None:
    """With the setting's name."""
    with pytest.raises(InvalidSetting, match="keys"):
        replace(default_config(), keys=("short",)).validate()
    with pytest.raises(InvalidSetting, match="pipelines"):
        ImagesConfig(pipelines=(PipelineConfig("a"), PipelineConfig("a"))).validate()


_BEYOND_MEMORY = encode(Image.new("RGB", (6_000, 4_000)), "PNG")


@pytest.mark.parametrize(
    ("body", "refusal"),
    [(_BEYOND_MEMORY, PictureTooLarge), (_JPEG[:400], BrokenPicture), (b"no picture", UnsupportedFormat)],
    ids=["beyond the memory budget", "broken", "no picture"],
)
async def test_a_picture_that_cannot_be_shown_is_tried_once_a_minute(
    clock: FakeClock, body: bytes, refusal: type[ImageError]
) -> None:
    """Neither loaded nor looked at again, also where the tiers have no room for it: what is no picture for whatever
    variant, what is only too large for this one."""
    source = FakeSource(a=Picture(body))
    config = replace(_one(tiers=Tiers(encoded=TierLimits(0))), memory_bytes=64 * 1024 * 1024)
    async with _registry(source, clock, config=config) as registry:
        cards = registry["cards"]

        async def attempt(wish: Variant) -> int:
            with pytest.raises(refusal):
                await cards.variant(_A, wish)
            with pytest.raises(refusal):
                await cards.placeholder(_A)
            return len(source.asked)

        first = await attempt(_SMALL)
        assert [await attempt(_SMALL) for _ in range(3)] == [first] * 3
        assert cards.events.counts["renders"] <= 1
        of_the_variant = 1 if refusal is PictureTooLarge else 0
        assert await attempt(Variant(width=200)) == first + of_the_variant
        await clock.advance(61.0)
        assert await attempt(_SMALL) > first + of_the_variant


async def test_a_picture_that_was_replaced_is_looked_at_again(clock: FakeClock) -> None:
    source = FakeSource(a=Picture(b"no picture"))
    async with _registry(source, clock) as registry:
        with pytest.raises(UnsupportedFormat):
            await registry["cards"].variant(_A, _SMALL)
        await registry["cards"].put(_A, _JPEG)
        assert (await registry["cards"].variant(_A, _SMALL)).rendered.width == 100


async def test_a_picture_of_too_many_bytes_is_asked_for_once_a_minute(clock: FakeClock) -> None:
    source = FakeSource(a=Picture(_JPEG))
    config = replace(_one(), limits=PictureLimits(bytes=1_000))
    async with _registry(source, clock, config=config) as registry:
        for seconds, asked in ((0, 1), (30, 1), (31, 2)):
            await clock.advance(seconds)
            with pytest.raises(PictureTooLarge):
                await registry["cards"].variant(_A, _SMALL)
            assert len(source.asked) == asked
