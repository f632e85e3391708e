"""Drop lines by the structure around them: boxes of teasers, comments, labels, pull quotes.

Boilerplate comes from templates: teasers (`teasers`) and comments are in boxes of one class under a heading, a label
repeats before links, and a pull quote repeats a paragraph. Most rules are independent of language.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from functools import lru_cache, partial
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.metadata.urls import PAGE_NUMBER
from archive.extract.model import ALL_LINK
from archive.extract.page import HEADINGS, ancestors, closest, is_in
from archive.extract.text.boxes import boxes_around, text_within
from archive.extract.text.captions import (
    PICTURES,
    find_credits,
    find_credits_after,
    find_described,
    find_video_titles,
    pictures_by_text,
)
from archive.extract.text.labels import Line, is_date, is_label, is_name, names_comments
from archive.extract.text.names import count_words, ends_sentence, folded_words, is_quoted, quads, share
from archive.extract.text.phrases import PHRASES, line_key
from archive.extract.text.teasers import find_appeals, find_excerpts, find_labels, find_offers, find_teasers
from archive.extract.text.widgets import (
    find_calls,
    find_consents,
    find_last_offer,
    find_widgets,
    holders_of_controls,
    holders_of_fields,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel, TextBlock

_ENOUGH = 3
"""Minimum paragraphs of running text that may be the whole article, however long the boxes beside it are."""
_QUOTE_WORDS = 5
_SAID = 0.9
_TWICE = 6
"""Minimum words of a line printed twice by mistake; a shorter one, or a refrain, may be repeated for effect."""
_MISTAKEN = 2
_COPIED = 3
"""Minimum lines of a box that is printed twice."""
_BUTTON_WORDS = 4
_MARK = 3
"""Maximum characters of a footnote's number, which leads back to its mark."""
_PAGER = 60
"""Maximum characters of a line of links to the article's pages."""
_RECORDING = re.compile(r"\.(?:mp3|m4a|ogg|wav|mp4)(?:$|[?#])", re.IGNORECASE)
_TOP = 6
_PLAYER = 250
"""Maximum characters of a box with an audio player."""
_MOST_LABELS = 5
_PAIR = 2
"""Maximum items of a list of labels under the title, and items of one that has only a date and a name."""
_TOLD = 3
"""Labels of known kinds beside which one of another kind is a label as well."""
_LABEL_WORDS = 3
"""Maximum words of a heading for comments that no tag or emphasis marks."""
_NEAR = 12
"""Maximum distance, in blocks, to other blocks of the same box."""
_HEADING = 60
"""Maximum characters of a heading in bold."""
_COMMENT_HEADINGS = 20
"""Maximum headings that are tried as that of readers' comments."""
_QUOTE = re.compile(r"quote|zitat|citation|citat|alinti|iqtibas|eqtebas|pull[-_]?(?:out|text)|\bcita\b", re.IGNORECASE)
_SHARING = re.compile(r"(?<![a-z])shar(?:e|ing)(?![a-z])|[a-z]Shar(?:e|ing)(?![a-z])")
_AUTHOR = re.compile(
    r"\b(?:about[-_]{0,2}(?:the[-_])?author|(?:post|article|entry)?[-_]{0,2}author[-_]{0,2}(?:bio|box|card|info|profile|desc\w*|details|block|section)"
    r"|bio[-_]?(?:box|author)|autor[-_]?(?:box|info|bio))",
    re.IGNORECASE,
)
_REACTION = re.compile(r"\d+ \w+|\w+ \d+")
_QUESTION = 80
_AUTHOR_STEPS = 5
_SMALL = 0.3
"""Maximum share of the text that is about its author."""
_NUMBER = re.compile(r"\bpost-(\d+)\b")
_POST = re.compile(r"\bpostid-(\d+)\b")


def rules_by_shape(found: Sequence[int], model: PageModel, host: str) -> dict[int, str]:
    """Return the rules of the lines to drop."""
    blocks = model.blocks
    rules: dict[int, str] = {}
    for find_rules in (
        _headings,
        _labels,
        find_labels,
        find_teasers,
        find_excerpts,
        find_appeals,
        find_offers,
        _quotes,
        _doubles,
        _copies,
        _buttons,
        _pages,
        find_credits,
        partial(find_credits_after, {element.place for element in model.elements if element.tag in PICTURES}),
        find_video_titles,
        _players,
        partial(find_described, pictures_by_text(model, {blocks[index].text for index in found})),
        _nested,
        partial(find_widgets, holders_of_fields(model)),
        partial(find_consents, holders_of_controls(model)),
        find_last_offer,
        _authors,
        _placeholders,
        find_calls,
        _sharing,
        _reactions,
    ):
        for index, rule in find_rules(found, blocks, host):
            rules.setdefault(index, rule)
    left = [blocks[index] for index in found if index not in rules]
    is_most = sum(len(block.text) for block in left) < sum(len(blocks[index].text) for index in rules)
    if is_most and sum(block.is_running for block in left) < _ENOUGH:  # what is most of the text is the article
        is_told = any(ends_sentence(block.text) and not block.is_linked for block in left)
        rules = {index: rule for index, rule in rules.items() if is_told and _is_card(rule, blocks[index])}
    return rules | {index: rule for index, rule in _comments(found, blocks) if index not in rules}


def _is_card(rule: str, block: TextBlock) -> bool:
    """Return whether a line is part of a teaser that is one link, with its excerpt."""
    return rule == "teaser" and block.linked >= ALL_LINK


def _headings(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find the lines of a page heading that has several, such as a kicker and the title."""
    lines: dict[HtmlElement, list[int]] = {}
    for index in found[:_TOP]:
        heading = next(
            (node for _, node in zip(range(3), ancestors(blocks[index].element), strict=False) if node.tag == "h1"),
            None,
        )
        if heading is not None:
            lines.setdefault(heading, []).append(index)
    for indices in lines.values():
        if len(indices) > 1:
            yield from ((index, "title") for index in indices)


def _labels(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find a list among the first lines whose items are a date and other labels, such as a name, and that no line introduces."""
    lists: dict[HtmlElement, list[int]] = {}
    for index in found[: _TOP + _MOST_LABELS]:
        item = closest(blocks[index].element, "li")
        if item is not None and (group := item.getparent()) is not None:
            lists.setdefault(group, []).append(index)
    for group, indices in lists.items():
        if blocks[indices[0] - 1].text.endswith((":", "：")):
            continue
        if len(list(group.iterchildren("li"))) == len(indices) <= _MOST_LABELS and _are_labels(
            [Line(blocks[index].text) for index in indices]
        ):
            yield from ((index, "labels") for index in indices)


def _are_labels(lines: Sequence[Line]) -> bool:
    """Return whether lines are labels: a date, names and known ones; of others one beside three of these, or those with a colon."""
    dates = [is_date(line, line_key(line.text)) for line in lines]
    if not any(dates) or not all(map(is_label, lines)):
        return False
    told = [
        is_told or is_name(line.text) or bool(PHRASES.find(line.text, line_key(line.text)))
        for line, is_told in zip(lines, dates, strict=True)
    ]
    others = [line for line, is_known in zip(lines, told, strict=True) if not is_known]
    known = sum(told)
    return (
        not others
        or len(lines) == _PAIR
        or (len(others) == 1 and known >= _TOLD)
        or (known > 1 and all(":" in line.text for line in others))
    )


def _sharing(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find short labels in an element that is named as one for sharing."""
    for index in found:
        names = blocks[index].element.get("class")
        if names and _SHARING.search(names) and is_label(Line(blocks[index].text)):
            yield index, "label"


def _reactions(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find a question to the reader with a list of answers and their numbers: `0 Happy`, `3 Sad`."""
    answers: list[int] = []
    for index in reversed(found):
        block = blocks[index]
        if block.element.tag == "li" and _REACTION.fullmatch(block.text):
            answers.append(index)
            continue
        if len(answers) > 1 and block.text.endswith(("?", "؟", "？")) and len(block.text) <= _QUESTION:
            yield from ((other, "widget") for other in (index, *answers))
        answers = []


def _players(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find the lines near the top in a small box with a label such as `Listen to this article` before them."""
    for index in found[:_TOP]:
        box = blocks[index].element.getparent()
        if box is None or not text_within(box, _PLAYER):
            continue
        above = (block for block in blocks[max(index - _TOP, 0) : index + 1] if is_in(block.element, box))
        if any(phrase.kind == "listen" for block in above for phrase in PHRASES.find(block.text, line_key(block.text))):
            yield index, "widget"


def _placeholders(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find the lines that stand for a post until a script shows it: a link that names the network, and who shared it."""
    for index in found:
        block = blocks[index]
        post = closest(block.element, "blockquote") if block.href or "@" in block.text else None
        network = _NETWORK.search(post.get("class") or "") if post is not None else None
        if network and ("(@" in block.text or (block.linked >= ALL_LINK and network[1] in block.text.lower())):
            yield index, "embed"


_NETWORK = re.compile(r"\b(instagram|tiktok)-(?:media|embed)\b")


def _heads_comments(block: TextBlock) -> bool:
    is_label = block.element.tag == "div" and not block.href and count_words(line_key(block.text)) <= _LABEL_WORDS
    return (is_label or _is_marked(block)) and names_comments(block.text)


def _is_marked(block: TextBlock) -> bool:
    """Return whether a line is a heading by its tag, or short and emphasised."""
    return block.element.tag in HEADINGS or (len(block.text) <= _HEADING and block.is_emphatic)


def _opens_with_name(block: TextBlock) -> bool:
    """Return whether a paragraph begins with a name in bold and a colon."""
    said = [(text, marks) for text, (_, marks) in block.parts if not text.isspace()]
    return len(said) > 1 and bool(said[0][1]) and f"{said[0][0].strip()}{said[1][0].strip()[:1]}".count(":") > 0


def _comments(found: Sequence[int], blocks: Sequence[TextBlock]) -> Iterator[tuple[int, str]]:
    """Find readers' comments: boxes of one class, each under a short name, below a heading for comments under the text."""
    have = set(found)
    first = next((index for index in found if blocks[index].is_running), len(blocks))
    named = (index for index in range(first, found[-1] if found else 0) if _heads_comments(blocks[index]))
    for index in islice(named, _COMMENT_HEADINGS):
        place = blocks[index].element.getparent()
        start = bisect_left(found, index + 1)
        after = [other for other in found[start:] if place is not None and is_in(blocks[other].element, place)]
        beside = [_is_beside(blocks[other], place) for other in after if blocks[other].is_running]
        if 2 * sum(beside) > len(beside):  # a section of the article
            continue
        if not _is_marked(blocks[index]):  # a counter of comments is above a text without names between its lines
            headed = [not blocks[other - 1].is_running for other in after if blocks[other].is_running]
            if len(headed) < _PAIR or 2 * sum(headed) < len(headed):
                continue
        shapes = Counter(
            (node.tag, node.get("class"))
            for other in after
            for node in boxes_around(blocks[other].element)
            if node.get("class") and node is not place
        )
        if after and (max(shapes.values(), default=0) > 1 or len(after) <= _NEAR):
            if index in have:
                yield index, "comments"
            yield from ((other, "comments") for other in after)
            return


def _is_beside(block: TextBlock, heading: HtmlElement | None) -> bool:
    """Return whether a line is a paragraph of a section in the same element as its heading, not a comment below its author."""
    element = block.element
    return element.getparent() is heading and element.tag != "div" and not _opens_with_name(block)


def _quotes(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find pull quotes, which repeat a paragraph of the text word for word, and their sources."""
    quotes = [index for index in found if _is_quote(blocks[index].element) or _is_quoted(blocks[index])]
    if not quotes:
        return
    said = quads([word for index in found if index not in quotes for word in folded_words(blocks[index].text)])
    pulled: set[HtmlElement | None] = set()
    for index in quotes:
        own, holder = folded_words(blocks[index].text), closest(blocks[index].element, "blockquote")
        if len(own) >= _QUOTE_WORDS and share(own, said) >= _SAID:
            pulled.add(holder)
            yield index, "pull-quote"
        elif len(own) < _QUOTE_WORDS and holder is not None and holder in pulled:
            yield index, "pull-quote"


def _is_quote(element: HtmlElement) -> bool:
    for step, node in enumerate(ancestors(element)):
        if node.tag in {"blockquote", "aside"} or (step < 3 and (names := node.get("class")) and _names_quote(names)):
            return True
        if step > 3:
            return False
    return False


def _is_quoted(block: TextBlock) -> bool:
    """Return whether a line in a box of its own is in quotation marks."""
    box = block.element.getparent()
    is_alone = block.element.tag == "div" or (block.element.tag == "p" and box is not None and len(box) == 1)
    return is_alone and is_quoted(block.text)


@lru_cache(maxsize=4096)
def _names_quote(names: str) -> bool:
    return _QUOTE.search(names) is not None


def _doubles(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find a line that appears twice at the start, such as the lead in the header and in the text."""
    seen: set[str] = set()
    said = Counter(blocks[index].text for index in found)
    for index in found[:_TOP]:
        text = blocks[index].text
        if text in seen and said[text] == _MISTAKEN and len(folded_words(text)) >= _TWICE:
            yield index, "repeated"
        if blocks[index].element.tag not in HEADINGS:
            seen.add(text)


def _copies(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find several lines in a row that repeat earlier ones in another box, as the same box for narrow screens does."""
    texts = [blocks[index].text for index in found]
    first = {text: at for at, text in reversed(list(enumerate(texts)))}
    at = 0
    while at < len(found):
        of = first[texts[at]]
        longest = min(at - of, len(found) - at)
        size = next((same for same in range(longest) if texts[of + same] != texts[at + same]), longest)
        copied = found[at : at + size]
        if size >= _COPIED and any(blocks[index].is_running for index in copied):
            one, other = blocks[found[of]].element, blocks[found[at]].element
            # rows of a table may be alike
            if one.getparent() is not other.getparent() and closest(other, "td", "th") is None:
                yield from ((index, "repeated") for index in copied)
        at += max(size, 1)


def _buttons(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find links of a few words that repeat on lines of their own, or lead to an audio or video file."""
    links = [
        index
        for index in found
        if blocks[index].linked >= ALL_LINK
        and count_words(blocks[index].text) <= _BUTTON_WORDS
        and closest(blocks[index].element, *HEADINGS, "li", "td", "th", "dt", "dd") is None
    ]
    said = Counter(blocks[index].text for index in links)
    for index in links:
        block = blocks[index]
        is_mark = block.href[:1] == "#" and len(block.text) <= _MARK
        if is_mark or said[block.text] > 1 or _RECORDING.search(block.href):
            yield index, "links"


def _pages(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find a last line that only leads to other pages of the article: `Page 1 of 3 | Next`."""
    for index in found[-1:]:
        block = blocks[index]
        hrefs = {href for text, (href, _) in block.parts if href and not text.isspace()}
        if (
            hrefs
            and len(block.text) <= _PAGER
            and all(map(PAGE_NUMBER.search, hrefs))
            and not ends_sentence(block.text)
        ):
            yield index, "links"


def _authors(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find the last lines if they are in small boxes named as those of an author's biography."""
    total = sum(len(blocks[index].text) for index in found)
    taken: list[int] = []
    for index in reversed(found):
        boxes = islice(ancestors(blocks[index].element), _AUTHOR_STEPS)
        if not any(_names_author(f"{box.get('class', '')} {box.get('id', '')}") for box in boxes):
            break
        taken.append(index)
    if sum(len(blocks[index].text) for index in taken) <= _SMALL * total:
        yield from ((index, "author-bio") for index in taken)


@lru_cache(maxsize=4096)
def _names_author(names: str) -> bool:
    return _AUTHOR.search(names) is not None


def _nested(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find nested posts whose id is not that of the page."""
    if not found:
        return
    body = closest(blocks[found[0]].element, "body")
    own = _POST.search(body.get("class") or "") if body is not None else None
    if own is None:
        return
    for index in found:
        for node in ancestors(blocks[index].element):
            number = (
                _NUMBER.search(f"{node.get('id', '')} {node.get('class', '')}")
                if node.tag in {"article", "div"}
                else None
            )
            if number is not None:
                if number[1] != own[1]:
                    yield index, "other-article"
                break
