"""Each primitive exists once, and no function takes more arguments than a reader keeps in mind."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_PACKAGES = ("spiderduck", "schedulers", "fetchers", "snowflake", "imagepipe", "groundwork")
_MOST_PARAMETERS = 6

PUBLIC = {
    "imagepipe/rendering/render.py: render",  # one keyword for each parameter of a picture's address
    "imagepipe/urls.py: url",
    "snowflake/generator.py: __init__",  # the settings of a generator, by name
    "schedulers/metadata/extract.py: extract_metadata",
}
"""What callers outside use, by keyword: their parameters are their interface."""
LEFT = {
    "fetchers/transport/aiohttp.py: __init__",
    "imagepipe/rendering/render.py: render_variant",
    "imagepipe/rendering/render.py: render_bytes",
}
"""One too many each. No other joins them."""


@cache
def _nodes() -> tuple[tuple[str, ast.AST], ...]:
    """Of all files of the packages; read once for all tests."""
    return tuple(
        (file.relative_to(_ROOT).as_posix(), node)
        for package in _PACKAGES
        for file in sorted((_ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Call | ast.Import)
    )


def _functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for file, node in _nodes():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{file}: {node.name}", node


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = node.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"])) + (given.vararg is not None) + (given.kwarg is not None)


def test_no_function_takes_more_than_six_parameters() -> None:
    """Commands and handlers excepted, whose decorated parameters are their interface."""
    over = {name for name, node in _functions() if not node.decorator_list and _parameters(node) > _MOST_PARAMETERS}
    assert over <= PUBLIC | LEFT | _commands()


def _commands() -> set[str]:
    """The functions that `spiderduck/cli/app.py` makes commands of."""
    text = (_ROOT / "spiderduck/cli/app.py").read_text(encoding="utf-8")
    return {f"spiderduck/cli/{one[1]}.py: {one[2]}" for one in re.finditer(r"\.command\(.*\)\((\w+)\.(\w+)\)", text)}


@pytest.mark.parametrize(
    ("what", "called", "homes"),
    [
        ("the wall clock of an event loop", "SystemClock", {"groundwork/clock.py", "snowflake/clock.py"}),
        ("single flight", "SingleFlight", {"groundwork/single_flight.py"}),
        ("a guard of addresses", "AddressPolicy", {"groundwork/address_guard.py"}),
        ("processes that may crash", "WorkerProcesses", {"groundwork/workers/processes.py"}),
    ],
)
def test_a_primitive_is_defined_once(what: str, called: str, homes: set[str]) -> None:
    assert {file for file, node in _nodes() if isinstance(node, ast.ClassDef) and node.name == called} == homes, what


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("argparse", set()),  # Typer everywhere
        (
            "ctypes",
            {
                "groundwork/memory.py",
                "groundwork/workers/child.py",
                "imagepipe/codecs/libwebp.py",
                "spiderduck/bootstrap/examining.py",
            },
        ),
        ("resource", {"groundwork/front/server.py", "groundwork/process.py", "groundwork/workers/child.py"}),
        ("kazoo.client.KazooClient(", {"groundwork/zookeeper.py"}),
    ],
)
def test_a_library_is_reached_from_one_place(library: str, homes: set[str]) -> None:
    """Imported there, or, with a bracket at the end, called there."""
    called = library[:-1].rpartition(".")[2] if library.endswith("(") else None

    def uses(node: ast.AST) -> bool:
        if called is not None:
            return isinstance(node, ast.Call) and getattr(node.func, "id", "") == called
        return isinstance(node, ast.Import) and any(one.name == library for one in node.names)

    assert {file for file, node in _nodes() if uses(node)} == homes
