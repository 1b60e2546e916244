"""Reading text in a process: what is said where it cannot be done."""

import builtins
from collections.abc import Callable
from typing import Any

import pytest

from groundwork.workers.interface import OutOfMemory, WorkError, WorkersBusy, WorkTimedOut
from spiderduck.content.readable_text import LARGEST_BODY, NotInstalled, Reader, Unreadable, extract


class Fails:
    """Workers that do not come to an end of it."""

    active = small = 0

    def __init__(self, error: WorkError) -> None:
        self._error = error

    async def run(self, work: Callable[[], Any], *, memory: int = 0) -> Any:
        assert len(work.args[0]) <= LARGEST_BODY  # type: ignore[attr-defined]
        raise self._error

    async def close(self) -> None:
        raise AssertionError


@pytest.mark.parametrize("error", [WorkTimedOut(""), OutOfMemory("")])
async def test_a_page_beyond_the_limits_is_unreadable(error: WorkError) -> None:
    with pytest.raises(Unreadable, match=error.code):
        await Reader(Fails(error)).text(b"x" * LARGEST_BODY * 2, "http://a.test/")


async def test_who_finds_no_room_is_told_to_come_again() -> None:
    with pytest.raises(WorkersBusy):
        await Reader(Fails(WorkersBusy("full"))).text(b"x", "http://a.test/")


def test_without_the_extra_the_answer_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *given: Any) -> Any:
        if name == "trafilatura":
            raise ModuleNotFoundError(name)
        return real(name, *given)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NotInstalled, match="spiderduck\\[text\\]"):
        extract(b"<p>x", "http://a.test/")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"<", b"\0" * 100])
def test_what_has_no_text_gives_none(body: bytes) -> None:
    assert extract(body, "http://a.test/") is None
