"""Folds letters and finds words: text comes in as printed; one spelling of it, or the spans of its words, go out.

Arabic newspapers write one word in many ways: with or without vowel signs (tashkeel) and stretching (tatweel), with any
of four alefs, with ى for ي, ه for ة, with Persian letters from a Persian keyboard, with presentation forms from old
systems, with two sets of digits. Everything here is a pure function of the text, for Persian and Urdu letters too.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def _characters(*ranges: tuple[int, int]) -> list[int]:
    return [code for first, last in ranges for code in range(first, last + 1)]


# Quranic and vowel signs, U+0640 tatweel; the presentation forms of lone vowel signs too, since NFKC would turn those
# into a space and a sign and so cut the word in two.
_SIGNS: Final = _characters(
    (0x0610, 0x061A),
    (0x0640, 0x0640),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06DC),
    (0x06DF, 0x06E8),
    (0x06EA, 0x06ED),
    (0x08CA, 0x08E1),
    (0x08E3, 0x08FF),
    (0xFC5E, 0xFC63),
    (0xFCF2, 0xFCF4),
    (0xFE70, 0xFE72),
    (0xFE74, 0xFE74),
    (0xFE76, 0xFE7F),
)
# Joiners, bidi controls and marks that show nothing (general category Cf, those met in news pages).
_FORMAT: Final = _characters(
    (0x00AD, 0x00AD),
    (0x061C, 0x061C),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x2064),
    (0x2066, 0x2069),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
)
_LETTERS: Final[Mapping[str, str]] = {
    "ا": "أإآٱٲٳٵ",
    "و": "ؤٶ",
    "ي": "ىئیېےێۍؽؾؿٸ",
    "ك": "کڪګ",
    "ه": "ةۀەہۂۃھ",
}


def _deletions(codes: Iterable[int]) -> dict[int, str | None]:
    return dict.fromkeys(codes)


_BEFORE: Final = _deletions(_SIGNS + _FORMAT)
_AFTER: Final[dict[int, str | None]] = {
    **_deletions(_SIGNS),  # NFKC brings some back out of ligatures
    **{ord(form): letter for letter, forms in _LETTERS.items() for form in forms},
    **{zero + value: str(value) for zero in (0x0660, 0x06F0) for value in range(10)},
}
_CARRIED: Final = _AFTER | dict.fromkeys(map(ord, "ؤئٶ"), "ء")
# `translate` looks every letter up in Python's time; most texts hold no letter of the first table, and those of other
# scripts none of the second.
_in_before: Final = re.compile(f"[{''.join(map(re.escape, map(chr, _BEFORE)))}]").search
_in_after: Final = re.compile(f"[{''.join(map(re.escape, map(chr, _AFTER)))}]").search


def fold(text: str, *, carriers: bool = False) -> str:
    """The text in one spelling, lower case: compatibility forms resolved (NFKC), signs and format characters off.

    Alef, yeh, kaf, heh and hamza carriers come to one letter each, Arabic and Persian digits to ASCII. Latin accents
    stay; with `carriers`, a hamza on و or ي is one on the line, for papers do not agree on which letter carries it
    (مسؤول, مسئول). Folding twice changes nothing; the length may change, so spans must be taken from the original (`words`).
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text.translate(_BEFORE) if _in_before(text) else text)
    folded = (folded.translate(_CARRIED if carriers else _AFTER) if _in_after(folded) else folded).lower()
    # Lower case of a few letters, and letters folded beside a mark, can leave text that NFKC would still join.
    return folded if unicodedata.is_normalized("NFKC", folded) else unicodedata.normalize("NFKC", folded)


def _marks() -> str:
    r"""Every combining mark of the Basic Multilingual Plane, for a character class: Python's `\w` leaves them out."""
    # A loop over 65,536 characters takes some 5 ms once; a hand-kept list would go stale with each Unicode version.
    codes = [code for code in range(0x300, 0xFE30) if unicodedata.category(chr(code))[0] == "M"]
    return "".join(f"\\u{code:04x}" for code in codes)


_MARKS: Final = _marks() + "\u0640"
_JOINERS: Final = "\u00ad\u061c\u200c-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufe70-\ufe7f"
# Han, kana, Thai, Lao, Khmer and Burmese are written without spaces: there a letter (with its marks) is a word, and
# what a reader calls a word is a phrase.
_UNSPACED: Final = (
    "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD: Final = re.compile(
    rf"(?=[{_UNSPACED}])[^\W_{_MARKS}][{_MARKS}]*"
    rf"|(?![{_UNSPACED}])[^\W_{_MARKS}](?:[{_JOINERS}]*(?![{_UNSPACED}])(?:[^\W_]|[{_MARKS}]))*"
)


def words(text: str) -> Iterator[re.Match[str]]:
    """The words of the ORIGINAL text as matches, in order: vowel signs, tatweel and joiners inside a word belong to it.

    A run of signs or tatweel alone is no word. Punctuation, underscores and spaces part words; `match.span()` counts
    characters of the text as given.
    """
    return _WORD.finditer(text)
