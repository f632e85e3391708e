"""Complete an article by layout: add blocks that belong to those that trafilatura found.

The paragraphs of an article are together in one element. A block between two of them belongs to the article, unless its
tag, names or links are evidence against it; a block after them belongs to it if it is in the same position.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.model import is_long
from archive.extract.page import HEADINGS, ancestors, closest, is_in
from archive.extract.text.boxes import GROUPS, classes, is_linked, is_note, owner
from archive.extract.text.layout import FEW_WORDS, HALF_LINK, PARAGRAPHS, links_to_itself
from archive.extract.text.names import boilerplate_evidence, count_words, ends_sentence, is_quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock
    from archive.extract.text.layout import Layout

_CELLS = frozenset({"td", "th"})
_BOXES = {"div": 2, "aside": 1}
"""Minimum paragraphs of a box that contains nothing else; an `aside` is beside the text, but part of it."""
_SCOPES = frozenset({"article", "main"})
_REACH = 60
"""Maximum blocks after the last one found in which the article may continue."""
_NEAR = 5
"""Maximum elements between a line and the box beside the article's paragraphs that contains it."""
_QUESTIONS = ("?", "؟", "？", ";")


class Completion:
    """Finds the blocks that belong to the article of a page with this layout and that trafilatura did not find."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._blocks = layout.blocks
        self._found = layout.found
        self._main = layout.main
        self._holders = layout.holders
        self._rests: dict[HtmlElement, bool] = {}
        self._prose: dict[HtmlElement, bool] = {}

    def complete(self) -> list[int]:
        """Return the blocks that belong to the article and that trafilatura did not find."""
        if self._main is None or not self._holders:
            return []
        first, last = self._found[0], self._found[-1]
        have = set(self._found)
        texts = self._layout.texts
        between = [
            index
            for index in range(first, last + 1)
            if index not in have and self._layout.is_new(self._blocks[index], texts)
        ]
        running = [index for index in between if self._blocks[index].is_running and self._is_free(index)]
        holders = self._holders | {owner(self._blocks[index].element) for index in running}
        have.update(running)
        short = []
        for index in reversed(between):  # a heading may be above a short line
            if not self._blocks[index].is_running and self._layout.is_among_paragraphs(index, holders, have):
                short.append(index)
                have.add(index)
        for index in between:  # a source is below a line
            if index not in have and index - 1 in have and self._is_source(index):
                short.append(index)
                have.add(index)
        return sorted((*self._before(first), *running, *short, *self._rest(last, holders)))

    def _is_free(self, index: int) -> bool:
        element = self._blocks[index].element
        if _is_quotation(element) or self._is_only_prose(element):
            return True
        return self._layout.verdict(element) != "strong" and not self._layout.is_boilerplate(element)

    def _is_only_prose(self, element: HtmlElement) -> bool:
        """Return whether a block is in a box among the article's paragraphs that contains only paragraphs, whatever its name."""
        box = element.getparent()
        if box is None or box.tag not in _BOXES or box.getparent() not in self._holders or len(box) < _BOXES[box.tag]:
            return False
        if box not in self._prose:
            self._prose[box] = all(
                other.tag == "p" and is_long(_text(other)) and other.find(".//a") is None for other in box
            )
        return self._prose[box]

    def doubt(self, added: Collection[int]) -> int:
        """Return the characters of blocks between the article's that neither belong to it nor are clearly boilerplate."""
        have = {*self._found, *added}
        return sum(
            len(block.text)
            for index, block in enumerate(self._blocks[self._found[0] : self._found[-1] + 1], self._found[0])
            if index not in have
            and not block.hook
            and not block.hidden
            and self._layout.holds(block.element)
            and self._layout.verdict(block.element) != "strong"
        )

    def trusted(self) -> set[int]:
        """Return the found blocks in elements next to the main element and similar to it."""
        return {
            index
            for index in self._found
            if not self._layout.holds(self._blocks[index].element) and self._is_alike(self._blocks[index].element)
        }

    def _before(self, first: int) -> list[int]:
        """Return the paragraphs, and the items of a list with their heading, right before the first block found."""
        before: list[int] = []
        for index in range(first - 1, max(-1, first - _REACH), -1):
            block = self._blocks[index]
            element = block.element
            is_bare = element in self._holders
            if block.hook or block.hidden or block.linked >= HALF_LINK:
                break
            if self._is_title(index):
                before.append(index)
                continue
            if not is_bare and owner(element) not in self._holders:
                break
            is_item = element.tag == "li" and count_words(block.text) >= FEW_WORDS
            is_heading = element.tag in HEADINGS and element.tag != "h1"
            is_text = block.is_running or (_is_sentence(block) and (is_bare or element.tag == "p"))
            if (
                not (is_item or is_heading or is_text)
                or self._layout.verdict(element)
                or self._layout.is_boilerplate(element)
            ):
                break
            before.append(index)
        return before

    def _is_title(self, index: int) -> bool:
        """Return whether a block is the heading, below h1, of a box with the article's paragraph after it."""
        element = self._blocks[index].element
        is_heading = element.tag in HEADINGS and element.tag != "h1"
        return (
            is_heading and self._layout.verdict(element) != "strong" and self._layout.titles_next(index, (index + 1,))
        )

    def _rest(self, last: int, holders: Collection[HtmlElement | None]) -> list[int]:
        """Return the blocks after the last one found that continue the article."""
        rest: list[int] = []
        waiting: list[int] = []
        scope = self._scope()
        answers = self._answers(last, scope)
        for index in self._reach(last):
            block = self._blocks[index]
            if not is_in(block.element, scope):
                break
            if block.hook or block.hidden or self._is_foreign(block.element):
                continue
            if block.element.tag in HEADINGS or block.element.tag == "summary":
                if (
                    block.element.tag == "h1"
                    or (block.linked >= HALF_LINK and not links_to_itself(block))
                    or self._layout.verdict(block.element) == "strong"
                ):
                    break
                waiting.append(index)
            elif block.element.tag in _CELLS and (
                self._layout.is_among_paragraphs(index, holders, ()) or self._is_rest(block.element)
            ):
                waiting.append(index)
            elif (
                index in answers
                or (index - 1 == (rest[-1] if rest else last) and self._is_source(index))
                or self._goes_on(block, holders, is_next=index - 1 in {last, *rest[-1:]})
            ):
                rest += [*waiting, index]
                waiting = []
            elif block.linked >= HALF_LINK:
                break
        return rest

    def _is_foreign(self, element: HtmlElement) -> bool:
        """Return whether an element is in a box named as boilerplate beside the article's paragraphs, which may follow it."""
        return any(
            box.getparent() in self._holders and box.tag != "p" and boilerplate_evidence(box) == "strong"
            for box in islice(ancestors(element, self._main), _NEAR)
        )

    def _is_source(self, index: int) -> bool:
        """Return whether a line without links is in the same quotation as the line before it, as its source is.

        A quotation may also be a line in quotation marks in a box of its own.
        """
        own, before = self._blocks[index], self._blocks[index - 1]
        quotation = closest(own.element, "blockquote", "figure")
        if quotation is None and is_quoted(before.text) and own.element.getparent() not in self._holders:
            quotation = own.element.getparent()
        is_within = quotation is not None and is_in(before.element, quotation)
        return is_within and not own.href

    def _reach(self, last: int) -> Iterator[int]:
        """Yield the blocks after the last one found in which the article may continue; table cells do not count towards the limit."""
        left = _REACH
        for index in range(last + 1, len(self._blocks)):
            left -= self._blocks[index].element.tag not in _CELLS
            if not left:
                return
            yield index

    def _answers(self, last: int, scope: HtmlElement | None) -> set[int]:
        """Return the paragraphs after the last block found that answer questions in headings; a single question may be a poll."""
        answers: set[int] = set()
        questions, is_asked = 0, False
        for index in range(last + 1, min(len(self._blocks), last + _REACH)):
            block = self._blocks[index]
            if block.hook or block.hidden or not is_in(block.element, scope):
                continue
            if block.element.tag in HEADINGS:
                is_asked = block.text.endswith(_QUESTIONS) and block.linked < HALF_LINK
                questions += is_asked
            elif is_asked and _is_sentence(block) and self._layout.verdict(block.element) != "strong":
                answers.add(index)
        return answers if questions > 1 else set()

    def _scope(self) -> HtmlElement | None:
        """Return the `article` or `main` that contains the main element, None if there is none."""
        holder = closest(self._main, *_SCOPES) if self._main is not None else None
        return self._main if holder is None else holder

    def _goes_on(self, block: TextBlock, holders: Collection[HtmlElement | None], *, is_next: bool) -> bool:
        """Return whether a block is positioned like the article's: next to its paragraphs, in a similar item or section.

        `is_next` says whether it directly follows a block of the article, as an item of its last list does.
        """
        element = block.element
        is_item = is_next and element.tag == "li" and count_words(block.text) >= FEW_WORDS and block.linked < HALF_LINK
        if self._is_own_part(block, holders):
            return True
        is_bare = element in holders  # text of the paragraphs' own element, as between two `br`
        is_line = is_bare or element.tag == "p" or _is_plain_box(element, holders)
        if not (block.is_running or is_item or (is_line and _is_sentence(block))):
            return False
        if self._layout.is_boilerplate(element):
            return False
        if not self._layout.holds(element):
            return block.linked < HALF_LINK and (self._is_alike(element) or is_note(element))
        verdict = self._layout.verdict(element)
        if (not verdict and (is_bare or owner(element) in holders)) or is_note(element):
            return True
        return verdict != "strong" and (self._is_rest(element) or (block.is_running and self._is_item(element)))

    def _is_own_part(self, block: TextBlock, holders: Collection[HtmlElement | None]) -> bool:
        """Return whether a block is code, a quotation, or an item of a list without links, where the article's paragraphs are."""
        part = closest(block.element, "pre", "blockquote", "ul", "ol")
        verdict = self._layout.verdict(block.element) if part is not None else "strong"
        if (
            part is None
            or verdict == "strong"
            or (verdict and not (block.is_running or self._layout.is_own_list(part)))
        ):
            return False
        if self._layout.is_boilerplate(block.element):
            return False
        place = owner(part)
        if place is not None and place.tag == "figure":
            place = owner(place)
        if place not in holders and not (part.tag in GROUPS and self._layout.is_in_panel(block, part, holders)):
            return False
        return not (part.tag in GROUPS or part.tag == "blockquote") or next(part.iter("a"), None) is None

    def _is_rest(self, element: HtmlElement) -> bool:
        """Return whether a paragraph is in an unclosed box: with others, among the article's paragraphs, without a linked heading."""
        box = owner(element)
        if box is None or not any(node in self._holders for node in ancestors(box)):
            return False
        if box not in self._rests:
            beside, has_links = self._beside[box], next(box.iter("a"), None) is not None
            least = PARAGRAPHS if has_links else PARAGRAPHS - 1
            self._rests[box] = beside >= least and not any(map(is_linked, box.iter(*HEADINGS)))
        return self._rests[box]

    @cached_property
    def _beside(self) -> Counter[HtmlElement | None]:
        """Return how many adjacent paragraphs of running text each element contains."""
        return Counter(owner(block.element) for block in self._blocks if block.is_running)

    def _is_alike(self, element: HtmlElement) -> bool:
        """Return whether a block is in a box next to those of the article's paragraphs, with the same tag and classes."""
        place = owner(element)
        if place is None or not any(
            holder.tag == place.tag and holder.get("class") == place.get("class")
            for holder in self._holders
            if holder is not None and self._layout.holds(holder)
        ):
            return False
        own = {id(node): node for node in ancestors(element)}
        for node in ancestors(self._main) if self._main is not None else ():
            parent = node.getparent()
            if parent is None or node.tag == "body":
                return False
            if id(parent) in own:
                box = next((child for child in own.values() if child.getparent() is parent), None)
                if box is None:
                    return False
                return box.tag == node.tag and classes(box) == classes(node) != set() and not boilerplate_evidence(box)
        return False

    def _is_item(self, element: HtmlElement) -> bool:
        """Return whether a block is under a heading in one of several boxes of one class next to the article's paragraphs."""
        for node in ancestors(element, self._main):
            parent = node.getparent()
            if parent is not None and (parent is self._main or parent in self._holders):
                name = node.get("class")
                if not name or next(node.iter(*HEADINGS), None) is None:
                    return False
                return sum(other.get("class") == name for other in parent if other.tag == node.tag) > 1
        return False


def _is_plain_box(element: HtmlElement, holders: Collection[HtmlElement | None]) -> bool:
    """Return whether an element is a `div` without a class where the article's paragraphs are."""
    return element.tag == "div" and not element.get("class") and element.getparent() in holders


def _text(element: HtmlElement) -> str:
    return " ".join("".join(element.itertext()).split())


def _is_sentence(block: TextBlock) -> bool:
    return count_words(block.text) >= FEW_WORDS and ends_sentence(block.text)


def _is_quotation(element: HtmlElement) -> bool:
    return closest(element, "blockquote") is not None
