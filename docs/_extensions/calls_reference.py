"""Writes the reference of the HTTP calls and of what they take and give, from the OpenAPI document of a server.

Each call has a sample for curl, JavaScript and Python, made from `EXAMPLES`; `tests/e2e/test_documented_calls.py` sends
every one of them to a server.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import urlopen

SERVER = "http://127.0.0.1:8080"
LINK = "https://www.python.org/"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Example:
    """What a sample sends. `path` fills the path's braces."""

    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Any = None
    path: Mapping[str, str] = field(default_factory=dict)


_WEBHOOK = {"webhook_id": "WEBHOOK_ID"}
_QUEUE = {"name": "mailer"}
_PAGE = {"page_id": "PAGE_ID"}
_PICTURE = "https://www.python.org/duck.png"

EXAMPLES: dict[str, Example] = {
    "unfurl": Example({"url": LINK, "wait_ms": 8000}),
    "send_events": Example(body={"id": "message-1", "text": f"look: {LINK}"}),
    "look_up_url": Example({"url": LINK, "wait_ms": 8000}),
    "look_up_urls": Example(body={"urls": [LINK], "wait_ms": 8000}),
    "get_page": Example(path=_PAGE),
    "get_page_history": Example(path=_PAGE),
    "get_page_content": Example(path=_PAGE),
    "get_page_text": Example(path=_PAGE),
    "resolve_urls": Example(body={"urls": [LINK]}),
    "list_redirects": Example({"to": LINK}),
    "judge_urls": Example(body={"urls": [LINK]}),
    "put_list": Example(body={"name": "ours", "path": "/etc/spiderduck/bad.txt", "category": "spam"}),
    "remove_list": Example(path={"name": "ours"}),
    "take_down": Example(body={"url": "https://gone.example/a", "reason": "asked for by its author"}),
    "lift_takedown": Example({"url": "https://gone.example/a"}),
    "get_why": Example({"url": LINK}),
    "list_trends": Example({"by": "links", "window": "day"}),
    "get_answer": Example({"days": 7}, path={"question": "QUESTION"}),
    "create_webhook": Example(body={"url": "https://hooks.example.com/links", "types": ["spiderduck.url.processed"]}),
    "get_webhook": Example(path=_WEBHOOK),
    "change_webhook": Example(body={"enabled": False}, path=_WEBHOOK),
    "rotate_webhook": Example(body={"old_valid_s": 86400}, path=_WEBHOOK),
    "list_deliveries": Example({"most": 10}, path=_WEBHOOK),
    "replay_deliveries": Example(body={"since": "2026-11-30T08:00:00Z"}, path=_WEBHOOK),
    "test_webhook": Example(path=_WEBHOOK),
    "delete_webhook": Example(path=_WEBHOOK),
    "create_queue": Example(path=_QUEUE),
    "pull_notices": Example({"most": 100, "wait_ms": 1000}, path=_QUEUE),
    "acknowledge_notices": Example(body={"position": 1}, path=_QUEUE),
    "delete_queue": Example(path=_QUEUE),
    "get_domain": Example(path={"domain": "python.org"}),
    "resume_domain": Example(path={"domain": "python.org"}),
    "set_domain_limit": Example(body={"per_second": 2, "burst": 4}, path={"domain": "python.org"}),
    "judge_robots": Example(body={"url": LINK, "robots_txt": "User-agent: *\nDisallow: /private/\n"}),
    "get_told": Example({"url": LINK}),
    "fetch_url": Example(body={"url": LINK}),
    "replay_dead_letters": Example(body={"ids": ["1541815603606036480"]}),
    "is_picture_owned": Example({"url": _PICTURE}),
    "get_bot": Example({"domain": "python.org"}),
    "next_ids": Example({"count": 100}),
    "lease_ids": Example(body={}),
    "get_id_bounds": Example({"time": "2026-11-30T08:00:00Z"}),
    "decode_id": Example(path={"id": "1541815603606036480"}),
    "get_picture": Example({"src": _PICTURE, "w": 320}, path={"pipeline": "cards"}),
    "get_picture_info": Example({"src": _PICTURE}, path={"pipeline": "cards"}),
    "purge_picture": Example({"src": _PICTURE}, path={"pipeline": "cards"}),
    "mark_picture_stale": Example({"src": _PICTURE}, path={"pipeline": "cards"}),
    "warm_picture": Example({"src": _PICTURE, "variant": "w=320"}, path={"pipeline": "cards"}),
    "rename_picture": Example({"src": _PICTURE, "to": "https://www.python.org/b.png"}, path={"pipeline": "cards"}),
    "thumbnail": Example({"src": _PICTURE}, path={"pipeline": "cards"}),
}
"""By the call's `operationId`. A call with neither parameters that are required nor a body needs none."""

ELSEWHERE = {
    "stream_notices": "It goes on for ever: [samples that read it](../../how-to/subscribe.md).",
    "store_picture": "The body is the picture: [administration](../../images.md#administration).",
}
"""Calls whose samples stand in a page of their own."""


INTRODUCTION = """\
Generated from the OpenAPI document of this version (`/openapi.json` of a server). The samples ask a server on this
machine without keys. [With keys](../../how-to/keys.md), add the header `Authorization: Bearer KEY`, or use
`Client(…, key=KEY)`. `/docs/api` of a server tries the calls. An error is a [problem](problems.md). What calls take and
give are [shapes](shapes.md). New here? [The main calls](../api.md) come first."""


def openapi_document() -> dict[str, Any]:
    """That of a server, which is started for it with an empty data folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPIDERDUCK_")}
    environment["SPIDERDUCK_LOG_LEVEL"] = "warning"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "spiderduck", "up", "--port", "0", "--data", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            try:
                assert process.stdout is not None
                address = re.search(r"http://[\w.:]*\w", process.stdout.readline())
                assert address, "the server did not start"
                with urlopen(f"{address[0]}/openapi.json") as answer:
                    found: dict[str, Any] = json.load(answer)
                return found
            finally:
                process.terminate()


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, path and description of each call that is documented here."""
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield method.upper(), path, methods[method]


def samples(method: str, path: str, operation: Mapping[str, Any]) -> dict[str, str]:
    """By language; empty where they stand elsewhere. Raises KeyError for a call that needs an example and has none."""
    name = operation["operationId"]
    if name in ELSEWHERE:
        return {}
    needs = "requestBody" in operation or any(one["required"] for one in operation.get("parameters", ()))
    example = EXAMPLES[name] if needs else EXAMPLES.get(name, Example())
    place = path.format_map({key: quote(value) for key, value in example.path.items()})
    return {
        "console": _curl(method, place, example),
        "javascript": _javascript(method, place, example),
        "python": _python(method, place, example),
    }


def _curl(method: str, place: str, example: Example) -> str:
    query = [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in example.query.items()]
    told = [f"-X {method}"] if method not in ("GET", "POST") or (method == "POST" and example.body is None) else []
    if example.body is not None:
        told.append(f"--json {shlex.quote(json.dumps(example.body))}")
    words = ["curl -sS", *(["-G"] if query else []), *told, f"{SERVER}{place}", *query]
    return "$ " + " ".join(words)


def _javascript(method: str, place: str, example: Example) -> str:
    query = f"?{urlencode(example.query)}" if example.query else ""
    parts = [f'method: "{method}"'] if method != "GET" else []
    if example.body is not None:
        parts.append('headers: {"Content-Type": "application/json"}')
        parts.append(f"body: JSON.stringify({json.dumps(example.body)})")
    told = ",\n  ".join(parts)
    options = f", {{\n  {told},\n}}" if parts else ""
    return f'const answer = await fetch("{SERVER}{place}{query}"{options});\nconsole.log(answer.status);'


def _python(method: str, place: str, example: Example) -> str:
    given = [f'"{method}"', f'"{place}"']
    if example.query:
        given.append(f"params={json.dumps(dict(example.query))}")
    if example.body is not None:
        given.append(f"json={_literal(example.body)}")
    lines = [
        "from spiderduck.client import Client",
        "",
        f'with Client("{SERVER}") as links:',
        f"    answer = links.request({', '.join(given)})",
        "    print(answer.status_code)",
    ]
    return "\n".join(lines)


def _literal(value: Any) -> str:
    return repr(value).replace("'", '"')


def calls_page(document: Mapping[str, Any]) -> str:
    """Every call with its parameters, answers and samples, by group."""
    groups: dict[str, list[str]] = {}
    for method, path, operation in operations(document):
        group = (operation.get("tags") or ["other"])[0]
        groups.setdefault(group, []).append(_call(method, path, operation))
    lines = ["# All calls", "", INTRODUCTION, ""]
    for group, texts in groups.items():
        lines += [f"## {group.capitalize()}", "", *texts]
    return "\n".join(lines)


def _call(method: str, path: str, operation: Mapping[str, Any]) -> str:
    scopes = [scope for one in operation.get("security", ()) for scope in one["key"]]
    needs = f"Needs the scope `{', '.join(scopes)}`." if scopes else "Needs no key."
    about = " ".join(operation.get("description", "").split()).replace("<", "&lt;")
    lines = [f"### `{method} {path}`", "", f"**{operation['summary']}.** {about} {needs}", ""]
    parameters = [one for one in operation.get("parameters", ()) if one["in"] != "header"]
    if parameters:
        lines += ["| parameter | in | kind | meaning |", "|---|---|---|---|", *map(_parameter, parameters), ""]
    lines += [_body(operation), ""] if "requestBody" in operation else []
    lines += [_answers(operation), ""]
    if said := ELSEWHERE.get(operation["operationId"]):
        return "\n".join([*lines, said, ""])
    for language, code in samples(method, path, operation).items():
        block = ["```" + language, code, "```"]
        title = {"javascript": "JavaScript", "python": "Python"}.get(language)
        folded = ["<details>", f"<summary>{title}</summary>", "", *block, "", "</details>", ""]
        lines += folded if title else [*block, ""]
    return "\n".join(lines)


def _parameter(one: Mapping[str, Any]) -> str:
    kind = kind_of(one["schema"])
    default = one["schema"].get("default")
    told = f"{kind}, required" if one["required"] else kind if default is None else f"{kind}, `{json.dumps(default)}`"
    return f"| `{one['name']}` | {one['in']} | {told} | {_cell(one.get('description') or '')} |"


def _body(operation: Mapping[str, Any]) -> str:
    kinds = [kind_of(one["schema"]) for one in operation["requestBody"]["content"].values()]
    return f"Takes {' or '.join(dict.fromkeys(kinds))}."


def _answers(operation: Mapping[str, Any]) -> str:
    good = []
    for status, answer in operation["responses"].items():
        if status[0] in "23":
            kinds = [kind_of(one["schema"]) for one in answer.get("content", {}).values() if "schema" in one]
            good.append(f"{status}: {' or '.join(dict.fromkeys(kinds)) or 'nothing more'}")
    return f"Answers {'; '.join(good) or 'with a problem alone'}."


def kind_of(schema: Mapping[str, Any]) -> str:
    """In words, with links to `shapes.md`."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](shapes.md#{anchor(name)})"
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else None):
        return " or ".join(f"`{value}`" for value in values)
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(kind_of(one) for one in several if one.get("type") != "null"))
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    told = schema.get("type", "anything")
    return {"date-time": "time", "binary": "bytes"}.get(schema.get("format", ""), words.get(told, str(told)))


def anchor(name: str) -> str:
    """Of a heading, as code hosts and Sphinx make it."""
    return re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-")


def shapes_page(document: Mapping[str, Any]) -> str:
    """Every shape that calls and notices take and give, with its fields."""
    about = "What the [calls](calls.md) take and give, as JSON. A field may be null where it is optional."
    lines = ["# Shapes", "", about, ""]
    for name, shape in sorted(document["components"]["schemas"].items()):
        lines += [f"## {name}", ""]
        if about := " ".join(str(shape.get("description", "")).split()):
            lines += [about.replace("<", "&lt;"), ""]
        fields = shape.get("properties", {})
        if not fields:
            lines += [f"{kind_of(shape).capitalize() if shape.get('enum') is None else kind_of(shape)}.", ""]
            continue
        needed = set(shape.get("required", ()))
        told = any("description" in its for its in fields.values())
        lines += ["| field | kind | meaning |", "|---|---|---|"] if told else ["| field | kind |", "|---|---|"]
        for one, its in fields.items():
            row = f"| `{one}` | {kind_of(its)}{'' if one in needed else ', optional'} |"
            lines.append(f"{row} {_cell(its.get('description', ''))} |" if told else row)
        lines.append("")
    return "\n".join(lines)


PAGES = {"calls.md": calls_page, "shapes.md": shapes_page}


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
