"""`spiderduck send`: put events into the queue."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from groundwork.terminal import say, say_json
from spiderduck.cli.progress import working
from spiderduck.cli.settings import DEFAULT_SERVER, AsJson, Key, Server

LINES_AT_ONCE = 500


def send(
    file: Annotated[
        Path, typer.Argument(help="A file of one event, a JSON array, or one event a line; - reads standard input.")
    ],
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Send events: one JSON object, an array, or one a line (NDJSON).

    Plain events look like {"text": "look: https://example.com/"} or {"urls": ["https://example.com/"]}; tweets,
    Mastodon statuses, Bluesky Jetstream lines, Slack link_shared and CloudEvents are read as they are.
    """
    import msgspec

    from spiderduck.cli.server import ServerClient
    from spiderduck.errors import SpiderDuckError

    try:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise SpiderDuckError(f"{file} cannot be read: {error.strerror}") from error
    client = ServerClient(server, key)
    parts = _parts(body)
    accepted = duplicates = 0
    with working("sending") as tell:
        for number, (content_type, part) in enumerate(parts):
            tell("sending pieces", number, len(parts))
            answer = client.post("/v1/events", part, content_type)
            accepted += answer["accepted"]
            duplicates += answer["duplicates"]
    if as_json:
        say_json(msgspec.json.encode({"accepted": accepted, "duplicates": duplicates}))
    else:
        known = f", {duplicates} known already" if duplicates else ""
        say(f"{accepted} accepted{known}; `spiderduck watch` shows what becomes of their links")


def _parts(body: bytes) -> list[tuple[str, bytes]]:
    """NDJSON in pieces, so that a large file shows its progress; everything else whole."""
    import msgspec

    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) > 1:
        try:
            msgspec.json.decode(lines[0])
        except msgspec.DecodeError:
            return [("application/json", body)]
        return [
            ("application/x-ndjson", b"\n".join(lines[start : start + LINES_AT_ONCE]))
            for start in range(0, len(lines), LINES_AT_ONCE)
        ]
    return [("application/json", body)]
