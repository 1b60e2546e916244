"""One event's whole trace, as a collector gets it by OTLP: from the request that brought it to the webhook."""

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from groundwork.spans import of_event
from tests.e2e.product import Product
from tests.origin import Origin, http, page

pytestmark = pytest.mark.e2e
CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector:
    """Takes OTLP over HTTP; `spans` of one trace, once they are there."""

    def __init__(self) -> None:
        self._spans: list[Any] = []
        self.services: set[str] = set()
        outer = self

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    import gzip

                    body = gzip.decompress(body)
                outer.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None: ...

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Taking)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1/traces"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def take(self, request: Any) -> None:
        for resource in request.resource_spans:
            said = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.services.add(said["service.name"])
            for scope in resource.scope_spans:
                self._spans += scope.spans

    def of(self, trace_id: str, *until: str) -> dict[str, Any]:
        """The spans of a trace by name, as soon as those of `until` are there."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = {one.name: one for one in list(self._spans) if one.trace_id.hex() == trace_id}
            if found.keys() >= set(until):
                return found
            time.sleep(0.05)
        raise AssertionError(f"no span {until}; there are {sorted(found)}")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def collector() -> Iterator[Collector]:
    one = Collector()
    yield one
    one.close()


def attributes(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def test_one_trace_leads_from_the_event_to_the_webhook(collector: Collector, tmp_path: Path) -> None:
    with Origin() as origin:
        origin.answers["news.test/duck"] = page("A duck")
        origin.answers["hook.test/take"] = http(b"")
        settings = {
            "SPIDERDUCK_TRACES__ENDPOINT": collector.url,
            "SPIDERDUCK_TRACES__SHARE": "1",
            "SPIDERDUCK_FETCHERS__NETWORK__ALLOW_ADDRESSES": json.dumps(["127.0.0.0/8"]),
        }
        with Product(tmp_path / "data", origin.port, settings) as product:
            product.client.post("/v1/webhooks", json={"url": "http://hook.test/take"}).raise_for_status()
            event = {"id": "e1", "urls": ["http://news.test/duck?secret=1"]}
            headers = {"traceparent": f"00-{CALLER}-00f067aa0ba902b7-01"}
            product.client.post("/v1/events", json=event, headers=headers).raise_for_status()
            request = collector.of(CALLER, "request")["request"]
            found = collector.of(of_event("e1").trace_id, "event", "handle event", "webhook")
            exemplars = product.client.get("/metrics", headers={"accept": "application/openmetrics-text"})
            plain = product.client.get("/metrics")
            assert product.stop() == 0
    assert collector.services == {"spiderduck"}
    root, handling, share = found["event"], found["handle event"], found["share"]
    assert root.span_id.hex() == of_event("e1").span_id
    assert [link.trace_id.hex() for link in root.links] == [CALLER], "the request that brought it"
    assert attributes(request)["route"] == "/v1/events"
    assert handling.parent_span_id == root.span_id
    assert attributes(handling)["waited_s"] >= 0.0
    assert share.parent_span_id == handling.span_id
    for stage in ("decide", "fetch", "extract", "archive", "store"):
        assert found[stage].parent_span_id == share.span_id, stage
    assert found["notice"].parent_span_id == found["store"].span_id
    hop = attributes(found["hop"])
    assert (hop["ending"], hop["status"], hop["domain"]) == ("answered", 200, "news.test")
    assert found["webhook"].parent_span_id == root.span_id
    told = json.dumps([attributes(one) for one in found.values()])
    assert "secret" not in told, "queries stay out"
    assert exemplars.headers["content-type"].startswith("application/openmetrics-text")
    assert f'trace_id="{of_event("e1").trace_id}"' in exemplars.text
    assert exemplars.text.endswith("# EOF\n")
    assert "trace_id=" not in plain.text
