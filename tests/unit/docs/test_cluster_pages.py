"""What the pages for operators of a cluster name is what the code has."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from groundwork.readiness import Kind
from spiderduck.bootstrap.parts import PARTS, check
from spiderduck.cli.app import app
from spiderduck.config import load
from spiderduck.stores.cassandra_migration import OWN_TABLES

ROOT = Path(__file__).parents[3]
SCHEMA = (ROOT / "spiderduck/stores/schema.cql").read_text(encoding="utf-8")
TABLES = (ROOT / "docs/reference/cassandra.md").read_text(encoding="utf-8")
FILES = (ROOT / "docs/reference/cluster-files.md").read_text(encoding="utf-8")
FAULTS = (ROOT / "docs/how-to/cluster-faults.md").read_text(encoding="utf-8")


def made() -> set[str]:
    """The tables of the schema and of the migration itself."""
    return set(re.findall(r"CREATE TABLE IF NOT EXISTS \{keyspace\}\.(\w+)", SCHEMA + " ".join(OWN_TABLES)))


def test_the_page_names_each_table() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", TABLES, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == made()


def test_every_statement_asks_a_table_for_columns_that_it_has() -> None:
    said = CliRunner().invoke(app, ["cql", "https://example.com/", "--event", "1"]).stdout
    shown = re.findall(r"^SELECT .*? FROM spiderduck\.\w+ WHERE .*?;", said + TABLES, re.MULTILINE)
    assert len(shown) >= 10
    for statement in shown:
        table = statement.partition(" FROM spiderduck.")[2].split()[0]
        block = "".join(re.findall(rf"\.{table} \((.*?)\)(?:;| WITH|\Z)", SCHEMA + ";".join(OWN_TABLES), re.DOTALL))
        named = re.findall(
            r"\b[a-z_]+\b", re.sub(r"'.*?'|0x\w+|blobAsText|writetime|ttl|spiderduck\.\w+", "", statement)
        )
        assert [column for column in named if not re.search(rf"\b{column}\b", block)] == [], statement


def test_the_hash_on_the_page_is_the_one_of_its_url() -> None:
    (url,) = re.findall(r"^\$ spiderduck cql '(.*?)'", TABLES, re.MULTILINE)
    lines = CliRunner().invoke(app, ["cql", url]).stdout.splitlines()
    assert [line for line in lines[:2] if line not in TABLES] == []


def files() -> dict[str, str]:
    """Part → its file as the page shows it."""
    return dict(re.findall(r"^## `(\w+)`\n.*?```toml\n(.*?)```", FILES, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize("part", sorted(PARTS))
def test_each_part_starts_with_the_file_that_the_page_shows(part: str, tmp_path: Path) -> None:
    text = re.sub(r'"/[\w/.-]+"', lambda found: f'"{here(found[0], tmp_path)}"', files()[part])
    (tmp_path / "my.toml").write_text(text)
    check(frozenset({part}), load(tmp_path / "my.toml", {}, {}))


def here(named: str, folder: Path) -> Path:
    """A file of that name, with a secret in it."""
    path = folder / Path(named.strip('"')).name
    path.write_text("amqp://duck:a-long-random-text-0123456789@broker.example.com:5672//\n")
    return path


def test_every_kind_of_trouble_is_explained() -> None:
    night = (ROOT / "docs/how-to/at-night.md").read_text(encoding="utf-8")
    kinds = set(Kind.__args__)  # type: ignore[attr-defined]
    assert {name for name in kinds if f"`{name}`" not in night} == set()
    assert {name for name in kinds if name not in ("starting", "stopping") and f"`{name}`" not in FAULTS} == set()
