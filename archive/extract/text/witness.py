"""Ask trafilatura which part of a page is the article, and find its lines among the page's own blocks.

trafilatura is a witness, not the source of the text: its lines are found again among the page's own blocks. It reads
the part that the page declares as the article's body (`itemprop=articleBody`), or the element with an article's name,
or the whole page; first in its fast mode. How much of the page's running text that leaves decides when its slower
comparison is worth the time.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from configparser import ConfigParser
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree
from trafilatura import bare_extraction
from trafilatura.settings import DEFAULT_CONFIG, Extractor
from trafilatura.settings import Document as TrafilaturaDocument

from archive.extract.model import is_long
from archive.extract.page import HEADINGS, ancestors
from archive.extract.text.boxes import main_element
from archive.extract.text.clear import clear_article
from archive.extract.text.container import alone, article_element, whole
from archive.extract.text.layout import Layout
from archive.extract.text.names import folded_words, grams, quads, share, speaks_against

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel, TextBlock
    from archive.extract.text.names import Gram

# The lines of an extractor's text, found again among the page's own blocks.
#
# A reader loses inline elements, runs lines together and parts them. So a line is first looked for as it is, then
# between its neighbours: as a part of a block, as several blocks, or as a block of mostly the same words.

_NOT_WORD = re.compile(r"[\W_\U00010600\U00010601]+")
_REACH = 40
"""Blocks behind the last one found among which a line that is not a block is searched."""
_FAR = 2_000
_LOST = 20
"""Blocks among which a line is looked for while none has been found, and lines after which that is given up."""
_ALIKE = 0.6
"""Share of its word sequences from which a block is what a line says."""
_MIN_PART = 12
"""Letters from which a block may be found within a line, or a line within a block."""


def align(lines: Sequence[str], blocks: Sequence[TextBlock]) -> tuple[int, ...]:
    """Return the indices of the blocks that the lines are, in page order.

    Of a text that stands there twice, the one nearest before the next line counts. (A title stands in the heading, and
    again where the text begins: the line of the text is the second.)
    """
    keys = [_NOT_WORD.sub("", line) for line in lines]
    # to take the marks off every block would cost more than all the rest here
    ends = {_ends(key) for key in keys if key}
    places: dict[str, list[int]] = {}
    for index, block in enumerate(blocks):
        if not block.hook and not block.hidden and _ends(block.text) in ends:
            places.setdefault(_NOT_WORD.sub("", block.text), []).append(index)
    candidates = [places.get(key, ()) if key else () for key in keys]
    found = _exact(candidates, len(blocks))
    taken = {place for place in found if place >= 0}
    last = -1
    for number, place in enumerate(found):
        if place >= 0:
            last = place
        elif keys[number]:
            near = _near(
                lines[number], keys[number], _window(found, number, last, len(blocks), len(keys[number])), taken, blocks
            )
            taken.update(near)
            last = max((last, *near))
    return tuple(sorted(taken))


def _exact(candidates: Sequence[Sequence[int]], end: int) -> list[int]:
    """Return the place of each line that is a block as it stands, -1 for the others."""
    found: list[int] = []
    last = -1
    for number, places in enumerate(candidates):
        place = places[0] if len(places) == 1 else -1
        if len(places) > 1:
            following = next((others[0] for others in candidates[number + 1 : number + 6] if len(others) == 1), end)
            within = [index for index in places if last < index < following]
            place = within[-1] if within and last < 0 else (within or places)[0]
        if place >= 0:
            last = place
        found.append(place)
    return found


def _window(found: Sequence[int], number: int, last: int, end: int, size: int) -> range:
    """Return the blocks among which a line may stand: behind the last one found, before the next."""
    following = next((place for place in found[number + 1 : number + _REACH] if place > last), end)
    reach = _REACH + size // 4
    if last >= 0:
        return range(last + 1, min(following, last + 1 + reach))
    if following < end:
        return range(max(0, following - reach), following)
    return range(min(end, _FAR)) if number < _LOST else range(0)


def _near(line: str, key: str, window: range, taken: set[int], blocks: Sequence[TextBlock]) -> list[int]:
    """Return the blocks that a line is a part of, that are parts of it, or that say the same."""
    found = []
    rest = key
    said = None
    for index in window:
        block = blocks[index]
        if index in taken or block.hook or block.hidden:
            continue
        own = _NOT_WORD.sub("", block.text)
        if own and (at := rest.find(own)) >= 0 and (at == 0 or len(own) >= _MIN_PART):
            rest = rest[at + len(own) :]
            found.append(index)
        elif len(key) >= _MIN_PART and key in own:
            return [index]
        elif len(own) >= 2 * _MIN_PART and not found:
            said = said if said is not None else grams(folded_words(line))
            if share(folded_words(block.text), said) >= _ALIKE:
                found.append(index)
    return found


def _ends(text: str) -> str:
    """Return the first and the last letter or digit of a text."""
    first = text[:1] if text[:1].isalnum() else next(filter(str.isalnum, text), "")
    last = next((sign for sign in (text[-1:], text[-2:-1]) if sign.isalnum()), "")
    return first + (last or next(filter(str.isalnum, reversed(text)), ""))


# trafilatura logs each page without text as a warning; our own reasons say it, once
logging.getLogger("trafilatura").addHandler(logging.NullHandler())

_CONFIG = ConfigParser()
_CONFIG.read_dict(DEFAULT_CONFIG)
_CONFIG["DEFAULT"]["MIN_EXTRACTED_SIZE"] = "150"
"""A short news item has 150 characters; below its 250 trafilatura would search the whole page for more."""
_QUICK = Extractor(config=_CONFIG, output_format="python", fast=True, comments=False)
_SLOW = Extractor(config=_CONFIG, output_format="python", fast=False, comments=False)

_DECLARED = etree.XPath('//*[@itemprop="articleBody" or contains(@property, "articleBody")]')
_MIN_CONTAINER = 300
_MIN_WORDS = 60
_RUNNING_TEXT = 80
_LINKED = 0.3
"""Share of link text from which lines are teasers."""
_ENOUGH = 0.5
"""Share of the page's running text that the declared body must hold."""
_MUCH = 0.35
"""Share of it below which a quick answer is doubted; of those between this and a half the full one is hardly ever another."""
_SOME = 0.2
"""Share of it that an element with an article's name must hold to be read alone: enough that it is not a teaser."""
_SCRAP = 0.1
_PARAGRAPHS = 5
_FEW = 3
"""Lines that one element must hold to be more than a legal notice, or, with the page's heading, an article."""
_MOST = 0.6
"""Share of the page's running text that such an article is."""
_OUTWEIGHS = 3
"""How many times an answer's running text that of one element must be to be the article in its stead."""
_TORN = 2
"""Headings between the lines of a text that may be those of boxes and teasers."""
_SAME = 0.6
_MIN_LINE = 4
_WHOLLY = 0.9
"""Share of the declared text that the page must hold for it to need no other witness."""
_DOUBT = 0.03
"""Share of an article's text up to which other lines among its paragraphs leave no doubt."""
_WHOLE = 1000
"""Characters from which a quick answer may be a whole article, however much other text the page has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """The blocks (by index, in order) that are the article's by a witness, and the `route` that found them (`fast`).

    `quick` are those of the fast mode where the full one was preferred, `doubt` says why the answer may be wrong ('' when
    nothing speaks against it).
    """

    found: tuple[int, ...]
    route: str
    quick: tuple[int, ...] = ()
    doubt: str = ""


class Witness:
    """Asks about one page."""

    def __init__(self, model: PageModel) -> None:
        self._model = model
        self._blocks = model.blocks

    def hear(self, *, declares: bool, declared: str = "") -> Testimony:
        """Return the best answer.

        `declares` says whether the page names the element of its article's body, `declared` is the text that its JSON-LD
        gives. If the whole of it is on the page, trafilatura is not asked.
        """
        model = self._model
        if said := self._declared(declared):
            return Testimony(found=said, route="json-ld")
        parts = declared_parts(model.tree) if declares else []
        element = parts[0] if len(parts) == 1 else None if parts else article_element(model.running, _SOME * model.mass)
        if said := self._clear(element, is_declared=bool(parts)):
            return Testimony(found=said, route="markup")
        if parts:
            lines = _ask(alone(parts, 0), _QUICK)
            found = align(lines, self._blocks)
            if self._size(found) >= _ENOUGH * model.mass and sum(len(line.split()) for line in lines) >= _MIN_WORDS:
                return Testimony(found=found, route="itemprop")
            element = article_element(model.running, _SOME * model.mass)
        quick: tuple[int, ...] = ()
        if element is not None:
            lines = _ask(alone([element], model.length // 2), _QUICK)
            quick = align(lines, self._blocks)
        if element is None or self._is_scrap(quick) or self._is_torn(lines, quick):
            quick = self._whole(_QUICK)
        return self._compare(quick)

    def _clear(self, element: HtmlElement | None, *, is_declared: bool) -> tuple[int, ...]:
        """Return the blocks of the article's element where its markup leaves no doubt; `element` has an article's name.

        Where no element has, or several are declared, the one that holds most of the page's running text may be it.
        """
        if element is not None:
            return clear_article(self._model, element, is_named=True)
        running = [index for index, block in enumerate(self._blocks) if block.is_running]
        place = None if is_declared else main_element(running, self._blocks)
        return () if place is None else clear_article(self._model, place, is_named=False)

    def _declared(self, declared: str) -> tuple[int, ...]:
        """Return the blocks that the declared text is, when they are all of it and most of the page."""
        told = folded_words(declared)
        if len(told) < _MIN_WORDS:
            return ()
        known = quads(told)
        found = []
        held: set[Gram] = set()
        for index, block in enumerate(self._blocks):
            if not block.hook and not block.hidden and len(block.text) >= _RUNNING_TEXT // 2:
                own = folded_words(block.text)
                if len(own) > _MIN_LINE and share(own, known) >= _SAME:
                    found.append(index)
                    held |= quads(own)
        size = self._size(found)
        if len(known & held) < _WHOLLY * len(known) or size < _ENOUGH * self._model.mass:
            return ()
        layout = Layout(self._model, found)
        return tuple(found) if layout.doubt(layout.complete()) <= _DOUBT * size else ()

    def _compare(self, quick: tuple[int, ...]) -> Testimony:
        size = self._size(quick)
        if size >= _MUCH * self._model.mass and not self._is_teasers(quick):
            return Testimony(found=quick, route="fast")
        slow = self._whole(_SLOW)
        if size >= _WHOLE and self._together(quick) >= max(0.5, self._together(slow) + 0.1):
            return Testimony(found=quick, route="fast", doubt="a fuller reading finds text in other places too")
        prose = self._densest()
        if prose and self._is_teasers(slow) and self._size(prose) > 0.5 * self._size(slow):
            return Testimony(found=prose, route="densest")
        if self._size(prose) > _OUTWEIGHS * self._running(slow) and self._may_be_article(prose):
            return Testimony(found=prose, route="densest", doubt="most of the running text stands elsewhere")
        if self._is_all(prose) and not any(self._blocks[index].is_running for index in slow):
            return Testimony(found=prose, route="densest", doubt="its element has the name of furniture")
        is_other = size > 0 and 2 * self._size(set(quick) & set(slow)) < size
        doubt = "a quick reading finds another part of the page" if is_other else ""
        return Testimony(found=slow, route="full", quick=quick, doubt=doubt)

    def _whole(self, options: Extractor) -> tuple[int, ...]:
        return align(_ask(whole(self._model), options), self._blocks)

    def _running(self, found: Collection[int]) -> int:
        """Return the characters of running text among the blocks, at least those of a short item."""
        return max(_MIN_CONTAINER, self._size([index for index in found if self._blocks[index].is_running]))

    def _size(self, found: Collection[int]) -> int:
        return sum(len(self._blocks[index].text) for index in found)

    def _is_teasers(self, found: Sequence[int]) -> bool:
        """Tell whether the blocks, none of them running text, are for a good part links. No blocks at all are as bad."""
        blocks = [self._blocks[index] for index in found]
        if any(is_long(block.text) for block in blocks):
            return False
        return sum(len(block.text) * block.linked for block in blocks) >= _LINKED * self._size(found)

    def _is_scrap(self, found: Sequence[int]) -> bool:
        """Tell whether the blocks are little of what the page says: a recipe is in its table, not in the words below."""
        return self._size(found) < _SCRAP * sum(len(block.text) for block in self._blocks)

    def _is_torn(self, lines: Sequence[str], found: Sequence[int]) -> bool:
        """Tell whether lines have been run together, and the headings between the others lost."""
        if not found or len(lines) >= len(found):
            return not found
        between = {index for index in range(found[0], found[-1]) if self._blocks[index].element.tag in HEADINGS}
        return len(between) > _TORN and between.isdisjoint(found)

    def _densest(self) -> tuple[int, ...]:
        """Return the blocks of the element that holds most running text: for pages where trafilatura finds none of it."""
        held: Counter[HtmlElement | None] = Counter()
        for block in self._model.running:
            held[block.element.getparent()] += len(block.text)
        if not held:
            return ()
        most = max(held, key=lambda holder: held[holder])
        return tuple(
            index
            for index, block in enumerate(self._blocks)
            if not block.hook and not block.hidden and block.element.getparent() is most and block.linked < _LINKED
        )

    def _may_be_article(self, found: Sequence[int]) -> bool:
        """Tell whether blocks of one element are more than a notice, and nothing that holds them is named as furniture."""
        holders = ancestors(self._blocks[found[0]].element) if found else ()
        return len(found) >= _PARAGRAPHS and all(speaks_against(node) != "strong" for node in holders)

    def _is_all(self, found: Sequence[int]) -> bool:
        """Tell whether paragraphs of one element are most of what the page says, in what is named as furniture and holds its `h1`."""
        if len(found) < _FEW or self._size(found) < _MOST * self._model.mass:
            return False
        named = [node for node in ancestors(self._blocks[found[0]].element) if speaks_against(node) == "strong"]
        return bool(named) and next(named[-1].iter("h1"), None) is not None

    def _together(self, found: Sequence[int]) -> float:
        """Return the share of the text whose blocks are siblings: the paragraphs of an article are, teasers are not."""
        held: Counter[HtmlElement | None] = Counter()
        for index in found:
            held[self._blocks[index].element.getparent()] += len(self._blocks[index].text)
        return max(held.values()) / self._size(found) if held else 0.0


def _ask(tree: HtmlElement, options: Extractor) -> list[str]:
    found = bare_extraction(tree, options=options)
    text = found.text if isinstance(found, TrafilaturaDocument) and found.text else ""
    return [line.strip() for line in text.split("\n") if line.strip()]


def declared_parts(tree: HtmlElement) -> list[HtmlElement]:
    """Return the elements that the page declares as the article's body, all of one item: of the item with most text."""
    found = _DECLARED(tree)
    items: dict[HtmlElement | None, list[HtmlElement]] = {}
    sizes: Counter[HtmlElement | None] = Counter()
    outer = set(found)
    for element in found:
        ancestors = list(element.iterancestors())
        size = len(element.text_content())
        if size > _MIN_CONTAINER and outer.isdisjoint(ancestors):
            item = next((holder for holder in ancestors if "itemscope" in holder.attrib), None)
            items.setdefault(item, []).append(element)
            sizes[item] += size
    return items[max(sizes, key=lambda item: sizes[item])] if sizes else []
