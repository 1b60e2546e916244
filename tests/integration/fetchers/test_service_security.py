"""Certificates on both sides of the fetchers' service, and the trace that goes with a request."""

import logging
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import httpx
import pytest

from fetchers import wire
from fetchers.body.chunks import NO_CHUNKS, Chunks
from fetchers.client.http import HttpFetchers, Inquiry
from fetchers.client.running import running_client
from fetchers.cluster import AloneOwners, ClusterConfig, Member, running_member
from fetchers.config import FetchersConfig, Network, RateLimits, Tls
from fetchers.errors import FetcherUnavailable
from fetchers.model import HopRequest, HopResult, NotMine, NotNow, Response
from fetchers.service.connection import Request, StreamedAnswer
from fetchers.service.server import Service
from fetchers.tls import client_context, server_context
from groundwork import trace
from groundwork.clock import SystemClock
from groundwork.process import Vitals
from groundwork.readiness import Needed
from groundwork.trace import Trace
from tests.origin import Origin, http

TRACE = Trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "01", "vendor=1")


def run(*command: str) -> None:
    subprocess.run(["openssl", *command], check=True, capture_output=True)


class Authority:
    """Signs certificates for 127.0.0.1 in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self.file = str(folder / f"{name}.pem")
        self._key = str(folder / f"{name}.key")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        run("req", "-x509", *key, "-subj", f"/CN={name}", "-days", "2", "-keyout", self._key, "-out", self.file)

    def sign(self, name: str) -> Tls:
        certificate, key, request = (str(self._folder / f"{self._name}-{name}.{end}") for end in ("pem", "key", "csr"))
        new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        run("req", *new, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        extension = self._folder / "names"
        extension.write_text("subjectAltName=IP:127.0.0.1\n")
        signer = ("-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-days", "2", "-extfile", str(extension))
        run("x509", "-req", "-in", request, *signer, "-out", certificate)
        return Tls(certificate, key, self.file)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificates, is not installed")
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(scope="module")
def ours(folder: Path) -> Authority:
    return Authority(folder, "ours")


@asynccontextmanager
async def member(tls: Tls, token: str = "") -> AsyncIterator[Member]:
    async with Origin(default=http("hello")) as origin:
        network = Network(resolve={"*.test": origin.target})
        config = FetchersConfig(rate_limit=RateLimits(1000.0, 1000), network=network, tls=tls)
        async with running_member(config, ClusterConfig(port=0, token=token)) as one:
            yield one


def ask(seconds: float = 10.0) -> HopRequest:
    return HopRequest("http://a.test/", time.time() + seconds, time.time() + seconds)


async def test_both_sides_show_a_certificate(ours: Authority) -> None:
    async with member(ours.sign("fetcher")) as one:
        assert one.address.startswith("https://")
        async with running_client([one.address], "", ours.sign("caller")) as router:
            result = await router.perform(ask())
            assert isinstance(result, Response)
            assert result.body == b"hello"


async def test_who_shows_none_gets_nothing_but_health_and_metrics(ours: Authority) -> None:
    async with member(ours.sign("fetcher")) as one:
        trusting = ssl.create_default_context(cafile=ours.file)
        async with httpx.AsyncClient(verify=trusting) as probe:
            assert (await probe.get(one.address + "/healthz")).text == "ok"
            assert (await probe.get(one.address + "/metrics")).status_code == 200
            assert (await probe.post(one.address + "/v1/hop", content=b"x")).status_code == 401
            assert (await probe.get(one.address + "/v1/owners")).status_code == 401
        assert one.fetcher.counters.endings == {}


async def test_strangers_are_believed_by_neither_side(ours: Authority, folder: Path) -> None:
    """A certificate of another authority; an address whose name is not the certificate's; no TLS at all."""
    theirs = Authority(folder, "theirs")
    stranger = theirs.sign("caller")
    posing = Tls(stranger.certificate, stranger.key, ours.file)
    async with member(ours.sign("fetcher")) as one:
        mine = ours.sign("caller")
        for tls, address in (
            (posing, one.address),  # the fetcher does not know who signed it
            (stranger, one.address),  # the caller does not know who signed the fetcher's
            (mine, one.address.replace("127.0.0.1", "localhost")),
            (mine, one.address.replace("https", "http")),
            (Tls(), one.address),
        ):
            http = HttpFetchers(SystemClock(), "", client_context(tls))
            with pytest.raises(FetcherUnavailable):
                await hop(http, address)
            await http.close()
        assert one.fetcher.counters.endings == {}


async def test_the_token_is_wanted_beside_the_certificate(ours: Authority) -> None:
    async with member(ours.sign("fetcher"), "secret") as one:
        for token, expected in (("wrong", NotNow), ("secret", Response)):
            async with running_client([one.address], token, ours.sign("caller")) as router:
                assert isinstance(await router.perform(ask(1.0)), expected)


def test_files_that_do_not_fit_are_said(ours: Authority) -> None:
    good, other = ours.sign("one"), ours.sign("two")
    for tls in (Tls(good.certificate, other.key, ours.file), Tls("nowhere.pem", good.key, ours.file)):
        with pytest.raises(ValueError, match=r"fetchers\.tls"):
            server_context(tls)
    with pytest.raises(ValueError, match="all three or none"):
        FetchersConfig(tls=Tls(certificate=good.certificate)).validate()


async def hop(http: HttpFetchers, address: str) -> HopResult | NotMine:
    async with http.open_hop(Inquiry(address, 0), ask()) as (head, _):
        return head


class Witness:
    """A fetcher that tells in which trace it was asked."""

    def __init__(self) -> None:
        self.seen: list[Trace | None] = []

    @asynccontextmanager
    async def open_own_hop(self, request: HopRequest) -> AsyncIterator[tuple[HopResult | NotMine, Chunks]]:
        self.seen.append(trace.current.get())
        logging.getLogger("fetchers.witness").warning("asked")
        yield NotNow(0.0, "later"), NO_CHUNKS


async def test_the_trace_goes_from_the_caller_to_the_fetcher() -> None:
    """Same trace, a place of its own, the state as it came; the next request without one is in none."""
    async with member(Tls()) as one:
        witness = one.service._fetcher = Witness()  # type: ignore[assignment]
        http = HttpFetchers(SystemClock())
        token = trace.current.set(TRACE)
        await hop(http, one.address)
        trace.current.reset(token)
        await hop(http, one.address)
        await http.close()
    first, second = witness.seen
    assert first is not None
    assert (first.trace_id, first.state) == (TRACE.trace_id, TRACE.state)
    assert first.span_id != TRACE.span_id
    assert second is None


async def test_a_header_that_is_no_trace_changes_nothing() -> None:
    class Nothing:
        def text(self) -> bytes:
            return b""

    witness, vitals = Witness(), Vitals("", ("fetchers",), "1", Needed(dict, SystemClock()))
    service = Service(witness, AloneOwners("http://a"), Nothing(), vitals, random=Random(1))  # type: ignore[arg-type]
    body = wire.pack_request(ask(), time.time())
    answer = await service.handle(Request("POST", "/v1/hop", {"traceparent": "nonsense"}, body))
    assert isinstance(answer, StreamedAnswer)
    assert [pieces async for pieces in answer.pieces]
    assert witness.seen == [None]


async def test_a_trace_never_reaches_an_origin() -> None:
    async with Origin(default=http()) as origin:
        network = Network(resolve={"*.test": origin.target})
        async with running_member(FetchersConfig(network=network), ClusterConfig(port=0)) as one:
            token = trace.current.set(TRACE)
            result = await one.router.perform(ask())
            trace.current.reset(token)
            assert isinstance(result, Response)
    heads = origin.heads
    assert len(heads) == 2
    assert not any(b"trace" in head.lower() for head in heads)
