"""Signed addresses."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

import imagepipe
from imagepipe.errors import NotSigned
from imagepipe.signing import check_expiry, sign, verify

_KEY, _OLD = "a-key-of-some-length", "an-older-key-of-some-length"


def test_the_rule_written_down_for_other_languages_holds() -> None:
    """A fixed vector: whoever reimplements the ten lines can compare with it."""
    signature = sign("/images/cards", {"w": "680", "src": "https://e.example/a b.jpg?x=1&y=ü"}, "0123456789abcdef")
    assert signature == _vector()


def _vector() -> str:
    import base64
    import hashlib
    import hmac

    text = "/images/cards?src=https%3A%2F%2Fe.example%2Fa%20b.jpg%3Fx%3D1%26y%3D%C3%BC&w=680"
    digest = hmac.new(b"0123456789abcdef", text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@given(st.text(max_size=40), st.integers(1, 5000))
def test_a_built_address_verifies(src: str, width: int) -> None:
    """Whatever the source's address holds, the query read back verifies with any of the keys."""
    src = src.encode("utf-8", "ignore").decode() or "x"
    address = urlsplit(imagepipe.url("https://img.example/images/cards", src, width=width, key=_KEY))
    parameters = dict(parse_qsl(address.query, keep_blank_values=True))
    verify(address.path, parameters, (_OLD, _KEY))
    assert parameters["src"] == src


@pytest.mark.parametrize("change", [{"w": "9"}, {"signature": ""}, {"signature": "é"}, {"h": "1"}])
def test_any_change_is_refused(change: dict[str, str]) -> None:
    """A parameter changed or added, or the signature itself."""
    parameters = {"src": "x", "w": "1"}
    parameters["signature"] = sign("/p", parameters, _KEY)
    with pytest.raises(NotSigned):
        verify("/p", {**parameters, **change}, (_KEY,))


def test_the_path_is_signed_too() -> None:
    """An address for one pipeline is none for another."""
    parameters = {"src": "x", "signature": sign("/images/cards", {"src": "x"}, _KEY)}
    with pytest.raises(NotSigned):
        verify("/images/avatars", parameters, (_KEY,))


def test_a_signed_address_expires() -> None:
    """Good until that second, then not; and not with anything that is no number."""
    check_expiry({"expires": "100"}, 99.9)
    for text in ("100", "1e9", "-1", "", "٣"):
        with pytest.raises(NotSigned):
            check_expiry({"expires": text}, 100.0)


def test_srcset_lists_each_width() -> None:
    """As `<img srcset>` wants it."""
    value = imagepipe.srcset("/images/cards", "https://e.example/a.jpg", (360, 680))
    first, second = value.split(", ")
    assert first.endswith(" 360w")
    assert "w=680" in second
