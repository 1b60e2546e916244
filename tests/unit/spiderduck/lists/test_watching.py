"""Lists follow their files."""

import os
from pathlib import Path

import pytest

from spiderduck.lists.watching import Lists
from spiderduck.settings.lists import ListConfig
from tests.clock import FakeClock


def write(path: Path, text: str, at: int) -> None:
    path.write_text(text)
    os.utime(path, (at, at))


def sizes(lists: Lists) -> dict[str, int]:
    return {one.config.name: len(one) for one in lists.current}


async def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "bad.txt"
    write(file, "evil.test\n", 100)
    lists, told = Lists(FakeClock(), [ListConfig("bad", str(file))]), list[int]()
    lists.on_change(lambda: told.append(len(lists.current)))
    await lists.look()
    assert (sizes(lists), told) == ({"bad": 1}, [])
    first = lists.current[0].version
    write(file, "evil.test\nworse.test\n", 200)
    await lists.look()
    assert (sizes(lists), told) == ({"bad": 2}, [1])
    assert lists.current[0].version != first
    assert lists.current[0].changed_at == 200


async def test_a_file_that_cannot_be_read_leaves_its_last_version_in_force(tmp_path: Path) -> None:
    file = tmp_path / "bad.txt"
    write(file, "evil.test\n", 100)
    lists = Lists(FakeClock(), [ListConfig("bad", str(file))])
    for broken in (lambda: file.unlink(), lambda: write(file, "<html>504</html>\n%%%", 300)):
        broken()
        await lists.look()
        assert sizes(lists) == {"bad": 1}
    write(file, "", 400)  # an empty list is one
    await lists.look()
    assert sizes(lists) == {"bad": 0}


@pytest.mark.parametrize("content", [None, "<html>\n%%%"])
def test_the_first_reading_must_succeed(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "bad.txt"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=r"lists\.bad"):
        Lists(FakeClock(), [ListConfig("bad", str(file))])


async def test_lists_come_and_go_while_running(tmp_path: Path) -> None:
    file = tmp_path / "bad.txt"
    file.write_text("evil.test\n")
    lists = Lists(FakeClock())
    assert lists.current == ()
    await lists.put(ListConfig("bad", str(file)))
    assert sizes(lists) == {"bad": 1}
    with pytest.raises(ValueError, match="cannot be read"):
        await lists.put(ListConfig("bad", str(tmp_path / "none")))
    assert sizes(lists) == {"bad": 1}
    assert lists.remove("bad")
    assert not lists.remove("bad")
    assert lists.current == ()
