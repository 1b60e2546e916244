"""`Host` and `Origin` are read strictly: what two readers could take differently is nobody's."""

import pytest

from groundwork.front.authority import ascii_host, read_authority, read_origin


@pytest.mark.parametrize(
    ("text", "host", "port", "is_address"),
    [
        ("localhost", "localhost", "", False),
        ("LocalHost:8080", "localhost", "8080", False),
        ("localhost.", "localhost", "", False),
        ("localhost:", "localhost", "", False),
        ("127.0.0.1:8080", "127.0.0.1", "8080", True),
        ("203.0.113.7.", "203.0.113.7", "", True),
        ("[::1]:8080", "[::1]", "8080", True),
        ("[2001:DB8:0:0::1]", "[2001:db8::1]", "", True),
        ("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "", True),
        ("127.1", "127.1", "", False),
        ("0x7f000001", "0x7f000001", "", False),
        ("2130706433", "2130706433", "", False),
        ("010.0.0.1", "010.0.0.1", "", False),
        ("localhost.evil.example", "localhost.evil.example", "", False),
        ("%6cocalhost", "%6cocalhost", "", False),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", "", False),
        ("a,b", "a,b", "", False),
    ],
)
def test_an_authority_is_a_host_and_a_port(text: str, host: str, port: str, is_address: bool) -> None:
    read = read_authority(text)
    assert read is not None
    assert (read.host, read.port, read.is_address) == (host, port, is_address)


@pytest.mark.parametrize(
    "text",
    [
        "", ".", ":80", "me@localhost", "localhost@evil.example", "localhost:80:80", "localhost:99999", "localhost:0",
        "localhost:8o", "::1", "[::1", "[::1]x", "[127.0.0.1]", "[fe80::1%25eth0]", "[v1.x]", "local host",
        "localhost/", "localhost?x", "localhost#x", "http://localhost", "bücher.example", "a\tb", "a" * 300, "[]",
    ],
)  # fmt: skip
def test_what_is_no_authority(text: str) -> None:
    assert read_authority(text) is None


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port"),
    [
        ("http://localhost", "http", "localhost", "80"),
        ("https://App.Example.com", "https", "app.example.com", "443"),
        ("http://[::1]:8080", "http", "[::1]", "8080"),
    ],
)
def test_an_origin_has_its_port(text: str, scheme: str, host: str, port: str) -> None:
    read = read_origin(text)
    assert read is not None
    assert (read[0], read[1].host, read[1].port) == (scheme, host, port)


@pytest.mark.parametrize(
    "text", ["null", "", "localhost", "file://", "ftp://a", "http://a/", "http://a b", "http://a, http://b"]
)
def test_what_is_no_origin(text: str) -> None:
    assert read_origin(text) is None


def test_a_host_of_the_settings_is_a_name() -> None:
    assert ascii_host("Bücher.example.") == "xn--bcher-kva.example"
    for wrong in ("http://a", "a:80", "*.example.com", "", "a/b"):
        with pytest.raises(ValueError, match="host name"):
            ascii_host(wrong)
