"""Hears the page's JSON-LD `articleBody` as a witness: the lines found and the declared text in, corrected lines out.

Taken blindly, articleBody is worse than trafilatura (publishers truncate it, or put the teaser there). So it only
brings back paragraphs that the page holds and trafilatura lost, and stands for the text alone when the page does not
hold it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.extract.blocks import HEADINGS
from archive.extract.body import Piece
from archive.extract.wording import Gram, grams, share, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.extract.blocks import Block

_BREAKS = re.compile(r"</?(?:p|br|div|h[1-6]|li|ul|ol|blockquote)\b[^<>]{0,300}>", re.IGNORECASE)
_CODE = re.compile(r"<(script|style)\b.*?</\1>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]{0,300}>")
_PROGRAM = re.compile(r"(?:^|\s)(?:!?function\s*\w*\s*\(|var \w+\s*=|window\.|document\.|\$\()")

_MIN_WORDS = 60
"""A shorter declared text is a teaser."""
_MIN_BLOCK = 8
_SAME = 0.6
"""Share of common word sequences from which two texts say the same."""
_HELD = 0.7
"""Share of the declared text that the page must hold before the page's own lines are corrected by it."""
_TRUNCATED = 0.75
_LOST = 0.15
_ALONE = 1.5
_COMPLETE = 0.9
_SHORTENED = 0.6
"""Length of the declared text over that of the lines, from which it is complete, or at least begins where they do."""
_UNKNOWN = 0.3


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the witness brings about: the lines, the rule that drops each ('' if it stays), and what was done.

    `deed` is `rescued` (lost paragraphs are back), `declared` (the declared text stands alone) or ''.
    """

    pieces: list[Piece]
    rules: list[str]
    deed: str


def plain(declared: str) -> str:
    """Return the declared text without the markup, entities and code that some publishers leave in it."""
    text = _CODE.sub(" ", html.unescape(html.unescape(declared)))
    text = _TAG.sub("", _BREAKS.sub("\n", text))
    if code := _PROGRAM.search(text):
        text = text[: code.start()]
    return "\n".join(line for line in (" ".join(line.split()) for line in text.split("\n")) if line)


def hear(pieces: Sequence[Piece], blocks: Sequence[Block], declared: str) -> Testimony:
    """Correct the lines found by the declared text (as `plain` gives it)."""
    told = words(declared)
    silent = Testimony(list(pieces), [""] * len(pieces), "")
    if len(told) < _MIN_WORDS:
        return silent
    known = grams(told)
    found = [words(piece.text) for piece in pieces]
    size = sum(map(len, found))
    have = grams([word for line in found for word in line])
    if len(known - have) < _LOST * len(known):
        return Testimony(list(pieces), _deny(found, pieces, blocks, known, len(told) / max(size, 1)), "")
    covered = _covered(blocks, known)
    held: set[Gram] = set().union(*(grams(words(blocks[index].text)) for index in covered)) if covered else set()
    if len(known & held) < _HELD * len(known):
        if len(told) >= _ALONE * size:
            lines = [Piece(line, -1) for line in declared.split("\n")]
            return Testimony(lines, [""] * len(lines), "declared")
        return silent
    if len(told) < _TRUNCATED * size:
        return silent
    merged = _merge(pieces, covered, blocks)
    return Testimony(merged, [""] * len(merged), "rescued")


def _deny(
    found: Sequence[list[str]], pieces: Sequence[Piece], blocks: Sequence[Block], known: set[Gram], length: float
) -> list[str]:
    """Return `witness` for the lines that a complete testimony does not know.

    `length` is that of the testimony over that of the lines. Publishers leave headings and the lead out of articleBody,
    so a heading stays, and a long line before the text.
    """
    if length < _SHORTENED:
        return [""] * len(found)
    shares = [share(line, known) for line in found]
    sure = [index for index, part in enumerate(shares) if part >= _SAME and len(found[index]) >= _MIN_BLOCK]
    if not sure:
        return [""] * len(found)
    rules = []
    for index, part in enumerate(shares):
        is_long = len(found[index]) >= _MIN_BLOCK
        block = pieces[index].block
        heading = block >= 0 and blocks[block].element.tag in HEADINGS
        if part >= _UNKNOWN:
            denied = False
        elif index < sure[0]:
            denied = not is_long
        elif index > sure[-1]:
            denied = length >= _COMPLETE
        else:
            denied = length >= _COMPLETE and is_long and not heading
        rules.append("witness" if denied else "")
    return rules


def _covered(blocks: Sequence[Block], known: set[Gram]) -> list[int]:
    covered = []
    for index, block in enumerate(blocks):
        if block.hook:
            continue
        block_words = words(block.text)
        if len(block_words) >= _MIN_BLOCK and share(block_words, known) >= _SAME:
            covered.append(index)
    return covered


def _merge(pieces: Sequence[Piece], covered: Sequence[int], blocks: Sequence[Block]) -> list[Piece]:
    """Put the covered blocks among the lines, in page order; a line that is no block stays behind the one before."""
    merged: list[tuple[int, int, Piece]] = []
    last = -1
    taken = set()
    for rank, piece in enumerate(pieces):
        if piece.block >= 0:
            last = piece.block
            taken.add(piece.block)
        merged.append((last, rank, piece))
    texts = {blocks[index].text for index in taken}
    for index in covered:
        if index not in taken and blocks[index].text not in texts:
            texts.add(blocks[index].text)
            merged.append((index, -1, Piece(blocks[index].text, index)))
    merged.sort(key=lambda item: item[:2])
    return [piece for _, _, piece in merged]
