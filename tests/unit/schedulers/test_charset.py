"""`schedulers.metadata.charset`: the encoding as browsers find it, and a text wherever one can be had."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedulers.metadata.charset import decode, sniff_encoding
from schedulers.metadata.charset_decoders import strictly
from schedulers.metadata.charset_names import CODECS, SINGLE_BYTE, name_of

UTF_8, LATIN = "UTF-8", "windows-1252"
META = b'<meta charset="koi8-r">'


def padded(markup: bytes) -> bytes:
    """`markup` behind the bytes that are prescanned, still in the head."""
    return b"<!doctype html><html><head><script>" + b"x" * 1100 + b"</script>" + markup


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"\xef\xbb\xbf" + META, "text/html; charset=gbk", UTF_8),
        (b"\xfe\xff\0a", "text/html; charset=gbk", "UTF-16BE"),
        (b"\xff\xfea\0", None, "UTF-16LE"),
        (META, "text/html; charset=gbk", "GBK"),
        (META, 'text/html; Charset = "Shift_JIS"; x=y', "Shift_JIS"),
        (META, "text/html; charset=nonsense", "KOI8-R"),
        (META, "text/html", "KOI8-R"),
        (b"a", "text/html;charset=utf-16", "UTF-16LE"),
        (b"a", "text/html;charset=latin1", LATIN),
        (b"a", "text/html;charset=x-user-defined", "x-user-defined"),
        (b"a", "text/html;charset=iso-2022-kr", "replacement"),
    ],
)
def test_the_mark_beats_the_transport_and_that_the_page(body: bytes, content_type: str | None, expected: str) -> None:
    """In the standard's order; a label that means nothing is passed over."""
    assert sniff_encoding(body, content_type) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (b"<META CHARSET=KOI8-R>", "KOI8-R"),
        (b"<meta/charset='koi8-r'/>", "KOI8-R"),
        (b"<meta name=x charset = koi8-r >", "KOI8-R"),
        (b"<meta http-equiv=Content-Type content='text/html; charset=\"koi8-r\"'>", "KOI8-R"),
        (b"<meta content='text/html; charset=koi8-r' http-equiv=content-type>", "KOI8-R"),
        (b"<meta content='text/html; charset=koi8-r'>", LATIN),
        (b"<meta http-equiv=refresh content='0; charset=koi8-r'>", LATIN),
        (b"<meta charset=nonsense><meta charset=koi8-r>", "KOI8-R"),
        (b"<meta charset=utf-16be>", UTF_8),
        (b"<meta charset=x-user-defined>", LATIN),
        (b"<!-- <meta charset=koi8-r> --><meta charset=gbk>", "GBK"),
        (b"<!--> <meta charset=koi8-r>", "KOI8-R"),
        (b"<a title='<meta charset=koi8-r>'>", LATIN),
        (b"<? <meta charset=koi8-r><meta charset=gbk>", "GBK"),
        (b"<metal charset=koi8-r>", LATIN),
        (b"<meta charset=koi8-r", LATIN),
        (b"<meta charset='koi8-r>", LATIN),
        (b"<?xml version='1.0' encoding='koi8-r'?>", "KOI8-R"),
        (b"<?xml version='1.0' encoding='koi8-r'?><meta charset=gbk>", "GBK"),
        (b"<?xml version='1.0' encoding='utf-16'?>", UTF_8),
        (b"<\0?\0x\0m\0l\0", "UTF-16LE"),
        (b"\0<\0?\0x\0m\0l", "UTF-16BE"),
        (b"<\0h\0t\0m\0l\0>\0", LATIN),  # browsers never guess UTF-16
    ],
)
def test_what_the_first_bytes_declare(markup: bytes, expected: str) -> None:
    """The standard's prescan, broken tags and all."""
    assert sniff_encoding(markup) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (META, "KOI8-R"),
        (b"<style>a</style><title><meta charset=gbk></title>" + META, "KOI8-R"),
        (b"<script>'<meta charset=gbk>'</script><!-- <meta charset=gbk> -->" + META, "KOI8-R"),
        (b"</head>" + META, LATIN),
        (b"<body>" + META, LATIN),
        (b"<p>" + META, LATIN),
        (b"<meta charset=utf-16>", UTF_8),
    ],
)
def test_a_declaration_further_down_in_the_head_counts(markup: bytes, expected: str) -> None:
    """As the parser would meet it; the body declares nothing."""
    assert sniff_encoding(padded(markup)) == expected


SILENT = {
    "windows-1251": "Сегодня правительство объявило о новых мерах поддержки малого бизнеса.",
    "KOI8-R": "Сегодня правительство объявило о новых мерах поддержки малого бизнеса.",
    "windows-1253": "Η κυβέρνηση ανακοίνωσε σήμερα νέα μέτρα στήριξης των μικρών επιχειρήσεων.",
    "windows-1254": "Hükümet bugün küçük işletmeleri desteklemek için yeni önlemler açıkladı.",
    "windows-1250": "Rząd ogłosił dziś nowe środki wsparcia dla małych przedsiębiorstw. Żółta łódź.",
    "windows-1252": "Le gouvernement a annoncé aujourd’hui de nouvelles mesures d’aide à l’économie.",
    "windows-1255": "הממשלה הודיעה היום על צעדים חדשים לתמיכה בעסקים קטנים.",
    "windows-1256": "أعلنت الحكومة اليوم عن إجراءات جديدة لدعم الشركات الصغيرة.",
    "windows-874": "รัฐบาลประกาศมาตรการใหม่ในวันนี้เพื่อสนับสนุนธุรกิจขนาดเล็ก",
    "Shift_JIS": "政府は本日、中小企業を支援するための新しい措置を発表しました。",
    "EUC-JP": "政府は本日、中小企業を支援するための新しい措置を発表しました。",
    "ISO-2022-JP": "政府は本日、中小企業を支援するための新しい措置を発表しました。",
    "GBK": "政府今天宣布了支持小企业的新措施。专家认为，这不足以使经济在危机后恢复。",
    "Big5": "政府今天宣布了支持小企業的新措施。專家認為，這不足以使經濟在危機後恢復。",
    "IBM866": "Сегодня правительство объявило о новых мерах поддержки малого бизнеса.",
    "KOI8-U": "Сьогодні уряд оголосив про нові заходи підтримки малого бізнесу України.",
    "windows-1257": "Valdība šodien paziņoja par jauniem pasākumiem mazo uzņēmumu atbalstam.",
    "EUC-KR": "정부는 오늘 중소기업을 지원하기 위한 새로운 조치를 발표했다.",
    "UTF-8": "Größe, мера, 漢字",
}


def encoded(text: str, name: str) -> bytes:
    return text.encode(SINGLE_BYTE[name] if name in SINGLE_BYTE else CODECS[name][0])


@pytest.mark.parametrize("name", SILENT)
def test_a_page_that_says_nothing_is_recognised(name: str) -> None:
    """From one sentence, between markup."""
    body = b"<html><head><title>" + encoded(SILENT[name], name) + b"</title></head><body><p>Text</p></body></html>"
    assert sniff_encoding(body) == name
    assert SILENT[name] in decode(body)[0]


def test_a_page_of_ascii_is_windows_1252() -> None:
    """The standard's default, and so is the empty page."""
    assert sniff_encoding(b"<p>text</p>") == sniff_encoding(b"") == LATIN


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("déjà vu".encode("cp1252"), "text/html; charset=utf-8", ("déjà vu", LATIN)),
        (b"caf\xe9", "text/html; charset=utf-8", ("café", LATIN)),
        (SILENT["windows-1251"].encode("cp1251"), "text/html; charset=utf-8", (SILENT["windows-1251"], "windows-1251")),
        (SILENT["windows-1251"].encode(), "text/html; charset=gbk", (SILENT["windows-1251"], UTF_8)),
        ("Größe über Maß für".encode(), "text/html; charset=latin1", ("Größe über Maß für", UTF_8)),
        (b"<p>text</p>", "text/html; charset=utf-16", ("<p>text</p>", UTF_8)),
        ("漢字かな".encode()[:-1], "text/html; charset=utf-8", ("漢字か", UTF_8)),
        ("漢字".encode() + b"\xff" + "かな".encode(), "text/html; charset=utf-8", ("漢字\ufffdかな", UTF_8)),
        ("①漢字".encode("euc_jis_2004"), "text/html; charset=euc-jp", ("①漢字", "EUC-JP")),
        ("①髙".encode("cp932"), "text/html; charset=shift_jis", ("①髙", "Shift_JIS")),
        (b"\x80\x81\x9d", "text/html; charset=iso-8859-1", ("€\x81\x9d", LATIN)),
        (b"\xae", "text/html; charset=koi8-u", ("ў", "KOI8-U")),
        (b"\x80", "text/html; charset=x-user-defined", ("\uf780", "x-user-defined")),
        (b"\xef\xbb\xbfa", None, ("a", UTF_8)),
        ("\ufeffhé".encode("utf-16-be"), None, ("hé", "UTF-16BE")),
        ("<p>漢字".encode("utf-16-le"), None, ("<p>漢字", "UTF-16LE")),
        (" \n<!doctype html>é".encode("utf-16-be"), "text/html; charset=utf-8", (" \n<!doctype html>é", "UTF-16BE")),
        (b"\0<p>caf\xe9</p>", None, ("\0<p>café</p>", LATIN)),
    ],
)
def test_decoding_takes_the_encoding_that_fits(
    body: bytes, content_type: str | None, expected: tuple[str, str]
) -> None:
    """The declared one if it does, or if hardly anything is broken; else another that does."""
    assert decode(body, content_type) == expected


@settings(deadline=None)
@given(
    st.binary() | st.text().map(str.encode),
    st.none() | st.text() | st.sampled_from(list(SILENT)).map("charset={}".format),
)
def test_no_bytes_raise_anything(body: bytes, content_type: str | None) -> None:
    """And the name is always one of the standard's."""
    name = sniff_encoding(body, content_type)
    text, used = decode(body, content_type)
    assert name_of(name) == name
    assert name_of(used) == used
    assert isinstance(text, str)


WORDS = "<meta charset = ' \" utf-8 gbk > <!-- --> </ <? ?xml / http-equiv content content-type ; <script"
MARKUP = st.sampled_from(WORDS.split())


@settings(deadline=None)
@given(st.lists(MARKUP, max_size=30).map(" ".join), st.integers(0, 1200))
def test_no_markup_raises_anything(markup: str, before: int) -> None:
    """Cut tags, open quotes and comments, in the first bytes and behind them."""
    assert name_of(sniff_encoding(b" " * before + markup.encode()))


@settings(deadline=None)
@given(st.text(), st.sampled_from(sorted({*CODECS, *SINGLE_BYTE})))
def test_what_is_declared_and_fits_comes_back(text: str, name: str) -> None:
    """Every encoding of the standard, by its own name as the label."""
    codec = SINGLE_BYTE[name] if name in SINGLE_BYTE else CODECS[name][0]
    # A lone escape is encoded as it is by ISO-2022-JP, and then begins a sequence that never ends.
    text = text.encode(codec, "ignore").decode(codec, "ignore")
    assert strictly(text.encode(codec), name) == text or name == "KOI8-U"


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=1, codec="utf-8")))
def test_utf_8_that_says_so_is_never_damaged(text: str) -> None:
    """The usual page."""
    assert decode(text.encode(), "text/html; charset=utf-8") == (text.removeprefix("\ufeff"), UTF_8)
