"""Finds a page's encoding by evidence: bytes and what HTTP and HTML declare come in, text and the reason go out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from w3lib.encoding import read_bom

from archive.extract.prescan import declared_encoding, served_encoding

# What is weighed is a sample: a quarter of a megabyte says what a page is written in, however long it is.
_SAMPLE = 262_144
# UTF-8 is self-checking: four good multi-byte characters for each bad byte do not happen in a legacy encoding.
_GOOD_PER_BAD = 4
# Codecs worth trying undeclared, most likely first; the ones that a news site in these languages really served.
_UNDECLARED = ("cp1256", "iso8859_6", "cp1252", "cp1251", "koi8_r", "gb18030", "big5", "cp932", "euc_jp", "euc_kr")
# Latin pages give the same evidence in every Latin codec; the tag of the page decides between them.
_LATIN_BY_LANGUAGE = {
    "tr": "cp1254", "az": "cp1254", "pl": "cp1250", "cs": "cp1250", "sk": "cp1250", "hu": "cp1250", "hr": "cp1250",
    "sl": "cp1250",
    "ro": "cp1250", "lt": "cp1257", "lv": "cp1257", "et": "cp1257", "vi": "cp1258",
}  # fmt: skip
_LANG = re.compile(rb"<html[^>]{0,400}?\blang\s{0,9}=\s{0,9}[\"']?([a-zA-Z]{2})", re.IGNORECASE)
_ESCAPES = re.compile(rb"\x1b[$(]")
_EDGES = re.compile(rb"[<>]")

# Marks of a language that cannot appear by chance in another codec: its commonest short words, or letters where only
# it puts them.
_MARKS = (
    re.compile("ال[\u0621-\u064a]{2}"),
    re.compile(
        r"(?<![^\s>])(?:في|من|على|إلى|الى|أن|ان|عن|مع|هذا|هذه|التي|الذي|و|در|از|که|این|را|با|است|به|برای|ہے|کے|میں"
        r"|کی|سے|کا|اور|ئه|له)(?=[\s<.,،])"
    ),
    re.compile(r"(?<![^\s>])(?:и|в|не|на|что|с|по|как|это|из|за|от|для|о|у|к|та|що|і|й|до|від)(?=[\s<.,])"),
    re.compile("[的是在了不和有中国國這这]"),
    re.compile("[のはをにがでとしたる]{2}"),
    re.compile("(?:니다|에서|으로|하는|했다|이다|까지)"),
    re.compile("(?<=[a-z])[\u00c0-\u024f](?=[a-z ,.;:!?'’<\n-])|(?<![^\\s>\"«(’'])[\u00c0-\u024f](?=[a-z])"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text without NUL characters, the Python codec it was read with, and why that one.

    `why` is `bom`, `valid`, `repaired` (UTF-8 with bad bytes), `declared`, `evidence` or `default`.
    """

    text: str
    encoding: str
    why: str


def decode(body: bytes, *, content_type: str = "") -> Decoded:
    """Reads `body` as text. `content_type` is the HTTP header's value, '' when there is none.

    A byte order mark wins, then valid UTF-8 (whatever is declared: browsers disagree, but no other encoding passes by
    chance), then UTF-8
    with a few bad bytes (each becomes U+FFFD), then the codec among the declared and the likely ones whose text looks
    most like a language.
    Labels are those of the WHATWG Encoding Standard. Never raises; linear in the size of the body.
    """
    bom, mark = read_bom(body)
    if bom and mark:
        return _decoded(body[len(mark) :], bom, "bom")
    wide = _wide(body)
    if wide:
        return _decoded(body, wide, "evidence")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(body, _declared(body, content_type))
    if b"\x1b" in body and _ESCAPES.search(body) and "iso2022_jp" in _declared(body, content_type):
        return _decoded(body, "iso2022_jp", "declared")
    return Decoded(text=text.replace("\0", ""), encoding="utf-8", why="valid")


def _declared(body: bytes, content_type: str) -> list[str]:
    """Python codec names that HTTP and then HTML declare, UTF-8 and unknown labels left out."""
    codecs = (served_encoding(content_type), declared_encoding(body))
    return [codec for codec in codecs if codec and codec != "utf_8"]


def _wide(body: bytes) -> str:
    """UTF-16 without a byte order mark: every other byte of the markup that a page begins with is NUL."""
    head = body[:1_000].lstrip()[:24]
    if head[1::2].count(0) > 9:
        return "utf-16-le"
    return "utf-16-be" if head[0::2].count(0) > 9 else ""


def _legacy(body: bytes, declared: list[str]) -> Decoded:
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    # A character of n bytes is n - 1 continuation bytes too many, so the good ones can be counted without a loop
    # over the text.
    ascii_count = len(text.encode("ascii", "ignore"))
    good = len(text) - ascii_count - bad
    if good >= _GOOD_PER_BAD * bad:
        return Decoded(text=text.replace("\0", ""), encoding="utf-8", why="repaired")
    # Markup says nothing of the codec: only what holds a byte beyond ASCII is weighed. (No codec has < or > in a letter.)
    sample = b">".join(piece for piece in _EDGES.split(body[:_SAMPLE]) if not piece.isascii())
    best, why, most = "utf-8", "evidence", _evidence(sample, "utf-8")
    for codec in (*declared, *_UNDECLARED):
        # A declaration is a witness too: against it, another codec must show twice the evidence.
        score = _evidence(sample, codec) * (2 if codec in declared else 1)
        if score > most:
            best, most, why = codec, score, "declared" if codec in declared else "evidence"
    if most <= 0 and declared:
        best, why = declared[0], "declared"
    elif most <= 0:
        best, why = "cp1252", "default"
    if best == "cp1252" and not declared and (tag := _LANG.search(body[:4096])):
        best = _LATIN_BY_LANGUAGE.get(tag[1].decode().lower(), best)
    return _decoded(body, best, why)


def _evidence(sample: bytes, codec: str) -> int:
    """Marks of the likeliest language in the sample read with that codec, less five for each byte it does not know."""
    try:
        text = sample.decode(codec, "replace")
    except (LookupError, UnicodeError):
        return -1
    # 0x80-0x9F are letters or punctuation in Windows codecs and control characters elsewhere: a page has none of those.
    bad = text.count("\ufffd") + sum(text.count(chr(control)) for control in range(0x80, 0xA0))
    return max(sum(1 for _ in marks.finditer(text)) for marks in _MARKS) - 5 * bad


def _decoded(body: bytes, codec: str, why: str) -> Decoded:
    return Decoded(text=body.decode(codec, "replace").replace("\0", ""), encoding=codec, why=why)
