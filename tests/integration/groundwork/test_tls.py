"""https by two files, renewed without a restart."""

import asyncio
import os
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from groundwork.front.probe import is_alive
from groundwork.front.tls import LOOK_SECONDS, Certificate
from tests.integration.groundwork.serving import Echo, serving

GET = b"GET /a HTTP/1.1\r\nhost: localhost\r\n\r\n"


def certify(folder: Path, name: str) -> tuple[str, str]:
    """A certificate that signs itself, in place of one that is there."""
    certificate, key = folder / "server.pem", folder / "server.key"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-keyout", f"{key}.new", "-out", f"{certificate}.new"]
    subprocess.run(["openssl", "req", "-x509", *kind, "-subj", f"/CN={name}", *files], check=True, capture_output=True)
    for file in (certificate, key):
        os.replace(f"{file}.new", file)
    return str(certificate), str(key)


def trusting_anybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def test_requests_over_tls_have_the_same_limits(tmp_path: Path) -> None:
    certificate = Certificate(*certify(tmp_path, "first"), now=lambda: 0.0)
    async with serving(Echo(), certificate, head_seconds=0.5) as served:
        async with served.client(ssl=trusting_anybody()) as client:
            client.send(GET + GET)
            assert await client.answer() == (200, b"/a 0")
            assert await client.answer() == (200, b"/a 0")
        async with served.client(ssl=trusting_anybody()) as client:
            client.send(b"GET / HTTP/1.1\r\nx: " + b"y" * 100_000)
            assert (await client.answer())[0] == 431
        async with served.client(ssl=trusting_anybody()) as client:
            client.send(b"GET / HT")
            assert (await client.answer())[0] == 408


@pytest.mark.parametrize("begin", [b"", b"\x16\x03\x01", GET])
async def test_a_handshake_has_a_deadline(tmp_path: Path, begin: bytes) -> None:
    """Plain HTTP to it is closed as well, and the next client is served."""
    certificate = Certificate(*certify(tmp_path, "first"), now=lambda: 0.0)
    async with serving(Echo(), certificate, head_seconds=0.3) as served:
        async with served.client() as client:
            client.send(begin)
            await client.ended()
        async with served.client(ssl=trusting_anybody()) as client:
            client.send(GET)
            assert (await client.answer())[0] == 200


async def test_renewed_files_are_read_within_a_minute_and_broken_ones_change_nothing(tmp_path: Path) -> None:
    now = 0.0
    files = certify(tmp_path, "first")
    certificate = Certificate(*files, now=lambda: now)
    async with serving(Echo(), certificate) as served:

        async def shown() -> bytes:
            async with served.client(ssl=trusting_anybody()) as client:
                return bytes(client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True))

        first = await shown()
        certify(tmp_path, "second")
        assert await shown() == first
        now = LOOK_SECONDS
        second = await shown()
        assert second != first
        Path(files[0]).write_text("half of a")
        now = 2 * LOOK_SECONDS
        assert await shown() == second


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"missing\.pem"):
        Certificate(str(tmp_path / "missing.pem"), str(tmp_path / "missing.key"), lambda: 0.0)


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
async def test_a_health_check_understands_both(tmp_path: Path, secure: bool) -> None:
    certificate = Certificate(*certify(tmp_path, "elsewhere.test"), now=lambda: 0.0) if secure else None
    async with serving(Echo(), certificate) as served:
        assert await asyncio.to_thread(is_alive, f"127.0.0.1:{served.port}/healthz")
    assert not await asyncio.to_thread(is_alive, f"127.0.0.1:{served.port}/healthz")


async def test_a_server_that_does_not_answer_is_not_alive() -> None:
    """It takes connections, and that is all."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not await asyncio.to_thread(is_alive, f"127.0.0.1:{silent.getsockname()[1]}/healthz")
