"""`python -m imagepipe serve` and `python -m imagepipe render FILE -w 320`: the picture pipeline alone."""

import argparse
import ipaddress
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from groundwork.terminal import log_plainly, put_bytes, say
from imagepipe.errors import ImageError
from imagepipe.model import FITS
from imagepipe.rendering.filters import parse_filters
from imagepipe.rendering.render import render

USER_AGENT = "imagepipe/0.1 (+https://example.com/imagepipe)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the process's exit status."""
    asked = _parser().parse_args(arguments)
    # Pillow warns about every odd tag in strangers' files; what matters is an error.
    warnings.filterwarnings("ignore", module="PIL")
    command = {"serve": _serve, "render": _render}[asked.command]
    return command(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m imagepipe", description="Pictures at any size.")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("render", help="render one file")
    one.add_argument("file", type=Path)
    one.add_argument("-w", "--width", type=int)
    one.add_argument("-H", "--height", type=int)
    one.add_argument("--fit", choices=FITS, default="inside")
    one.add_argument("--format", default="auto")
    one.add_argument("-q", "--quality", type=int)
    one.add_argument("--gravity", default="center")
    one.add_argument("--filters", default="", help="for example blur:2,grayscale")
    one.add_argument("-o", "--output", type=Path, help="default: FILE.WIDTHxHEIGHT.FORMAT; - for standard output")
    serve = commands.add_parser("serve", help="serve pictures over HTTP")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8082, help="0: any free one")
    serve.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a host name of this server, besides localhost",
    )
    serve.add_argument("--config", type=Path, help="settings as TOML: pipelines, limits, keys (docs/images.md)")
    serve.add_argument("--root", type=Path, help="take pictures from this folder instead of the network")
    serve.add_argument("--cache", type=Path, help="folder for the disk tier; without it nothing is kept on disk")
    serve.add_argument(
        "--unsigned-host",
        action="append",
        default=[],
        metavar="HOST",
        help="hosts whose pictures need no signature, e.g. example.com or *.example.com",
    )
    serve.add_argument("--allow-private", action="store_true", help="fetch from private addresses too")
    return parser


def _render(asked: argparse.Namespace) -> int:
    try:
        rendered = render(
            asked.file.read_bytes(),
            width=asked.width,
            height=asked.height,
            fit=asked.fit,
            format=asked.format,
            quality=asked.quality,
            gravity=asked.gravity,
            filters=parse_filters(asked.filters),
        )
    except OSError as error:
        say(f"imagepipe: {error}", error=True)
        return 2
    except ImageError as error:
        say(f"imagepipe: {error.code}: {error}", error=True)
        return 1
    if str(asked.output) == "-":
        if sys.stdout.isatty():
            say(
                "imagepipe: pictures are not written to a terminal; redirect the output, or name a file with --output",
                error=True,
            )
            return 2
        put_bytes(rendered.body)
        return 0
    default = asked.file.with_suffix(f".{rendered.width}x{rendered.height}.{rendered.format}")
    target: Path = asked.output or default
    target.write_bytes(rendered.body)
    say(f"{target}: {rendered.content_type} {rendered.width}×{rendered.height} {len(rendered.body)} bytes")
    return 0


def _serve(asked: argparse.Namespace) -> int:
    from groundwork.clock import SystemClock
    from groundwork.front.browsers import BrowserFront, BrowserRules
    from groundwork.front.limits import FrontLimits
    from groundwork.front.server import FrontServer, bound
    from groundwork.memory import tune_allocator
    from imagepipe.originals.sources.folder import FolderSource
    from imagepipe.originals.sources.http import HttpSource
    from imagepipe.registry import Registry
    from imagepipe.service.app import create_app
    from imagepipe.settings import additional_caches, read_settings
    from imagepipe.workers import isolated_workers

    log_plainly()
    tune_allocator()
    os.umask(0o077)  # what strangers' pages show is nothing for the machine's other users
    try:
        config = read_settings(asked.config, os.environ)
    except ImageError as error:
        say(f"imagepipe: {error}", error=True)
        return 2
    config = replace(config, unsigned_hosts=(*config.unsigned_hosts, *asked.unsigned_host))
    clock = SystemClock()
    http = HttpSource(clock, user_agent=USER_AGENT, allow_private=asked.allow_private)
    registry = Registry(
        FolderSource(asked.root) if asked.root else http,
        config,
        folder=asked.cache,
        isolated=isolated_workers(config) if config.isolate else None,
        additional=additional_caches(config),
        clock=clock,
    )

    app = create_app(registry, loopback=_is_loopback(asked.host), unsigned=bool(asked.root), close=http.close)
    try:
        rules = BrowserRules.around(asked.host, *asked.allowed_host)
        listener = bound(asked.host, asked.port)
    except (OSError, ValueError) as error:
        say(f"imagepipe: {error}", error=True)
        return 2
    host, port = listener.getsockname()[:2]
    say(f"imagepipe: http://{f'[{host}]' if ':' in host else host}:{port}/images/{{pipeline}}?src=…&w=…")
    FrontServer(BrowserFront(app, rules), FrontLimits(), shutdown_seconds=5, alone=True).run([listener])
    return 0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


if __name__ == "__main__":
    sys.exit(main())
