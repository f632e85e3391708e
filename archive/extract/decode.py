"""Determine a page's encoding from evidence: its bytes, and what HTTP and HTML declare."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from w3lib.encoding import read_bom

from archive.extract.prescan import codec_of, declared_encoding, served_encoding

if TYPE_CHECKING:
    from collections.abc import Callable

# Bytes of the sample that is examined; a quarter of a megabyte is enough for a page of any length.
_SAMPLE = 262_144
# UTF-8 is self-checking: text in a legacy encoding never has four valid multi-byte characters for each invalid byte.
_GOOD_PER_BAD = 4
# Codecs to try if undeclared, most likely first; all were seen on news sites.
_UNDECLARED = (
    "cp1252", "cp1256", "iso8859_6", "cp1251", "koi8_r", "gb18030", "big5", "cp932", "euc_jp", "euc_kr", "cp1255",
    "cp1253", "cp874",
)  # fmt: skip
# A Latin page gives the same evidence in every Latin codec; its language tag decides.
_LATIN_BY_LANGUAGE = {
    "tr": "cp1254", "az": "cp1254", "pl": "cp1250", "cs": "cp1250", "sk": "cp1250", "hu": "cp1250", "hr": "cp1250",
    "sl": "cp1250",
    "ro": "cp1250", "lt": "cp1257", "lv": "cp1257", "et": "cp1257", "vi": "cp1258",
}  # fmt: skip
_LANG = re.compile(rb"<html[^>]{0,400}?\blang\s{0,9}=\s{0,9}[\"']?([a-zA-Z]{2})", re.IGNORECASE)
# Codecs in which most byte sequences are invalid: if declared, and nearly all of the page decodes, they are right.
_SELF_CHECKING = frozenset({"euc_jp", "cp932", "big5hkscs", "gb18030", "cp949"})
_MAY_FAIL = 0.01
_KANA = re.compile("[\u3040-\u30ff]")
_ESCAPES = re.compile(rb"\x1b[$(]")
_EDGES = re.compile(rb"[<>]")

# Signs of a language that do not appear by chance in a wrong codec: its most frequent short words or letter positions.
_MARKS = (
    re.compile("ال[\u0621-\u064a]{2}"),
    re.compile(
        r"(?<![^\s>])(?:في|من|على|إلى|الى|أن|ان|عن|مع|هذا|هذه|التي|الذي|و|در|از|که|این|را|با|است|به|برای|ہے|کے|میں"
        r"|کی|سے|کا|اور|ئه|له)(?=[\s<.,،])"
    ),
    re.compile(r"(?<![^\s>])(?:и|в|не|на|что|с|по|как|это|из|за|от|для|о|у|к|та|що|і|й|до|від)(?=[\s<.,])"),
    re.compile("[的是在了不和有中国國這这]"),
    re.compile("[ぁ-ん]"),
    re.compile("(?:니다|에서|으로|하는|했다|이다|까지)"),
    re.compile(r"(?<![^\s>])(?:של|את|על|לא|כי|הוא|היא|גם|זה|עם|או|אל|בין|לפי|אחרי)(?=[\s<.,])"),
    re.compile(r"(?<![^\s>])(?:και|να|το|του|της|την|τον|των|τα|οι|με|για|από|στο|στη|στην|που|είναι|δεν)(?=[\s<.,])"),
    re.compile("(?:การ|ที่|ของ|และ|ใน|ไม่|ว่า|เป็น)"),
    re.compile("(?<=[a-z])[\u00c0-\u024f](?=[a-z ,.;:!?'’<\n-])|(?<![^\\s>\"«(’'])[\u00c0-\u024f](?=[a-z])"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text without NUL characters, the Python codec that decoded it, and why that codec was chosen.

    `why` is `bom`, `valid`, `repaired` (UTF-8 with bad bytes), `declared`, `evidence` or `default`.
    """

    text: str
    encoding: str
    why: str


def decode_page(body: bytes, *, content_type: str = "", label: str = "") -> Decoded:
    """Decode `body`. `content_type` is the value of the HTTP header ('' if missing), `label` that of an XML declaration.

    A byte order mark decides first, then valid UTF-8 (whatever is declared: browsers disagree, but no other encoding is
    valid UTF-8 by chance), then UTF-8 with a few invalid bytes (each becomes U+FFFD), then the declared or likely codec
    whose text looks most like a language. Labels are those of the WHATWG Encoding Standard. Never raises; linear in the
    size of the body.
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
        return _legacy(body, _declared(body, content_type, label))
    if b"\x1b" in body and _ESCAPES.search(body) and "iso2022_jp" in _declared(body, content_type, label):
        return _decoded(body, "iso2022_jp", "declared")
    # nine tenths of most pages are ASCII, so only the rest is searched
    beyond = body.translate(None, _ASCII)
    once = undo_double(text) if any(mark in beyond for mark in _MARKS_OF_TWICE) else text
    why = "valid" if once is text else "repaired"
    return Decoded(text=once.replace("\0", ""), encoding="utf-8", why=why)


def _declared(body: bytes, content_type: str, label: str) -> list[str]:
    """Return the Python codecs that HTTP, XML and HTML declare, in that order, without UTF-8 and unknown labels."""
    found = (served_encoding(content_type), codec_of(label), declared_encoding(body))
    return [codec for codec in found if codec and codec != "utf_8"]


def _wide(body: bytes) -> str:
    """Detect UTF-16 without a byte order mark, in which every other byte of the first markup is NUL; '' for none."""
    head = body[:1_000].lstrip()[:24]
    if head[1::2].count(0) > 9:
        return "utf-16-le"
    return "utf-16-be" if head[0::2].count(0) > 9 else ""


def _legacy(body: bytes, declared: list[str]) -> Decoded:
    text = body.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    # A character of n bytes has n - 1 continuation bytes, so the valid ones can be counted without a loop
    # over the text.
    ascii_count = len(text.encode("ascii", "ignore"))
    good = len(text) - ascii_count - bad
    if good >= _GOOD_PER_BAD * bad:
        return Decoded(text=text.replace("\0", ""), encoding="utf-8", why="repaired")
    # Markup says nothing about the codec, so only texts with non-ASCII bytes count. (No codec uses < or > within a letter.)
    for codec in declared:
        if codec in _SELF_CHECKING and _share_bad(body[:_SAMPLE], codec) < _MAY_FAIL:
            return _decoded(body, codec, "declared")
    sample = b">".join(piece for piece in _EDGES.split(body[:_SAMPLE]) if not piece.isascii())
    best, why, most = "utf-8", "evidence", _evidence(sample, "utf-8")
    for codec in (*declared, *_UNDECLARED):
        # A declaration is evidence, too: another codec needs twice the evidence.
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
    """Return the score of the likeliest language in the sample decoded with that codec, minus five for each undecodable byte."""
    try:
        text = sample.decode(codec, _errors_of(codec))
    except (LookupError, UnicodeError):
        return -1
    # 0x80-0x9F are letters or punctuation in Windows codecs, and control characters elsewhere, which pages do not contain.
    bad = text.count("\ufffd") + sum(text.count(chr(control)) for control in range(0x80, 0xA0))
    if codec == "gb18030":
        bad += len(_KANA.findall(text))  # its kana have the same codes as in EUC-JP, and Chinese uses none
    return max(sum(1 for _ in marks.finditer(text)) for marks in _MARKS) - 5 * bad


def _share_bad(sample: bytes, codec: str) -> float:
    """Return the number of undecodable characters relative to the decoded non-ASCII letters."""
    text = sample.decode(codec, _errors_of(codec))
    bad = text.count("\ufffd")
    return bad / max(len(text) - len(text.encode("ascii", "ignore")), 1)


def _decoded(body: bytes, codec: str, why: str) -> Decoded:
    return Decoded(text=body.decode(codec, _errors_of(codec)).replace("\0", ""), encoding=codec, why=why)


def _errors_of(codec: str) -> str:
    return _HANDLERS.get(codec, "replace")


def _by_cp932(error: UnicodeError) -> tuple[str, int]:
    """Decode an EUC-JP pair missing from Python's table by the same row and cell of cp932 (NEC and IBM extensions: ①, ㈱, 髙)."""
    return _pair(error, lambda a, b: _shifted(a - 0xA1, b - 0xA1), "cp932")


def _by_cp950(error: UnicodeError) -> tuple[str, int]:
    """Decode a Big5 pair missing from the Hong Kong table by Microsoft's table (€, box drawing)."""
    return _pair(error, lambda a, b: bytes((a, b)), "cp950")


def _pair(error: UnicodeError, turned: Callable[[int, int], bytes], codec: str) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    pair = error.object[error.start : error.start + 2]
    if len(pair) == 2 and pair[0] >= 0xA1 and pair[1] >= 0x40:
        try:
            return turned(*pair).decode(codec), error.start + 2
        except (UnicodeDecodeError, ValueError):
            pass
    return "\ufffd", max(error.end, error.start + 1)


def _shifted(row: int, cell: int) -> bytes:
    """Return the Shift_JIS bytes of a row and cell (from 0) of a 94 by 94 table."""
    lead = row // 2 + (0x81 if row < 62 else 0xC1)
    trail = cell + (0x9F if row % 2 else 0x40 + (cell >= 63))
    return bytes((lead, trail))


_HANDLERS = {"euc_jp": "warraq.cp932", "big5hkscs": "warraq.cp950"}
codecs.register_error("warraq.cp932", _by_cp932)
codecs.register_error("warraq.cp950", _by_cp950)


# UTF-8 that was decoded as a Windows code page and encoded again: `Ã¼` for ü, «ط§» for ا. In that code page, the first
# letter is a UTF-8 lead byte, the second a continuation byte.
def _table(codec: str) -> dict[int, int]:
    """Map each non-ASCII letter of a code page to its byte, and control characters to theirs in Latin-1."""
    letters = (bytes((byte,)).decode(codec, "ignore") or chr(byte) for byte in range(0x80, 0x100))
    return {byte: byte for byte in range(0x80, 0xA0)} | {ord(letter): byte for byte, letter in enumerate(letters, 0x80)}


# Lead bytes of scripts used in news; É before a trademark sign is not one of them.
_LEADS = frozenset({*range(0xC2, 0xC6), 0xCE, 0xCF, 0xD0, 0xD1, 0xD7, *range(0xD8, 0xDC), *range(0xE0, 0xF1)})
_TABLES = {codec: _table(codec) for codec in ("cp1252", "cp1256")}
_TWICE = {
    codec: re.compile(
        f"[{''.join(re.escape(chr(letter)) for letter, byte in table.items() if byte in _LEADS)}]"
        f"[{''.join(re.escape(chr(letter)) for letter, byte in table.items() if byte < 0xC0)}]"
        f"[{''.join(re.escape(chr(letter)) for letter in table)}]*+"
    )
    for codec, table in _TABLES.items()
}
# Frequent letters as they look in doubly encoded pages: `Ã¼`, `ÃŸ`, `Â `, `â€`, `Ø§`, `Ù„`, `Ð°`, «ط§», «أ¼».
_MARKS_OF_TWICE = (
    b"\xc3\x83\xc2", b"\xc3\x83\xc5", b"\xc3\x82\xc2", b"\xc3\xa2\xe2\x82\xac", b"\xc3\xa2\xc2\x80", b"\xc3\x98\xc2",
    b"\xc3\x99\xe2", b"\xc3\x99\xc2", b"\xc3\x90\xc2", b"\xd8\xb7\xc2", b"\xd8\xa3\xc2",
)  # fmt: skip
_ASCII = bytes(range(0x80))
_MOSTLY = 0.3
"""Minimum share of doubly encoded letters among the non-ASCII ones; a text about encodings quotes a few."""


def undo_double(text: str) -> str:
    """Return the text with doubly encoded UTF-8 decoded; the same object if hardly any is doubly encoded."""
    sample = text[:_SAMPLE]
    beyond = len(sample) - len(sample.encode("ascii", "ignore"))
    for codec, pattern in _TWICE.items():
        undone = 0

        def undo(match: re.Match[str], table: dict[int, int] = _TABLES[codec]) -> str:
            nonlocal undone
            try:
                once = bytes(table[ord(letter)] for letter in match[0]).decode("utf-8")
            except UnicodeDecodeError:
                return match[0]
            undone += len(match[0])
            return once

        if next(pattern.finditer(sample), None) and (pattern.sub(undo, sample), undone)[1] >= _MOSTLY * beyond > 0:
            return pattern.sub(undo, text)
    return text
