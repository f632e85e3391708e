"""Let trafilatura locate the article on a page, and find its lines among the page's own blocks.

trafilatura only locates the text: its lines are matched to the page's own blocks. It reads the part that the page
declares as the article's body (`itemprop=articleBody`), or the element with an article's name, or the whole page, first
in its fast mode. If the result has too little of the page's running text, its slower mode follows.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from configparser import ConfigParser
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from typing import TYPE_CHECKING

from lxml import etree
from trafilatura import bare_extraction
from trafilatura.settings import DEFAULT_CONFIG, Extractor
from trafilatura.settings import Document as TrafilaturaDocument

from archive.extract.model import is_long
from archive.extract.page import HEADINGS, ancestors
from archive.extract.text.boxes import main_element
from archive.extract.text.completion import Completion
from archive.extract.text.container import alone, article_element, whole
from archive.extract.text.layout import Layout
from archive.extract.text.names import boilerplate_evidence, folded_words, grams, quads, sequences, share
from archive.extract.text.unambiguous import unambiguous_article
from archive.locale import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel, TextBlock
    from archive.extract.text.names import Gram

# Matching the lines of an extractor's text to the page's own blocks.
#
# An extractor loses inline elements, and joins and splits lines. So a line is first searched for as it is, then between
# its neighbours: as part of a block, as several blocks, or as a block of mostly the same words.

_LETTERS = re.compile(r"[^\W_\U00010600\U00010601]+")
_REACH = 40
"""Maximum blocks after the last match in which a line that equals no block is searched for."""
_FAR = 2_000
_LOST = 20
"""Blocks in which a line is searched for before the first match, and lines after which the search is given up."""
_ALIKE = 0.6
"""Minimum share of a block's word sequences in a line that matches it."""
_MIN_PART = 12
"""Minimum letters of a block that is searched for within a line, or of a line within a block."""


def align(lines: Sequence[str], blocks: Sequence[TextBlock]) -> tuple[int, ...]:
    """Return the indices of the blocks that match the lines, in page order.

    If a text is on the page twice, the block nearest before the next line counts: a title may be in the heading and
    again at the start of the text, where the second is the line of the text.
    """
    keys = list(map(_letters, lines))
    compared = cache(lambda index: _Compared(blocks[index].text))
    # removing the marks of every block would cost more than the rest of this function
    ends = {_ends(key) for key in keys if key}
    places: dict[str, list[int]] = {}
    for index, block in enumerate(blocks):
        if not block.hook and not block.hidden and _ends(block.text) in ends:
            places.setdefault(compared(index).key, []).append(index)
    candidates = [places.get(key, ()) if key else () for key in keys]
    found = _exact(candidates, len(blocks))
    taken = {place for place in found if place >= 0}
    last = -1
    for number, place in enumerate(found):
        if place >= 0:
            last = place
        elif keys[number]:
            window = _window(found, number, last, len(blocks), len(keys[number]))
            free = [at for at in window if at not in taken and not blocks[at].hook and not blocks[at].hidden]
            near = _near(lines[number], keys[number], free, compared)
            taken.update(near)
            last = max((last, *near))
    return tuple(sorted(taken))


def _exact(candidates: Sequence[Sequence[int]], end: int) -> list[int]:
    """Return the index of the block that equals each line, -1 for the others."""
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
    """Return the blocks in which to search for a line: after the last match, before the next."""
    following = next((place for place in found[number + 1 : number + _REACH] if place > last), end)
    reach = _REACH + size // 4
    if last >= 0:
        return range(last + 1, min(following, last + 1 + reach))
    if following < end:
        return range(max(0, following - reach), following)
    return range(min(end, _FAR)) if number < _LOST else range(0)


class _Compared:
    """The text of a block in the forms that are compared with lines, each computed once for all lines."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.key = _letters(text)

    @cached_property
    def _sequences(self) -> tuple[Counter[Gram], int]:
        own = sequences(folded_words(self._text))
        return Counter(own), len(own)

    def share(self, said: set[Gram]) -> float:
        """Return the `share` of the block in a line with these `grams`, in time that grows with the shorter of the two."""
        counts, size = self._sequences
        if len(said) < len(counts):
            common = sum(counts.get(gram, 0) for gram in said)
        else:
            common = sum(count for gram, count in counts.items() if gram in said)
        return common / size if size else 0.0


def _near(line: str, key: str, window: Iterable[int], compared: Callable[[int], _Compared]) -> list[int]:
    """Return the blocks that contain a line, are contained in it, or have mostly the same words."""
    found = []
    rest = key
    said = None
    for index in window:
        own = compared(index).key
        if own and (at := rest.find(own)) >= 0 and (at == 0 or len(own) >= _MIN_PART):
            rest = rest[at + len(own) :]
            found.append(index)
        elif len(key) >= _MIN_PART and key in own:
            return [index]
        elif len(own) >= 2 * _MIN_PART and not found:
            said = said if said is not None else grams(folded_words(line))
            if compared(index).share(said) >= _ALIKE:
                found.append(index)
    return found


def _letters(text: str) -> str:
    """Return the letters and digits of a text."""
    return "".join(_LETTERS.findall(text))


def _ends(text: str) -> str:
    """Return the first and the last letter or digit of a text."""
    first = text[:1] if text[:1].isalnum() else next(filter(str.isalnum, text), "")
    last = next((sign for sign in (text[-1:], text[-2:-1]) if sign.isalnum()), "")
    return first + (last or next(filter(str.isalnum, reversed(text)), ""))


# trafilatura logs a warning for each page without text, which the outcome already reports
logging.getLogger("trafilatura").addHandler(logging.NullHandler())

_CONFIG = ConfigParser()
_CONFIG.read_dict(DEFAULT_CONFIG)
_CONFIG["DEFAULT"]["MIN_EXTRACTED_SIZE"] = "150"
"""The length of a short news item; below its default of 250, trafilatura would search the whole page for more."""
_QUICK = Extractor(config=_CONFIG, output_format="python", fast=True, comments=False)
_SLOW = Extractor(config=_CONFIG, output_format="python", fast=False, comments=False)

_DECLARED = etree.XPath('//*[@itemprop="articleBody" or contains(@property, "articleBody")]')
_MIN_CONTAINER = 300
_MIN_WORDS = 60
_RUNNING_TEXT = 80
_LINKED = 0.3
"""Minimum share of link text in teasers."""
_ENOUGH = 0.5
"""Minimum share of the page's running text in the declared body."""
_MUCH = 0.35
"""Minimum share of running text in a reliable fast result; above it, the full mode hardly ever gives another result."""
_SOME = 0.2
"""Minimum share of running text in an element with an article's name to be read alone; a teaser has less."""
_SCRAP = 0.1
_PARAGRAPHS = 5
_FEW = 3
"""Minimum lines of one element to be more than a legal notice or, with the page's heading, to be an article."""
_MOST = 0.6
"""Minimum share of the page's running text in such an article."""
_OUTWEIGHS = 3
"""Minimum ratio of an element's running text to that of a result for the element to replace it."""
_TORN = 2
"""Maximum missing headings between the lines of a text, which may be those of boxes and teasers."""
_NEAR = 10
"""Maximum blocks between the title and paragraphs right under it: a lead, a byline, a date, a caption."""
_BOXES = 6
"""Maximum steps from a paragraph up to the element that contains all of them, each in a box of its own."""
_SAME = 0.6
_MIN_LINE = 4
_WHOLLY = 0.9
"""Minimum share of the declared text on the page for trafilatura to be skipped."""
_DOUBT = 0.03
"""Maximum share of uncertain lines between an article's paragraphs."""
_WHOLE = 1000
"""Minimum characters of a fast result that may be a whole article, however much other text the page has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MainContent:
    """The blocks (by index, in order) of the page's main content, and the `route` that found them (`fast`).

    `quick` are the blocks of the fast mode if the full mode was preferred; `doubt` says why the result may be wrong, ''
    if there is no evidence against it.
    """

    found: tuple[int, ...]
    route: str
    quick: tuple[int, ...] = ()
    doubt: str = ""


class MainContentFinder:
    """Finds the main content of one page."""

    def __init__(self, model: PageModel) -> None:
        self._model = model
        self._blocks = model.blocks

    def find(self, *, declares: bool, declared: str = "") -> MainContent:
        """Return the best result.

        `declares` says whether the page marks the element of its article's body; `declared` is the text in its JSON-LD.
        If all of that is on the page, trafilatura is skipped.
        """
        model = self._model
        if said := self._declared(declared):
            return MainContent(found=said, route="json-ld")
        parts = declared_parts(model.tree) if declares else []
        element = parts[0] if len(parts) == 1 else None if parts else article_element(model.running, _SOME * model.mass)
        if said := self._clear(element, is_declared=bool(parts)):
            return MainContent(found=said, route="markup")
        if parts:
            lines = _ask(alone(parts, 0), _QUICK)
            found = align(lines, self._blocks)
            if self._size(found) >= _ENOUGH * model.mass and sum(len(line.split()) for line in lines) >= _MIN_WORDS:
                return MainContent(found=found, route="itemprop")
            element = article_element(model.running, _SOME * model.mass)
        quick: tuple[int, ...] = ()
        if element is not None:
            lines = _ask(alone([element], model.length // 2), _QUICK)
            quick = align(lines, self._blocks)
        if element is None or self._is_small_part(quick) or self._lost_headings(lines, quick):
            quick = self._whole(_QUICK)
        return self._early(quick) or self._compare(quick)

    def _clear(self, element: HtmlElement | None, *, is_declared: bool) -> tuple[int, ...]:
        """Return the blocks of the article's element if its markup is unambiguous, else (); `element` has an article's name.

        If there is none, or several are declared, try the element with most of the page's running text.
        """
        if element is not None:
            return unambiguous_article(self._model, element, is_named=True)
        running = [index for index, block in enumerate(self._blocks) if block.is_running]
        place = None if is_declared else main_element(running, self._blocks)
        return () if place is None else unambiguous_article(self._model, place, is_named=False)

    def _declared(self, declared: str) -> tuple[int, ...]:
        """Return the blocks that match the declared text, if they are all of it and most of the page; else ()."""
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
        completion = Completion(Layout(self._model, found))
        return tuple(found) if completion.doubt(completion.complete()) <= _DOUBT * size else ()

    def _early(self, quick: tuple[int, ...]) -> MainContent | None:
        """Return the paragraphs right under the title if the fast mode has found a smaller text after them, else None."""
        prose = self._densest() if quick and self._before(quick) > 1 else ()
        if not prose or not self._is_apart(prose, quick):
            return None
        slow = self._whole(_SLOW)
        if not set(slow).isdisjoint(prose):
            return MainContent(found=slow, route="full", quick=quick)
        if prose[-1] + 1 in quick:  # the same text goes on
            return MainContent(found=(*prose, *quick), route="densest")
        return MainContent(found=prose, route="densest", doubt=N_("other readings find a text after it"))

    def _compare(self, quick: tuple[int, ...]) -> MainContent:
        size = self._size(quick)
        if size >= _MUCH * self._model.mass and not self._is_teasers(quick):
            return MainContent(found=quick, route="fast")
        slow = self._whole(_SLOW)
        if size >= _WHOLE and self._together(quick) >= max(0.5, self._together(slow) + 0.1):
            return MainContent(found=quick, route="fast", doubt=N_("a fuller reading finds text in other places too"))
        prose = self._densest()
        if prose and self._is_teasers(slow) and self._size(prose) > 0.5 * self._size(slow):
            return MainContent(found=prose, route="densest")
        if self._size(prose) > _OUTWEIGHS * self._running(slow) and self._may_be_article(prose, _PARAGRAPHS):
            return MainContent(found=prose, route="densest", doubt=N_("most of the running text stands elsewhere"))
        if self._is_all(prose) and not any(self._blocks[index].is_running for index in slow):
            return MainContent(
                found=prose, route="densest", doubt=N_("the name of its element is that of a part around an article")
            )
        is_other = size > 0 and 2 * self._size(set(quick) & set(slow)) < size
        doubt = N_("a quick reading finds another part of the page") if is_other else ""
        return MainContent(found=slow, route="full", quick=quick, doubt=doubt)

    def _whole(self, options: Extractor) -> tuple[int, ...]:
        return align(_ask(whole(self._model), options), self._blocks)

    def _running(self, found: Collection[int]) -> int:
        """Return the characters of running text in the blocks, at least those of a short news item."""
        return max(_MIN_CONTAINER, self._size([index for index in found if self._blocks[index].is_running]))

    def _size(self, found: Collection[int]) -> int:
        return sum(len(self._blocks[index].text) for index in found)

    def _is_teasers(self, found: Sequence[int]) -> bool:
        """Return whether the blocks are teasers: without running text, and with many links. True for no blocks."""
        blocks = [self._blocks[index] for index in found]
        if any(is_long(block.text) for block in blocks):
            return False
        return sum(len(block.text) * block.linked for block in blocks) >= _LINKED * self._size(found)

    def _is_small_part(self, found: Sequence[int]) -> bool:
        """Return whether the blocks are a small part of the page's text, like the words below a recipe's table."""
        return self._size(found) < _SCRAP * sum(len(block.text) for block in self._blocks)

    def _lost_headings(self, lines: Sequence[str], found: Sequence[int]) -> bool:
        """Return whether the result joined lines and lost the headings between them."""
        if not found or len(lines) >= len(found):
            return not found
        between = {index for index in range(found[0], found[-1]) if self._blocks[index].element.tag in HEADINGS}
        return len(between) > _TORN and between.isdisjoint(found)

    def _densest(self) -> tuple[int, ...]:
        """Return the blocks of the element with most running text, for pages where trafilatura finds none.

        Its paragraphs may each be in a box of their own, as deep as the others.
        """
        running = self._model.running
        if not running:
            return ()
        running = [block for block in running if block.element.tag != "li"] or running  # a list may be in an article
        together = [(step, self._most(running, step)) for step in range(1, _BOXES)]
        several = [(step, blocks) for step, blocks in together if len(blocks) >= _FEW] or together
        steps, held = several[0] if several[0][0] == 1 else max(several, key=lambda pair: _length(pair[1]))
        most = _above(held[0].element, steps)
        return tuple(
            index
            for index, block in enumerate(self._blocks)
            if not block.hook and not block.hidden and block.linked < _LINKED and _above(block.element, steps) is most
        )

    def _most(self, running: Sequence[TextBlock], steps: int) -> Sequence[TextBlock]:
        """Return the blocks with most text among those with the same ancestor so many steps above them."""
        held: dict[HtmlElement | None, list[TextBlock]] = {}
        for block in running:
            held.setdefault(_above(block.element, steps), []).append(block)
        return max(held.values(), key=_length)

    @cached_property
    def _title(self) -> int:
        """The index of the first `h1`, or the number of blocks."""
        return next((at for at, block in enumerate(self._blocks) if block.element.tag == "h1"), len(self._blocks))

    def _before(self, found: Sequence[int]) -> int:
        """Return the number of paragraphs of running text between the title and the blocks."""
        first = next((index for index in found if self._blocks[index].is_running), found[-1])
        return sum(block.is_running for block in self._blocks[self._title : first])

    def _is_apart(self, prose: Sequence[int], found: Collection[int]) -> bool:
        """Return whether paragraphs of one element, right under the title or lead, have more running text than those found."""
        if not set(found).isdisjoint(prose) or not self._may_be_article(prose, _FEW):
            return False
        if not self._title < prose[0] <= self._title + _NEAR or self._before(prose) > 1:
            return False
        told = self._size([index for index in found if self._blocks[index].is_running])
        return self._size([index for index in prose if self._blocks[index].is_running]) > told

    def _may_be_article(self, found: Sequence[int], least: int) -> bool:
        """Return whether one element has so many blocks, more than a notice, and no ancestor is named as boilerplate."""
        holders = ancestors(self._blocks[found[0]].element) if found else ()
        return len(found) >= least and all(boilerplate_evidence(node) != "strong" for node in holders)

    def _is_all(self, found: Sequence[int]) -> bool:
        """Return whether paragraphs of one element are most of the page, in an element named as boilerplate that contains its h1."""
        if len(found) < _FEW or self._size(found) < _MOST * self._model.mass:
            return False
        named = [node for node in ancestors(self._blocks[found[0]].element) if boilerplate_evidence(node) == "strong"]
        return bool(named) and next(named[-1].iter("h1"), None) is not None

    def _together(self, found: Sequence[int]) -> float:
        """Return the share of the text in sibling blocks: paragraphs of an article are siblings, teasers are not."""
        held: Counter[HtmlElement | None] = Counter()
        for index in found:
            held[self._blocks[index].element.getparent()] += len(self._blocks[index].text)
        return max(held.values()) / self._size(found) if held else 0.0


def _above(element: HtmlElement, steps: int) -> HtmlElement | None:
    """Return the ancestor so many steps above an element, None if there is none."""
    return next(islice(element.iterancestors(), steps - 1, None), None)


def _length(blocks: Iterable[TextBlock]) -> int:
    return sum(len(block.text) for block in blocks)


def _ask(tree: HtmlElement, options: Extractor) -> list[str]:
    found = bare_extraction(tree, options=options)
    text = found.text if isinstance(found, TrafilaturaDocument) and found.text else ""
    return [line.strip() for line in text.split("\n") if line.strip()]


def declared_parts(tree: HtmlElement) -> list[HtmlElement]:
    """Return the elements that the page declares as the article's body; of several items, those of the one with most text."""
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
