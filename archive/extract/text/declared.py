"""Reconcile the extracted blocks with the `articleBody` that the page's JSON-LD declares.

articleBody alone is worse than trafilatura, because publishers truncate it or put the teaser there. It restores
paragraphs of the page that trafilatura lost, and replaces the text only if the page does not contain it.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from lxml.html import HtmlElement, builder

from archive.extract.page import HEADINGS, PageModel, read_model
from archive.extract.text.names import Gram, folded_words, grams, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archive.extract.document import Document
    from archive.extract.metadata.reading import Metadata
    from archive.extract.page import TextBlock

_BREAKS = re.compile(r"</?(?:p|br|div|h[1-6]|li|ul|ol|blockquote)\b[^<>]{0,300}>", re.IGNORECASE)
_CODE = re.compile(r"<(script|style)\b.*?</\1>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[a-z/!][^<>]{0,300}>", re.IGNORECASE)
_PROGRAM = re.compile(r"(?:^|\s)(?:!?function\s*\w*\s*\(|var \w+\s*=|window\.|document\.|\$\()")

_MIN_WORDS = 60
"""Minimum words of a declared text; a shorter one is a teaser."""
_MIN_BLOCK = 8
_SAME = 0.6
"""Minimum share of common word sequences in two equal texts."""
_HELD = 0.7
"""Minimum share of the declared text that must be on the page before it corrects the page's lines."""
_TRUNCATED = 0.75
_LOST = 0.15
_ALONE = 1.5
_COMPLETE = 0.9
_SHORTENED = 0.6
"""Minimum length of the declared text relative to the lines: to be complete, or at least to have the same beginning."""
_UNKNOWN = 0.3
_RECIPE = ("recipeIngredient", "ingredients", "recipeInstructions")
_MIN_STEP = 4
"""A line with at least this many words matches by most of its word sequences; a shorter one must equal an ingredient."""
_DEEP, _MANY = 5, 200
"""Maximum depth of a recipe's sections, and maximum steps of each."""


class DeclaredBody(NamedTuple):
    """The text that a page declares for its article, and whether script code cuts it off."""

    text: str
    breaks_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """The corrected blocks, the rules that drop some of them, and the action taken.

    `action` is `rescued` (lost paragraphs were restored), `declared` (the declared text, `lines`, replaces the page's) or ''.
    """

    found: Sequence[int]
    rules: Mapping[int, str] = field(default_factory=dict)
    lines: Sequence[str] = ()
    action: str = ""

    def model(self) -> PageModel:
        """Return a page model of the declared lines."""
        body: HtmlElement = builder.BODY(*[builder.P(line) for line in self.lines])
        return read_model(builder.HTML(body))


def declared_body(document: Document, metadata: Metadata) -> DeclaredBody:
    """Return the longest `articleBody` that the page declares for its own article."""
    head = metadata.head
    bodies = [
        body
        for node in document.jsonld
        if isinstance(body := node.get("articleBody"), str) and (head is None or head.page.standing(node))
    ]
    return without_markup(max(bodies, key=len, default=""))


def recipe_lines(document: Document, metadata: Metadata) -> set[int]:
    """Return the blocks with the ingredients and steps of the recipe that the page declares, and their headings."""
    head, blocks = metadata.head, document.model.blocks
    items = [
        item
        for node in document.jsonld
        if "Recipe" in str(node.get("@type")) and (head is None or head.page.standing(node) > 1)
        for key in _RECIPE
        for item in _texts(node.get(key))
    ]
    if not items:
        return set()
    keys = {key for item in items if (key := " ".join(folded_words(item)))}
    known = grams([word for item in items for word in folded_words(item)])
    found = set()
    for index, block in enumerate(blocks):
        if block.hook or block.hidden or block.is_linked:
            continue
        own = folded_words(block.text)
        if " ".join(own) in keys or (len(own) >= _MIN_STEP and share(own, known) >= _TRUNCATED):
            found.add(index)
    return found | {index - 1 for index in found if index and _is_title(blocks[index - 1])}


def _is_title(block: TextBlock) -> bool:
    return (
        block.element.tag in HEADINGS
        and block.element.tag != "h1"
        and not (block.hidden or block.hook or block.is_linked)
    )


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the strings of a list of ingredients or of steps, which may be nested in sections."""
    if isinstance(value, str):
        yield from without_markup(value).text.split("\n")
    elif isinstance(value, list) and depth < _DEEP:
        for item in value[:_MANY]:
            yield from _texts(item, depth + 1)
    elif isinstance(value, dict) and depth < _DEEP:
        for key in ("text", "itemListElement") if value.get("text") else ("name", "itemListElement"):
            yield from _texts(value.get(key), depth + 1)


def without_markup(declared: str) -> DeclaredBody:
    """Return the declared text without markup and entities that some publishers leave in it, up to any script code."""
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
    """Correct the blocks found, using the declared text; `is_held` means that they are known to contain it."""
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
    """Return the blocks that are missing from a complete declared text, each with the rule `declared`.

    `length` is the length of the declared text relative to that of the blocks; with `breaks_off`, it says nothing about
    the last blocks. articleBody often lacks headings and the lead, so headings and long lines before the text are kept.
    It may also lack single paragraphs, so a block between two known ones in the same position is kept.
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
    """Merge the covered blocks into those found, each text once."""
    texts = {blocks[index].text for index in found}
    merged = set(found)
    for index in covered:
        if index not in merged and blocks[index].text not in texts:
            texts.add(blocks[index].text)
            merged.add(index)
    return sorted(merged)
