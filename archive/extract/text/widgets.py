"""Find boxes that ask something of the reader: to subscribe, to enter an address, to consent."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.page import ancestors
from archive.extract.quarantine.consent import CLAIMS
from archive.extract.text.boxes import SECTIONS, boxes_around, is_number, text_within
from archive.extract.text.names import WIDGET, count_words
from archive.extract.text.place import same_site
from archive.extract.text.teasers import lines_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel, TextBlock

_SMALL = 0.3
"""Maximum share of the text in a widget."""
_RUNNING_OFFER = 2
_NOTICE = 800
_CALL = 300
_STEPS = 3
_BUTTON_WORDS = 4
_SIBLINGS = 50
"""Maximum boxes after one in which to look for others of its kind."""
_CALLS = frozenset({"div", "aside"})
_ANSWERS = 5
_QUESTION = 150
"""Maximum buttons and characters of a question on the article."""
_CLAIMED = 2
"""Minimum statements of a consent notice, of seven, in a small box with a button that asks for consent."""


def find_widgets(
    entered: Collection[HtmlElement], found: Sequence[int], blocks: Sequence[TextBlock], _host: str
) -> Iterator[tuple[int, str]]:
    """Find boxes with requests to the reader: short ones with a field for an address (`entered`), and boxes named as such.

    A box identified only by its name must contain a form control, or be before the first paragraph.
    """
    total = sum(len(blocks[index].text) for index in found)
    first = next((index for index in found if blocks[index].is_running), -1)
    decided: dict[HtmlElement, bool] = {}
    is_short = cache(_is_short)
    for at, index in enumerate(found):
        for node in boxes_around(blocks[index].element):
            if node.tag in {"article", "main", "body"}:
                break
            if not _asks(node) and not (node in entered and is_short(node)):
                continue
            if node not in decided:
                decided[node] = _said_in(node, at, found, blocks) < _SMALL * total and (
                    next(node.iter("button", "input", "form"), None) is not None
                    or (index <= first and not _holds_title(node) and _said_beside(node) < _SMALL * total)
                )
            if decided[node]:
                yield index, "widget"
                break


def _asks(box: HtmlElement) -> bool:
    return _names_widget(f"{box.get('class', '')} {box.get('id', '')}")


@lru_cache(maxsize=4096)
def _names_widget(names: str) -> bool:
    return WIDGET.search(names) is not None


def _said_in(box: HtmlElement, at: int, found: Sequence[int], blocks: Sequence[TextBlock]) -> int:
    """Return the characters of the lines in a box, of which `at` is the position of one."""
    return sum(len(blocks[index].text) for index in lines_in(box, at, found, blocks))


def _said_beside(box: HtmlElement) -> int:
    """Return the characters in the boxes beside one that are named as widgets: each paragraph for subscribers may be in one."""
    return sum(len("".join(other.itertext())) for other in islice(box.itersiblings(), _SIBLINGS) if _asks(other))


_FIELDS = frozenset({"email", "text", "tel"})
_ASKING = 400
"""Maximum characters of a box whose only purpose is its input field."""
_CONTROLS = ("button", "input", "label")


def holders_of_fields(model: PageModel) -> set[HtmlElement]:
    """Return the ancestors of text and mail fields, except fields whose value is a number."""
    fields = [
        *model.by_tag["textarea"],
        *(
            field
            for field in model.by_tag["input"]
            if (field.get("type") or "text").lower() in _FIELDS and not is_number(field.get("value"))
        ),
    ]
    return {node for field in fields for node in ancestors(field)}


def _is_short(box: HtmlElement) -> bool:
    return text_within(box, _ASKING) != ""


def holders_of_controls(model: PageModel) -> set[HtmlElement]:
    """Return the form controls and their ancestors."""
    return {node for tag in _CONTROLS for control in model.by_tag[tag] for node in ancestors(control)}


def find_consents(
    answered: Collection[HtmlElement], found: Sequence[int], blocks: Sequence[TextBlock], _host: str
) -> Iterator[tuple[int, str]]:
    """Find boxes that ask for consent to load content from another site, or whether the article was good."""
    total = sum(len(blocks[index].text) for index in found)
    decided: dict[HtmlElement, bool] = {}
    for at, index in enumerate(found):
        for node in boxes_around(blocks[index].element):
            if node.tag in SECTIONS:
                break
            if node not in decided:
                decided[node] = node in answered and (
                    (_asks_consent(node) and _said_in(node, at, found, blocks) < _SMALL * total) or _asks_opinion(node)
                )
            if decided[node]:
                yield index, "widget"
                break


def _asks_consent(box: HtmlElement) -> bool:
    text = text_within(box, _NOTICE).lower()
    return sum(claim.search(text) is not None for claim in CLAIMS) >= _CLAIMED if text else False


def _asks_opinion(box: HtmlElement) -> bool:
    """Return whether a box contains only a question and several buttons with the answers."""
    buttons = ["".join(button.itertext()) for button in islice(box.iter("button"), _ANSWERS + 1)]
    text = text_within(box, _QUESTION) if 1 < len(buttons) <= _ANSWERS else ""
    answers = "".join("".join(buttons).split())
    return "".join(text.split()).removesuffix(answers).endswith(("?", "؟", "？"))


def find_last_offer(found: Sequence[int], blocks: Sequence[TextBlock], host: str) -> Iterator[tuple[int, str]]:
    """Find a last box with links to subscribe or sign in, if no paragraph of the article follows."""
    held = _held(found, blocks)
    decided: dict[HtmlElement, bool] = {}
    for index in reversed(found[len(found) // 2 :]):
        for node in boxes_around(blocks[index].element):
            if node.tag in SECTIONS:
                break
            if node.tag == "div" and node not in decided:
                decided[node] = _is_last_box(held[node], found, blocks) and _leads_to_offer(node, host)
            if decided.get(node):
                yield index, "widget"
                break


def find_calls(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find small boxes that end with their only link, to subscribe, donate or sign in: a sentence and a button."""
    total = sum(len(blocks[index].text) for index in found)
    ask = cache(_ends_with_call)
    for index in found:
        for box in islice(ancestors(blocks[index].element), _STEPS):
            if box.tag in SECTIONS or (box.tag in _CALLS and len(blocks[index].text) > _SMALL * total):
                break
            if box.tag in _CALLS and ask(box):
                yield index, "widget"
                break


def _ends_with_call(box: HtmlElement) -> bool:
    text = text_within(box, _CALL)
    links = list(islice(box.iter("a"), 2)) if text else []
    if len(links) != 1 or not _OFFER.search(links[0].get("href") or ""):
        return False
    button = " ".join("".join(links[0].itertext()).split())
    line = next((node for node in links[0].iterancestors() if node.tag in _CALLS or node.tag == "p"), box)
    is_alone = " ".join("".join(line.itertext()).split()) == button or not (links[0].tail or line.text or "").strip()
    return text.endswith(button) and is_alone and 0 < count_words(button) <= _BUTTON_WORDS


def _held(found: Sequence[int], blocks: Sequence[TextBlock]) -> dict[HtmlElement, list[int]]:
    """Return the lines in each element."""
    held: dict[HtmlElement, list[int]] = {}
    for index in found:
        for node in ancestors(blocks[index].element):
            held.setdefault(node, []).append(index)
    return held


def _is_last_box(inside: Sequence[int], found: Sequence[int], blocks: Sequence[TextBlock]) -> bool:
    """Return whether the lines of a box are the last ones, several, and a small part of the text with hardly any running text."""
    # an element's lines are consecutive, so nothing else follows its first line if this many lines are left
    if len(inside) < 2 or len(found) - bisect_left(found, inside[0]) != len(inside):
        return False
    if sum(blocks[index].is_running for index in inside) > _RUNNING_OFFER:
        return False
    size = sum(len(blocks[index].text) for index in inside)
    return size < _SMALL * sum(len(blocks[index].text) for index in found)


def _leads_to_offer(node: HtmlElement, host: str) -> bool:
    return any(_OFFER.search(href) and same_site(href, host) for link in node.iter("a") if (href := link.get("href")))


_OFFER = re.compile(
    r"[/.=?_-](?:abos?|abonn\w*|subscri\w*|suscri\w*|assin\w*|abbonament\w*|checkout|sign-?(?:in|up)|log-?in|registr?\w*|membership"
    r"|donat\w*|donar|donaci\w*|spende\w*|soutenir|apoya\w*|sostienici|newsletters?|support-?us)"
    r"(?:[/.=?_-]|$)",
    re.IGNORECASE,
)
"""URLs of pages to subscribe or sign in."""


def _holds_title(node: HtmlElement) -> bool:
    return next(node.iter("h1"), None) is not None
