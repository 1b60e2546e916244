"""Every code block of the documents is what its language wants, without running it."""

import ast
import json
import re
import shlex
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from spiderduck.cli.app import app
from spiderduck.config import load

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted(
    path
    for pattern in ("README.md", "docs/*.md", "docs/how-to/*.md", "docs/concepts/*.md", "docs/reference/*.md")
    for path in ROOT.glob(pattern)
)
ALONE = "images.md"
"""Its settings are those of the image pipeline alone, which a test of that package reads."""


def blocks(*languages: str) -> Iterator[Any]:
    """Document and text of each block; those of one language are numbered by page."""
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"^ *```(\w+)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
        for number, (language, code) in enumerate(found):
            if language in languages:
                yield pytest.param(path, textwrap.dedent(code), id=f"{path.relative_to(ROOT)}-{number}")


def commands() -> Iterator[Any]:
    """The words behind each `spiderduck` that a shell is given, up to where the shell ends the command."""
    for place, path, code in [("$ ", *one.values) for one in blocks("console")] + [
        ("", *one.values) for one in blocks("sh")
    ]:
        for line in code.replace("\\\n", " ").splitlines():
            if line.startswith(place) and "spiderduck " in line and "EOF" not in line:
                words = words_of(line.removeprefix(place))
                if words:
                    yield pytest.param(words, id=f"{path.relative_to(ROOT)}: {' '.join(words)}")


def words_of(line: str) -> list[str]:
    """Empty where the line does not call `spiderduck` itself."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    starts = [number for number, word in enumerate(words) if word == "spiderduck" or word.endswith("/bin/spiderduck")]
    if not starts or words[0] in ("docker", "kubectl", "helm"):
        return []
    behind = words[starts[0] + 1 :]
    ends = [number for number, word in enumerate(behind) if set(word) <= set("();<>|&")]
    return behind[: ends[0]] if ends else behind


@pytest.mark.parametrize("words", [*commands()])
def test_commands_take_what_is_written(words: list[str]) -> None:
    """Names, arguments and options exist; nothing is run."""
    command: click.Command = typer.main.get_command(app)
    context = click.Context(command, info_name="spiderduck")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
        context = click.Context(command, info_name=name, parent=context)
    command.make_context(context.info_name, list(words), parent=context.parent, resilient_parsing="--version" in words)


@pytest.mark.parametrize(("document", "code"), [*blocks("toml")])
def test_settings_are_settings(document: Path, code: str, tmp_path: Path) -> None:
    """Each example is taken by the product, but for files that are not here."""
    if document.name == ALONE:
        assert tomllib.loads(code)
        return
    file = tmp_path / "my.toml"
    file.write_text(re.sub(r"^(\w+_file|path) = .*$", rf'\1 = "{tmp_path / "a"}"', code, flags=re.MULTILINE))
    (tmp_path / "a").write_text("amqp://duck:a-long-random-text@broker.example.com\n")
    load(file, {}, {})


@pytest.mark.parametrize(("document", "code"), [*blocks("json")])
def test_json_is_json(document: Path, code: str) -> None:
    assert json.loads(code.replace("…", "...")) is not None, document


@pytest.mark.parametrize(("document", "code"), [*blocks("python")])
def test_python_is_python(document: Path, code: str) -> None:
    assert ast.parse(code), document
