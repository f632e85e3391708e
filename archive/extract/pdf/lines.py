"""Assemble the glyphs of a page into lines: glyphs on one baseline, split between columns, each line in reading order.

Lines with right-to-left letters are turned from visual to logical order, and presentation forms become plain letters.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archive.extract.pdf.glyphs import Glyph

SAME_LINE = 0.35
"""Maximum distance between baselines of one line, relative to the letter size: superscripts and vowel marks are higher."""
_COLUMN_GAP = 0.8
_WRITTEN_GAP = 3.0
"""The minimum gap between two columns, and the maximum gap within text that the file draws in sequence, in letter sizes."""
_WORD_GAP = 0.2
_JUSTIFIED = 2
"""Minimum number of lines without a wide gap between the same margins, for a line with one to count as justified."""
_DOUBLED = 0.1
"""The maximum offset of a glyph that is drawn twice to make it bold."""

RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LTR = re.compile(r"[^\W\d_]")
_SHAPED = re.compile("[\ufb00-\ufb06\ufb1d-\ufdff\ufe70-\ufefc]+")
_SEPARATORS = frozenset(".,:/٫٬")
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_LEFT_ENDS = frozenset(".,:;!?)")
"""Punctuation at the end of a left-to-right line, which is at the left end in a right-to-left paragraph."""
_OPENING, _CLOSING = frozenset("([{«‹"), frozenset(")]}»›")


@dataclass(frozen=True, slots=True, kw_only=True)
class GlyphLine:
    """A run of glyphs on one baseline, in visual order."""

    glyphs: tuple[Glyph, ...]
    left: float
    right: float
    base: float
    size: float


def is_rtl(text: str) -> bool:
    """Return whether most letters belong to a right-to-left script."""
    right = len(RTL.findall(text))
    return right > len(_LTR.findall(text)) - right


# --- lines ------------------------------------------------------------------------------------------------------------


_Written = tuple[tuple[int, float], "Glyph"]
"""A glyph, with the number of the sequence in which the file draws it and the maximum gap within that, in letter sizes."""


def lines_on(glyphs: Sequence[Glyph]) -> Iterator[GlyphLine]:
    """Yield the lines of a page from top to bottom, and from left to right on one baseline."""
    bands: list[list[_Written]] = []
    written = list(_written(glyphs))
    for one in sorted((one for one in written if not _is_mark(one[1].text)), key=lambda one: -one[1].base):
        first = bands[-1][0][1] if bands else None
        if first is None or first.base - one[1].base > SAME_LINE * max(first.size, one[1].size):
            bands.append([])
        bands[-1].append(one)
    falling = [-band[0][1].base for band in bands]
    for one in (one for one in written if _is_mark(one[1].text)):
        base, at = one[1].base, bisect(falling, -one[1].base)
        near = [band for band in bands[max(0, at - 1) : at + 1] if abs(band[0][1].base - base) < one[1].size]
        if near:
            min(near, key=lambda band: abs(band[0][1].base - base)).append(one)
    for band in bands:
        yield from _cut_at_gaps(band)


def _written(glyphs: Iterable[Glyph]) -> Iterator[_Written]:
    """Number the sequences of glyphs that the file draws without leaving the line; blanks, which may span two columns, are skipped."""
    rows = [(row, _widest_gap(row)) for row in _rows(glyphs)]
    full = Counter(_margins(row) for row, widest in rows if widest <= _WRITTEN_GAP)
    stretch = 0
    for row, widest in rows:
        # a line between the margins of others is justified, even with two words
        gap = max(widest, _WRITTEN_GAP) if full[_margins(row)] >= _JUSTIFIED else _WRITTEN_GAP
        left = right = row[0].left
        for glyph in row:
            far = gap * glyph.size
            if not left - far <= glyph.left <= right + far:
                stretch, left, right = stretch + 1, glyph.left, glyph.right
            left, right = min(left, glyph.left), max(right, glyph.right)
            yield (stretch, gap), glyph
        stretch += 1


def _rows(glyphs: Iterable[Glyph]) -> Iterator[list[Glyph]]:
    """Yield the glyphs that the file draws in sequence on one line, without blanks."""
    row: list[Glyph] = []
    for glyph in glyphs:
        if glyph.text.isspace():
            continue
        if row and abs(glyph.base - row[-1].base) > glyph.size:
            yield row
            row = []
        row.append(glyph)
    if row:
        yield row


def _widest_gap(row: Sequence[Glyph]) -> float:
    """Return the widest gap between two glyphs of a row, in letter sizes."""
    first, *others = sorted(row, key=lambda glyph: glyph.left)
    widest, reach = 0.0, first.right
    for glyph in others:
        widest = max(widest, (glyph.left - reach) / glyph.size)
        reach = max(reach, glyph.right)
    return widest


def _margins(row: Sequence[Glyph]) -> tuple[int, int]:
    """Return the left and right end of a row, in points."""
    return round(min(glyph.left for glyph in row)), round(max(glyph.right for glyph in row))


def _cut_at_gaps(band: list[_Written]) -> Iterator[GlyphLine]:
    run: list[Glyph] = []
    reach, before = 0.0, (-1, 0.0)
    for stretch, glyph in sorted(band, key=lambda one: (one[1].left, one[1].right)):
        gap = stretch[1] if stretch == before else _COLUMN_GAP
        if run and glyph.left - reach > gap * max(glyph.size, run[-1].size):
            yield _line(run)
            run = []
        before = stretch
        reach = max(reach, glyph.right) if run else glyph.right
        if not (run and _is_doubled(run, glyph)):
            run.append(glyph)
    if run:
        yield _line(run)


def _is_doubled(run: list[Glyph], glyph: Glyph) -> bool:
    return any(one.text == glyph.text and abs(one.left - glyph.left) < _DOUBLED * glyph.size for one in run[-2:])


def _line(run: list[Glyph]) -> GlyphLine:
    size = median(glyph.size for glyph in run)
    base = median(glyph.base for glyph in run)
    return GlyphLine(glyphs=tuple(run), left=run[0].left, right=max(one.right for one in run), base=base, size=size)


# --- the text of a line -----------------------------------------------------------------------------------------------


def line_text(line: GlyphLine, *, rtl: bool, swap: bool) -> str:
    """Return the line in reading order. `swap` means that brackets are stored as they look, which is mirrored in Arabic."""
    parts = _with_marks(line.glyphs)
    letters = "".join(part.text for part in parts)
    if not RTL.search(letters) and not (rtl and letters[:1] in _LEFT_ENDS):
        return _unshaped(_spaced(parts))
    if not (rtl or is_rtl(letters)):
        return _unshaped(" ".join(_reversed_words(parts, swap=swap)))
    return _unshaped("".join(_reversed_parts(parts, swap=swap)))


@dataclass(frozen=True, slots=True)
class _Part:
    """A glyph with the marks above and below it, and whether a blank is to the left of it."""

    text: str
    spaced: bool


def _with_marks(glyphs: Sequence[Glyph]) -> list[_Part]:
    """Return the base glyphs from left to right, each followed by the vowel marks above or below it."""
    bases = [glyph for glyph in glyphs if not _is_mark(glyph.text)]
    texts = [glyph.text for glyph in bases]
    at = 0
    for mark in (glyph for glyph in glyphs if _is_mark(glyph.text)):
        middle = (mark.left + mark.right) / 2
        while at + 1 < len(bases) and bases[at + 1].left <= middle:
            at += 1
        if bases:
            texts[at] += mark.text
    parts, reach = [], None
    for glyph, text in zip(bases, texts, strict=True):
        spaced = reach is not None and glyph.left - reach > _WORD_GAP * glyph.size
        parts.append(_Part(text, spaced))
        reach = glyph.right if reach is None else max(reach, glyph.right)
    return parts


def _is_mark(text: str) -> bool:
    return all(unicodedata.category(letter) == "Mn" for letter in text)


def _spaced(parts: Iterable[_Part]) -> str:
    return "".join(f" {part.text}" if part.spaced else part.text for part in parts)


def _reversed_parts(parts: Sequence[_Part], *, swap: bool) -> Iterator[str]:
    """Yield the texts of a right-to-left line in reading order.

    Runs are read from the right; words of other scripts and numbers within them are read from the left.
    """
    runs = list(_runs(parts))
    for number, (run, is_ltr) in enumerate(reversed(runs)):
        if is_ltr:
            yield _spaced(run).lstrip()
        else:
            for place, part in enumerate(reversed(run)):
                yield part.text.translate(_MIRRORED) if swap else part.text
                if part.spaced and place + 1 < len(run):
                    yield " "
        if run[0].spaced and number + 1 < len(runs):
            yield " "


def _reversed_words(parts: Sequence[_Part], *, swap: bool) -> Iterator[str]:
    """Yield the texts of a left-to-right line that contains words of a right-to-left script."""
    run: list[_Part] = []
    for part in parts:
        if part.spaced and run and not (RTL.search(part.text) and RTL.search(run[-1].text)):
            yield _word(run, swap=swap)
            run = []
        run.append(part)
    yield _word(run, swap=swap)


def _word(run: list[_Part], *, swap: bool) -> str:
    is_rtl = any(RTL.search(part.text) for part in run)
    return ("".join(_reversed_parts(run, swap=swap)) if is_rtl else _spaced(run)).strip()


def _runs(parts: Sequence[_Part]) -> Iterator[tuple[list[_Part], bool]]:
    """Yield the parts, from the left, in runs with their direction: True for left-to-right runs (other scripts, numbers)."""
    at = 0
    other: list[_Part] = []
    while at < len(parts):
        end = _ltr_end(parts, at)
        if end > at:
            if other:
                yield other, False
                other = []
            yield list(parts[at:end]), True
            at = end
        else:
            other.append(parts[at])
            at += 1
    if other:
        yield other, False


def _ltr_end(parts: Sequence[_Part], start: int) -> int:
    """Return the end of a left-to-right run: the next right-to-left letter after words, the end of the number after digits."""
    kind = _kind(parts[start].text)
    if kind not in {"word", "figure"}:
        return start
    end = start + 1
    for at in range(start + 1, len(parts)):
        here = _kind(parts[at].text)
        if here == "rtl":
            break
        if kind == "figure" and (parts[at].spaced or (here != "figure" and parts[at].text not in _SEPARATORS)):
            break
        if here in {"word", "figure"}:
            end = at + 1
    return end


def _kind(text: str) -> str:
    if RTL.search(text) and not text[0].isdigit():
        return "rtl"
    if text[0].isdigit():
        return "figure"
    return "word" if text[0].isalpha() else "other"


def is_visual_order(glyphs: Sequence[Glyph]) -> bool:
    """Return whether brackets in right-to-left text are stored as they look: read from the right, closing ones then come first."""
    right = wrong = 0
    for line in lines_on(glyphs):
        if not any(RTL.search(glyph.text) for glyph in line.glyphs):
            continue
        brackets = [one.text for one in reversed(line.glyphs) if one.text in _OPENING or one.text in _CLOSING]
        for first, second in pairwise(brackets):
            right += first in _OPENING and second in _CLOSING
            wrong += first in _CLOSING and second in _OPENING
    return wrong >= right


def _unshaped(text: str) -> str:
    """Return the text with presentation forms and ligatures replaced by plain letters."""

    def plain(match: re.Match[str]) -> str:
        return unicodedata.normalize("NFKC", match[0]).strip()  # a mark without its letter adds a blank

    return " ".join(unicodedata.normalize("NFC", _SHAPED.sub(plain, text)).split())
