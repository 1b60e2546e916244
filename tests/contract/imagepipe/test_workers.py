"""Work on pictures, in threads and in processes: what becomes of it has the names of this package."""

import os
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from groundwork.workers.interface import Workers, WorkersBusy, WorkFailed, WorkTimedOut
from imagepipe.config import default_config
from imagepipe.errors import BrokenPicture, Busy, DecoderCrashed, ImageError, PictureTooLarge, RenderTimedOut
from imagepipe.model import Variant
from imagepipe.rendering.render import render_variant
from imagepipe.workers import PictureWorkers, isolated_workers, threaded_workers
from tests.unit.imagepipe.pictures import encode, quarters

_CONFIG = replace(default_config(), isolated_workers=1, render_seconds=10.0, queue=1)


@pytest.fixture(params=["threads", "processes"])
async def workers(request: pytest.FixtureRequest) -> AsyncIterator[PictureWorkers]:
    if request.param == "threads":
        with ThreadPoolExecutor(1) as executor:
            yield threaded_workers(_CONFIG, executor, 1)
    else:
        pool = isolated_workers(_CONFIG)
        yield pool
        await pool.close()


async def test_a_picture_is_rendered(workers: PictureWorkers) -> None:
    work = partial(render_variant, encode(quarters(), "PNG"), Variant(width=10, format="jpeg"))
    assert (await workers.run(work)).width == 10


async def test_errors_come_back_as_themselves(workers: PictureWorkers) -> None:
    """With class and text."""
    with pytest.raises(BrokenPicture, match="PNG"):
        await workers.run(partial(render_variant, encode(quarters(), "PNG")[:45], Variant()))


async def test_what_never_fits_names_the_setting(workers: PictureWorkers) -> None:
    with pytest.raises(PictureTooLarge, match=r"images\.memory_bytes"):
        await workers.run(partial(pow, 2, 2), memory=2 * _CONFIG.memory_bytes)


async def test_a_crash_and_too_much_memory_are_named() -> None:
    pool = isolated_workers(_CONFIG)
    try:
        with pytest.raises(DecoderCrashed):
            await pool.run(os.abort)
        with pytest.raises(PictureTooLarge):
            await pool.run(partial(bytes, 1 << 40))
    finally:
        await pool.close()


async def test_too_long_is_named() -> None:
    pool = isolated_workers(replace(_CONFIG, render_seconds=0.5))
    try:
        with pytest.raises(RenderTimedOut):
            await pool.run(partial(time.sleep, 60))
    finally:
        await pool.close()


@pytest.mark.parametrize(
    ("given", "named"),
    [(WorkersBusy("full", 3.0), Busy), (WorkTimedOut("late"), RenderTimedOut), (WorkFailed("odd"), BrokenPicture)],
)
async def test_every_ending_has_a_name(given: Exception, named: type[ImageError]) -> None:
    class Failing:
        active = small = 0

        async def run(self, work: object, *, memory: int = 0) -> None:
            raise given

        async def close(self) -> None:
            """Nothing is open."""

    failing: Workers = Failing()  # type: ignore[assignment]
    with pytest.raises(named) as raised:
        await PictureWorkers(failing).run(partial(pow, 2, 2))
    assert str(raised.value) == str(given)
    assert getattr(raised.value, "retry_after", 3.0) == 3.0
