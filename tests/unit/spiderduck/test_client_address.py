"""Whose request it is, behind none, one and several proxies, with honest and with forged headers."""

import pytest

from spiderduck.api.front.client_address import client_address, client_group, read_networks

PROXIES = read_networks(["10.1.0.0/16", "2001:db8:aa::/48", "127.0.0.1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # a stranger's header counts for nothing
        ("10.1.0.7", None, "10.1.0.7"),
        ("10.1.0.7", "", "10.1.0.7"),
        ("10.1.0.7", "198.51.100.1", "198.51.100.1"),
        ("10.1.0.7", "192.0.2.66, 198.51.100.1", "198.51.100.1"),  # the left one was written by the client
        ("10.1.0.7", "198.51.100.1, 10.1.0.8", "198.51.100.1"),
        ("10.1.0.7", "10.1.0.9,10.1.0.8", "10.1.0.9"),
        ("10.1.0.7", "198.51.100.1:55123", "198.51.100.1"),
        ("10.1.0.7", "[2001:db8:5::1]:443", "2001:db8:5::1"),
        ("10.1.0.7", "198.51.100.1, unknown", "10.1.0.7"),
        ("10.1.0.7", "198.51.100.1, unknown, 10.1.0.8", "10.1.0.8"),
        ("::ffff:10.1.0.7", "198.51.100.1", "198.51.100.1"),
        ("::ffff:203.0.113.9", None, "203.0.113.9"),
        ("127.0.0.1", "2001:db8:aa::5, 2001:db8:bb::5", "2001:db8:bb::5"),
        ("/run/front.sock", "198.51.100.1", "/run/front.sock"),
    ],
)
def test_the_client_is_the_last_address_that_is_none_of_ours(peer: str, forwarded: str | None, client: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == client


def test_without_trusted_proxies_the_header_counts_for_nothing() -> None:
    assert client_address("127.0.0.1", "198.51.100.1", ()) == "127.0.0.1"


def test_a_very_long_header_is_read_from_its_end_only() -> None:
    header = ",".join(["10.1.0.8"] * 50_000)
    assert client_address("10.1.0.7", "198.51.100.1," + header, PROXIES) == "10.1.0.8"


def test_an_ipv6_customer_is_one_client() -> None:
    assert client_group("2001:db8:1:2::5") == client_group("2001:db8:1:2:ffff::9")
    assert client_group("2001:db8:1:2::5") != client_group("2001:db8:1:3::5")
    assert client_group("198.51.100.1") == "198.51.100.1"


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        read_networks(["10.0.0.0/99"])
