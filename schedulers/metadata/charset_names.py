"""The encodings of the WHATWG Encoding Standard: their names, the labels that mean them, and Python's codecs for them.

For `charset.py` and its neighbours. The labels come from the package webencodings, which carries the standard's list.
"""

from functools import cache
from types import MappingProxyType
from typing import Final

from webencodings.labels import LABELS

UTF_8: Final = "UTF-8"
UTF_16_BE: Final = "UTF-16BE"
UTF_16_LE: Final = "UTF-16LE"
WINDOWS_1252: Final = "windows-1252"
ISO_2022_JP: Final = "ISO-2022-JP"
USER_DEFINED: Final = "x-user-defined"
REPLACEMENT: Final = "replacement"
"""What the standard calls encodings that are refused because they hide markup (ISO-2022-KR, HZ …)."""

CODECS = MappingProxyType(
    {
        UTF_8: ("utf-8",),
        UTF_16_BE: ("utf-16-be",),
        UTF_16_LE: ("utf-16-le",),
        # Where Python's codec of that name lacks characters of the standard's index, a larger one is first or next.
        "Big5": ("big5hkscs", "cp950"),
        "EUC-JP": ("euc_jp", "euc_jis_2004"),
        "EUC-KR": ("cp949",),
        "GBK": ("gb18030",),
        "gb18030": ("gb18030",),
        ISO_2022_JP: ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_3"),
        "Shift_JIS": ("cp932", "shift_jis_2004"),
    }
)
"""Encodings of more than one byte a character, with the codecs to try in order."""

SINGLE_BYTE = MappingProxyType(
    {
        "IBM866": "cp866",
        "KOI8-R": "koi8_r",
        "KOI8-U": "koi8_u",
        "macintosh": "mac_roman",
        "windows-874": "cp874",
        "x-mac-cyrillic": "mac_cyrillic",
        **{f"ISO-8859-{part}": f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
        "ISO-8859-8-I": "iso8859_8",
        **{f"windows-{page}": f"cp{page}" for page in range(1250, 1259)},
    }
)
"""Encodings of one byte a character, with Python's codec; `charset_decoders.py` completes its table."""


def name_of(label: str) -> str | None:
    """The encoding that `label` means (encoding.spec.whatwg.org, "get an encoding"); None for what is no label."""
    return _labels().get(label.strip("\t\n\f\r ").lower())


@cache
def _labels() -> dict[str, str]:
    names = {name.lower(): name for name in (*CODECS, *SINGLE_BYTE, USER_DEFINED, REPLACEMENT)}
    return {label: names[name] for label, name in LABELS.items()}
