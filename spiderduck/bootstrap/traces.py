"""Whether this process records traces, and where they go."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from groundwork.spans import Recorder, recording
from groundwork.version import VERSION
from spiderduck.bootstrap.extras import needed_for
from spiderduck.config import Config


@asynccontextmanager
async def tracing(config: Config, parts: frozenset[str]) -> AsyncIterator[None]:
    """While the block runs. Without `traces.endpoint` nothing is recorded, and the extra need not be installed."""
    settings = config.traces
    if not settings.endpoint:
        yield
        return
    with needed_for("traces.endpoint", extra="traces"):
        from spiderduck.traces.otlp import OtlpSpans, http_exporter
    named = {
        "service.name": "spiderduck",
        "service.version": VERSION,
        "service.instance.id": f"{socket.gethostname()}:{config.port}",
        "spiderduck.parts": ",".join(sorted(parts)),
    }
    spans = OtlpSpans(named, http_exporter(settings.endpoint, settings.headers))
    try:
        with recording(Recorder(spans.keep, settings.share, settings.slow_s)):
            yield
    finally:
        await spans.close()
