"""Host names that look like others."""

import time

import pytest

from fetchers.urls import split
from schedulers.model import Known
from spiderduck.lists.confusables import is_confusable
from spiderduck.lists.signals import signals


@pytest.mark.parametrize(
    ("host", "is_so"),
    [
        ("p\u0430ypal.test", True),  # one Cyrillic letter among Latin ones
        ("www.g\u03bfogle.test", True),  # Greek
        ("\u0440\u0430\u0443\u0440\u0430\u04cf.test", True),  # Cyrillic alone, and all of it looks like ASCII
        ("\u0561\u0566\u0430.test", True),  # Armenian and Cyrillic
        ("\u043f\u0440\u0438\u043c\u0435\u0440.test", False),  # an ordinary Russian word
        ("m\u00fcnchen.test", False),
        ("\u65e5\u672c\u8a9e\u3067\u30fc\u30bf.test", False),  # Japanese, with its long mark
        ("abc\u4e2d\u6587.test", False),
        ("\ud55c\uad6d.test", False),
        ("\u03b5\u03bb\u03bb\u03ac\u03b4\u03b1.test", False),
        ("plain.test", False),
        ("203.0.113.7", False),
    ],
)
def test_what_a_reader_would_take_for_another_name(host: str, is_so: bool) -> None:
    serialised = split(f"http://{host}/").host
    assert is_confusable(serialised) is is_so
    assert ("confusable_host" in signals([f"http://{host}/"], Known(), 0.0)) is is_so


@pytest.mark.parametrize("label", ["xn--", "xn---", "xn--99999999999999999", "xn--" + "a" * 60, "xn--" + "9" * 5000])
def test_broken_labels_are_nothing(label: str) -> None:
    began = time.process_time()
    assert not is_confusable(f"{label}.test")
    assert time.process_time() - began < 0.5
