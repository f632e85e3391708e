"""Put the lines of a page into reading order, as paragraphs with their letter size.

Lines below each other form a block. Blocks are read column by column, from the side on which the page's script begins.
"""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import attrgetter
from statistics import median
from typing import TYPE_CHECKING

from archive.extract.pdf.lines import RTL, SAME_LINE, is_rtl, is_visual_order, line_text, lines_on

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from archive.extract.pdf.glyphs import Dot, Glyph
    from archive.extract.pdf.lines import GlyphLine

_LEADING = 2.0
"""The maximum line distance within a block in letter sizes, and the minimum distance of paragraphs relative to the usual one."""
_PARAGRAPH = 1.35
_SAME_SIZE = 1.2
_MAX_CUTS = 60
"""Maximum depth of dividing a page into columns; the rest is read from top to bottom."""
_FULL = 0.05
"""Maximum distance of a full line from the margin, relative to the width of its block."""
_FROM_BULLET = 2.5
"""Maximum distance of a bullet from its line, in letter sizes."""
_MOST_BESIDE = 30
"""Maximum number of dots that are looked at beside one line."""
_middle = attrgetter("middle")
_BULLETS = frozenset("•‣◦▪■●")
_NUMBER = re.compile(r"(\d{1,2})[.)](?!\d)")
_END = re.compile(r"[.!?…؟۔:。！？]['\"»”’)\]]*$")
_SPACELESS = re.compile("[\u3001-\u30ff\u3400-\u9fff\uff00-\uff60]")
"""Letters and punctuation of Chinese and Japanese, which are written without blanks."""
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_]{2})[-\u00ad\u2010]$")


@dataclass(slots=True, kw_only=True)
class _Box:
    """Lines below each other, the first on top."""

    lines: list[GlyphLine]
    left: float
    right: float

    @property
    def top(self) -> float:
        return self.lines[0].base + self.lines[0].size

    @property
    def bottom(self) -> float:
        return self.lines[-1].base

    def add(self, line: GlyphLine) -> None:
        self.lines.append(line)
        self.left, self.right = min(self.left, line.left), max(self.right, line.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfParagraph:
    """A paragraph as one line of text, with its letter size, its number of lines and the number of its page.

    `is_full` says that its last line reaches the margin, `is_item` that a bullet stands before it.
    """

    text: str
    size: float
    lines: int = 1
    page: int = 0
    is_full: bool = False
    is_item: bool = False


def paragraphs_of(glyphs: Sequence[Glyph], page: int = 0, dots: Sequence[Dot] = ()) -> list[PdfParagraph]:
    """Return the paragraphs of a page in reading order; `dots` are its small shapes, among them bullets of list items."""
    rtl = is_rtl("".join(glyph.text for glyph in glyphs))
    swap = is_visual_order(glyphs)
    found = []
    dots = sorted(dots, key=_middle)
    for box in _in_order(_boxes(lines_on(glyphs)), rtl=rtl):
        marked = {id(line) for line in box.lines if _has_bullet(line, dots)}
        for lines in _parted(box, marked, rtl=rtl):
            text = _joined([line_text(line, rtl=rtl, swap=swap) for line in lines])
            if text:
                left = lines[-1].left - box.left if rtl else box.right - lines[-1].right
                found.append(
                    PdfParagraph(
                        text=text,
                        size=lines[0].size,
                        lines=len(lines),
                        page=page,
                        is_full=len(lines) > 1 and left < _FULL * (box.right - box.left),
                        is_item=id(lines[0]) in marked,
                    )
                )
    return found


def _has_bullet(line: GlyphLine, dots: Sequence[Dot]) -> bool:
    """Return whether one of `dots`, sorted by height, is at the height of a line's letters and just before their start."""
    start = bisect(dots, line.base, key=_middle)
    beside = [dot for dot in dots[start : start + _MOST_BESIDE] if dot.middle < line.base + 0.8 * line.size]
    if not beside:
        return False
    rtl = is_rtl("".join(glyph.text for glyph in line.glyphs))
    gaps = (dot.left - line.right if rtl else line.left - dot.right for dot in beside)
    return any(0 < gap < _FROM_BULLET * line.size for gap in gaps)


# --- blocks and their order -------------------------------------------------------------------------------------------


def _boxes(lines: Iterable[GlyphLine]) -> list[_Box]:
    """Join lines below each other, with the same letter size, into blocks."""
    done: list[_Box] = []
    open_: list[_Box] = []
    for line in lines:
        reach = line.base + _LEADING * line.size
        still = [box for box in open_ if box.bottom <= reach]
        done += [box for box in open_ if box.bottom > reach]
        home = next((box for box in still if _continues(box, line)), None)
        if home:
            home.add(line)
        else:
            still.append(_Box(lines=[line], left=line.left, right=line.right))
        open_ = still
    return done + open_


def _continues(box: _Box, line: GlyphLine) -> bool:
    last = box.lines[-1]
    small, large = sorted((last.size, line.size))
    overlap = min(last.right, line.right) - max(last.left, line.left)
    return (
        large <= small * _SAME_SIZE
        and last.base - line.base > SAME_LINE * large
        and overlap >= 0.5 * min(last.right - last.left, line.right - line.left)
    )


def _in_order(boxes: list[_Box], *, rtl: bool) -> Iterator[_Box]:
    """Yield blocks in reading order: divided into columns at gaps from top to bottom, else into rows at the widest gap."""
    waiting = [(boxes, 0)]
    while waiting:
        group, depth = waiting.pop()
        parts = _split(group, rtl=rtl) if len(group) > 1 and depth < _MAX_CUTS else []
        if len(parts) > 1:
            waiting += [(part, depth + 1) for part in reversed(parts)]
        else:
            yield from sorted(group, key=lambda box: (-box.top, -box.right if rtl else box.left))


def _split(boxes: list[_Box], *, rtl: bool) -> list[list[_Box]]:
    columns = _gaps([(box.left, box.right, box) for box in boxes])
    if len(columns) > 1:
        parts = [part for _, part in columns]
        return parts[::-1] if rtl else parts
    rows = _gaps([(-box.top, -box.bottom, box) for box in boxes])
    if len(rows) < 2:
        return []
    widest = max(range(1, len(rows)), key=lambda at: rows[at][0])
    return [[box for _, part in rows[:widest] for box in part], [box for _, part in rows[widest:] for box in part]]


def _gaps(spans: list[tuple[float, float, _Box]]) -> list[tuple[float, list[_Box]]]:
    """Return the boxes in groups separated by gaps, each with the width of the gap before it."""
    groups: list[tuple[float, list[_Box]]] = []
    reach = 0.0
    for start, end, box in sorted(spans, key=lambda span: span[:2]):
        if not groups or start > reach:
            groups.append((start - reach if groups else 0.0, []))
            reach = end
        groups[-1][1].append(box)
        reach = max(reach, end)
    return groups


# --- paragraphs -------------------------------------------------------------------------------------------------------


def _parted(box: _Box, marked: Collection[int], *, rtl: bool) -> Iterator[list[GlyphLine]]:
    """Split the lines of a block into paragraphs at wider gaps, indents, short lines, and bullets and numbers of list items.

    `marked` are the identities of lines with a drawn bullet.
    """
    steps = [above.base - line.base for above, line in pairwise(box.lines)]
    usual = median(steps) if steps else 0.0
    part = [box.lines[0]]
    item = _number(box.lines[0], rtl=rtl)
    for above, line in pairwise(box.lines):
        number = _number(line, rtl=rtl)
        is_next = id(line) in marked or (item > 0 and number == item + 1)
        if is_next or above.base - line.base > _PARAGRAPH * usual or _begins_anew(box, above, line, rtl=rtl):
            yield part
            part = []
            item = number or item
        part.append(line)
    yield part


def _begins_anew(box: _Box, above: GlyphLine, line: GlyphLine, *, rtl: bool) -> bool:
    width = box.right - box.left
    indent = box.right - line.right if rtl else line.left - box.left
    before = box.right - above.right if rtl else above.left - box.left
    short = above.left - box.left if rtl else box.right - above.right
    if not rtl and line.glyphs[0].text in _BULLETS:
        return True
    indented = line.size < indent < 0.4 * width and before < 0.5 * line.size
    ended = _END.search(above.glyphs[0 if rtl else -1].text) is not None
    return indented or (ended and short > max(0.15 * width, 2 * line.size))


def _number(line: GlyphLine, *, rtl: bool) -> int:
    """Return the number of a list item at the start of a line (`2.`, `2)`), 0 without one."""
    start = "".join(glyph.text for glyph in (line.glyphs[:-5:-1] if rtl else line.glyphs[:4]))
    found = _NUMBER.match(start)
    return int(found[1]) if found else 0


def _joined(lines: Iterable[str]) -> str:
    """Join lines into one; words hyphenated at the end of a line are restored."""
    text = ""
    for line in lines:
        is_broken = line[:1].islower() and _BROKEN_WORD.search(text)
        is_spaceless = _SPACELESS.match(line) and _SPACELESS.match(text[-1:])
        text = _BROKEN_WORD.sub("", text) + line if is_broken else f"{text}{'' if is_spaceless else ' '}{line}"
    return text.strip()


def joined_over_pages(found: Iterable[PdfParagraph]) -> list[PdfParagraph]:
    """Return the paragraphs of all pages, with those joined that a column or page break splits within a sentence."""
    whole: list[PdfParagraph] = []
    for one in found:
        last = whole[-1] if whole else None
        if last and _goes_on(last, one):
            text = _joined([last.text, one.text])
            whole[-1] = replace(last, text=text, lines=last.lines + one.lines, is_full=one.is_full)
        else:
            whole.append(one)
    return whole


def _goes_on(last: PdfParagraph, one: PdfParagraph) -> bool:
    small, large = sorted((last.size, one.size))
    is_running = last.lines > 1 and large < small * 1.05
    return (
        is_running
        and not _END.search(last.text)
        and not one.is_item
        and (one.text[0].islower() or (one.lines > 1 and (last.is_full or bool(RTL.match(one.text)))))
    )
