from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.extract.decode import decode_page

ARABIC = (
    "أعلن مجلس المدينة في اجتماعه الأسبوعي عن بدء أعمال صيانة الطرق الرئيسية في الأحياء الشمالية، وقال رئيس المجلس إن"
    " العمل يستمر حتى نهاية الشهر على أن تعود الحركة إلى طبيعتها مع بداية العام الدراسي."
)
PERSIAN = (
    "شورای شهر در نشست هفتگی خود از آغاز تعمیر خیابان‌های اصلی خبر داد و گفت که این کار تا پایان ماه ادامه دارد"
    " و پس از آن رفت و آمد به حالت عادی برمی‌گردد."
)
URDU_1256 = "پاکستان کا مرکزی بینک اور وزارت خزانہ اس بات پر متفق ہیں"
FRENCH = (
    "Le conseil a décidé de réparer les routes abîmées près de la forêt ; les élèves étaient "
    "très fâchés, déjà l'été passé."
)
TURKISH = (
    "Belediye meclisi, şehrin kuzeyindeki yolların onarılması için çalışmalara başladı; "
    "öğrenciler bu değişikliği sevdi."
)
POLISH = (
    "Rada miasta zdecydowała, że drogi na północy zostaną naprawione, a uczniowie będą mogli "
    "wrócić do szkoły wcześniej."
)
RUSSIAN = (
    "Городской совет решил отремонтировать дороги на севере, и в школы дети пойдут не по расписанию, что всех удивило."
)
CHINESE = "市议会在会议上决定修复北部的道路，这是为了让学生和居民不再绕行，工程的时间是三个月。"
TAIWANESE = "市議會在會議上決定修復北部的道路，這是為了讓學生和居民不再繞行，工程的時間是三個月。"
JAPANESE = "市議会は会議で北部の道路を修復することを決めたが、これは学生のためであり、工事は三か月の予定とされている。"
KOREAN = "시의회는 회의에서 북부의 도로를 보수하기로 했으며 공사는 석 달까지 이어질 예정이라고 밝혔습니다."

META = (
    '<html lang="{lang}"><head><meta charset="{charset}"><title>{title}</title></head><body><p>{text}</p></body></html>'
)
BARE = "<html><head><title>{title}</title></head><body><p>{text}</p></body></html>"


def page(text: str, charset: str = "", lang: str = "") -> str:
    title = text[:30]
    return (
        META.format(lang=lang, charset=charset, title=title, text=text)
        if charset
        else BARE.format(title=title, text=text)
    )


@pytest.mark.parametrize("text", [ARABIC, ARABIC * 20, PERSIAN.replace("\u200c", "\u200c"), ARABIC[:60]])
@pytest.mark.parametrize(
    ("meta", "content_type"),
    [
        ("windows-1256", ""),
        ("windows-1256", "text/html; charset=windows-1256"),
        ("utf-8", ""),
        ("", "text/html; charset=utf-8"),
        ("", ""),
        ("iso-8859-1", "text/html; charset=ISO-8859-1"),
        ("windows-1252", ""),
        ("nonsense", "text/html; charset=;;"),
    ],
)
def test_windows_1256_is_read_whatever_is_declared(text: str, meta: str, content_type: str) -> None:
    # Windows-1256 has no Persian yeh: a page in it writes the Arabic one.
    html = page(text.replace("ی", "ي"), meta)
    decoded = decode_page(html.encode("cp1256"), content_type=content_type)
    assert decoded.text == html
    assert decoded.encoding == "cp1256"


@pytest.mark.parametrize("text", [ARABIC, PERSIAN, FRENCH, RUSSIAN, CHINESE, JAPANESE, KOREAN])
@pytest.mark.parametrize(
    ("meta", "header"), [("windows-1256", ""), ("", "iso-8859-1"), ("gb2312", "windows-1251"), ("", "")]
)
def test_valid_utf8_wins_over_every_declaration(text: str, meta: str, header: str) -> None:
    html = page(text, meta)
    decoded = decode_page(html.encode(), content_type=f"text/html; charset={header}")
    assert (decoded.text, decoded.encoding, decoded.why) == (html, "utf-8", "valid")


@pytest.mark.parametrize("text", [ARABIC, PERSIAN, RUSSIAN, JAPANESE, KOREAN, CHINESE, FRENCH])
@pytest.mark.parametrize("bad", [1, 5])
@pytest.mark.parametrize("meta", ["", "utf-8", "windows-1256"])
def test_utf8_with_bad_bytes_is_still_utf8(text: str, bad: int, meta: str) -> None:
    data = page(text * 3, meta).encode()
    cut = data.index(b"</p>")
    broken = data[:cut] + b"\xff" * bad + data[cut:]
    decoded = decode_page(broken)
    assert decoded.encoding == "utf-8"
    assert decoded.text.replace("\ufffd", "") == page(text * 3, meta)
    assert decoded.why == "repaired"


@pytest.mark.parametrize("text", [ARABIC, PERSIAN, RUSSIAN, JAPANESE])
def test_utf8_cut_inside_a_character_is_still_utf8(text: str) -> None:
    data = text.encode()
    decoded = decode_page(b"<p>" + data[:-2])
    assert decoded.encoding == "utf-8"
    assert text[:-3] in decoded.text


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (ARABIC, "iso8859_6", "iso-8859-6"),
        (FRENCH, "cp1252", "iso-8859-1"),
        (FRENCH, "iso8859_15", "iso-8859-15"),
        (TURKISH, "cp1254", "iso-8859-9"),
        (POLISH, "iso8859_2", "iso-8859-2"),
        (POLISH, "cp1250", "windows-1250"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "koi8_r", "koi8-r"),
        (CHINESE, "gb18030", "gb2312"),
        (TAIWANESE, "big5", "big5"),
        (JAPANESE, "cp932", "shift_jis"),
        (JAPANESE, "euc_jp", "euc-jp"),
        (JAPANESE, "iso2022_jp", "iso-2022-jp"),
        (KOREAN, "euc_kr", "euc-kr"),
    ],
)
@pytest.mark.parametrize("where", ["meta", "header"])
def test_a_true_declaration_is_followed(text: str, codec: str, label: str, where: str) -> None:
    html = page(text, label if where == "meta" else "")
    decoded = decode_page(
        html.encode(codec), content_type=f"text/html; charset={label}" if where == "header" else "text/html"
    )
    assert decoded.text == html


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (ARABIC, "iso8859_6"),
        (FRENCH, "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (CHINESE, "gb18030"),
        (JAPANESE, "cp932"),
        (KOREAN, "euc_kr"),
    ],
)
@pytest.mark.parametrize("meta", ["", "utf-8"])
def test_an_undeclared_or_wrongly_declared_page_is_read_by_evidence(text: str, codec: str, meta: str) -> None:
    html = page(text, meta)
    assert decode_page(html.encode(codec)).text == html


@pytest.mark.parametrize(
    ("text", "codec", "lang"), [(TURKISH, "cp1254", "tr"), (POLISH, "cp1250", "pl"), (FRENCH, "cp1252", "fr")]
)
def test_the_language_tag_decides_between_latin_codecs(text: str, codec: str, lang: str) -> None:
    html = page(text, "utf-8", lang)
    assert decode_page(html.encode(codec)).text == html


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_byte_order_mark_wins(codec: str) -> None:
    html = page(ARABIC, "windows-1256")
    decoded = decode_page(html.encode(codec), content_type="text/html; charset=iso-8859-1")
    assert decoded.text == html
    assert decoded.why == "bom"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_seen(codec: str) -> None:
    html = page(ARABIC)
    assert decode_page(html.encode(codec)).text == html


def test_zero_width_non_joiner_survives_and_nul_does_not() -> None:
    decoded = decode_page("<p>می\u200cروند\0</p>".encode())
    assert decoded.text == "<p>می\u200cروند</p>"


@given(st.binary(max_size=400), st.text(max_size=40))
def test_never_raises_and_never_leaves_nul(body: bytes, content_type: str) -> None:
    assert "\0" not in decode_page(body, content_type=content_type).text


@given(st.text(max_size=300).filter(lambda text: "\0" not in text and not text.startswith(("\ufeff", "\ufffe"))))
def test_any_text_with_arabic_round_trips_through_utf8(text: str) -> None:
    whole = "<p>" + ARABIC + text
    assert decode_page(whole.encode()).text == whole


JAPANESE = "市議会は二年間の工事のあと、町の中心にある新しい橋が開通したと発表しました。"
ARABIC = "أعلنت بلدية المدينة عن افتتاح الجسر الجديد بعد عامين من العمل على المشروع. "
GERMAN = "Der Bürgermeister sagte, die Brücke sei für alle Fußgänger geöffnet. "


def html(text: bytes, charset: str = "") -> bytes:
    meta = f'<meta charset="{charset}">' if charset else ""
    return f"<html><head>{meta}<title>x</title></head><body><p>".encode() + text + b"</p></body></html>"


def test_a_declared_codec_that_reads_nearly_all_is_right():
    row_13 = b"\xad\xa1\xad\xea\xfc\xe2"  # signs of NEC and IBM, as browsers read them
    found = decode_page(html(JAPANESE.encode("euc_jp") * 5 + row_13, "euc-jp"))
    assert (found.encoding, found.why) == ("euc_jp", "declared")
    assert "①㈱髙" in found.text
    chinese = "市議會宣布新的橋樑在兩年工程後於市中心開通。".encode("big5") * 5 + b"\xa3\xe1"
    assert "開通。€" in decode_page(html(chinese, "big5")).text


def test_a_declared_codec_that_reads_little_is_not_believed():
    assert decode_page(html((ARABIC * 5).encode("cp1256"), "euc-jp")).encoding == "cp1256"


def test_japanese_without_a_declaration_is_not_taken_for_chinese():
    assert decode_page(html(JAPANESE.encode("euc_jp") * 5)).encoding == "euc_jp"
    chinese = "市议会宣布新的桥梁在两年的工程后开通，居民表示欢迎，这是中国的。"
    assert decode_page(html(chinese.encode("gb18030") * 5)).encoding == "gb18030"


@pytest.mark.parametrize(
    ("text", "codec"), [(ARABIC, "latin-1"), (ARABIC, "cp1256"), (GERMAN, "latin-1"), (GERMAN, "cp1252")]
)
def test_what_was_encoded_twice_is_decoded_twice(text: str, codec: str) -> None:
    twice = html((text * 5).encode().decode(codec, "surrogateescape").encode("utf-8", "replace"), "utf-8")
    found = decode_page(twice)
    assert found.why == "repaired"
    assert text.strip() in found.text


@pytest.mark.parametrize(
    "text",
    ["Über « Ã¼ » und andere Zeichen für Bücher, Größe, Äpfel, Öl. ", "طعام وظلال «ط§» في النص. ", "ÀÉÎÕÜ à é î õ ü "],
)
def test_text_that_only_looks_like_it_is_left_alone(text: str) -> None:
    found = decode_page(html((text * 5).encode(), "utf-8"))
    assert (found.why, text in found.text) == ("valid", True)


def test_a_quotation_mark_that_a_header_never_closes():
    body = html("市议会宣布".encode("gbk"))
    assert decode_page(body, content_type='text/html; charset="gbk').encoding == "gb18030"
