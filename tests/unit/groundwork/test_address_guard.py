"""The address guard: what may be dialled."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.address_guard import AddressPolicy, is_allowed

PRIVATE = ["10.1.2.3", "127.0.0.1", "169.254.169.254", "192.168.0.1", "100.64.0.1", "0.0.0.0", "255.255.255.255"]


def embeddings(inner: str) -> list[str]:
    """Every form in which an IPv6 address carries an IPv4 address."""
    bits = int(IPv4Address(inner))
    prefixes = {
        "mapped": "::ffff:0:0",
        "compatible": "::",
        "translated": "::ffff:0:0:0",
        "nat64": "64:ff9b::",
        "nat64 within": "64:ff9b:1::",
        "isatap": "2600::5efe:0:0",
        "isatap unique": "2600::200:5efe:0:0",
    }
    forms = [int(IPv6Address(prefix)) | bits for prefix in prefixes.values()]
    forms.append(int(IPv6Address("2002::")) | bits << 80)  # 6to4
    forms.append(int(IPv6Address("2001:0:808:808::")) | (bits ^ 0xFFFF_FFFF))  # Teredo's client
    forms.append(int(IPv6Address("2001::")) | bits << 64)  # Teredo's server
    return [str(IPv6Address(form)) for form in forms]


REGISTRY_V4 = [
    *["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
    *["192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"],
    *["198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32"],
]
REGISTRY_V6 = [
    *["::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001::/32", "2001:1::1/128"],
    *[
        "2001:1::2/128",
        "2001:1::3/128",
        "2001:2::/48",
        "2001:3::/32",
        "2001:4:112::/48",
        "2001:10::/28",
        "2001:20::/28",
    ],
    *["2001:30::/28", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7"],
    "fe80::/10",
]
"""IANA's special-purpose registries, but for the two prefixes of translation, which are as good as what they carry."""


@pytest.mark.parametrize("network", REGISTRY_V4)
def test_every_special_network_of_the_ipv4_registry_is_refused(network: str) -> None:
    """At both ends, as it is and in every form in which IPv6 carries it."""
    found = IPv4Network(network)
    for address in (str(found[0]), str(found[-1])):
        assert not is_allowed(address)
        assert [form for form in embeddings(address) if is_allowed(form)] == []


@pytest.mark.parametrize("network", REGISTRY_V6)
def test_every_special_network_of_the_ipv6_registry_is_refused(network: str) -> None:
    """At both ends."""
    found = IPv6Network(network)
    assert not is_allowed(str(found[0]))
    assert not is_allowed(str(found[-1]))


@pytest.mark.parametrize(
    "neighbour", ["192.31.195.1", "192.31.197.1", "192.52.194.1", "192.175.49.1", "2620:4f:8001::1"]
)
def test_the_neighbours_of_special_networks_are_public(neighbour: str) -> None:
    """No more is refused than the registries list."""
    assert is_allowed(neighbour)


@pytest.mark.parametrize("inner", PRIVATE)
def test_no_embedded_form_leads_to_a_private_address(inner: str) -> None:
    """Neither as it is nor within an IPv6 address."""
    assert not is_allowed(inner)
    assert [form for form in embeddings(inner) if is_allowed(form)] == []


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001::200e"])
def test_public_addresses_are_allowed(address: str) -> None:
    """Both families."""
    assert is_allowed(address)


def test_a_public_address_stays_public_where_a_system_writes_it_as_ipv6() -> None:
    """Mapped by a dual-stack socket, or NAT64 in a network without IPv4."""
    assert is_allowed("::ffff:8.8.8.8")
    assert is_allowed("64:ff9b::8.8.8.8")


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", "localhost", "127.1", "0x7f.0.0.1", "0177.0.0.1", "2130706433", "①②⑦.0.0.1", "８.8.8.8", "8.8.8.8 "],
        *["[2606:4700::1]", "2606:4700::1%eth0", "8.8.8.8%1", "8.8.8.8:80", "8.8.8.8/32", "1.1.1.1\x00", "1" * 5000],
    ],
)
def test_what_is_no_plain_address_is_refused(text: str) -> None:
    """It fails closed: only what reads as exactly one address passes."""
    assert not is_allowed(text)


@given(st.text(max_size=40))
def test_it_answers_whatever_it_is_asked(text: str) -> None:
    """No text makes it raise, and what it allows is an address."""
    if is_allowed(text):
        ip_address(text)


@given(st.ip_addresses(v=6))
def test_it_is_never_wider_than_the_standard_library_but_for_translation(address: IPv6Address) -> None:
    """Whatever `ipaddress` calls private, loopback, link-local, multicast or unspecified is refused."""
    if address.ipv4_mapped is None and (
        address.is_private or address.is_multicast or address.is_link_local or address.is_unspecified
    ):
        assert not is_allowed(str(address))


@given(st.ip_addresses(v=4))
def test_ipv4_is_never_wider_than_the_standard_library(address: IPv4Address) -> None:
    """Whatever `ipaddress` calls not global, or multicast, is refused."""
    if not address.is_global or address.is_multicast:
        assert not is_allowed(str(address))


def test_allowed_networks_are_exempt_from_guard_and_ports() -> None:
    """A demo on loopback, by explicit configuration; nothing else opens with it."""
    policy = AddressPolicy(allow_addresses=["127.0.0.0/8", "fd00::/8"])
    assert policy.allows("127.0.0.1")
    assert policy.allows("::ffff:127.0.0.1")
    assert policy.allows("fd00::1")
    assert not policy.allows("10.0.0.1")
    assert not policy.allows("::127.0.0.1")
    assert policy.port_refusal(9999, "127.0.0.1") is None
    assert policy.port_refusal(9999, "8.8.8.8") is not None
    assert policy.port_refusal(443, "8.8.8.8") is None


def test_the_machines_own_addresses_are_refused() -> None:
    """A public address of ours leads to services that trust our network; a scope in the list does not hide it."""
    policy = AddressPolicy(own_addresses=["93.184.215.14", "2606:4700::1%eth0"])
    assert not policy.allows("93.184.215.14")
    assert not policy.allows("::ffff:93.184.215.14")
    assert not policy.allows("64:ff9b::93.184.215.14")
    assert not policy.allows("2600::5efe:93.184.215.14")
    assert not policy.allows("2606:4700::1")
    assert policy.allows("93.184.215.15")
    assert "own address" in (policy.refusal("93.184.215.14") or "")


def test_a_refusal_says_why() -> None:
    """A clause for a person, with the network."""
    policy = AddressPolicy()
    assert policy.refusal("10.0.0.1") == "10.0.0.1 is in 10.0.0.0/8 (a private network)"
    assert "169.254.169.254" in (policy.refusal("64:ff9b::a9fe:a9fe") or "")
    assert "no plain address" in (policy.refusal("x" * 1000) or "")
    assert len(policy.refusal("x" * 1000) or "") < 100
