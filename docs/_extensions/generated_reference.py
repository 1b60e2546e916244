"""Writes the reference of settings, commands, endings, problems, calls and chart, before Sphinx reads its sources.

The pages lie in `docs/reference/generated/`, which is not committed: the code, `spiderduck.toml`
and the chart are the one source.
Files of the repository's root (`ARCHITECTURE.md` and others) become pages, with their links made to fit.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import calls_reference
import typer
from typer.cli import get_docs_for_click

import fetchers.__main__
import imagepipe.__main__
import snowflake.cli.commands
from schedulers.model import Status
from spiderduck.api.pages.problem_reference import reference
from spiderduck.cli.app import app as command_line
from spiderduck.config import Config

ROOT = Path(__file__).parents[2]
PLACE = Path(__file__).parents[1] / "reference" / "generated"

COMMANDS = {
    "spiderduck": command_line,
    "python -m fetchers": fetchers.__main__.one_url,
    "python -m fetchers serve": fetchers.__main__.service,
    "python -m snowflake": snowflake.cli.commands.app,
    "python -m imagepipe": imagepipe.__main__.app,
}
"""The commands of the product and of its parts alone."""

ENDINGS: dict[Status, str] = {
    Status.UNKNOWN: "Never shared here. No ending; a look-up answers it for a URL that it does not know.",
    Status.PENDING: "On its way: its event is in the queue. No ending.",
    Status.DEFERRED: "Waits for its domain's turn or the end of a pause, until `until`. No ending.",
    Status.FETCHED: "The page was read. `metadata` and `provenance` are there.",
    Status.ROBOTS_DENIED: "The site's robots.txt forbids it, or could not be had while its server failed.",
    Status.BLOCKED_ADDRESS: "The name leads to an address that is not public.",
    Status.HTTP_ERROR: "The server answered 4xx or 5xx; `status_code` says which.",
    Status.DNS_ERROR: "The name does not resolve.",
    Status.TLS_ERROR: "No trusted TLS connection could be made.",
    Status.CONNECT_ERROR: "No connection could be made.",
    Status.TIMED_OUT: "The server was too slow; the limits are in `[fetchers.limits]`.",
    Status.TOO_LARGE: "The page is larger than `fetchers.limits.page_bytes`.",
    Status.UNSUPPORTED_TYPE: "The answer is of a kind that is not read.",
    Status.REDIRECT_LOOP: "The redirects come back to where they were.",
    Status.TOO_MANY_REDIRECTS: "More redirects than `fetchers.limits.redirects`.",
    Status.INTERSTITIAL: "A consent wall, challenge or log-in stands before the page; `blocked_by` says which.",
    Status.INVALID_URL: "What was shared, or where a redirect leads, is no URL.",
    Status.LATE: "Its time was over before its turn came.",
    Status.PROTOCOL_ERROR: "The answer is no valid HTTP, or its encoding is broken or hostile.",
    Status.BLOCKED_DOMAIN: "The operator's list forbids the domain (`schedulers.blocked_domains`).",
    Status.UNSUPPORTED_SCHEME: "Neither `http` nor `https`.",
    Status.NOT_FETCHED: "A fetch would use the link up, such as a sign-in link; `reason_code` says why.",
    Status.FAILED: "An error of ours, or a page that could not be read within its limits; `reason` says which.",
}


def settings_page() -> str:
    """Every setting with type, default, environment variable and the comment of `spiderduck.toml`."""
    meanings = dict(_commented(ROOT / "spiderduck.toml"))
    lines = [
        "# Settings",
        "",
        "One TOML file (`--config FILE` or `SPIDERDUCK_CONFIG`), with a default for everything. Each setting is an",
        "environment variable too; there, lists and tables are JSON. The command line beats the environment, and the",
        "environment beats the file. A secret may come from a file: append `_file` (`_FILE`) to its name.",
        "",
    ]
    for section, about, rows in _sections(Config, ""):
        lines += [f"## `[{section}]`" if section else "## The whole", "", about, ""]
        lines += ["| setting | default | meaning |", "|---|---|---|"]
        for name, kind, default in rows:
            place = f"{section}.{name}" if section else name
            variable = f"SPIDERDUCK_{place.replace('.', '__').upper()}"
            meaning = meanings.get(place, "")
            lines.append(f"| `{name}`<br>{kind} | {default} | {_cell(meaning)}<br>`{variable}` |")
        lines.append("")
    return "\n".join(lines)


def command_page() -> str:
    """Every command with its arguments and options, as `--help` shows them."""
    return "\n".join(["# Command line", "", *(_commands(name, app) for name, app in COMMANDS.items())])


def _commands(name: str, app: typer.Typer) -> str:
    command = typer.main.get_command(app)
    context = command.make_context(name, [], resilient_parsing=True)
    text = get_docs_for_click(obj=command, ctx=context, name=name)
    return re.sub(r"\[bold\](.*?)\[/\]", r"**\1**", text.replace("# `", "## `", 1))


def endings_page() -> str:
    """Every status that a record can have. A status without a sentence here fails the build."""
    rows = [f"| `{status}` | {ENDINGS[status]} |" for status in Status]
    intro = (
        "The `status` of a record. Every accepted URL comes to one of the endings; an ending other than `fetched`\n"
        "carries `reason`, a sentence for a person. A notice's `outcome` is the ending, or `reused` where the URL was\n"
        "known and fresh and nothing was fetched."
    )
    return "\n".join(["# Statuses and endings", "", intro, "", "| status | meaning |", "|---|---|", *rows, ""])


def problems_page() -> str:
    """Every kind of problem that the API answers with, as `/problems` of a server lists them."""
    intro = (
        "An error is a problem document (RFC 9457). Its `code` and `type` (`/problems/CODE`) are stable, and `detail`\n"
        "says what to do. The status is the one that usually comes with the code. A server lists them at `/problems`."
    )
    rows = [f"| `{one.code}` | {one.status} | {_cell(one.meaning)} |" for one in reference().values()]
    return "\n".join(["# Problems", "", intro, "", "| code | status | meaning |", "|---|---|---|", *rows, ""])


def chart_page() -> str:
    """The chart's values as they stand in its file, a section for each part."""
    text = (ROOT / "helm" / "values.yaml").read_text(encoding="utf-8")
    intro = (
        "What `helm/values.yaml` says, by part. `helm/values.schema.json` refuses what cannot work.\n"
        "How to install the chart: [on Kubernetes](../../how-to/kubernetes.md)."
    )
    lines = ["# Chart values", "", intro, ""]
    for said, name, values in re.findall(r"((?:^#.*\n)*)^(\w+):(.*\n(?:^ .*\n|^\n)*)", text, re.MULTILINE):
        about = " ".join(line.lstrip("# ") for line in said.splitlines())
        lines += [
            f"## `{name}`",
            "",
            *([about, ""] if about else []),
            "```yaml",
            f"{name}:{values.rstrip()}",
            "```",
            "",
        ]
    return "\n".join(lines)


ROOT_PAGES = {
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "index.md",
    "SECURITY.md": "security.md",
}
"""Files of the root, and the pages that show them (of `README.md`, the page that stands for it)."""
PAGES = {
    "settings.md": settings_page,
    "command-line.md": command_page,
    "endings.md": endings_page,
    "problems.md": problems_page,
    "chart-values.md": chart_page,
}


def write_pages(folder: Path = PLACE) -> None:
    """Write the pages that need no server."""
    for name, make in PAGES.items():
        _write(folder / name, make())


def write_call_pages(folder: Path = PLACE) -> None:
    """Write the pages of the HTTP calls, which a server is asked about."""
    document = calls_reference.openapi_document()
    for name, make in calls_reference.PAGES.items():
        _write(folder / name, make(document))


def _write(path: Path, text: str) -> None:
    """Only what has changed, so that Sphinx reads no page again for nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def as_page(text: str) -> str:
    """A file of the root as a page of `docs/`: its links lead to pages, where it links files."""

    def inside(link: re.Match[str]) -> str:
        target = link[1]
        return f"]({ROOT_PAGES.get(target) or target.removeprefix('docs/')})"

    return re.sub(r"\]\((?!https?:|#)([^)\s]+)\)", inside, text)


def read_root_page(app: Any, name: str, source: list[str]) -> None:
    """Sphinx's `source-read`: the file that the page `name` stands for."""
    for file, page in ROOT_PAGES.items():
        if page == f"{name}.md" and file != "README.md":
            app.env.note_dependency(str(ROOT / file))
            source[0] = as_page((ROOT / file).read_text(encoding="utf-8"))


def _write_all(app: Any) -> None:
    write_pages()
    write_call_pages()


def setup(app: Any) -> dict[str, bool]:
    """Sphinx's entry point."""
    app.connect("builder-inited", _write_all)
    app.connect("source-read", read_root_page)
    return {"parallel_read_safe": True}


def _sections(shape: Any, place: str) -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """Each table of the settings: its name, what its class says, and its rows."""
    rows, inner = [], []
    for one in fields(shape):
        if isinstance(one.type, type) and is_dataclass(one.type):
            inner.append((one.type, f"{place}.{one.name}" if place else one.name))
        else:
            rows.append((one.name, _kind(one.type), "secret" if not one.repr else _default(one)))
    if rows:
        yield place, _prose(shape.__doc__ or ""), rows
    for kind, name in inner:
        yield from _sections(kind, name)


def _default(one: Any) -> str:
    value = one.default_factory() if callable(one.default_factory) else one.default
    if value in ("", (), {}, None):
        return "empty"
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) and value >= 10_000 else str(value)
    return "see `spiderduck.toml`" if len(text) > 60 else f"`{text.replace('|', '/')}`"


def _kind(kind: Any) -> str:
    text = kind.__name__ if isinstance(kind, type) else str(kind)
    words = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    return words.get(text, "table" if "Mapping" in text else "list" if "tuple" in text else text)


def _prose(doc: str) -> str:
    return "\n".join(line.strip() for line in doc.strip().splitlines())


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _commented(path: Path) -> Iterator[tuple[str, str]]:
    """Setting → its comment; a comment that goes on in lines of its own belongs to the setting above."""
    table, last, said = "", "", ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\[([\w.]+)\]", line):
            table = found[1]
        if found := re.match(r"(\w+) = (?:\"[^\"]*\"|\{.*?\}(?=\s+#|$)|[^#]*?)\s*(?:#\s*(.*))?$", line):
            if last:
                yield last, said
            last, said = f"{table}.{found[1]}" if table else found[1], found[2] or ""
        elif last and (more := re.match(r"\s{10,}#\s*(.*)", line)):
            said = f"{said} {more[1]}"
    yield last, said


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE
    write_pages(place)
    write_call_pages(place)
