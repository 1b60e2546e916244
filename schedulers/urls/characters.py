"""Which characters may stand where in a URL that is written in a text: the classes of twitter-text, version 3.

From github.com/twitter/twitter-text (js/src/regexp, Apache-2.0), where each is named as here. All are bodies of regular
expression classes. Every pattern here runs in linear time: the repetitions are possessive and never look back.
"""

import re

SPACES = r"\x09-\x0D\x20\x85\xA0\u1680\u180E\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"
DIRECTIONAL_MARKS = r"\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069"
INVALID = r"\uFFFE\uFEFF\uFFFF"
LATIN_ACCENTS = (
    r"\xC0-\xD6\xD8-\xF6\xF8-\xFF\u0100-\u024F\u0253\u0254\u0256\u0257\u0259\u025B\u0263\u0268\u026F\u0272\u0289\u028B"
    r"\u02BB\u0300-\u036F\u1E00-\u1EFF"
)
CYRILLIC = r"\u0400-\u04FF"

_NO_HOST = rf"!'#%&()*+,\\/:;<=>?@\[\]^{{|}}~${SPACES}{INVALID}{DIRECTIONAL_MARKS}"

HOST_RUN = re.compile(rf"[^{_NO_HOST}]+")
"""Everything between two characters that no host contains: labels, dots, hyphens and underscores, of any script."""

START = re.compile(rf"(?<![A-Za-z0-9@＠$#＃{INVALID}])[^\-_.]")
"""A place where a URL may begin: not inside a word or number, not behind the mark of a mention, hashtag or cashtag."""

ASCII_LABELS = re.compile(rf"(?:[\-a-z0-9{LATIN_ACCENTS}]++\.)++", re.IGNORECASE)
"""Labels of Latin letters, each with its dot. Without a scheme only these are taken for a host."""

PORT = re.compile(r":[0-9]+")

SPACED_SCRIPTS = (
    r"\u0370-\u03FF\u0500-\u058F\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05D0-\u05F2\u0610-\u061A\u0620-\u0669"
    r"\u066E-\u06D3\u06D5-\u06DC\u06DF-\u06E8\u06EA-\u06FF\u0710-\u07F5\u0800-\u082D\u0840-\u085B\u08A0-\u0963\u0966-\u0DF3"
    r"\u0E01-\u0E3A\u0E40-\u0E4E\u0E50-\u0E59\u0E81-\u0F03\u0F18-\u0F39\u0F3E-\u0F84\u0F86-\u0FBC\u1000-\u1049\u1050-\u10FA"
    r"\u10FC-\u10FF\u1200-\u135F\u1380-\u138F\u13A0-\u13FD\u1401-\u166C\u166F-\u167F\u1681-\u169A\u16A0-\u16EA\u1780-\u17D3"
    r"\u17E0-\u17E9\u1810-\u18AA\u1F00-\u1FFF"
)
"""Letters, marks and digits of scripts that part words by spaces, and of Thai, Lao, Khmer and Burmese: browsers copy
them into addresses as they are. Beyond twitter-text."""

_IDEOGRAPHS = (
    r"\u1100-\u11FF\u3005-\u3007\u3041-\u3096\u3099-\u309A\u309D-\u309F\u30A1-\u30FA\u30FC-\u30FF\u3131-\u318E"
    r"\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7A3"
)

_ENDING = rf"a-z0-9+\-=_#/{CYRILLIC}{LATIN_ACCENTS}{SPACED_SCRIPTS}"
# Joiners stand inside words of Persian and of India's scripts.
_BETWEEN = r"!*';:,.$%\[\]\u2013~@|&\u200C\u200D"
_PATH_CHARACTER = rf"[{_ENDING}{_BETWEEN}]"
_BALANCED = rf"\((?:{_PATH_CHARACTER}++\)|{_PATH_CHARACTER}*+\({_PATH_CHARACTER}++\){_PATH_CHARACTER}*+\))"
"""Parentheses that close again, one level deep: (film), (a(b)c)."""

_REST = rf"(?:[{_BETWEEN}]*+(?:[{_ENDING}]++|{_BALANCED}))*+"

PATH = re.compile(rf"/{_REST}", re.IGNORECASE)
"""A path ends with a letter, a digit or a closed parenthesis: what follows is the sentence's punctuation."""

SEGMENT = re.compile(rf"[{_IDEOGRAPHS}]++{_REST}", re.IGNORECASE)
"""Chinese, Japanese or Korean text in a path, and what follows. Such text goes on right behind a URL, so it counts only
at the beginning of a segment that is not the first."""

QUERY = re.compile(
    rf"\?(?:[!?*'@();:$%\[\].,~|+\u200C\u200D]*+(?:[a-z0-9\-_&#/{CYRILLIC}{LATIN_ACCENTS}{SPACED_SCRIPTS}]++|=[{_IDEOGRAPHS}]*+))++",
    re.IGNORECASE,
)
"""Of Chinese, Japanese and Korean text what stands right behind a `=`."""

NEXT = re.compile(r"[,;]https?://", re.IGNORECASE)
"""Where a list of URLs goes on."""

TCO = re.compile(rf"https?://t\.co/([a-z0-9]++)(?:{QUERY.pattern})?", re.IGNORECASE)
"""Twitter's own short links have no other path, so what follows the slug belongs to the sentence."""
