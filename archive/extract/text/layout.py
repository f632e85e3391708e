"""Locate the article on a page, and judge the blocks around it by their position."""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from archive.extract.model import ALL_LINK, LINKED
from archive.extract.page import HEADINGS, ancestors, closest, is_in
from archive.extract.text.boxes import (
    GROUPS,
    is_linked,
    is_widget,
    main_element,
    owner,
    stands_in_title,
)
from archive.extract.text.names import (
    boilerplate_evidence,
    count_words,
    ends_sentence,
    folded_words,
    is_quoted,
    names_request,
    quads,
    share,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel, TextBlock
    from archive.extract.text.names import Gram, Verdict

_MANY_LINKS = 0.75
"""Minimum share of link text in a table or list that is a menu."""
HALF_LINK = 0.5
"""Minimum share of link text in a short block that leads to another page."""
FEW_WORDS = 5
_SENTENCE = 10
"""Words from which a sentence that is wholly a link is not a headline."""
_SAID = 0.9
"""Minimum share of a block's word sequences in the found blocks for it to be a repetition."""
_DEEP = 12
PARAGRAPHS = 3
"""Minimum adjacent paragraphs in a box that is more than a note or teaser."""
_WRAPPED = 0.8
"""Minimum boxes a paragraph in a text whose paragraphs each have a box."""
_QUESTION = re.compile(r"\bquestion\b|-question(?:\b|_)", re.IGNORECASE)
_TITLE = re.compile(r"title|heading", re.IGNORECASE)
_ITEM_WORDS = 3
_WRAPS = 4
"""Maximum elements between a paragraph's box and the element that contains all such boxes."""
BRACKETS = "([（【{"
"""Opening brackets of an aside, which refers to another page if it is a link."""


class Layout:
    """The position of a page's article: the `main` element if given, else the element that contains most of it."""

    def __init__(self, model: PageModel, found: Iterable[int], main: HtmlElement | None = None) -> None:
        self.blocks = model.blocks
        self.found = sorted(found)
        holder = main_element(self.found, self.blocks)
        self.main = holder if main is None else main
        self._most = frozenset(ancestors(holder)) if holder is not None else frozenset()
        # the element with most of the text is no evidence against it
        self._verdicts: dict[HtmlElement, Verdict] = (
            dict.fromkeys(ancestors(holder, main), "") if main is not None and holder is not None else {}
        )
        self._own: set[tuple[object, str | None]] = set()  # names of the boxes of the article's paragraphs
        found_blocks = [self.blocks[index] for index in self.found]
        told = [block for block in found_blocks if block.is_running] or [b for b in found_blocks if _is_sentence(b)]
        running = [owner(block.element) for block in told]
        self.holders = set(running)
        if holder is not None and len(self.holders) >= max(PARAGRAPHS, _WRAPPED * len(running)):
            self.holders |= {holder, _around(self.holders)}  # each paragraph has a box of its own
        self._ignore_main_element(joins_alike=main is None)
        self._boxes: dict[HtmlElement, bool] = {}
        self._groups: dict[HtmlElement, bool] = {}
        self._lists: dict[HtmlElement, bool] = {}
        self._paths: set[tuple[tuple[object, str | None], ...]] | None = None

    def _ignore_main_element(self, *, joins_alike: bool) -> None:
        """Ignore evidence against the element that contains half of the text, and against its ancestors.

        With `joins_alike`, elements of the same tag and class count together, as parts of an article.
        """
        sizes: Counter[object] = Counter()
        places: dict[object, set[HtmlElement]] = {}
        for index in self.found:
            place = owner(self.blocks[index].element)
            if place is not None:
                name = (place.tag, place.get("class")) if joins_alike and place.get("class") else place
                sizes[name] += len(self.blocks[index].text)
                places.setdefault(name, set()).add(place)
        for most, size in sizes.most_common(1):
            if 2 * size >= sizes.total():
                for place in filter(self.holds, places[most]):
                    self._verdicts.update(dict.fromkeys(ancestors(place, self.main), ""))
                    self._own |= {_name(node) for node in ancestors(place, self.main) if node.get("class")}

    def holds(self, element: HtmlElement) -> bool:
        """Return whether an element is inside the main element."""
        return self.main is None or is_in(element, self.main)

    @cached_property
    def texts(self) -> Mapping[str, int]:
        """Count how often each text is on the page, without links to its own fragments, as in a table of contents."""
        return Counter(block.text for block in self.blocks if block.linked < ALL_LINK or block.href[:1] != "#")

    def is_new(self, block: TextBlock, texts: Mapping[str, int]) -> bool:
        """Return whether a block in the main element has text of its own, unlike a label, pull quote or title."""
        if block.hook or block.hidden:
            return False
        if owner(block.element) in self.holders:
            return not stands_in_title(block.element, self.main)
        if not self.holds(block.element) or texts[block.text] > 1 or stands_in_title(block.element, self.main):
            return False
        own = folded_words(block.text)
        return len(own) < FEW_WORDS or share(own, self._said) < _SAID

    @cached_property
    def _said(self) -> set[Gram]:
        return quads([word for index in self.found for word in folded_words(self.blocks[index].text)])

    def is_among_paragraphs(self, index: int, holders: Collection[HtmlElement | None], have: Collection[int]) -> bool:
        """Return whether a short block is where paragraphs of the article are, without evidence against it."""
        block = self.blocks[index]
        verdict = self.verdict(block.element)
        if block.hook or block.hidden or verdict == "strong":
            return False
        group = closest(block.element, *GROUPS)
        is_part = closest(block.element, "pre") is not None or (
            self.is_own_list(group) if group is not None else self._is_lone_sentence(block, holders)
        )
        if verdict and not (is_part or self.titles_next(index, have)):
            return False
        is_told = self._is_named(index) or _is_linked_sentence(block) or links_to_itself(block)
        if (block.linked >= HALF_LINK and not is_told) or not any(map(str.isalnum, block.text)):
            return False
        place = owner(block.element)
        held = closest(block.element, "pre", "blockquote")
        figure = held.getparent() if held is not None else None
        if held is not None and any(node.tag in _SOURCES for node in ancestors(block.element, held)):
            return index - 1 in have and not block.href
        if figure is not None and figure.tag == "figure":
            place = figure.getparent()
        elif held is not None and held.tag == "blockquote" and _is_said(block, held):
            place = figure
        boxes = {place, group.getparent() if group is not None else None}
        is_beside = (
            place in holders
            or block.element in holders
            or any(map(self._is_like_holder, boxes))
            or self.is_in_panel(block, group, holders)
        )
        is_title = index + 1 in have and (block.element.tag in HEADINGS or _opens_panel(block.element))
        is_title = is_title or self.titles_next(index, have)
        if not is_beside and not is_title:
            return False
        return (is_title and self.blocks[index + 1].is_running) or not self.is_boilerplate(block.element)

    def titles_next(self, index: int, have: Collection[int]) -> bool:
        """Return whether a block is the title of a box, by its tag, emphasis or name, and the box has a paragraph of the article."""
        block, following = self.blocks[index], index + 1
        if following not in have or not self.blocks[following].is_running or ends_sentence(block.text, asking=False):
            return False
        element, box = block.element, block.element.getparent()
        if element.tag in HEADINGS or element.tag == "legend" or _TITLE.search(element.get("class") or ""):
            box = box.getparent() if box is not None and box.tag == "header" else box
            return is_in(self.blocks[following].element, box)
        return block.is_emphatic and is_in(self.blocks[following].element, element)

    def is_in_panel(self, block: TextBlock, group: HtmlElement | None, holders: Collection[HtmlElement | None]) -> bool:
        """Return whether a block is in a box of its own beside paragraphs: an item of a list under a heading, or a linked sentence."""
        box = block.element.getparent() if group is None else group.getparent()
        for _ in range(_WRAPS):  # boxes that contain nothing else
            if box is None or len(box) > 1 or box.getparent() in holders:
                break
            box = box.getparent()
        if box is None or box.getparent() not in holders:
            return False
        if group is None:
            is_title = block.element.tag == "summary" and next(box.iter("a"), None) is None
            is_alone = is_quoted(block.text) or not _has_others(box)  # a quotation may be above its source
            return is_title or (is_alone and (_is_linked_sentence(block) or _is_sentence(block)))
        before = group.getprevious()
        if before is None:
            return self.is_own_list(group)
        if not (before.tag in HEADINGS or before.tag == "summary"):
            return False
        return block.linked < LINKED and not is_linked(before)

    def _is_lone_sentence(self, block: TextBlock, holders: Collection[HtmlElement | None]) -> bool:
        """Return whether a paragraph is a sentence in boxes of its own beside the others, whatever their layout is named."""
        if (
            block.element.tag not in {"p", "div"}
            or not _is_sentence(block)
            or not self.is_in_panel(block, None, holders)
        ):
            return False
        return not any(map(names_request, ancestors(block.element, self.main)))

    def is_own_list(self, group: HtmlElement) -> bool:
        """Return whether a list is not one of labels or links, whatever the layout of its box is named."""
        if group not in self._lists:
            is_own = _is_plain_list(group) and not any(map(names_request, ancestors(group, self.main)))
            self._lists[group] = is_own
        return self._lists[group]

    def path(self, place: HtmlElement | None) -> tuple[tuple[object, str | None], ...]:
        """Return the tags and classes of the elements from a block's container up to the main element."""
        if place is None or place is self.main:
            return ()
        return tuple((node.tag, node.get("class")) for node in islice(ancestors(place, self.main), _DEEP))

    def _is_like_holder(self, place: HtmlElement | None) -> bool:
        """Return whether an element has the same path in the main element as one that contains paragraphs of the article."""
        if self._paths is None:
            self._paths = {self.path(holder) for holder in self.holders if holder is not None and self.holds(holder)}
        return place is not None and self.path(place) in self._paths

    def _is_named(self, index: int) -> bool:
        """Return whether a linked block is a cell next to unlinked ones, or an item of a list of prose or of an introduced list."""
        block = self.blocks[index]
        group = next((node for node in ancestors(block.element, self.main) if node.tag in GROUPS), None)
        if group is None:
            return False
        if group not in self._groups:
            text = len("".join(group.itertext()).strip())
            links = sum(len("".join(link.itertext()).strip()) for link in group.iter("a"))
            self._groups[group] = links < _MANY_LINKS * text or self._is_announced(index, group)
        return self._groups[group]

    def _is_announced(self, index: int, group: HtmlElement) -> bool:
        """Return whether the line before a list introduces it, and not all of its items are only links."""
        first = index
        while first and is_in(self.blocks[first - 1].element, group):
            first -= 1
        inside = takewhile(lambda block: is_in(block.element, group), islice(self.blocks, first, None))
        is_introduced = first > 0 and self.blocks[first - 1].text.endswith((":", "："))
        return is_introduced and any(block.linked < ALL_LINK for block in inside)

    def is_boilerplate(self, element: HtmlElement) -> bool:
        """Return whether a block between the article's paragraphs is in a box that is a widget, picture or teaser."""
        if element is self.main or element in self.holders:
            return False
        box = element
        for node in ancestors(element, self.main):
            box = node
            if node.getparent() in self.holders:
                break
        if box in self._most:  # the article is no widget
            return False
        if box not in self._boxes:
            self._boxes[box] = (box is not element or box.tag == "div") and is_widget(box)
        return self._boxes[box]

    def verdict(self, element: HtmlElement) -> Verdict:
        """Return the strongest evidence against a block from its element and the ancestors up to the main element."""
        path = []
        found: Verdict = ""
        for node in ancestors(element, self.main):
            known = self._verdicts.get(node)
            if known is not None:
                found = known
                break
            path.append(node)
        for node in reversed(path):
            if found != "strong" and _name(node) not in self._own:
                found = boilerplate_evidence(node) or found
            self._verdicts[node] = found
        return found


def links_to_itself(block: TextBlock) -> bool:
    """Return whether a block is a heading that links to a fragment of the page, as one with an anchor of its own does."""
    return block.element.tag in HEADINGS and block.href[:1] == "#"


_SOURCES = frozenset({"cite", "footer"})
"""Elements of a quotation's source, which belongs to the article if the quotation does."""


def _is_said(block: TextBlock, quotation: HtmlElement) -> bool:
    """Return whether a line of a quotation has several words; one with links may be an embedded post."""
    return count_words(block.text) >= FEW_WORDS and next(quotation.iter("a"), None) is None


def _name(element: HtmlElement) -> tuple[object, str | None]:
    return (element.tag, element.get("class"))


def _opens_panel(element: HtmlElement) -> bool:
    """Return whether an element, or its parent, is a question by its name, or the button that opens the answer."""
    for node in islice(ancestors(element), 2):
        if (node.get("role") == "button" or node.tag == "button") and (
            "aria-controls" in node.attrib or "aria-expanded" in node.attrib
        ):
            return True
        if _QUESTION.search(node.get("class") or ""):
            return True
    return False


def _has_others(box: HtmlElement) -> bool:
    """Return whether several elements of a box have words; an icon has none."""
    said = (any(map(str.isalnum, "".join(other.itertext()))) for other in box)
    return len(box) > 1 and sum(islice(filter(None, said), 2)) > 1


def _is_plain_list(group: HtmlElement) -> bool:
    """Return whether a list has no links, and several words in most of its items, unlike a row of labels."""
    if group.tag == "table" or next(group.iter("a", "button", "input", "time"), None) is not None:
        return False
    items = [count_words("".join(item.itertext())) for item in group.iterchildren("li")]
    return len(items) > 1 and 2 * sum(words >= _ITEM_WORDS for words in items) > len(items)


def _around(holders: Collection[HtmlElement | None]) -> HtmlElement | None:
    """Return the element that contains most of the boxes of single paragraphs, None if there is none near them."""
    boxes = [holder for holder in holders if holder is not None]
    for _ in range(_WRAPS):
        boxes = [box for holder in boxes if (box := holder.getparent()) is not None]
        for box, count in Counter(boxes).most_common(1):
            if count >= max(PARAGRAPHS, _WRAPPED * len(boxes)):
                return box
    return None


def _is_sentence(block: TextBlock) -> bool:
    return block.linked < LINKED and count_words(block.text) >= FEW_WORDS and ends_sentence(block.text, asking=False)


def _is_linked_sentence(block: TextBlock) -> bool:
    return (
        block.text[0] not in BRACKETS
        and ends_sentence(block.text, asking=False)
        and count_words(block.text) >= _SENTENCE
    )
