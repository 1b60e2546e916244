"""What strangers serve is read beside the loop, within limits; what is surely quick is read at once."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from fetchers.model import Response
from groundwork.workers.interface import WorkersBusy
from groundwork.workers.processes import WorkerProcesses
from schedulers.metadata import FAILURE, PictureCounter, examine
from spiderduck.config import Config
from spiderduck.content.extraction import ALWAYS_QUICK, TOO_LONG, Extraction, is_quick, open_processes
from tests.e2e.hostile.bodies import unfolding_pdf

INLINE = 192 * 1024
PAGE = b"<!doctype html><title>A page</title>"


def response(body: bytes, content_type: str = "text/html", url: str = "http://a.test/x") -> Response:
    return Response(url, 200, (("content-type", content_type),), body, 0.0)


BUSY_MACHINE = 60.0
"""Seconds in which a page is read on any machine, however busy."""


@pytest.fixture
async def processes() -> AsyncIterator[WorkerProcesses]:
    workers = open_processes(Config())
    workers.limits = replace(workers.limits, seconds=BUSY_MACHINE)
    yield workers
    await workers.close()


@pytest.mark.parametrize(
    ("body", "content_type", "quick"),
    [
        (PAGE, "text/html", True),
        (PAGE + b"<p>" * 4_000, "text/html", False),
        (PAGE + b"words " * 40_000, "text/html", False),
        (b"%PDF-1.4 " + b"x" * 100, "application/pdf", False),
        (b"%PDF-1.4 " + b"x" * 100, "text/html", False),
        (b"ID3" + bytes(100), "audio/mpeg", False),
        (b"\x89PNG\r\n\x1a\n" + bytes(5_000_000), "image/png", True),  # its header alone is read
        (b"text " * (ALWAYS_QUICK // 10), "text/plain", True),
        (b"text " * ALWAYS_QUICK, "text/plain", False),
        (b"[" * ALWAYS_QUICK * 2, "application/json", False),
    ],
)
def test_what_is_quick_is_told_by_kind_bytes_and_tags(body: bytes, content_type: str, quick: bool) -> None:
    """By what the bytes are, not by what the server calls them."""
    examined = examine(body, url="http://a.test/x", content_type=content_type)
    assert is_quick(response(body, content_type), INLINE, examined) is quick


async def test_what_takes_too_long_is_given_up_and_the_next_is_read(processes: WorkerProcesses) -> None:
    """Streams within streams unfold to many times what the file holds."""
    extraction = Extraction(INLINE, processes=processes)
    processes.limits = replace(processes.limits, seconds=1.0)
    given_up = await extraction.extract(response(unfolding_pdf(), "application/pdf"))
    assert given_up.title is None
    processes.limits = replace(processes.limits, seconds=BUSY_MACHINE)
    large = PAGE + b"words " * 40_000
    assert (await extraction.extract(response(large))).title == "A page"


async def test_a_given_up_answer_says_so(processes: WorkerProcesses) -> None:
    """In its provenance, as for a rule that failed."""
    extraction, page = Extraction(INLINE, processes=processes), response(PAGE + b"<p>" * 4_000)
    assert (await extraction.extract(page)).title == "A page"
    processes.limits = replace(processes.limits, seconds=0.0)
    found = await extraction.extract(page)
    assert found.provenance[FAILURE].rule == TOO_LONG


async def test_processes_that_are_ending_say_nothing_of_the_page(processes: WorkerProcesses) -> None:
    """It is read when its message comes again."""
    await processes.close()
    with pytest.raises(WorkersBusy):
        await Extraction(INLINE, processes=processes).extract(response(PAGE + b"<p>" * 4_000))


async def test_pictures_that_a_site_shares_are_known_in_the_other_process(processes: WorkerProcesses) -> None:
    """What the flow counted goes with the page."""
    logo = '<meta property="og:image" content="/logo.png"><meta name="twitter:image" content="/own.png">'
    counter = PictureCounter()
    extraction = Extraction(INLINE, counter, processes)
    for number in range(8):
        page = f"<title>{number}</title>{logo.replace('own', str(number))}".encode() + b"<p>" * 4_000
        found = await extraction.extract(response(page, url=f"http://a.test/{number}"))
    assert found.image is not None
    assert found.image.url == "http://a.test/7.png"
