"""Each function that reads outside bytes takes time in proportion to their number (`table.py`); none is forgotten."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.unit.complexity.measuring import FACTOR, LONGEST, MARGIN, Case, growth, growth_at
from tests.unit.complexity.table import EXEMPT, NOTHING_FROM_OUTSIDE, SEARCHED, TABLE

CASES = [
    pytest.param(case, id=f"{name}-{number}") for name, listed in TABLE.items() for number, case in enumerate(listed)
]
OUTSIDE = ("bytes", "str", "Response", "Answer", "Page", "memoryview", "JsonObject", "LexborNode", "LexborHTMLParser")
"""Types of parameters by which a function takes something from outside."""


@pytest.mark.parametrize("case", CASES)
def test_four_times_the_input_takes_four_times_the_work(case: Case) -> None:
    times, longest, size = growth(case)
    assert times <= FACTOR * MARGIN, (
        f"{FACTOR} times the input took {times:.1f} times as long ({longest:.3f} s for {size})"
    )
    assert longest < LONGEST


def test_every_public_function_of_the_modules_is_listed() -> None:
    """A new function of a module of the table needs a line there."""
    missing = [
        f"{module}.{name}"
        for module in sorted({_module_of(entry) for entry in TABLE})
        for name in _functions(importlib.import_module(module))
        if f"{module}.{name}" not in TABLE and f"{module}.{name}" not in NOTHING_FROM_OUTSIDE
    ]
    assert not missing, f"no worst input in tests/unit/complexity/table.py for {missing}"


def test_every_line_names_something_that_is_there() -> None:
    gone = [
        entry
        for entry in (*TABLE, *NOTHING_FROM_OUTSIDE)
        if not hasattr(importlib.import_module(_module_of(entry)), entry.rpartition(".")[2])
    ]
    assert not gone


def test_every_module_that_reads_text_or_bytes_is_listed_or_exempt() -> None:
    listed = {_module_of(entry) for entry in TABLE}
    forgotten = [
        module.__name__
        for module in _modules()
        if module.__name__ not in listed
        and module.__name__ not in EXEMPT
        and any(map(_reads, _functions(module).values()))
    ]
    assert not forgotten, f"neither in the table nor exempt with a reason: {forgotten}"


def _module_of(entry: str) -> str:
    return entry.rpartition(".")[0]


def _modules() -> Iterator[ModuleType]:
    for package in SEARCHED:
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not found.name.endswith("__main__") and found.name != "snowflake.connector":
                yield importlib.import_module(found.name)


def _functions(module: ModuleType) -> dict[str, object]:
    """Those that the module makes itself, cached ones included."""
    return {
        name: one
        for name, one in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(one) or hasattr(one, "__wrapped__"))
        and getattr(one, "__module__", None) == module.__name__
    }


def _reads(function: object) -> bool:
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return any(word in str(one.annotation) for one in parameters for word in OUTSIDE)


def test_the_square_is_found_where_a_call_takes_milliseconds() -> None:
    """Each fiftieth byte looks at all of them, as quickly as the interpreter can."""

    def square(items: bytes) -> None:
        for _ in range(len(items) // 50):
            items.find(b"x")

    times, longest, _ = growth_at(Case(lambda size: b"a" * size, square), 64_000)
    assert times > FACTOR * MARGIN
    assert longest < 1


def test_a_line_is_no_square_however_quick_a_call_is() -> None:
    times, longest, _ = growth(Case(lambda size: b"a" * size, lambda items: items.count(b"ab")))
    assert times <= FACTOR * MARGIN
    assert longest < LONGEST
