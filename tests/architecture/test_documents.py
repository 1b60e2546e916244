"""What the documents say of the repository is there: relative links, and files that are named."""

import ast
import importlib
import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "helm/*.md", ".github/*.md")
    for path in ROOT.glob(pattern)
    if not {"_build", "generated"} & set(path.relative_to(ROOT).parts)
)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)")
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w-]+\.(?:py|toml|md|yaml|cql|sql|txt))`")
GENERATED = "docs/reference/generated/"
RECIPES = {
    *("imagepipe/codecs/qoi.py", "schedulers/metadata/fields/license.py", "spiderduck/host_states/dbm.py"),
}
"""Files that a recipe in CONTRIBUTING.md has the reader make."""
OF_THE_READER = re.compile(r"^(?:https?|etc|var|my|FOLDER|\.venv)/")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_relative_links_lead_to_files(document: Path) -> None:
    """So that the documents can be read on a code host; pages that are generated count."""
    targets = [(document.parent / link).resolve() for link in LINK.findall(document.read_text(encoding="utf-8"))]
    gone = [named(target) for target in targets if not target.exists()]
    assert [name for name in gone if not name.startswith(GENERATED)] == []


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"])
def test_files_that_are_named_exist(name: str) -> None:
    """As paths from the root, or from the package that `bootstrap/` stands for."""
    text = (ROOT / name).read_text(encoding="utf-8")
    gone = [
        path
        for path in NAMED.findall(text)
        if path not in RECIPES and not any((ROOT / place / path).exists() for place in ("", "spiderduck", "helm"))
    ]
    assert [path for path in gone if not OF_THE_READER.match(path)] == []


def test_the_recipes_import_what_is_there() -> None:
    """Every name that a recipe of CONTRIBUTING.md imports from our packages, so that a rename reaches the recipe."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```python\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    imports = [
        node
        for block in blocks
        if "import" in block
        for node in ast.parse(textwrap.dedent(block)).body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(("schedulers", "imagepipe"))
    ]
    assert len(imports) > 5
    for node in imports:
        module = importlib.import_module(node.module or "")
        assert [one.name for one in node.names if not hasattr(module, one.name)] == [], node.module
