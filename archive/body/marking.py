"""Marks the words of a search in a body: what finds them in a line is given, the rest of the body stays as it is."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archive.body.blocks import Block, Body, Span


def marked(body: Iterable[Block], find: Callable[[str], Sequence[tuple[int, int]]]) -> Body:
    """The body with `mark` on what `find` gives as (start, end) places of a line's text."""
    return tuple(_block(block, find) for block in body)


def count_marks(body: Iterable[Block]) -> int:
    """How many spans of the body's text bear a mark."""
    total = 0
    for block in body:
        spans = [*block.spans, *block.caption, *(span for row in block.rows for cell in row for span in cell)]
        total += sum("mark" in span.marks for span in spans)
        total += count_marks(block.blocks) + sum(map(count_marks, block.items))
    return total


def _block(block: Block, find: Callable[[str], Sequence[tuple[int, int]]]) -> Block:
    return replace(
        block,
        spans=_spans(block.spans, find),
        caption=_spans(block.caption, find),
        rows=tuple(tuple(_spans(cell, find) for cell in row) for row in block.rows),
        items=tuple(marked(item, find) for item in block.items),
        blocks=marked(block.blocks, find),
    )


def _spans(spans: tuple[Span, ...], find: Callable[[str], Sequence[tuple[int, int]]]) -> tuple[Span, ...]:
    places = find("".join(span.text for span in spans)) if spans else ()
    return tuple(_cut(spans, places)) if places else spans


def _cut(spans: Iterable[Span], places: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """The spans, cut where a place begins or ends."""
    start = 0
    for span in spans:
        end = start + len(span.text)
        edges = {edge for place in places for edge in place if start < edge < end}
        cuts = sorted({start, end, *edges})
        for left, right in itertools.pairwise(cuts):
            is_found = any(first <= left and right <= last for first, last in places)
            text = span.text[left - start : right - start]
            yield replace(span, text=text, marks=(*span.marks, "mark") if is_found else span.marks)
        start = end
