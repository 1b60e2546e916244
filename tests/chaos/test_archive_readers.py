"""The archive's files are read by JWAT, which national libraries use, digests compared. It comes from Maven's
repository; warcio and FastWARC read them in the contract suite.
"""

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest
from msgspec import structs

from fetchers.model import CutBy, Response
from fetchers.urls import parse
from spiderduck.content.warc import WarcArchive
from tests.clock import FakeClock
from tests.engines import maven

pytestmark = pytest.mark.chaos

JWAT = "org.jwat:jwat-warc:1.2.1"
"""The first version that knows WARC/1.1 is 1.2.0."""
URLS = (
    "http://news.test",
    "http://news.test/a|b?x=[1]&y={2}&z=%zz#part",
    "https://[2001:db8::1]:8443/%D0%BF?q='\u00fc\"<>`",
    "http://\u043f\u0440\u0438\u043c\u0435\u0440.test/\u0434\u043e\u043c?" + "x" * 3000,
)


async def test_jwat_finds_every_record_and_digest_in_order(tmp_path: Path) -> None:
    """Whatever the URL, the address, the protocol, and why a body ends early."""
    if shutil.which("javac") is None or shutil.which("mvn") is None:
        pytest.skip("neither a Java compiler nor Maven is here")
    maven.fetch([JWAT], tmp_path / "jars")
    archive = WarcArchive(tmp_path, FakeClock(), software="SpiderDuck/test")
    written = 0
    for url in map(parse, URLS):
        for cut_by in (None, *get_args(CutBy)):
            body = b"<p>quack\x00\xff" * written * 100
            page = Response(url, 200, (("etag", '"caf\xe9"'), ("content-encoding", "gzip")), body, 1_800_000_000.0)
            secured = structs.replace(
                page, tls_version="TLSv1.3", certificate_subject="news.test", address="2001:db8::1"
            )
            await archive.append(written + 1, structs.replace(secured if written % 2 else page, cut_by=cut_by), b"{}")
            written += 1
    await archive.close()
    (file,) = tmp_path.glob("*.warc.gz")
    said = await asyncio.to_thread(read_by_jwat, file, tmp_path / "jars")
    assert said == f"true {3 * written + 1} {3 * written + 1} {written}"


def read_by_jwat(file: Path, jars: Path) -> str:
    """What is wrong with it, then: compliant, records, block digests and payload digests that are right."""
    command = ["java", "-cp", f"{jars}/*", str(Path(__file__).with_name("ReadArchive.java")), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
