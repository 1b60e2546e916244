"""Docstrings say what a signature cannot: the parameters of public names, units of time, and errors.

The rules are mechanical, so that nobody has to guess them. They read the source and import nothing.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.test_public_names import FUNCTIONS, resolved

ROOT = Path(__file__).parents[2]
PACKAGES = ("spiderduck", "schedulers", "fetchers", "snowflake", "imagepipe", "groundwork")

FAMILIES = {
    "schedulers.metadata.fields": "`read` of each field: the value, None where no rule offers one",
    "schedulers.metadata.kinds": "`read` of each kind: the metadata of an answer of that kind",
    "schedulers.events": "`recognises` and `read` of each shape, as `reading.py` lists them",
    "spiderduck.client.calls": "the request of the client's method of that name, which says what the parameters mean",
}
"""Functions of one form, many times; the form is documented once, in the package or in the module that calls them."""

WRITTEN_FOR_USERS = (
    *("spiderduck.api", "spiderduck.cli", "snowflake.cli", "snowflake.service", "imagepipe.service"),
    *("fetchers.__main__", "imagepipe.__main__", "snowflake.__main__"),
)
"""Here a docstring is help or API text: it says which problem is answered, not which exception is raised inside."""

TIMES = re.compile(
    r"(?:^|_)(?:seconds|ms|bytes|pixels|now|at|moment|until|deadline|since|days|due|time|timeout|began|later|after|wait)$"
)
"""Names that say what a number means: a span in seconds, or a moment in epoch seconds."""
RATES = frozenset(("rate", "per_second", "ratio", "share", "quality"))

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Documented:
    """A public function or method, and the text that documents it: its own and its class's."""

    module: str
    name: str
    node: Function
    in_class: bool
    text: str
    of_port: bool = False

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@cache
def everything() -> tuple[Documented, ...]:
    """All public functions, public methods and initialisers of public classes."""
    return tuple(
        one
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for one in _of_module(".".join(path.relative_to(ROOT).with_suffix("").parts), path)
    )


def _of_module(module: str, path: Path) -> Iterator[Documented]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield Documented(module, node.name, node, False, ast.get_docstring(node) or "")
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            about = ast.get_docstring(node) or ""
            of_port = any(ast.unparse(base).startswith("Protocol") for base in node.bases)
            for method in node.body:
                if isinstance(method, Function) and (method.name == "__init__" or not method.name.startswith("_")):
                    text = f"{ast.get_docstring(method) or ''} {about}"
                    yield Documented(module, f"{node.name}.{method.name}", method, True, text, of_port)


@cache
def _promised_by_ports() -> dict[str, str]:
    """What the methods of all ports say, by the method's name: an adapter need not say it again."""
    found: dict[str, str] = {}
    for one in everything():
        if one.of_port:
            found[one.node.name] = f"{found.get(one.node.name, '')} {one.text}"
    return found


def _raised(node: Function) -> set[str]:
    """The classes that the function raises itself; those of functions inside it are not its own."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        one = waiting.pop()
        if isinstance(one, Function | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(one, ast.Raise) and one.exc is not None:
            raised = one.exc.func if isinstance(one.exc, ast.Call) else one.exc
            name = raised.attr if isinstance(raised, ast.Attribute) else getattr(raised, "id", "")
            found |= {name} if name[:1].isupper() else set()
        waiting.extend(ast.iter_child_nodes(one))
    return found


def _says_what_it_raises(one: Documented) -> bool:
    text = f"{one.text} {_promised_by_ports().get(one.node.name, '')}"
    return bool(re.search(r"\b[Rr]ais(?:es?|ed|ing)\b", text)) or any(name in text for name in _raised(one.node))


def _numbers(node: Function) -> Iterator[str]:
    for argument in (*node.args.args, *node.args.kwonlyargs):
        if argument.annotation is not None and ast.unparse(argument.annotation) in ("float", "float | None"):
            yield argument.arg


def test_every_public_function_has_a_docstring() -> None:
    """Except where many have one form, which is documented once (`FAMILIES`)."""
    silent = [str(one) for one in everything() if not one.in_class and not one.text]
    assert [name for name in silent if not name.startswith(tuple(f"{family}." for family in FAMILIES))] == []


def test_whoever_raises_says_so() -> None:
    """The docstring of the function, its class or its port names the error or says when one is raised."""
    ours = [one for one in everything() if not one.module.startswith(WRITTEN_FOR_USERS) and _raised(one.node)]
    ours = [one for one in ours if not one.node.name.startswith("on_")]  # what a parser calls, nobody else
    assert [f"{one}: {sorted(_raised(one.node))}" for one in ours if not _says_what_it_raises(one)] == []


def test_a_number_of_time_says_its_unit() -> None:
    """By its name (`seconds`, `now`, `until`, `…_ms`), or in the docstring that names the parameter."""
    assert [
        f"{one}({name})"
        for one in everything()
        for name in _numbers(one.node)
        if not TIMES.search(name) and name not in RATES and f"`{name}`" not in one.text
    ] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_names_document_each_of_their_parameters(name: str) -> None:
    """In backticks, in the docstring of the function or class."""
    found = resolved(name)
    text = f"{found.__doc__} {getattr(found, '__init__', found).__doc__}"
    assert [parameter for parameter in FUNCTIONS[name] if f"`{parameter}" not in text] == []
