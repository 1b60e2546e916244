"""The memory of a process: what is said of it, and that only a process's start changes how it is managed."""

import ast
import gc
import sys
from pathlib import Path

import pytest

from groundwork import memory

_ROOT = Path(__file__).parents[3]
_STARTS = {"fetchers/serve.py", "imagepipe/__main__.py", "spiderduck/bootstrap/processes.py", "spiderduck/cli/demo.py"}
"""Where processes start."""


def test_what_lies_in_memory_is_counted_in_bytes() -> None:
    assert memory.resident_bytes() > 1024 * 1024


def test_a_system_that_does_not_say_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for text in (None, b"", b"17", b"17 many"):
        file = tmp_path / "statm"
        if text is not None:
            file.write_bytes(text)
        monkeypatch.setattr(memory, "_STATM", file)
        assert memory.resident_bytes() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's alone")
def test_free_pages_can_be_returned() -> None:
    assert memory.give_back() in (True, False)


def test_the_collector_leaves_alone_what_was_there_before() -> None:
    before = gc.get_threshold()
    try:
        memory.tune_collector()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def test_only_a_process_start_changes_the_process() -> None:
    """Whoever builds the product, in a test or beside something else, gets it without side effects."""
    calling = set()
    for package in ("spiderduck", "schedulers", "fetchers", "snowflake", "imagepipe"):
        for file in (_ROOT / package).rglob("*.py"):
            if b"tune_" not in (source := file.read_bytes()):
                continue
            for node in ast.walk(ast.parse(source)):
                name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
                if name in ("tune_allocator", "tune_collector"):
                    calling.add(file.relative_to(_ROOT).as_posix())
    assert calling == _STARTS
