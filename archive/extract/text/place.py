"""Drop lines by their position on the page, and lines that repeat others.

Lines after the element with the article's paragraphs, captions of pictures, and lines that are only links to other pages
of the site are boilerplate, whatever their words.
"""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive.extract.model import ALL_LINK, is_long
from archive.extract.page import HEADINGS, ancestors, closest, is_in
from archive.extract.text.boxes import classes, is_linked, main_element
from archive.extract.text.labels import Line, is_date
from archive.extract.text.layout import BRACKETS
from archive.extract.text.lead import names_lead
from archive.extract.text.names import boilerplate_evidence, count_words, ends_sentence, is_source
from archive.extract.text.phrases import line_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock

_LEAD_WORDS = 8
_LEAD_LENGTH = 60
_SENTENCE_WORDS = 5
_MOST_LINK = 0.5
_ITEM_LINK = 0.5
_LINK_WORDS = 4
_HEADING_WORDS = 12
_TITLE_WORDS = 6
"""Maximum words of a heading, or of a paragraph, that may be the title of a list."""
_LINES = frozenset({"p", "div"})
_CAPTION = 500
"""Maximum characters of a caption in a table's cell, which is a layout table's if it has more."""
_LINKED_SENTENCE = 10
"""Words from which a sentence that is wholly a link is not a headline."""
_MAX_LOSS = 0.5
"""Maximum share of the text that the rules for links may drop; an article that is a list of links keeps them."""


def rules_by_place(
    found: Sequence[int], blocks: Sequence[TextBlock], url: str, added: Collection[int] = ()
) -> list[str]:
    """Return for each line the rule that drops it: `caption`, `outside`, `linked-line`, `linked-list`, or ''.

    `added` are lines whose position has already been checked.
    """
    main = main_element(found, blocks)
    inside = [main is None or is_in(blocks[index].element, main) for index in found]
    first = next((at for at, is_inside in enumerate(inside) if is_inside), 0)
    last = max((at for at, is_inside in enumerate(inside) if is_inside), default=len(found))
    links = _links(found, blocks, url)
    caption_of = cache(_caption_cell)
    captions = {at for at, index in enumerate(found) if _captions(blocks[index].element, caption_of)}
    if _outweigh(captions, found, blocks):  # a picture story consists of captions
        captions = set()
    rules = []
    for at, index in enumerate(found):
        block = blocks[index]
        if at in captions:
            rules.append("caption")
        elif index not in added and not inside[at] and (at > last or (at < first and _is_label(block))):
            rules.append(links.get(at, "") if _beside(block.element, main) else "outside")
        else:
            rules.append(links.get(at, ""))
    return rules


def _beside(element: HtmlElement, main: HtmlElement | None) -> bool:
    """Return whether a line is next to the main element, or in an element next to it without a class or with the same one."""
    place = main.getparent() if main is not None else None
    holder = element.getparent()
    if main is None or place is None or holder is None:
        return False
    is_plain = holder.tag == "div" and not holder.get("class")
    is_like = holder.tag == main.tag and classes(holder) == classes(main) != set()
    return holder is place or (holder.getparent() is place and (is_plain or is_like))


def _is_label(block: TextBlock) -> bool:
    """Return whether a line before the text is a label (date, byline, section); a lead has more words, or is named as one."""
    words = count_words(block.text)
    is_sentence = words >= _SENTENCE_WORDS and ends_sentence(block.text)
    is_lead = is_sentence or (words >= _LINK_WORDS and names_lead(block.element.get("class") or ""))
    return words < _LEAD_WORDS and len(block.text) < _LEAD_LENGTH and not is_lead


def _captions(element: HtmlElement, caption_of: Callable[[HtmlElement], HtmlElement | None]) -> bool:
    """Return whether an element is in a `figcaption`, or is the only line of a table under a picture."""
    if any(step.tag == "figcaption" and not is_source(step) for step in islice(ancestors(element), 4)):
        return True
    cell = closest(element, "td", "th")
    table = closest(cell, "table") if cell is not None else None
    if cell is None or table is None or caption_of(table) is not cell:
        return False
    return len("".join(element.itertext())) == len("".join(cell.itertext()))


def _caption_cell(table: HtmlElement) -> HtmlElement | None:
    """Return the only cell with text in a table if a picture is in another row, else None."""
    if next(table.iter("img", "amp-img"), None) is None:
        return None
    said = (cell for cell in table.iter("td", "th") if any(map(str.strip, cell.itertext())))
    cells = list(islice(said, 2))
    if len(cells) != 1 or len("".join(cells[0].itertext())) > _CAPTION:
        return None
    row = closest(cells[0], "tr")
    return cells[0] if row is not None and next(row.iter("img", "amp-img"), None) is None else None


def _links(found: Sequence[int], blocks: Sequence[TextBlock], url: str) -> dict[int, str]:
    """Return the rules of lines that only link to other pages of the site, {} if these are most of the text."""
    host = urlsplit(url).hostname or ""
    rules: dict[int, str] = {}
    items: dict[HtmlElement, list[int]] = {}
    size_of = cache(_text_size)
    for at, index in enumerate(found):
        block = blocks[index]
        item = _list_item(block.element)
        if item is not None and (group := item.getparent()) is not None:
            items.setdefault(group, []).append(at)
        if _is_link(block, size_of) and count_words(block.text) >= _LINK_WORDS and same_site(block.href, host):
            rules[at] = "linked-line"
    titles = {blocks[index].text for index in found if blocks[index].element.tag in HEADINGS}
    for places in items.values():
        linked = [
            at for at in places if _leads_away(blocks[found[at]], host) or _leads_to_part(blocks[found[at]], titles)
        ]
        if len(linked) < len(places):
            for at in linked:
                rules.pop(at, None)
        elif not _is_announced(found, places, blocks):
            rules.update(dict.fromkeys(linked, "linked-list"))
    headings = {index for index in found if blocks[index].linked >= ALL_LINK and blocks[index].element.tag in HEADINGS}
    kept = {
        at
        for at in rules
        if _is_sentence(found, at, blocks)
        or _is_in_open_link(found, at, blocks)
        or _is_section(found, at, blocks, headings)
        or _opens_paragraph(found, at, blocks)
    }
    rules = {at: rule for at, rule in rules.items() if at not in kept}
    rules.update(
        {
            at - 1: "linked-list"
            for at, rule in rules.items()
            if rule == "linked-list" and at and at - 1 not in rules and _is_list_title(blocks[found[at - 1]])
        }
    )
    return {} if _outweigh(rules, found, blocks) else rules


def _is_link(block: TextBlock, size_of: Callable[[HtmlElement], int]) -> bool:
    """Return whether a line consists of a link, perhaps with symbols or a date, and is not a table cell next to unlinked ones."""
    if not is_linked_line(block):
        return False
    row = closest(block.element, "tr")
    return row is None or size_of(row) <= 2 * len(block.text)


def is_linked_line(block: TextBlock) -> bool:
    """Return whether a line consists of a link, perhaps with symbols or a date."""
    if block.linked >= ALL_LINK or block.linked < _MOST_LINK:
        return block.linked >= ALL_LINK
    rest = " ".join(text for text, (href, _) in block.parts if not href)
    return not any(map(str.isalnum, rest)) or is_date(Line(rest), line_key(rest))


def _text_size(element: HtmlElement) -> int:
    return len("".join(element.itertext()).strip())


def _is_list_title(block: TextBlock) -> bool:
    """Return whether a line may be the title of the following list: a short heading, or a few words."""
    words, is_sentence = count_words(block.text), ends_sentence(block.text, asking=False)
    if block.element.tag in HEADINGS:
        return block.element.tag != "h1" and not (is_sentence and words >= _HEADING_WORDS)
    return block.element.tag in {"p", "div"} and words <= _TITLE_WORDS and not ends_sentence(block.text)


def _is_announced(found: Sequence[int], places: Sequence[int], blocks: Sequence[TextBlock]) -> bool:
    """Return whether the line before a list introduces it, and not all of its items are only links."""
    if not places[0] or not blocks[found[places[0] - 1]].text.endswith((":", "：")):
        return False
    return any(blocks[found[at]].linked < ALL_LINK for at in places)


def _is_sentence(found: Sequence[int], at: int, blocks: Sequence[TextBlock]) -> bool:
    """Return whether a linked line is a whole sentence of the article: between two others, or last and beside another one."""
    block = blocks[found[at]]
    is_sentence = block.text[0] not in BRACKETS and ends_sentence(block.text, asking=False)
    if not at or not is_sentence or count_words(block.text) < _LINKED_SENTENCE:
        return False
    before, own = blocks[found[at - 1]], block.element
    is_beside = before.element.getnext() is own and (before.element.tag, before.element.get("class")) == (
        own.tag,
        own.get("class"),
    )
    return at < len(found) - 1 or (is_beside and ends_sentence(before.text) and not before.is_linked)


def _is_in_open_link(found: Sequence[int], at: int, blocks: Sequence[TextBlock]) -> bool:
    """Return whether a paragraph and one beside it are in the same link, which was never closed."""
    own = blocks[found[at]]
    beside = (blocks[index] for index in (*found[max(0, at - 1) : at], *found[at + 1 : at + 2]))
    return is_long(own.text) and any(
        other.linked >= ALL_LINK and other.href == own.href and is_long(other.text) for other in beside
    )


def _is_section(found: Sequence[int], at: int, blocks: Sequence[TextBlock], headings: set[int]) -> bool:
    """Return whether a linked heading, the only one of `headings`, is among the article's paragraphs and followed by one."""
    block = blocks[found[at]]
    if block.element.tag not in HEADINGS or not 0 < at < len(found) - 1:
        return False
    following = blocks[found[at + 1]]
    is_beside = following.element.getparent() is block.element.getparent()
    return following.is_running and is_beside and headings <= {found[at]}


def _opens_paragraph(found: Sequence[int], at: int, blocks: Sequence[TextBlock]) -> bool:
    """Return whether a linked line is the first of several in a paragraph, which a last paragraph of one line follows."""
    if at + 2 >= len(found):
        return False
    own, following, before, last = (blocks[found[place]] for place in (at, at + 1, -2, -1))
    is_first = own.element.tag == "p" and following.element is own.element and not following.is_linked
    is_beside = last.element.getparent() is own.element.getparent() and before.element is not last.element
    return is_first and is_beside and last.is_running


def _outweigh(places: Iterable[int], found: Sequence[int], blocks: Sequence[TextBlock]) -> bool:
    """Return whether these lines are most of the text, and so are the article, whatever rule would drop them."""
    size = sum(len(blocks[found[at]].text) for at in places)
    return size >= _MAX_LOSS * sum(len(blocks[index].text) for index in found)


def _list_item(element: HtmlElement) -> HtmlElement | None:
    for step, holder in enumerate(ancestors(element)):
        if holder.tag == "li":
            return holder
        if step == 2:
            break
    return None


def _leads_away(block: TextBlock, host: str) -> bool:
    """Return whether a link to the site is most of an item, not counting a date or number next to it."""
    said = sum(map(str.isalpha, block.text)) if block.linked < _ITEM_LINK else 0
    return block.linked * len(block.text) >= _ITEM_LINK * (said or len(block.text)) and same_site(block.href, host)


def _leads_to_part(block: TextBlock, titles: Collection[str]) -> bool:
    """Return whether an item links to a part of the page under a heading with its words, as in a table of contents."""
    return block.href[:1] == "#" and block.text in titles


def same_site(href: str, host: str) -> bool:
    """Return whether a link leads to another page of the site, not to a fragment of this one."""
    if not href or href.startswith(("#", "mailto:", "tel:", "javascript:")):
        return False
    try:
        target = urlsplit(href)
    except ValueError:
        return False
    if not target.netloc:
        return True
    return _site(target.hostname or "") == _site(host)


def _site(host: str) -> str:
    """Return the last two labels of a host, which `www.` and `m.` hosts of a site share."""
    return ".".join(host.split(".")[-2:])


# Texts split over several similar elements.
#
# Some layouts split an article at advertisements into elements of one tag and class, and an extractor that returns one
# element finds only the first. Such elements are twins if they belong to one article: they are under one `<article>` (or
# none), without a heading of another article between them.

_REACH = 8
"""Maximum steps from the main element up to the element that also contains its twins."""


def join_twins(found: Sequence[int], blocks: Sequence[TextBlock], heading: int) -> set[int]:
    """Return the running text of the main element's twins; `heading` is the block of the page's title, -1 if there is none."""
    main = main_element(found, blocks)
    if main is None or not (names := _names(main)):
        return set()
    twins = {other for other in _near(main) if _are_alike(names, _names(other))} - {main}
    if heading >= 0:
        twins |= _parts(main, blocks[heading].element)
    if not twins:
        return set()
    texts = {blocks[index].text for index in found}
    shared = set(ancestors(main))
    return {
        index
        for index, block in enumerate(blocks)
        if block.is_running and block.text not in texts and _stands_in(block.element, twins, shared)
    }


def _stands_in(element: HtmlElement, twins: set[HtmlElement], shared: set[HtmlElement]) -> bool:
    """Return whether a block is in one of the twins, without an element named as boilerplate up to their common ancestor."""
    is_inside = False
    for node in ancestors(element):
        if node in shared:
            break
        is_inside |= node in twins
        if boilerplate_evidence(node) == "strong":
            return False
    return is_inside


def _are_alike(one: set[str], other: set[str]) -> bool:
    """Return whether two sets of classes are equal, or differ only in names that give a part's position."""
    return one == other or (len(one & other) > 1 and (one <= other or other <= one))


def _names(element: HtmlElement) -> set[str]:
    return set((element.get("class") or "").split())


def _parts(main: HtmlElement, heading: HtmlElement) -> set[HtmlElement]:
    """Return the `article` elements next to the main one that are parts of one article: its title is above all, and they have none."""
    own = closest(main, "article")
    parent = own.getparent() if own is not None else None
    if own is None or parent is None or is_in(heading, own):
        return set()
    return {
        other
        for other in parent.iterchildren("article")
        if other is not own
        and other.get("class") == own.get("class")
        and other.find(".//h1") is None
        and not any(is_linked(title) for title in other.iter(*HEADINGS))
    }


def _near(main: HtmlElement) -> list[HtmlElement]:
    """Return the elements near the main one, without those of other articles."""
    holder = main
    for _ in range(_REACH):
        above = holder.getparent()
        if (
            above is None
            or holder.tag in {"article", "main", "body"}
            or sum(1 for other in above.iter("h1", "article") if other is not above) > 1
        ):
            break
        holder = above
    return [other for other in holder.iter() if other.tag == main.tag] if holder is not main else []
