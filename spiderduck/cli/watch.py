"""`spiderduck watch`: notices as they happen."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from groundwork.terminal import plain_console, say, say_json
from spiderduck.cli.settings import DEFAULT_SERVER, AsJson, Key, Server

if TYPE_CHECKING:
    from spiderduck.cli.server import ServerClient

SHOWN_AT_ONCE = 100
"""Notices of a durable queue after which they are acknowledged, where more come all the time."""


def watch(
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    queue: Annotated[
        str | None,
        typer.Option(
            help="Read this durable queue, which collects while you are away. If it does not exist, it is created, "
            "which needs the scope write; reading it needs read."
        ),
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Show only these domains, separated by commas.")] = None,
    status: Annotated[
        str | None, typer.Option(help="Show only these statuses or outcomes, separated by commas.")
    ] = None,
    most: Annotated[int | None, typer.Option(help="Stop after this many notices.", min=1)] = None,
    as_json: AsJson = False,
) -> None:
    """Show every link as it is understood, until Ctrl-C. With --queue, what was shown is acknowledged."""
    import msgspec

    from spiderduck.cli.card import print_record
    from spiderduck.cli.server import ServerClient
    from spiderduck.client.events import COMMENT
    from spiderduck.errors import ServerUnreachable, SpiderDuckError

    given = {"queue": queue, "domain": domain, "status": status}
    parameters = {name: value for name, value in given.items() if value}
    client = ServerClient(server, key)
    if queue:
        _ensure(client, queue)
    console, shown = plain_console(), _Shown(client, queue)
    try:
        for event in client.events("/v1/stream", parameters):
            if event.kind == COMMENT:  # also what keeps a quiet stream alive
                if event.data == "connected" and not as_json:
                    say("watching; press Ctrl-C to stop", error=True)
                shown.acknowledge()
            if not event.is_notice:
                continue
            if as_json:
                say_json(event.data)
            else:
                notice = msgspec.json.decode(event.data)
                print_record(console, notice["data"], notice["outcome"])
            shown.note(event.id)
            if most is not None and shown.count >= most:
                return
    finally:
        with suppress(SpiderDuckError):  # what is not acknowledged comes again
            shown.acknowledge()
    raise ServerUnreachable("the server ended the stream")


class _Shown:
    """How far we are. What was shown of a durable queue is acknowledged, in batches."""

    def __init__(self, client: "ServerClient", queue: str | None) -> None:
        self._client = client
        self._queue = queue
        self._position = self._acknowledged = -1
        self.count = 0

    def note(self, position: str) -> None:
        """The notice at `position` was shown."""
        self._position = int(position)
        self.count += 1
        if self.count % SHOWN_AT_ONCE == 0:
            self.acknowledge()

    def acknowledge(self) -> None:
        """All that was shown."""
        if self._queue and self._position > self._acknowledged:
            self._client.post(f"/v1/queues/{self._queue}/ack", b'{"position":%d}' % self._position)
            self._acknowledged = self._position


def _ensure(client: "ServerClient", queue: str) -> None:
    """Make the queue where there is none. A key that may only read can use one that is there."""
    from spiderduck.cli.server import Refused

    try:
        client.put(f"/v1/queues/{queue}")
    except Refused as error:
        if error.status != 403:
            raise
        if queue not in [one["name"] for one in client.get("/v1/queues")["queues"]]:
            raise Refused(
                f"there is no queue {queue}, and making one needs a key with the scope write; "
                f"make it once with such a key: PUT /v1/queues/{queue}",
                403,
            ) from error
