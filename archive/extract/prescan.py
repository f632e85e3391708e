"""Find the encoding that a page declares in its first bytes, as a browser does.

Implements HTML Standard, section 13.2.3.2, "prescan a byte stream to determine its encoding", with the labels of the Encoding Standard.
The standard scans 1024 bytes and leaves a later `<meta>` to the tree builder; here the same rules scan `LOOK` bytes.
"""
# ruff: noqa: E501 -- a table of data

from __future__ import annotations

import codecs
import re
from typing import Final

LOOK: Final = 16_384
"""Bytes scanned: real pages have the declaration in the first kilobyte or, after inlined scripts, in the first ten."""

# https://encoding.spec.whatwg.org/#names-and-labels: the Python codec for each encoding, and its labels. Where Python's codec of the same name
# differs from browsers, the one that they mean is used: gb18030 for GBK, cp949 for EUC-KR, cp932 for Shift_JIS.
_LABELS: Final = """
utf-8: unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8
cp866: 866 cp866 csibm866 ibm866
iso8859-2: csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2
iso8859-3: csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3
iso8859-4: csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4
iso8859-5: csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988
iso8859-6: arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987
iso8859-7: csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek
iso8859-8: csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical
iso8859-10: csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6
iso8859-13: iso-8859-13 iso8859-13 iso885913
iso8859-14: iso-8859-14 iso8859-14 iso885914
iso8859-15: csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9
iso8859-16: iso-8859-16
koi8-r: cskoi8r koi koi8 koi8-r koi8_r
koi8-u: koi8-ru koi8-u
mac-roman: csmacintosh mac macintosh x-mac-roman
cp874: dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874
cp1250: cp1250 windows-1250 x-cp1250
cp1251: cp1251 windows-1251 x-cp1251
cp1252: ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252 x-user-defined
cp1253: cp1253 windows-1253 x-cp1253
cp1254: cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254
cp1255: cp1255 windows-1255 x-cp1255
cp1256: cp1256 windows-1256 x-cp1256
cp1257: cp1257 windows-1257 x-cp1257
cp1258: cp1258 windows-1258 x-cp1258
mac-cyrillic: x-mac-cyrillic x-mac-ukrainian
gb18030: chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030
big5hkscs: big5 big5-hkscs cn-big5 csbig5 x-x-big5
euc_jp: cseucpkdfmtjapanese euc-jp x-euc-jp
iso2022_jp: csiso2022jp iso-2022-jp
cp932: csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis
cp949: cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949
utf-16-be: unicodefffe utf-16be
utf-16-le: csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le
"""
_CODECS: Final = {
    label: codecs.lookup(codec).name.replace("-", "_")
    for codec, _, labels in (line.partition(": ") for line in _LABELS.split("\n"))
    for label in labels.split()
}
_TAG: Final = re.compile(rb"<(?:(!--)|(/?[a-zA-Z])|[!/?])")
_SPACE: Final = re.compile(rb"[\t\n\f\r ]*+")
_NAME: Final = re.compile(rb"[\t\n\f\r /]*+([^\t\n\f\r />][^\t\n\f\r />=]*+)")
_VALUE: Final = re.compile(rb"[^\t\n\f\r >]*+")
_CHARSET: Final = re.compile(
    rb"charset[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\"'\t\n\f\r ;][^\t\n\f\r ;]*+))", re.IGNORECASE
)


def codec_of(label: str) -> str:
    """Return the Python codec of an encoding label, '' if the Encoding Standard does not have it."""
    return _CODECS.get(label.strip("\t\n\f\r ").lower(), "")


def served_encoding(content_type: str) -> str:
    """Return the Python codec of the `charset` of a Content-Type header, '' if it is missing or unknown."""
    return _of_value(content_type.encode("utf-8", "replace")) or codec_of(_unclosed(content_type))


def _unclosed(content_type: str) -> str:
    """Return a header's label after an unclosed quotation mark; in a `<meta>`, the standard ignores such a label."""
    _, quote, label = content_type.lower().partition('charset="')
    return label.partition('"')[0] if quote else ""


def declared_encoding(body: bytes) -> str:
    """Return the Python codec of the first `<meta>` that declares a known encoding, '' if there is none. Linear; never raises."""
    data, place = body[:LOOK], 0
    while (tag := _TAG.search(data, place)) is not None:
        if tag[1]:
            end = data.find(b"-->", tag.start() + 2)  # `<!-->` is a whole comment
            place = end + 3
        elif tag[2]:
            name_end = _VALUE.match(data, tag.end())
            found: dict[bytes, bytes] = {}
            end = place = _read_attributes(data, name_end.end() if name_end else tag.end(), found)
            if _is_meta(data, tag.start()) and end >= 0 and (codec := _of_meta(found)):
                return codec
        else:
            end = data.find(b">", tag.end())
            place = end + 1
        if end < 0:  # the data ends within the tag
            return ""
    return ""


def _is_meta(data: bytes, start: int) -> bool:
    return data[start + 1 : start + 5].lower() == b"meta" and data[start + 5 : start + 6] in (
        b"\t",
        b"\n",
        b"\f",
        b"\r",
        b" ",
        b"/",
    )


def _read_attributes(data: bytes, place: int, found: dict[bytes, bytes]) -> int:
    """Add the attributes from `place` on to `found`, by lower-case name, the first of each; return the tag's end, -1 if it has none."""
    while (name := _NAME.match(data, place)) is not None:
        place = _end(_SPACE.match(data, name.end()))
        value = b""
        if data[place : place + 1] == b"=":
            place = _end(_SPACE.match(data, place + 1))
            quote = data[place : place + 1]
            if quote in (b'"', b"'"):
                end = data.find(quote, place + 1)
                if end < 0:
                    return -1
                value, place = data[place + 1 : end], end + 1
            else:
                end = _end(_VALUE.match(data, place))
                value, place = data[place:end], end
        found.setdefault(name[1].lower(), value.lower())
    end = data.find(b">", place)  # only blanks and slashes may precede it
    return end if end < 0 else end + 1


def _end(match: re.Match[bytes] | None) -> int:
    assert match is not None  # noqa: S101 - these patterns match the empty string
    return match.end()


def _of_meta(attributes: dict[bytes, bytes]) -> str:
    """Return the codec that a `<meta>` declares in `charset`, or in `content` with `http-equiv=content-type`; '' for none."""
    codec = ""
    if b"charset" in attributes:
        codec = codec_of(attributes[b"charset"].decode("latin-1"))
    elif attributes.get(b"http-equiv") == b"content-type":
        codec = _of_value(attributes.get(b"content", b""))
    return "utf_8" if codec.startswith("utf_16") else codec  # a declaration that was read as ASCII cannot be in UTF-16


def _of_value(value: bytes) -> str:
    match = _CHARSET.search(value)
    return codec_of((match[1] or match[2] or match[3] or b"").decode("latin-1")) if match else ""
