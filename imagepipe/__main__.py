"""`python -m imagepipe serve` and `python -m imagepipe render FILE -w 320`: the picture pipeline alone."""

import ipaddress
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from groundwork.commands import WRONG, make_app, run
from groundwork.terminal import log_plainly, put_bytes, say
from imagepipe.codecs.registry import installed
from imagepipe.errors import ImageError, InvalidSetting
from imagepipe.model import Fit
from imagepipe.rendering.filters import parse_filters
from imagepipe.rendering.render import render as render_picture
from imagepipe.variants.query import parse_variant

USER_AGENT = "imagepipe/0.1 (+https://example.com/imagepipe)"

app = make_app("python -m imagepipe", "Pictures at any size.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the process's exit status."""
    # Pillow warns about every odd tag in strangers' files; what matters is an error.
    warnings.filterwarnings("ignore", module="PIL")
    return run(app, arguments, "imagepipe", OSError, InvalidSetting)


@app.command()
def render(
    file: Annotated[Path, typer.Argument(help="The picture.")],
    width: Annotated[int | None, typer.Option("-w", "--width")] = None,
    height: Annotated[int | None, typer.Option("-H", "--height")] = None,
    fit: Annotated[Fit, typer.Option(help="How it is made to fit the box.")] = "inside",
    format: Annotated[
        str,
        typer.Option(help="auto (by the name of --output, else the picture's own), jpeg, webp, avif, png, gif, jp2."),
    ] = "auto",
    quality: Annotated[str | None, typer.Option("-q", "--quality", help="1 to 100, or fine.")] = None,
    gravity: Annotated[str, typer.Option(help="Which part stays where it is cut.")] = "center",
    filters: Annotated[str, typer.Option(help="For example blur:2,grayscale.")] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Default: FILE.WIDTHxHEIGHT.FORMAT; - for standard output.")
    ] = None,
) -> int:
    """Render one file."""
    try:
        rendered = render_picture(
            file.read_bytes(),
            width=width,
            height=height,
            fit=fit,
            format=_format_of(output) if format == "auto" else format,
            quality=None if quality is None else parse_variant({"q": quality}, {}).quality,
            gravity=gravity,
            filters=parse_filters(filters),
        )
    except ImageError as error:
        say(f"imagepipe: {error.code}: {error}", error=True)
        return 1
    if str(output) == "-":
        if sys.stdout.isatty():
            say(
                "imagepipe: pictures are not written to a terminal; redirect the output, or name a file with --output",
                error=True,
            )
            return WRONG
        put_bytes(rendered.body)
        return 0
    target = output or file.with_suffix(f".{rendered.width}x{rendered.height}.{rendered.format}")
    target.write_bytes(rendered.body)
    say(f"{target}: {rendered.content_type} {rendered.width}×{rendered.height} {len(rendered.body)} bytes")
    return 0


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 picks a free one.")] = 8082,
    allowed_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A host name of this server, besides localhost.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings as TOML: pipelines, limits, keys (docs/images.md).")
    ] = None,
    root: Annotated[Path | None, typer.Option(help="Take pictures from this folder instead of the network.")] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder for the disk tier; without it nothing is kept on disk.")
    ] = None,
    unsigned_host: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Hosts whose pictures need no signature, e.g. example.com or *.example.com."),
    ] = None,
    allow_private: Annotated[bool, typer.Option("--allow-private", help="Fetch from private addresses too.")] = False,
) -> int:
    """Serve pictures over HTTP."""
    from groundwork.clock import SystemClock
    from groundwork.front.browsers import BrowserFront, BrowserRules
    from groundwork.front.limits import FrontLimits
    from groundwork.front.server import FrontServer, bound
    from groundwork.memory import tune_allocator
    from imagepipe.originals.sources.folder import FolderSource
    from imagepipe.originals.sources.http import HttpSource
    from imagepipe.registry import Extensions, Registry
    from imagepipe.service.app import create_app
    from imagepipe.settings import additional_caches, read_settings
    from imagepipe.workers import isolated_workers

    log_plainly()
    tune_allocator()
    os.umask(0o077)  # what strangers' pages show is nothing for the machine's other users
    settings = read_settings(config, os.environ)
    settings = replace(settings, unsigned_hosts=(*settings.unsigned_hosts, *(unsigned_host or ())))
    clock = SystemClock()
    http = HttpSource(clock, user_agent=USER_AGENT, allow_private=allow_private)
    registry = Registry(
        FolderSource(root) if root else http,
        settings,
        folder=cache,
        workers=isolated_workers(settings) if settings.isolate else None,
        extensions=Extensions(additional_caches(settings)),
        clock=clock,
    )

    served = create_app(registry, loopback=_is_loopback(host), unsigned=bool(root), close=http.close)
    try:
        rules = BrowserRules.around(host, *(allowed_host or ()))
        listener = bound(host, port)
    except ValueError as error:
        raise InvalidSetting(str(error)) from error
    host, port = listener.getsockname()[:2]
    say(f"imagepipe: http://{f'[{host}]' if ':' in host else host}:{port}/images/{{pipeline}}?src=…&w=…")
    FrontServer(BrowserFront(served, rules), FrontLimits(), shutdown_seconds=5, alone=True).run([listener])
    return 0


def _format_of(output: Path | None) -> str:
    """The format that a file's name asks for; `auto` where it names none that is written."""
    suffix = "" if output is None else output.suffix.removeprefix(".").lower()
    name = {"jpg": "jpeg"}.get(suffix, suffix)
    return name if name in installed().writable else "auto"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


if __name__ == "__main__":
    sys.exit(main())
