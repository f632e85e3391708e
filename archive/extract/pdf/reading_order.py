"""Put the lines of a page into reading order, as paragraphs with the size of their letters.

Lines below each other make a block; blocks are read column by column, from the side on which the page's script begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from archive.extract.pdf.lines import RTL, SAME_LINE, is_by_sight, is_rtl, line_text, lines_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archive.extract.pdf.glyphs import Glyph
    from archive.extract.pdf.lines import GlyphLine

_LEADING = 2.0
"""The most from a line to the next of its block, and the least that is more than the usual between two paragraphs."""
_PARAGRAPH = 1.35
_SAME_SIZE = 1.2
_MAX_CUTS = 60
"""How deep a page is cut into columns; the rest is read from top to bottom."""
_BULLETS = frozenset("•‣◦▪■●")
_END = re.compile(r"[.!?…؟۔:。！？]['\"»”’)\]]*$")
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
    """A paragraph as one line of text: the size of its letters, how many lines of the page it took, and which number its page has."""

    text: str
    size: float
    lines: int = 1
    page: int = 0


def paragraphs_of(glyphs: Sequence[Glyph], page: int = 0) -> list[PdfParagraph]:
    """Return the paragraphs of a page in reading order."""
    rtl = is_rtl("".join(glyph.text for glyph in glyphs))
    swap = is_by_sight(glyphs)
    found = []
    for box in _in_order(_boxes(lines_on(glyphs)), rtl=rtl):
        for lines in _parted(box, rtl=rtl):
            text = _joined([line_text(line, rtl=rtl, swap=swap) for line in lines])
            if text:
                found.append(PdfParagraph(text=text, size=lines[0].size, lines=len(lines), page=page))
    return found


# --- blocks and their order -------------------------------------------------------------------------------------------


def _boxes(lines: Iterable[GlyphLine]) -> list[_Box]:
    """Return lines that stand below each other, in letters of one size, joined."""
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
    """Yield the blocks of a page as they are read: cut into columns where a gap goes from top to bottom, else across at the widest gap."""
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
    """Return the boxes in groups that a gap parts, each with the width of the gap before it."""
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


def _parted(box: _Box, *, rtl: bool) -> Iterator[list[GlyphLine]]:
    """Yield the lines of a block, parted where a wider gap, an indent or a short line ends a paragraph."""
    steps = [above.base - line.base for above, line in pairwise(box.lines)]
    usual = median(steps) if steps else 0.0
    part = [box.lines[0]]
    for above, line in pairwise(box.lines):
        if above.base - line.base > _PARAGRAPH * usual or _begins_anew(box, above, line, rtl=rtl):
            yield part
            part = []
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


def _joined(lines: Iterable[str]) -> str:
    """Return lines as one; a word that was broken at the end of one is whole again."""
    text = ""
    for line in lines:
        is_broken = line[:1].islower() and _BROKEN_WORD.search(text)
        text = _BROKEN_WORD.sub("", text) + line if is_broken else f"{text} {line}"
    return text.strip()


def joined_over_pages(found: Iterable[PdfParagraph]) -> list[PdfParagraph]:
    """Return the paragraphs of all pages; one that a column or page breaks in the middle of a sentence goes on in the next."""
    whole: list[PdfParagraph] = []
    for one in found:
        last = whole[-1] if whole else None
        if last and _goes_on(last, one):
            text = _joined([last.text, one.text])
            whole[-1] = PdfParagraph(text=text, size=last.size, lines=last.lines + one.lines, page=last.page)
        else:
            whole.append(one)
    return whole


def _goes_on(last: PdfParagraph, one: PdfParagraph) -> bool:
    small, large = sorted((last.size, one.size))
    is_running = last.lines > 1 and large < small * 1.05
    return (
        is_running
        and not _END.search(last.text)
        and (one.text[0].islower() or (one.lines > 1 and bool(RTL.match(one.text))))
    )
