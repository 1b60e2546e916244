"""Lists follow their files."""

import os
from pathlib import Path
from typing import Any

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
    for broken in (
        lambda: file.unlink(),
        lambda: write(file, "<html>504</html>\n%%%", 300),
        lambda: write(file, "<html>\nError\n</html>", 301),
        lambda: write(file, '{"error": "no such key"}', 302),
        lambda: write(file, "other.test\nplease come back\nlater, we are away\n", 303),
    ):
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


async def test_a_page_is_no_list_of_rules_either(tmp_path: Path) -> None:
    """In which all lines but some are passed over."""
    file = tmp_path / "rules.txt"
    write(file, "||evil.test^\n", 100)
    lists = Lists(FakeClock(), [ListConfig("rules", str(file), format="adblock")])
    write(file, "\n <!doctype html>\n<p>504</p>", 200)
    await lists.look()
    assert sizes(lists) == {"rules": 1}


async def test_half_a_file_never_comes_into_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is changed between the look at it and its end."""
    file = tmp_path / "bad.txt"
    write(file, "evil.test\n", 100)
    lists = Lists(FakeClock(), [ListConfig("bad", str(file))])
    write(file, "a.test\nb.test\n", 200)
    plain = Path.open

    def while_it_is_written(path: Path, *arguments: str) -> Any:
        os.truncate(file, 7)
        os.utime(file, (201, 201))
        return plain(path, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", while_it_is_written)
        await lists.look()
    assert sizes(lists) == {"bad": 1}
    write(file, "a.test\nb.test\n", 202)
    await lists.look()
    assert sizes(lists) == {"bad": 2}


async def test_a_file_that_is_replaced_all_the_time_is_read_all_the_same(tmp_path: Path) -> None:
    file, clock = tmp_path / "bad.txt", FakeClock()
    write(file, "evil.test\n", 100)
    lists = Lists(clock, [ListConfig("bad", str(file))])
    for number in range(2, 40):
        write(file, "evil.test\n" * number, round(clock.now()))
        await lists.look()
        assert (sizes(lists) == {"bad": 1}) is (number <= 32), number
        await clock.advance(2.0)


async def test_a_list_that_shrinks_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "bad.txt"
    write(file, "\n".join(f"evil{number}.test" for number in range(100)), 100)
    lists = Lists(FakeClock(), [ListConfig("bad", str(file))])
    write(file, "evil1.test\n", 200)
    await lists.look()
    assert "had 100: is its file whole?" in caplog.text


async def test_files_are_followed_through_links_and_renames(tmp_path: Path) -> None:
    """As volumes of Kubernetes are renewed: a link to a folder is replaced."""
    for number, text in ((1, "a.test\n"), (2, "a.test\nb.test\n")):
        (tmp_path / f"v{number}").mkdir()
        write(tmp_path / f"v{number}" / "bad.txt", text, 100)
    (tmp_path / "data").symlink_to(tmp_path / "v1")
    lists = Lists(FakeClock(), [ListConfig("bad", str(tmp_path / "data" / "bad.txt"))])
    (tmp_path / "next").symlink_to(tmp_path / "v2")
    os.replace(tmp_path / "next", tmp_path / "data")
    await lists.look()
    assert sizes(lists) == {"bad": 2}
    (tmp_path / "data").unlink()
    (tmp_path / "data").symlink_to("nowhere")
    await lists.look()
    assert sizes(lists) == {"bad": 2}


async def test_lists_come_and_go_while_running(tmp_path: Path) -> None:
    file = tmp_path / "bad.txt"
    file.write_text("evil.test\n")
    lists = Lists(FakeClock())
    assert lists.current == ()
    await lists.put(ListConfig("bad", str(file)))
    assert sizes(lists) == {"bad": 1}
    broken = tmp_path / "broken.txt"
    broken.write_text("evil.test\nno name\nnone, either\n")
    for path in (tmp_path / "none", tmp_path, broken):
        with pytest.raises(ValueError, match="cannot be read"):
            await lists.put(ListConfig("bad", str(path)))
    assert sizes(lists) == {"bad": 1}
    assert lists.remove("bad")
    assert not lists.remove("bad")
    assert lists.current == ()
