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

_ENDING = rf"a-z0-9+\-=_#/{CYRILLIC}{LATIN_ACCENTS}"
_BETWEEN = r"!*';:,.$%\[\]\u2013~@|&"
_PATH_CHARACTER = rf"[{_ENDING}{_BETWEEN}]"
_BALANCED = rf"\((?:{_PATH_CHARACTER}++\)|{_PATH_CHARACTER}*+\({_PATH_CHARACTER}++\){_PATH_CHARACTER}*+\))"
"""Parentheses that close again, one level deep: (film), (a(b)c)."""

PATH = re.compile(rf"/(?:[{_BETWEEN}]*+(?:[{_ENDING}]++|{_BALANCED}))*+", re.IGNORECASE)
"""A path ends with a letter, a digit or a closed parenthesis: what follows is the sentence's punctuation."""

QUERY = re.compile(r"\?(?:[!?*'@();:$%\[\].,~|+]*+[a-z0-9\-_&=#/]++)++", re.IGNORECASE)

TCO = re.compile(rf"https?://t\.co/([a-z0-9]++)(?:{QUERY.pattern})?", re.IGNORECASE)
"""Twitter's own short links have no other path, so what follows the slug belongs to the sentence."""
