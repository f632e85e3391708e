"""Compare two versions of an article: headline, body and corrections, word by word.

Words are compared as `archive.arabic.fold` spells them, so tashkeel, tatweel, hamza and letter forms, case, digits,
punctuation and spaces do not count. Paragraphs are matched first, then the words of those that differ. Pure, and
bounded: stretches too long to match word by word in reasonable time are shown as replaced.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Final, Literal

from archive.arabic import fold, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

State = Literal["same", "changed", "added", "removed"]

# The time for matching grows with the number of pairs of equal words, at worst times the number of stretches; this limit
# means a few hundredths of a second in prose of 3,000 words, and under a second in adversarial text.
_MAX_PAIRS: Final = 30_000
# Paragraphs that share a smaller part of their words are different ones, not one that was rewritten.
_LIKENESS: Final = 0.4
# The beginnings of correction notes, folded. A noun alone is not enough (تصحيح المسار is news): a colon or dash must
# follow within three words.
_NOTE_NAMES: Final = (
    r"ملحوظه|ملاحظه|تنويه|تصحيح|تصويب|توضيح|استدراك|اعتذار|اصلاحيه|"
    r"corrections?|clarifications?|editor['’]?s'? note|erratum|rectificatif|correcci[oó]n|fe de errores|"
    r"berichtigung|korrektur|düzeltme"
)
_CORRECTION: Final = re.compile(
    rf"\W*(?:(?:{_NOTE_NAMES})\b(?: \w+){{0,3}} ?[:–—-]"
    r"|(?:تم|جري) (?:تصحيح|تصويب|تعديل|تحديث) (?:هذا|هذه|الخبر|الماده|العنوان|النص|التقرير|المقال)"
    r"|[نت]عتذر .{0,60}خطا"
    r"|(?:this|the) (?:article|story|headline|report|post) (?:was|has been) (?:amended|corrected|updated|changed|edited)"
    r"|an? (?:earlier|previous) version of (?:this|the)\b)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of words: in both versions (as each spells it), only in the old one (`new` is ''), or only in the new one."""

    old: str
    new: str

    @property
    def state(self) -> State:
        """`same`, `added` or `removed`."""
        return "added" if not self.old else "removed" if not self.new else "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph of one or both versions; the `old` of its pieces joined is its old text, the `new` its new text."""

    state: State
    pieces: tuple[Piece, ...]

    @property
    def old(self) -> str:
        """Its text in the old version."""
        return "".join(piece.old for piece in self.pieces)

    @property
    def new(self) -> str:
        """Its text in the new version."""
        return "".join(piece.new for piece in self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The difference of two versions. `corrections` are new paragraphs that announce a correction.

    They are not in `body`. `words_added` and `words_removed` count words of the body.
    """

    headline: Paragraph
    body: tuple[Paragraph, ...]
    corrections: tuple[str, ...]
    words_added: int
    words_removed: int

    @property
    def is_trivial(self) -> bool:
        """Whether only spelling, punctuation and spaces differ, or nothing at all."""
        return self.headline.state == "same" and not self.body_changed and not self.corrections

    @property
    def body_changed(self) -> bool:
        """Whether any paragraph of the body was added, removed or reworded."""
        return any(paragraph.state != "same" for paragraph in self.body)


def compare(old_title: str, old_text: str, new_title: str, new_text: str) -> Difference:
    """Return the difference of two versions; texts have one paragraph per line. Swapping old and new swaps added and removed."""
    before = [line for line in old_text.split("\n") if line.strip()]
    after = [line for line in new_text.split("\n") if line.strip()]
    known = {_key(line) for line in before}
    corrections = [line for line in after if is_correction(line) and _key(line) not in known]
    body = tuple(_body(before, [line for line in after if line not in corrections]))
    return Difference(
        headline=_paragraph(old_title, new_title),
        body=body,
        corrections=tuple(line.strip() for line in corrections),
        words_added=_count(piece.new for paragraph in body for piece in paragraph.pieces if piece.state == "added"),
        words_removed=_count(piece.old for paragraph in body for piece in paragraph.pieces if piece.state == "removed"),
    )


def is_correction(paragraph: str) -> bool:
    """Return whether a paragraph announces a correction, clarification or dated change of the article."""
    return bool(_CORRECTION.match(fold(paragraph[:200])))


def _count(texts: Iterator[str]) -> int:
    return sum(sum(1 for _ in words(text)) for text in texts)


def _key(text: str) -> str:
    return " ".join(fold(match.group()) for match in words(text))


Opcode = tuple[str, int, int, int, int]
"""An opcode as in `difflib`: equal, replace, delete or insert; old from, old to; new from, new to."""


def _opcodes(before: Sequence[str], after: Sequence[str]) -> list[Opcode]:
    """Return the shared beginning and end, and the matches between them, none if matching would take too long."""
    shorter = min(len(before), len(after))
    head = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    rest = shorter - head
    tail = next((at for at in range(rest) if before[-1 - at] != after[-1 - at]), rest)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    counts = Counter(new)
    if sum(counts[key] for key in old) > _MAX_PAIRS:
        middle: list[Opcode] = [("replace", 0, len(old), 0, len(new))]
    else:
        middle = [(code[0], *code[1:]) for code in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()]
    moved = [(tag, start + head, end + head, at + head, to + head) for tag, start, end, at, to in middle]
    first: list[Opcode] = [("equal", 0, head, 0, head)] if head else []
    last: list[Opcode] = [("equal", len(before) - tail, len(before), len(after) - tail, len(after))] if tail else []
    return first + moved + last


def _body(before: Sequence[str], after: Sequence[str]) -> Iterator[Paragraph]:
    codes = _opcodes([_key(line) for line in before], [_key(line) for line in after])
    for tag, start, end, new_start, new_end in codes:
        if tag == "equal":
            for old, new in zip(before[start:end], after[new_start:new_end], strict=True):
                yield Paragraph(state="same", pieces=(Piece(old=old, new=new),))
        else:
            yield from _rewritten(before[start:end], after[new_start:new_end])


def _rewritten(before: Sequence[str], after: Sequence[str]) -> Iterator[Paragraph]:
    """Yield the paragraphs of two differing stretches: each old one with the first similar new one after it."""
    if len(before) * len(after) > _MAX_PAIRS:
        yield from (_lone(line, "removed") for line in before)
        yield from (_lone(line, "added") for line in after)
        return
    keys = [set(_key(line).split()) for line in after]
    place = 0
    for line in before:
        mine = set(_key(line).split())
        like = next((at for at in range(place, len(after)) if _likeness(mine, keys[at]) >= _LIKENESS), None)
        if like is None:
            yield _lone(line, "removed")
            continue
        yield from (_lone(new, "added") for new in after[place:like])
        yield _paragraph(line, after[like])
        place = like + 1
    yield from (_lone(new, "added") for new in after[place:])


def _likeness(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(len(one), len(other), 1)


def _lone(text: str, state: Literal["added", "removed"]) -> Paragraph:
    piece = Piece(old=text, new="") if state == "removed" else Piece(old="", new=text)
    return Paragraph(state=state, pieces=(piece,))


def _paragraph(old: str, new: str) -> Paragraph:
    """Return one paragraph in two wordings."""
    if _key(old) == _key(new):
        return Paragraph(state="same", pieces=(Piece(old=old, new=new),))
    before, after = _tokens(old), _tokens(new)
    if not before or not after:
        return _lone(new, "added") if after else _lone(old, "removed")
    pieces: list[Piece] = []
    for same, start, end, new_start, new_end in _runs([key for key, _ in before], [key for key, _ in after]):
        was = "".join(text for _, text in before[start:end])
        now = "".join(text for _, text in after[new_start:new_end])
        if same:
            pieces.append(Piece(old=was, new=now))
        else:
            pieces += [Piece(old=was, new="")] if was else []
            pieces += [Piece(old="", new=now)] if now else []
    return Paragraph(state="changed", pieces=tuple(pieces))


def _tokens(text: str) -> list[tuple[str, str]]:
    """Return (folded word, the word with the text up to the next one); the second parts joined are the text."""
    starts = [match.start() for match in words(text)]
    keys = [fold(match.group()) for match in words(text)]
    edges = [0, *starts[1:], len(text)]
    return [(key, text[begin:end]) for key, (begin, end) in zip(keys, pairwise(edges), strict=False)]


Run = tuple[bool, int, int, int, int]


def _runs(before: Sequence[str], after: Sequence[str]) -> list[Run]:
    """Return alternating runs (same?, old from, old to, new from, new to). A single common word amid long changes is no anchor."""
    codes = _opcodes(before, after)
    runs: list[Run] = []
    for place, (tag, start, end, new_start, new_end) in enumerate(codes):
        lone = tag == "equal" and end - start == 1 and 0 < place < len(codes) - 1
        same = tag == "equal" and not (lone and _long(codes[place - 1]) and _long(codes[place + 1]))
        if runs and runs[-1][0] == same:
            runs[-1] = (same, runs[-1][1], end, runs[-1][3], new_end)
        else:
            runs.append((same, start, end, new_start, new_end))
    return runs


def _long(code: Opcode) -> bool:
    return max(code[2] - code[1], code[4] - code[3]) >= 2


def side_by_side(difference: Difference) -> list[tuple[Paragraph | None, Paragraph | None]]:
    """Return the body as rows of (old, new) for two columns; added paragraphs are beside removed neighbours."""
    rows: list[tuple[Paragraph | None, Paragraph | None]] = []
    gone: list[Paragraph] = []
    come: list[Paragraph] = []
    for paragraph in (*difference.body, None):
        if paragraph and paragraph.state == "removed":
            gone.append(paragraph)
        elif paragraph and paragraph.state == "added":
            come.append(paragraph)
        else:
            rows += zip_longest(gone, come)
            gone, come = [], []
            rows += [(paragraph, paragraph)] if paragraph else []
    return rows
