"""The commands: mint, read, audit and serve ids. Each prints lines for people, or JSON with `--json`."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
import typer

from groundwork.commands import make_app, run
from groundwork.terminal import log_plainly, say, say_json
from snowflake.auditor import Auditor, read_line
from snowflake.cli.leasing import LeaseOptions
from snowflake.config import GeneratorConfig, ServiceConfig
from snowflake.errors import BadConfiguration, SnowflakeError
from snowflake.generator import Generator
from snowflake.layout import Layout
from snowflake.moments import EXAMPLE, parse_moment, write_moment
from snowflake.service.model import DecodedId
from snowflake.text import FORMS, TextForm

app = make_app(
    "python -m snowflake",
    "Unique 63-bit ids that sort by time: 41 bits of milliseconds, 5 of datacenter, 5 of worker, 12 of sequence. "
    "Settings such as SNOWFLAKE_BRIDGE_MS or SNOWFLAKE_EPOCH_MS come from the environment.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of lines.")]
WorkerId = Annotated[
    int | None, typer.Option(help="Use this worker id; refused while another process on this machine holds it.")
]
DatacenterId = Annotated[int, typer.Option(help="The datacenter's number, the same for all workers in it.")]
Folder = Annotated[
    Path | None,
    typer.Option(help="Folder for worker ids and their times. Default: SNOWFLAKE_STATE, or one for the machine."),
]
Form = Annotated[str, typer.Option(help=f"How ids are written: plain, or, sortable as text, {', '.join(FORMS)}.")]


@app.command("next")
def next_ids(
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many.")] = 1,
    form: Form = "plain",
    worker_id: WorkerId = None,
    datacenter_id: DatacenterId = 0,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Mint ids. Example: python -m snowflake next -n 3

    Takes a worker id that is free on this machine and remembers, on disk, up to when it was used.
    """
    lease = LeaseOptions(worker_id, datacenter_id, folder).acquire()
    with Generator.from_config(_options(), lease) as generator:
        _warn_of_end(generator.layout)
        written = [_write(id, form) for ids in generator.reserve(number) for id in ids]
    if as_json:
        say_json(json.dumps({"ids_str": written, "worker_id": lease.worker_id, "datacenter_id": datacenter_id}))
    else:
        for one in written:
            say(one)


@app.command()
def decode(
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="Ids to decode; tweet ids work too.")],
    form: Form = "plain",
    as_json: AsJson = False,
) -> None:
    """Say what ids say. Example: python -m snowflake decode 685259250369601537"""
    layout = _options().layout
    decoded = [DecodedId.of(layout.decode(_read(text, form))) for text in ids]
    if as_json:
        say_json(json.dumps([msgspec.to_builtins(one) for one in decoded]))
        return
    for one in decoded:
        say(
            f"{one.id_str}  {one.time}  datacenter {one.datacenter_id}  worker {one.worker_id}  sequence {one.sequence}"
        )


@app.command()
def at(
    moment: Annotated[str, typer.Argument(metavar="TIME", help=f"ISO 8601 ({EXAMPLE}) or Unix seconds.")],
    form: Form = "plain",
    as_json: AsJson = False,
) -> None:
    """The lowest and highest id of a moment, to ask a database for a span of time.

    Example: python -m snowflake at 2026-11-22T10:47:34.120Z
    """
    layout, parsed = _options().layout, parse_moment(moment)
    low, high = _write(layout.min_id_at(parsed), form), _write(layout.max_id_at(parsed), form)
    if as_json:
        say_json(json.dumps({"time": write_moment(parsed), "min_id_str": low, "max_id_str": high}))
    else:
        say(f"{write_moment(parsed)}  {low} to {high}")


@app.command()
def audit(
    file: Annotated[
        typer.FileText, typer.Argument(help="File with one id or notice per line; - reads standard input.")
    ],
    as_json: AsJson = False,
) -> None:
    """Look for ids given twice and for disorder. Example: spiderduck watch --json | python -m snowflake audit -

    Ends with 1 where a duplicate was found.
    """
    auditor = Auditor(_options().layout)
    for line in file:
        if sighting := read_line(line):
            auditor.add(sighting)
    if as_json:
        say_json(json.dumps(auditor.report))
    else:
        found = f"{auditor.ids} ids, {auditor.duplicate_count} duplicates"
        say(f"{found}, largest inversion {auditor.largest_inversion_ms} ms")
        for id in auditor.duplicates:
            say(f"duplicate: {id}")
    if auditor.duplicate_count:
        raise typer.Exit(1)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where to listen.", min=1, max=65535)] = 8080,
    worker_id: WorkerId = None,
    datacenter_id: DatacenterId = 0,
    folder: Folder = None,
    ordinal: Annotated[
        bool, typer.Option(help="Use the number at the end of HOSTNAME as worker id (StatefulSet).")
    ] = False,
    zookeeper: Annotated[
        str | None, typer.Option(help="Lease a worker id from this ZooKeeper, e.g. zk-0:2181,zk-1:2181.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Address at which peers reach this server; default http://HOST:PORT.")
    ] = None,
    peer: Annotated[list[str] | None, typer.Option(help="A server to compare clocks with; may be repeated.")] = None,
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="A host name of this server, besides localhost and the one in --url.")
    ] = None,
    own_sequences: Annotated[int, typer.Option(help="Ids of each tick kept here while range leases run.")] = 1024,
) -> None:
    """Serve ids over HTTP: /v1/ids, /v1/ids/batch?count=, POST /v1/ids/lease, /v1/ids/ID, /v1/ids/at?time=

    Example: python -m snowflake serve --port 8081 --zookeeper 127.0.0.1:2181
    """
    # The server's libraries take longer to load than the other commands to run.
    from snowflake.service.standalone import Address
    from snowflake.service.standalone import serve as run

    options = _options()
    config = ServiceConfig(own_sequences=own_sequences, peers=tuple(peer or ()))
    config.validate(options.layout.sequences)
    at_url = url or f"http://{host}:{port}"
    lease = LeaseOptions(worker_id, datacenter_id, folder, ordinal, zookeeper, at_url).acquire()
    say(f"worker {lease.worker_id} of datacenter {datacenter_id} on {at_url} (API: {at_url}/openapi.json)")
    log_plainly()
    named = urlsplit(at_url).hostname or ""
    names = (*([] if ":" in named else [named]), *(allowed_host or ()))
    run(lease, options, config, Address(host, port, names))


def main() -> None:
    """The entry point. An error of ours is one line on standard error and exit code 2."""
    os.umask(0o077)  # the records of worker ids are for their holders alone
    sys.exit(run(app, None, "snowflake", SnowflakeError))


def _options() -> GeneratorConfig:
    return GeneratorConfig.from_env(os.environ)


def _write(id: int, form: str) -> str:
    return str(id) if form == "plain" else _form(form).write(id)


def _read(text: str, form: str) -> str | int:
    return text if form == "plain" else _form(form).read(text)


def _form(name: str) -> TextForm:
    if name not in FORMS:
        raise BadConfiguration.of("--form", name, f"plain, {', '.join(FORMS)}", "crockford")
    return FORMS[name]


def _warn_of_end(layout: Layout) -> None:
    if warning := layout.expiry_warning(time.time_ns() // 1_000_000):
        say(f"snowflake: {warning}", error=True)
