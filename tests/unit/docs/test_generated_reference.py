"""The reference that is generated from the code leaves nothing out."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import typer
import yaml

from schedulers.model import Status
from spiderduck.config import Config
from tests.unit.spiderduck.test_config import keys

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def generated() -> Iterator[ModuleType]:
    """Found as Sphinx finds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "_extensions"))
        yield importlib.import_module("generated_reference")


def test_every_setting_is_in_the_reference(generated: ModuleType) -> None:
    """By its environment variable, which is unique."""
    page = generated.settings_page()
    variables = {f"`SPIDERDUCK_{place.replace('.', '__').upper()}`" for place in keys(Config)}
    assert [variable for variable in variables if variable not in page] == []


def test_secrets_show_no_default(generated: ModuleType) -> None:
    """A setting that is left out of `repr` is called a secret."""
    row = next(line for line in generated.settings_page().splitlines() if "`SPIDERDUCK_FETCHERS__TOKEN`" in line)
    assert "| secret |" in row


def test_a_comment_that_goes_on_is_read_whole(generated: ModuleType, tmp_path: Path) -> None:
    """And a `#` inside a value begins no comment."""
    file = tmp_path / "some.toml"
    file.write_text('[a.b]\none = "x#y"        # first\n                   # second\ntwo = { c = 1 }  # third\n')
    assert dict(generated._commented(file)) == {"a.b.one": "first second", "a.b.two": "third"}


def paths(name: str, command: object) -> Iterator[str]:
    inner = getattr(command, "commands", {})
    for one, its in inner.items():
        yield from paths(f"{name} {one}", its)
    if not inner:
        yield name


def test_every_command_is_in_the_reference(generated: ModuleType) -> None:
    """Those of groups and of the parts alone too."""
    page = generated.command_page()
    there = [path for name, app in generated.COMMANDS.items() for path in paths(name, typer.main.get_command(app))]
    assert len(there) > 20
    assert [path for path in there if f"# `{path}`" not in page] == []


def test_every_status_is_explained(generated: ModuleType) -> None:
    """And nothing is explained that is no status."""
    assert set(generated.ENDINGS) == set(Status)


def test_unchanged_pages_are_not_written_again(generated: ModuleType, tmp_path: Path) -> None:
    """So that the builder reads only what has changed."""
    generated.write_pages(tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    generated.write_pages(tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert set(before) == set(generated.PAGES)


def test_links_of_the_roots_files_lead_to_pages(generated: ModuleType) -> None:
    """Addresses and anchors stay as they are."""
    text = "[a](docs/glossary.md) [b](SECURITY.md) [c](https://example.com/docs/x.md) [d](#there)"
    assert generated.as_page(text) == "[a](glossary.md) [b](security.md) [c](https://example.com/docs/x.md) [d](#there)"


def test_every_value_of_the_chart_is_in_the_reference(generated: ModuleType) -> None:
    """The blocks of the page, put together, are the file: nothing is lost or changed."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", generated.chart_page(), re.DOTALL | re.MULTILINE)
    values = yaml.safe_load((DOCS.parent / "helm" / "values.yaml").read_text(encoding="utf-8"))
    assert {name: value for block in blocks for name, value in yaml.safe_load(block).items()} == values
