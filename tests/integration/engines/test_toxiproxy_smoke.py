"""Toxiproxy's links are cut and restored on command."""

import socket
from collections.abc import Iterator
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from tests.engines.toxics import Link, Toxiproxy

pytestmark = pytest.mark.engine("toxiproxy")


class Echo(StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line)


@pytest.fixture
def link(toxiproxy: Toxiproxy) -> Iterator[Link]:
    """A link to a server that sends every line back."""
    with ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        with toxiproxy.link(f"127.0.0.1:{server.server_address[1]}") as link:
            yield link
        server.shutdown()
        serving.join()


def ask(link: Link, patience: float = 10.0) -> bytes:
    with socket.create_connection(("127.0.0.1", link.port), timeout=patience) as client:
        client.sendall(b"quack\n")
        return client.recv(16)


def read(client: socket.socket) -> bytes:
    try:
        return client.recv(16)
    except ConnectionResetError:
        return b""


def test_a_link_is_cut_and_restored(link: Link) -> None:
    """The link carries bytes, refuses connections while cut, and carries bytes again."""
    assert ask(link) == b"quack\n"
    link.cut()
    with pytest.raises(ConnectionRefusedError):
        ask(link)
    link.restore()
    assert ask(link) == b"quack\n"


def test_a_cut_ends_open_connections(link: Link) -> None:
    """Who is connected when the link is cut reads the end of the stream or a reset."""
    with socket.create_connection(("127.0.0.1", link.port), timeout=10) as client:
        client.sendall(b"quack\n")
        assert client.recv(16) == b"quack\n"
        link.cut()
        assert read(client) == b""


def test_a_half_open_link_swallows_the_answer_until_it_is_restored(link: Link) -> None:
    """A `timeout` toxic of zero keeps the connection and drops the data, as a firewall that lost its table does."""
    link.spoil("timeout", timeout=0)
    with pytest.raises(TimeoutError):
        ask(link, patience=0.2)
    link.restore()
    assert ask(link) == b"quack\n"
