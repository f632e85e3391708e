"""Reconcile the extracted blocks with the `articleBody` that the page's JSON-LD declares.

Taken blindly, articleBody is worse than trafilatura (publishers truncate it, or put the teaser there). So it only
brings back paragraphs that the page holds and trafilatura lost, and stands for the text alone when the page does not
hold it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from lxml.html import HtmlElement, builder

from archive.extract.page import HEADINGS, PageModel, read_model
from archive.extract.text.names import Gram, folded_words, grams, share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archive.extract.document import Document
    from archive.extract.metadata.reading import Metadata
    from archive.extract.page import TextBlock

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


class DeclaredBody(NamedTuple):
    """The text that a page declares for its article, and whether it breaks off where a program of the page begins."""

    text: str
    breaks_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """The blocks that stay found, the rule that drops some of them, and what was done.

    `action` is `rescued` (lost paragraphs are back), `declared` (the declared text, `lines`, stands alone) or ''.
    """

    found: Sequence[int]
    rules: Mapping[int, str] = field(default_factory=dict)
    lines: Sequence[str] = ()
    action: str = ""

    def model(self) -> PageModel:
        """Return the declared lines as a page of their own."""
        body: HtmlElement = builder.BODY(*[builder.P(line) for line in self.lines])
        return read_model(builder.HTML(body))


def declared_body(document: Document, metadata: Metadata) -> DeclaredBody:
    """Return the longest body that the page declares for itself; another item's is not its own."""
    head = metadata.head
    bodies = [
        body
        for node in document.jsonld
        if isinstance(body := node.get("articleBody"), str) and (head is None or head.page.standing(node))
    ]
    return without_markup(max(bodies, key=len, default=""))


def without_markup(declared: str) -> DeclaredBody:
    """Return the declared text without the markup and entities that some publishers leave in it, up to code among it."""
    text = _CODE.sub(" ", html.unescape(html.unescape(declared)))
    text = _TAG.sub("", _BREAKS.sub("\n", text))
    code = _PROGRAM.search(text)
    if code:
        text = text[: code.start()]
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return DeclaredBody("\n".join(filter(None, lines)), breaks_off=code is not None)


def reconcile(
    found: Sequence[int], blocks: Sequence[TextBlock], declared: DeclaredBody, *, is_held: bool = False
) -> Reconciled:
    """Correct the blocks found by the declared text; `is_held` when they are known to hold it."""
    told = folded_words(declared.text)
    if len(told) < _MIN_WORDS:
        return Reconciled(found=found)
    known = grams(told)
    said = [folded_words(blocks[index].text) for index in found]
    size = sum(map(len, said))
    if is_held or len(known - grams([word for line in said for word in line])) < _LOST * len(known):
        rules = _contradicted(said, found, blocks, known, len(told) / max(size, 1), breaks_off=declared.breaks_off)
        return Reconciled(found=found, rules=rules)
    covered = _covered(blocks, known)
    held: set[Gram] = set().union(*(grams(folded_words(blocks[index].text)) for index in covered)) if covered else set()
    if len(known & held) < _HELD * len(known):
        if len(told) >= _ALONE * size:
            lines = declared.text.split("\n")
            return Reconciled(found=range(len(lines)), lines=lines, action="declared")
        return Reconciled(found=found)
    if len(told) < _TRUNCATED * size:
        return Reconciled(found=found)
    return Reconciled(found=_merged(found, covered, blocks), action="rescued")


def _contradicted(
    said: Sequence[Sequence[str]],
    found: Sequence[int],
    blocks: Sequence[TextBlock],
    known: set[Gram],
    length: float,
    *,
    breaks_off: bool,
) -> dict[int, str]:
    """Return the blocks that a complete declared text does not know, each with the rule `declared`.

    `length` is that of the declared text over that of the blocks; one that `breaks_off` says nothing of the last blocks.
    Publishers leave headings and the lead out of
    articleBody, so a heading stays, and a long line before the text; and now and then one paragraph, so a block stays
    that stands between two known ones as they stand.
    """
    if length < _SHORTENED:
        return {}
    shares = [share(line, known) for line in said]
    sure = [at for at, part in enumerate(shares) if part >= _SAME and len(said[at]) >= _MIN_BLOCK]
    if not sure:
        return {}
    rules = {}
    for at, part in enumerate(shares):
        if part >= _UNKNOWN:
            continue
        is_long = len(said[at]) >= _MIN_BLOCK
        if at < sure[0]:
            is_denied = not is_long
        elif at > sure[-1]:
            is_denied = length >= _COMPLETE and not breaks_off
        else:
            is_heading = blocks[found[at]].element.tag in HEADINGS
            is_between = (
                at - 1 in sure and at + 1 in sure and _are_alike([blocks[i].element for i in found[at - 1 : at + 2]])
            )
            is_denied = length >= _COMPLETE and is_long and not is_heading and not is_between
        if is_denied:
            rules[found[at]] = "declared"
    return rules


def _are_alike(elements: Sequence[HtmlElement]) -> bool:
    return len({(element.tag, element.getparent()) for element in elements}) == 1


def _covered(blocks: Sequence[TextBlock], known: set[Gram]) -> list[int]:
    covered = []
    for index, block in enumerate(blocks):
        if block.hook or block.hidden:
            continue
        block_words = folded_words(block.text)
        if len(block_words) >= _MIN_BLOCK and share(block_words, known) >= _SAME:
            covered.append(index)
    return covered


def _merged(found: Sequence[int], covered: Sequence[int], blocks: Sequence[TextBlock]) -> list[int]:
    """Put the covered blocks among those found, each text once."""
    texts = {blocks[index].text for index in found}
    merged = set(found)
    for index in covered:
        if index not in merged and blocks[index].text not in texts:
            texts.add(blocks[index].text)
            merged.add(index)
    return sorted(merged)
