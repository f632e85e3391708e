"""Complete an article by layout: add the blocks that belong to those that a witness found.

The paragraphs of an article stand together in one element. A block between two of them is the article's unless its own
tag, names or links speak against it; what follows them is when it stands where they stand.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.page import HEADINGS, ancestors, closest, is_in
from archive.extract.text.boxes import (
    GROUPS,
    classes,
    is_linked,
    is_note,
    is_widget,
    main_element,
    owner,
    stands_in_title,
)
from archive.extract.text.names import count_words, ends_sentence, folded_words, quads, share, speaks_against

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel, TextBlock
    from archive.extract.text.names import Gram, Verdict

_CELLS = frozenset({"td", "th"})
_ALL_LINK = 0.9
_MANY_LINKS = 0.75
"""Share of link text from which a table or a list is a menu."""
_SCOPES = frozenset({"article", "main"})
_LINKED = 0.5
_FEW_WORDS = 5
_SENTENCE = 10
"""Words from which a sentence that is wholly a link is not a headline."""
_SAID = 0.9
"""Share of a block's word sequences that the found ones have, from which it only repeats them."""
_DEEP = 12
_REACH = 60
"""Blocks behind the last found among which the article may go on."""
_PARAGRAPHS = 3
"""Paragraphs side by side in a box that is more than a note or a teaser."""
BRACKETS = "([（【{"
"""Signs with which a line begins that is an aside: where it is a link, it refers to another page."""
_QUESTIONS = ("?", "؟", "？", ";")


class Layout:
    """Where the article of one page stands: in the `main` element, where it is known, else in the one that holds most of it."""

    def __init__(self, model: PageModel, found: Iterable[int], main: HtmlElement | None = None) -> None:
        self.blocks = model.blocks
        self.found = sorted(found)
        holder = main_element(self.found, self.blocks)
        self.main = holder if main is None else main
        # what holds most of the text cannot speak against it
        self._verdicts: dict[HtmlElement, Verdict] = (
            dict.fromkeys(ancestors(holder, main), "") if main is not None and holder is not None else {}
        )
        self.holders = {owner(self.blocks[index].element) for index in self.found if self.blocks[index].is_running}
        self._spare_most()
        self._boxes: dict[HtmlElement, bool] = {}
        self._groups: dict[HtmlElement, bool] = {}
        self._rests: dict[HtmlElement, bool] = {}
        self._paths: set[tuple[tuple[object, str | None], ...]] | None = None

    def _spare_most(self) -> None:
        """Let nothing speak against the element that holds half of the text, nor against what it stands in."""
        sizes: Counter[HtmlElement | None] = Counter()
        for index in self.found:
            sizes[owner(self.blocks[index].element)] += len(self.blocks[index].text)
        place = max(sizes, key=lambda holder: sizes[holder], default=None)
        if place is not None and 2 * sizes[place] >= sizes.total() and self.holds(place):
            self._verdicts.update(dict.fromkeys(ancestors(place, self.main), ""))

    def holds(self, element: HtmlElement) -> bool:
        """Tell whether the main element holds another."""
        return self.main is None or is_in(element, self.main)

    def complete(self) -> list[int]:
        """Return the blocks that belong to the found ones and that the witness lost."""
        if self.main is None or not self.holders:
            return []
        first, last = self.found[0], self.found[-1]
        have = set(self.found)
        texts = Counter(block.text for block in self.blocks)
        between = [
            index for index in range(first, last + 1) if index not in have and self.is_new(self.blocks[index], texts)
        ]
        running = [index for index in between if self.blocks[index].is_running and self._is_free(index)]
        holders = self.holders | {owner(self.blocks[index].element) for index in running}
        have.update(running)
        short = [index for index in between if not self.blocks[index].is_running and self.is_kin(index, holders, have)]
        return sorted((*self._before(first), *running, *short, *self._rest(last, holders)))

    def is_new(self, block: TextBlock, texts: Mapping[str, int]) -> bool:
        """Tell whether a block in the main element says what no other line says: no label, no pull quote, no title."""
        if block.hook or block.hidden:
            return False
        if owner(block.element) in self.holders:
            return not stands_in_title(block.element, self.main)
        if not self.holds(block.element) or texts[block.text] > 1 or stands_in_title(block.element, self.main):
            return False
        own = folded_words(block.text)
        return len(own) < _FEW_WORDS or share(own, self._said) < _SAID

    @cached_property
    def _said(self) -> set[Gram]:
        return quads([word for index in self.found for word in folded_words(self.blocks[index].text)])

    def _is_free(self, index: int) -> bool:
        element = self.blocks[index].element
        if _is_quotation(element):
            return True
        return self.verdict(element) != "strong" and not self.is_furniture(element)

    def is_kin(self, index: int, holders: Collection[HtmlElement | None], have: Collection[int]) -> bool:
        """Tell whether a short block stands where paragraphs of the article stand, and nothing speaks against it."""
        block = self.blocks[index]
        if block.hook or block.hidden or self.verdict(block.element):
            return False
        if block.linked >= _LINKED and not self._is_named(index) and not _is_linked_sentence(block):
            return False
        if not any(map(str.isalnum, block.text)):
            return False
        place = owner(block.element)
        group = closest(block.element, *GROUPS)
        boxes = {place, group.getparent() if group is not None else None}
        is_beside = place in holders or block.element in holders or any(map(self._is_like_holder, boxes))
        is_title = block.element.tag in HEADINGS and index + 1 in have
        if not is_beside and not is_title:
            return False
        return (is_title and self.blocks[index + 1].is_running) or not self.is_furniture(block.element)

    def path(self, place: HtmlElement | None) -> tuple[tuple[object, str | None], ...]:
        """Return the tags and classes of the elements from the holder of a block up to the main one."""
        if place is None or place is self.main:
            return ()
        return tuple((node.tag, node.get("class")) for node in islice(ancestors(place, self.main), _DEEP))

    def _is_like_holder(self, place: HtmlElement | None) -> bool:
        """Tell whether an element stands in the main one as elements do that hold paragraphs of the article."""
        if self._paths is None:
            self._paths = {self.path(holder) for holder in self.holders if holder is not None and self.holds(holder)}
        return place is not None and self.path(place) in self._paths

    def doubt(self, added: Collection[int]) -> int:
        """Return the characters among the article's blocks that are neither the article's nor plainly another's."""
        have = {*self.found, *added}
        return sum(
            len(block.text)
            for index, block in enumerate(self.blocks[self.found[0] : self.found[-1] + 1], self.found[0])
            if index not in have
            and not block.hook
            and not block.hidden
            and self.holds(block.element)
            and self.verdict(block.element) != "strong"
        )

    def trusted(self) -> set[int]:
        """Return the blocks found that stand beside the main element in one like it."""
        return {
            index
            for index in self.found
            if not self.holds(self.blocks[index].element) and self._is_alike(self.blocks[index].element)
        }

    def _is_named(self, index: int) -> bool:
        """Tell whether a linked block is a cell beside unlinked ones, an item of a list of prose or of an announced one."""
        block = self.blocks[index]
        group = next((node for node in ancestors(block.element, self.main) if node.tag in GROUPS), None)
        if group is None:
            return False
        if group not in self._groups:
            text = len("".join(group.itertext()).strip())
            links = sum(len("".join(link.itertext()).strip()) for link in group.iter("a"))
            is_announced = block.linked < _ALL_LINK and index > 0 and self.blocks[index - 1].text.endswith((":", "："))
            self._groups[group] = is_announced or links < _MANY_LINKS * text
        return self._groups[group]

    def is_furniture(self, element: HtmlElement) -> bool:
        """Tell whether the box in which a block stands among the article's paragraphs is a widget, a picture or a teaser."""
        if element is self.main or element in self.holders:
            return False
        box = element
        for node in ancestors(element, self.main):
            box = node
            if node.getparent() in self.holders:
                break
        if box not in self._boxes:
            self._boxes[box] = (box is not element or box.tag == "div") and is_widget(box)
        return self._boxes[box]

    def _before(self, first: int) -> list[int]:
        """Return the items of a list, and its heading, with which the article begins before the first block found."""
        before: list[int] = []
        for index in range(first - 1, max(-1, first - _REACH), -1):
            block = self.blocks[index]
            element = block.element
            if block.hook or block.hidden or block.linked >= _LINKED or owner(element) not in self.holders:
                break
            is_item = element.tag == "li" and count_words(block.text) >= _FEW_WORDS
            is_heading = element.tag in HEADINGS and element.tag != "h1" and bool(before)
            if not (is_item or is_heading) or self.verdict(element) or self.is_furniture(element):
                break
            before.append(index)
        return before

    def _rest(self, last: int, holders: Collection[HtmlElement | None]) -> list[int]:
        """Return the blocks behind the last found with which the article goes on."""
        rest: list[int] = []
        waiting: list[int] = []
        scope = self._scope()
        answers = self._answers(last, scope)
        for index in self._reach(last):
            block = self.blocks[index]
            if not is_in(block.element, scope):
                break
            if block.hook or block.hidden:
                continue
            if block.element.tag in HEADINGS:
                if block.element.tag == "h1" or block.linked >= _LINKED or self.verdict(block.element) == "strong":
                    break
                waiting.append(index)
            elif block.element.tag in _CELLS and (self.is_kin(index, holders, ()) or self._is_rest(block.element)):
                waiting.append(index)
            elif index in answers or self._goes_on(block, holders, is_next=index - 1 in {last, *rest[-1:]}):
                rest += [*waiting, index]
                waiting = []
            elif block.linked >= _LINKED:
                break
        return rest

    def _reach(self, last: int) -> Iterator[int]:
        """Yield the blocks behind the last found among which the article may go on; the cells of a table count as nothing."""
        left = _REACH
        for index in range(last + 1, len(self.blocks)):
            left -= self.blocks[index].element.tag not in _CELLS
            if not left:
                return
            yield index

    def _answers(self, last: int, scope: HtmlElement | None) -> set[int]:
        """Return the paragraphs behind the last found that answer headings which ask; one such heading is a poll's."""
        answers: set[int] = set()
        questions, is_asked = 0, False
        for index in range(last + 1, min(len(self.blocks), last + _REACH)):
            block = self.blocks[index]
            if block.hook or block.hidden or not is_in(block.element, scope):
                continue
            if block.element.tag in HEADINGS:
                is_asked = block.text.endswith(_QUESTIONS) and block.linked < _LINKED
                questions += is_asked
            elif is_asked and _is_sentence(block) and self.verdict(block.element) != "strong":
                answers.add(index)
        return answers if questions > 1 else set()

    def _scope(self) -> HtmlElement | None:
        """Return the article or section that holds the main element, where the page has one."""
        holder = closest(self.main, *_SCOPES) if self.main is not None else None
        return self.main if holder is None else holder

    def _goes_on(self, block: TextBlock, holders: Collection[HtmlElement | None], *, is_next: bool) -> bool:
        """Tell whether a block stands as the article's do: beside its paragraphs, in an item like its, in a like section.

        `is_next` says whether it directly follows a block of the article, as an item of its last list does.
        """
        element = block.element
        is_item = is_next and element.tag == "li" and count_words(block.text) >= _FEW_WORDS and block.linked < _LINKED
        if not (block.is_running or is_item or (_is_sentence(block) and element.tag == "p")):
            return False
        if self.is_furniture(element):
            return False
        if not self.holds(element):
            return block.linked < _LINKED and (self._is_alike(element) or is_note(element))
        verdict = self.verdict(element)
        if (not verdict and owner(element) in holders) or is_note(element):
            return True
        return verdict != "strong" and (self._is_rest(element) or (block.is_running and self._is_item(element)))

    def _is_rest(self, element: HtmlElement) -> bool:
        """Tell whether a paragraph stands with others in a box among the article's that has no linked heading: one never closed."""
        box = owner(element)
        if box is None or not any(node in self.holders for node in ancestors(box)):
            return False
        if box not in self._rests:
            self._rests[box] = self._beside[box] >= _PARAGRAPHS and not any(map(is_linked, box.iter(*HEADINGS)))
        return self._rests[box]

    @cached_property
    def _beside(self) -> Counter[HtmlElement | None]:
        """Return how many paragraphs of running text each element holds side by side."""
        return Counter(owner(block.element) for block in self.blocks if block.is_running)

    def _is_alike(self, element: HtmlElement) -> bool:
        """Tell whether a block stands as the article's paragraphs do, in a box beside theirs of its tag and classes."""
        place = owner(element)
        if place is None or not any(
            holder.tag == place.tag and holder.get("class") == place.get("class")
            for holder in self.holders
            if holder is not None and self.holds(holder)
        ):
            return False
        own = {id(node): node for node in ancestors(element)}
        for node in ancestors(self.main) if self.main is not None else ():
            parent = node.getparent()
            if parent is None or node.tag == "body":
                return False
            if id(parent) in own:
                box = next((child for child in own.values() if child.getparent() is parent), None)
                if box is None:
                    return False
                return box.tag == node.tag and classes(box) == classes(node) != set() and not speaks_against(box)
        return False

    def _is_item(self, element: HtmlElement) -> bool:
        """Tell whether a block stands, under a heading, in one of several boxes of one class beside the article's paragraphs."""
        for node in ancestors(element, self.main):
            parent = node.getparent()
            if parent is not None and (parent is self.main or parent in self.holders):
                name = node.get("class")
                if not name or next(node.iter(*HEADINGS), None) is None:
                    return False
                return sum(other.get("class") == name for other in parent if other.tag == node.tag) > 1
        return False

    def verdict(self, element: HtmlElement) -> Verdict:
        """Return the gravest that the elements between the main one and a block say, the block's own among them."""
        path = []
        found: Verdict = ""
        for node in ancestors(element, self.main):
            known = self._verdicts.get(node)
            if known is not None:
                found = known
                break
            path.append(node)
        for node in reversed(path):
            if found != "strong":
                found = speaks_against(node) or found
            self._verdicts[node] = found
        return found


def _is_sentence(block: TextBlock) -> bool:
    return count_words(block.text) >= _FEW_WORDS and ends_sentence(block.text)


def _is_linked_sentence(block: TextBlock) -> bool:
    return (
        block.text[0] not in BRACKETS
        and ends_sentence(block.text, asking=False)
        and count_words(block.text) >= _SENTENCE
    )


def _is_quotation(element: HtmlElement) -> bool:
    return closest(element, "blockquote") is not None
