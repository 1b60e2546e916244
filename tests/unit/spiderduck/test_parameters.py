"""Numbers and names from outside."""

import pytest

from spiderduck.api.parameters import LARGEST, BadParameter, domain_name, whole_number


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("7", 7), (" 12\t", 12), ("0007", 7), (str(LARGEST), LARGEST)])
def test_a_number_in_ascii_digits_is_read(text: str, value: int) -> None:
    assert whole_number(text, "position") == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "1_000",
        "0x10",
        "\u00b2",
        "1\u00b2",
        "\u0663",
        "\uff17",
        "\u2460",
        "12\x00",
        "1\n",
        "\u00a07",
        str(LARGEST + 1),
        "9" * 30,
        "9" * 100_000,
        "\ud800",
    ],
)
def test_everything_else_is_a_400_that_names_the_parameter(text: str) -> None:
    with pytest.raises(BadParameter, match=r"Last-Event-ID") as refused:
        whole_number(text, "Last-Event-ID")
    assert refused.value.status_code == 400
    assert refused.value.detail.isascii()
    assert refused.value.detail.isprintable()
    assert len(refused.value.detail) < 300


def test_bounds_are_checked_and_named() -> None:
    assert whole_number("10", "most", least=1, most=10) == 10
    with pytest.raises(BadParameter, match="most is '11'; it takes a whole number from 1 to 10"):
        whole_number("11", "most", least=1, most=10)
    with pytest.raises(BadParameter):
        whole_number("0", "most", least=1, most=10)


DOMAINS = {
    "example.org": "example.org",
    "EXAMPLE.org.": "example.org",
    "*.example.org": "example.org",
    ".example.org": "example.org",
    "Bücher.example": "xn--bcher-kva.example",
    "straße.de": "xn--strae-oqa.de",
    "x。y": "x.y",
    "127.0.0.1": "127.0.0.1",
    "::1": "[::1]",
    "[::ffff:10.0.0.1]": "10.0.0.1",
    "a_b.example": "a_b.example",
}


@pytest.mark.parametrize("text", DOMAINS)
def test_a_domain_is_read_as_hosts_are(text: str) -> None:
    assert domain_name(text) == DOMAINS[text]


@pytest.mark.parametrize(
    "text", ["", ".", "a b", "a/b", "http://a.example", "a:80", "a..b", "\u200b.de", "a.\u200b.b", "a\0.de"]
)
def test_what_no_host_can_be_is_no_domain(text: str) -> None:
    """A filter that would never match is a mistake, and told at once."""
    with pytest.raises(BadParameter):
        domain_name(text)
