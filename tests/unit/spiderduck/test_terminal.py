"""No text from outside moves a cursor, sets a title, hides a line or turns the reading direction."""

import io
import json
import logging
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog

import fetchers.__main__
import imagepipe.__main__
import snowflake.cli.commands
from fetchers.model import FetchResult, Response
from groundwork.terminal import PlainFormatter, plain, plain_console, put_bytes, say_json
from spiderduck.bootstrap.logs import set_up_logs
from spiderduck.cli import app
from spiderduck.cli.fetch import fetch

HOSTILE = (
    "a\x1b[2J\x1b]8;;http://evil.test\x1b\\b\x07\x9b31mc\u202ed\u2066e\rf\u2028g\x00h\x7f\x85i"
    "\u200fj[link=http://evil.test]k[/nope]l"
)
LINE = HOSTILE + "\nspiderduck: all is well"
FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
ROOT = Path(__file__).parents[3]

RECORD = {
    "url": LINE,
    "status": "fetched",
    "resolved_url": LINE + "x",
    "redirects": [{"url": LINE, "status_code": 301}],
    "metadata": dict.fromkeys(("title", "site_name", "author", "published_at", "description"), LINE)
    | {"image": {"url": LINE, "width": 1, "height": 1}},
    "reason": LINE,
    "until": LINE,
    "last_error": {"reason": LINE},
}
ANSWERS: dict[str, Any] = {
    "/v1/urls": RECORD,
    "/v1/urls/batch": {"results": [RECORD]},
    "/v1/dead": {"letters": [dict.fromkeys(("id", "at", "reason", "event_id", "body"), LINE)]},
    "/v1/dead/replay": {"replayed": LINE},
    "/v1/events": {"accepted": 1, "duplicates": 0},
}


class Hostile(BaseHTTPRequestHandler):
    """A server whose every text is hostile; under `/refused` it refuses with one."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if path == "/v1/stream":
            notice = json.dumps({"data": RECORD, "outcome": LINE}, ensure_ascii=False).replace("\\n", " ")
            body = f": connected\n\nid: 1\ndata: {notice}\n\n".encode()
        else:
            body = json.dumps(ANSWERS.get(path, {"detail": LINE}), ensure_ascii=False).encode()
        self.send_response(200 if path in ANSWERS or path == "/v1/stream" else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


def spoken(capsys: pytest.CaptureFixture[str]) -> str:
    """What a command wrote, which must be harmless."""
    out, err = capsys.readouterr()
    assert FORBIDDEN.findall(out + err) == []
    assert not re.search(r"^spiderduck: all is well", out + err, re.MULTILINE)
    return out


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["spiderduck", *arguments])
    with pytest.raises(SystemExit):
        app.main()


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    "command",
    [
        ("lookup", "http://a.test/"),
        ("watch", "--most", "1"),
        ("dead", "list"),
        ("dead", "replay"),
    ],
)
def test_what_a_server_says_is_harmless(
    server: str,
    command: tuple[str, ...],
    as_json: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As a card, a table, a line, or JSON, which still is JSON with the same text in it."""
    run(monkeypatch, *command, "--server", server, *(["--json"] if as_json else []))
    out = spoken(capsys)
    if as_json and command != ("dead", "replay"):
        assert HOSTILE in strings(json.loads(out.splitlines()[0]))
    assert out


def strings(value: Any) -> str:
    """All texts of a document."""
    if isinstance(value, dict):
        return " ".join(map(strings, value.values()))
    return " ".join(map(strings, value)) if isinstance(value, list) else str(value)


def test_what_a_server_refuses_with_is_harmless(
    server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "watch", "--queue", "team", "--server", server)
    spoken(capsys)
    run(monkeypatch, "lookup", "http://a.test/", "--server", server + "/refused")
    spoken(capsys)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("command", ["text", "page", "robots"])
def test_what_a_file_says_is_harmless(
    command: str,
    as_json: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "file"
    file.write_text(
        f"http://a.test/\u202e\n<title>{HOSTILE}</title>\nUser-agent: *\nDisallow: /{HOSTILE}\n", encoding="utf-8"
    )
    more = ["http://a.test/x"] if command == "robots" else ["--url", "http://a.test/"] if command == "page" else []
    run(monkeypatch, "inspect", command, str(file), *more, *(["--json"] if as_json else []))
    spoken(capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "url", LINE),
        ("inspect", "address", LINE),
        ("inspect", "text", LINE),
        ("lookup", "x", "--server", LINE),
        ("send", LINE),
        ("fetch", "http://[" + LINE),
        ("unfurl", "x", "--config", LINE),
        (LINE,),
        ("watch", "--" + LINE),
    ],
)
def test_what_an_argument_says_is_harmless(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may come from a script that has it from elsewhere."""
    run(monkeypatch, *(argument.replace("\x00", "") for argument in arguments))
    spoken(capsys)


def test_the_commands_of_the_parts_are_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    named = LINE.replace("\x00", "").replace("/", "")
    assert fetchers.__main__.main(["http://[" + named]) == 2
    assert imagepipe.__main__.main(["render", str(tmp_path / named)]) == 2
    (tmp_path / named).write_bytes(b"no picture")
    assert imagepipe.__main__.main(["render", str(tmp_path / named)]) == 1
    monkeypatch.setattr("sys.argv", ["snowflake", "decode", named])
    with pytest.raises(SystemExit):
        snowflake.cli.commands.main()
    spoken(capsys)


@pytest.mark.parametrize("is_terminal", [False, True])
def test_log_lines_are_harmless(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server's, whether a person or a program reads them; and those of the parts alone. One line each."""
    kept, level = logging.getLogger().handlers[:], logging.getLogger().level
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal, raising=False)
    without_colours = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    monkeypatch.setattr(structlog.dev, "ConsoleRenderer", lambda: without_colours)
    try:
        set_up_logs("info")
        logging.getLogger("of.test").warning("the page %s says so", LINE)
        try:
            raise ValueError(LINE)
        except ValueError:
            logging.getLogger("of.test").exception("failed")
        (handler,) = logging.getLogger().handlers
        handler.setFormatter(PlainFormatter("%(levelname)s %(message)s"))
        logging.getLogger("of.test").warning("the page %s says so", LINE)
    finally:
        logging.getLogger().handlers[:] = kept
        logging.getLogger().setLevel(level)
    out, err = capsys.readouterr()
    assert FORBIDDEN.findall(out + err) == []
    assert err.count("says so") == 2
    assert all("the page" in line for line in err.splitlines() if "says so" in line)


def test_json_keeps_its_texts(capsys: pytest.CaptureFixture[str]) -> None:
    say_json(json.dumps({"text": LINE}, ensure_ascii=False))
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"text": LINE}


def test_markup_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither links nor styles nor an error for a tag that closes nothing."""
    plain_console().print("[link=http://evil.test]x[/link] [/nope] :bomb:")
    assert capsys.readouterr().out == "[link=http://evil.test]x[/link] [/nope] :bomb:\n"


def test_ordinary_texts_stay() -> None:
    for text in ("Grüße, 世界 👩‍👩‍👧 עברית", "a – b", "\u00a0"):
        assert plain(text) == text


class Output(io.TextIOWrapper):
    """Standard output, a terminal or not."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)
        self.isatty = lambda: is_terminal  # type: ignore[method-assign]

    def written(self) -> bytes:
        self.flush()
        return self.buffer.getvalue()  # type: ignore[attr-defined, no-any-return]


BODIES = [
    LINE.encode(),
    b"\x1b]0;title\x07\xff\xfe\x9b1m",
    "one\r\ntwo\t\u202ethree\n".encode(),
    b"",
    bytes(range(256)),
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("command", ["put_bytes", "python -m fetchers", "spiderduck fetch"])
def test_a_body_is_raw_in_a_pipe_and_plain_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, body: bytes, command: str
) -> None:
    result = FetchResult("http://a.test/", (), Response("http://a.test/", 200, (), body, 1_900_000_000.0))

    async def fetched(*_: Any, **__: Any) -> FetchResult:
        return result

    monkeypatch.setattr("fetchers.__main__.fetch_once", fetched)
    monkeypatch.setattr("spiderduck.cli.fetch.fetched", lambda *_: result)
    for is_terminal in (False, True):
        output = Output(is_terminal=is_terminal)
        monkeypatch.setattr("sys.stdout", output)
        if command == "put_bytes":
            put_bytes(body)
        elif command == "spiderduck fetch":
            fetch("http://a.test/")
        else:
            assert fetchers.__main__.main(["http://a.test/"]) == 0
        if is_terminal:
            assert FORBIDDEN.findall(output.written().decode().replace("\t", "")) == []
        else:
            assert output.written() == body


def test_there_is_no_other_way_out() -> None:
    """Every command prints through `groundwork.terminal`."""
    other = re.compile(r"(?<![\w.])print\(|(typer|click)\.(echo|secho)|\bConsole\(|std(out|err)\.(buffer\.)?write\(")
    found = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for package in ("spiderduck", "schedulers", "fetchers", "imagepipe", "snowflake")
        for file in sorted((ROOT / package).rglob("*.py"))
        for line in file.read_text().splitlines()
        if other.search(line) and not file.match("groundwork/workers/child.py")
    ]
    assert [one for one in found if "plain_console()" not in one] == []
