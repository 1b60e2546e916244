"""Spans to a collector, by OTLP over HTTP. The SDK's thread sends them in batches; what does not fit is left out.

Needs the extra `traces`. Everything that blocks is in that thread.
"""

import asyncio
import threading
from collections.abc import Mapping

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from groundwork.spans import Span
from groundwork.trace import Trace

MOST_WAITING = 8192
SEND_SECONDS = 2.0
END_SECONDS = 3.0
"""For the last batch of a process that ends, within the ten seconds that it has."""
SAMPLED = TraceFlags(TraceFlags.SAMPLED)
KINDS = {"request": SpanKind.SERVER, "hop": SpanKind.CLIENT, "webhook": SpanKind.CLIENT, "event": SpanKind.PRODUCER}
KINDS |= {f"handle {kind}": SpanKind.CONSUMER for kind in ("event", "picture", "further")}


class OtlpSpans:
    """`keep` takes finished spans, from the loop, and does not wait."""

    def __init__(self, resource: Mapping[str, str], exporter: SpanExporter) -> None:
        self._resource = Resource.create(dict(resource))
        self._processor = BatchSpanProcessor(exporter, max_queue_size=MOST_WAITING, schedule_delay_millis=1000)

    def keep(self, spans: list[Span]) -> None:
        for one in spans:
            self._processor.on_end(self._readable(one))

    async def close(self) -> None:
        """Send what waits, for a few seconds at the most."""
        ending = threading.Thread(target=self._processor.shutdown, name="last traces", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, END_SECONDS)

    def _readable(self, one: Span) -> ReadableSpan:
        parent = _context(Trace(one.place.trace_id, one.parent)) if one.parent else None
        status = Status(StatusCode.UNSET) if one.failed is None else Status(StatusCode.ERROR, one.failed)
        return ReadableSpan(
            name=one.name,
            context=_context(one.place),
            parent=parent,
            resource=self._resource,
            attributes=one.attributes,
            links=[Link(_context(place)) for place in one.links],
            kind=KINDS.get(str(one.attributes.get("kind", one.name)), SpanKind.INTERNAL),
            status=status,
            start_time=one.began,
            end_time=one.ended,
        )


def http_exporter(endpoint: str, headers: Mapping[str, str]) -> SpanExporter:
    """To `endpoint`, such as http://collector:4318/v1/traces."""
    return OTLPSpanExporter(endpoint=endpoint, headers=dict(headers), timeout=SEND_SECONDS)


def _context(place: Trace) -> SpanContext:
    return SpanContext(int(place.trace_id, 16), int(place.span_id, 16), is_remote=False, trace_flags=SAMPLED)
