"""Drop lines by their position on the page, and lines that repeat others.

What follows the element that holds an article's paragraphs, what captions a picture and what is nothing but a link to
another page of the site is furniture, whatever its words are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive.extract.page import HEADINGS, ancestors, closest, is_in
from archive.extract.text.boxes import is_linked, main_element
from archive.extract.text.labels import Line, is_date
from archive.extract.text.layout import BRACKETS
from archive.extract.text.names import count_words, ends_sentence, speaks_against
from archive.extract.text.phrases import line_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import TextBlock

_LEAD_WORDS = 8
_LEAD_LENGTH = 60
_SENTENCE_WORDS = 5
_ALL_LINK = 0.9
_MOST_LINK = 0.5
_ITEM_LINK = 0.5
_LINK_WORDS = 4
_HEADING_WORDS = 12
_TITLE_WORDS = 6
"""Words of a heading, or of a paragraph, up to which it may be the title of a list."""
_LINES = frozenset({"p", "div"})
_LINKED_SENTENCE = 10
"""Words from which a sentence that is wholly a link is not a headline."""
_MAX_LOSS = 0.5
"""An article that is a list of links keeps them: the link rules act only while most of the text stays."""


def judge_places(found: Sequence[int], blocks: Sequence[TextBlock], url: str, added: Collection[int] = ()) -> list[str]:
    """Return for each line the rule that drops it: `caption`, `outside`, `linked-line`, `linked-list`, or ''.

    `added` are lines whose place has been judged.
    """
    main = main_element(found, blocks)
    inside = [main is None or is_in(blocks[index].element, main) for index in found]
    first = next((at for at, is_inside in enumerate(inside) if is_inside), 0)
    last = max((at for at, is_inside in enumerate(inside) if is_inside), default=len(found))
    links = _links(found, blocks, url)
    captions = {at for at, index in enumerate(found) if _captions(blocks[index].element)}
    if _outweigh(captions, found, blocks):  # a story told in pictures is its captions
        captions = set()
    rules = []
    for at, index in enumerate(found):
        block = blocks[index]
        if at in captions:
            rules.append("caption")
        elif index not in added and not inside[at] and (at > last or (at < first and _is_label(block.text))):
            rules.append(links.get(at, "") if _beside(block.element, main) else "outside")
        else:
            rules.append(links.get(at, ""))
    return rules


def _beside(element: HtmlElement, main: HtmlElement | None) -> bool:
    """Tell whether a line stands next to the main element, or in an element next to it that is not a header."""
    place = main.getparent() if main is not None else None
    holder = element.getparent()
    if place is None or holder is None:
        return False
    return holder is place or (holder.getparent() is place and holder.tag == "div" and not holder.get("class"))


def _is_label(text: str) -> bool:
    """Tell whether a line before the text is a label (date, byline, section): a lead has more words."""
    words = count_words(text)
    is_sentence = words >= _SENTENCE_WORDS and ends_sentence(text)
    return words < _LEAD_WORDS and len(text) < _LEAD_LENGTH and not is_sentence


def _captions(element: HtmlElement) -> bool:
    return element.tag == "figcaption" or any(step.tag == "figcaption" for step in list(element.iterancestors())[:3])


def _links(found: Sequence[int], blocks: Sequence[TextBlock], url: str) -> dict[int, str]:
    """Return the lines that only lead to other pages of the site, with their rule, unless they are most of the text."""
    host = urlsplit(url).hostname or ""
    rules: dict[int, str] = {}
    items: dict[HtmlElement, list[int]] = {}
    for at, index in enumerate(found):
        block = blocks[index]
        item = _list_item(block.element)
        if item is not None and (group := item.getparent()) is not None:
            items.setdefault(group, []).append(at)
        if _is_link(block) and count_words(block.text) >= _LINK_WORDS and same_site(block.href, host):
            rules[at] = "linked-line"
    for places in items.values():
        linked = [at for at in places if _leads_away(blocks[found[at]], host)]
        if len(linked) < len(places):
            for at in linked:
                rules.pop(at, None)
        elif not _is_announced(found, places[0], blocks):
            rules.update(dict.fromkeys(linked, "linked-list"))
    kept = [at for at in rules if _is_sentence(found, at, blocks) or _is_section(found, at, blocks)]
    rules = {at: rule for at, rule in rules.items() if at not in kept}
    rules.update(
        {
            at - 1: "linked-list"
            for at, rule in rules.items()
            if rule == "linked-list" and at and at - 1 not in rules and _is_list_title(blocks[found[at - 1]])
        }
    )
    return {} if _outweigh(rules, found, blocks) else rules


def _is_link(block: TextBlock) -> bool:
    """Tell whether a line is a link, but for signs or a date beside it, and no cell beside others that are none."""
    rest = " ".join(text for text, (href, _) in block.parts if not href) if block.linked >= _MOST_LINK else "?"
    is_bare = rest != "?" and (not any(map(str.isalnum, rest)) or is_date(Line(rest), line_key(rest)))
    if block.linked < _ALL_LINK and not is_bare:
        return False
    row = closest(block.element, "tr")
    return row is None or len("".join(row.itertext()).strip()) <= 2 * len(block.text)


def _is_list_title(block: TextBlock) -> bool:
    """Tell whether a line is the title of the list that follows: a heading, or a few words and no sentence."""
    is_short = count_words(block.text) <= _TITLE_WORDS and not ends_sentence(block.text)
    return block.element.tag != "h1" and (
        block.element.tag in HEADINGS or (is_short and block.element.tag in {"p", "div"})
    )


def _is_announced(found: Sequence[int], at: int, blocks: Sequence[TextBlock]) -> bool:
    """Tell whether the line before a list says that it follows, and the list's lines are more than links."""
    before = blocks[found[at - 1]] if at else None
    return before is not None and before.text.endswith((":", "：")) and blocks[found[at]].linked < _ALL_LINK


def _is_sentence(found: Sequence[int], at: int, blocks: Sequence[TextBlock]) -> bool:
    """Tell whether a linked line between two others is a whole sentence of the story."""
    block = blocks[found[at]]
    is_between = 0 < at < len(found) - 1
    is_sentence = block.text[0] not in BRACKETS and ends_sentence(block.text, asking=False)
    return is_between and is_sentence and count_words(block.text) >= _LINKED_SENTENCE


def _is_section(found: Sequence[int], at: int, blocks: Sequence[TextBlock]) -> bool:
    """Tell whether a linked heading is the only one among the article's paragraphs, and one of them follows."""
    block = blocks[found[at]]
    if block.element.tag not in HEADINGS or at + 1 >= len(found):
        return False
    place = block.element.getparent()
    following = blocks[found[at + 1]]
    others = sum(
        blocks[index].linked >= _ALL_LINK and blocks[index].element.tag in HEADINGS and index != found[at]
        for index in found
    )
    return not others and following.is_running and following.element.getparent() is place and at > 0


def _outweigh(places: Iterable[int], found: Sequence[int], blocks: Sequence[TextBlock]) -> bool:
    """Tell whether these lines are most of the text: then they are the article, whatever rule they break."""
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
    """Tell whether a link to the site is most of what an item says, a date or a number beside it not counted."""
    said = sum(map(str.isalpha, block.text)) if block.linked < _ITEM_LINK else 0
    return block.linked * len(block.text) >= _ITEM_LINK * (said or len(block.text)) and same_site(block.href, host)


def same_site(href: str, host: str) -> bool:
    """Tell whether a link leads to another page of the site (a fragment stays on the page)."""
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
    """Return the last two labels of a host: enough to tell `www.` and `m.` of a site from others."""
    return ".".join(host.split(".")[-2:])


# Texts that a page keeps in several similar elements.
#
# Some layouts cut an article where an advertisement stands, into elements of one tag and class; a reader that looks
# for one element finds the first. Parts are twins when they are of one article: under one `<article>` (or under
# none), with no heading of another article between.

_MOSTLY_PROSE = 0.3
_REACH = 8
"""Steps from the main element up to the element that holds its twins too."""


def join_twins(found: Sequence[int], blocks: Sequence[TextBlock], heading: int) -> set[int]:
    """Return the running text of the main element's twins; `heading` is the block of the page's title, -1 when it has none."""
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
    """Tell whether a block stands in one of the twins, and, up to what they all stand in, in nothing named as furniture."""
    is_inside = False
    for node in ancestors(element):
        if node in shared:
            break
        is_inside |= node in twins
        if speaks_against(node) == "strong":
            return False
    return is_inside


def _are_alike(one: set[str], other: set[str]) -> bool:
    """Tell whether two sets of classes are the same, or one is the other but for names that say where a part stands."""
    return one == other or (len(one & other) > 1 and (one <= other or other <= one))


def _names(element: HtmlElement) -> set[str]:
    return set((element.get("class") or "").split())


def _parts(main: HtmlElement, heading: HtmlElement) -> set[HtmlElement]:
    """Return the articles beside the main one that are parts of one story: its title stands above them all, and they have none."""
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
    """Return the elements near the main one, none of another article's."""
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
