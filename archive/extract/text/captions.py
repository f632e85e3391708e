"""Find the captions and credits of pictures that are not in a `figcaption`."""

from __future__ import annotations

import re
from functools import cache, lru_cache, partial
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.page import HEADINGS, ancestors, closest, is_in
from archive.extract.text.boxes import SECTIONS, text_within
from archive.extract.text.names import ends_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from lxml.html import HtmlElement

    from archive.extract.page import PageModel, TextBlock

_NEAR = 12
"""Maximum distance, in blocks, to other blocks of the same box."""
_CAPTION = 300
_LINES = 3
_CREDIT_LENGTH = 80
"""Maximum characters of a caption, lines of a caption with its credit, and characters of a credit."""
_PICTURE_STEPS = 5
"""Maximum steps from a picture and a line to the box that contains both."""
_DESCRIPTION = 1_000
"""Maximum length of a caption that repeats `alt`."""
_PICTURE = re.compile(r"image|img|photo|picture|figure|caption|thumb|foto|bild|media", re.IGNORECASE)
_CREDIT = re.compile(
    r"(?:\b(?:photos?|fotos?|image|bild|picture|imagen|immagine|crédits?|credits?)|صورة|صور|تصوير|عکس|צילום|写真|摄|图|사진|фото|снимка"
    r"|φωτ[οό]|ảnh|ภาพ|ছবি|फोटो|sursa(?: foto)?|fotoğraf|zdjęcie|kép)\s*(?:[:=/(©|]|by\b)|©|\(c\)"
    r"|\((?:ap|afp|reuters|getty|dpa|epa)\b",
    re.IGNORECASE,
)
_AGENCY = re.compile(
    r"(?:[/(©—–-]\s*|via )(?:AFP|AP|Reuters|Getty|dpa|EPA|ANSA|EFE|Lusa|Xinhua|Anadolu|AA|TASS|Imago|Shutterstock|Alamy|Unsplash)\b"
    r"|＝[^＝。]{1,24}(?:撮影|提供)$"
)
PICTURES = frozenset({"img", "amp-img"})
_VIDEO = re.compile(r"video|player", re.IGNORECASE)
_VIDEOS = ("video", "iframe", "amp-video", "amp-youtube", "amp-iframe")
_NOT_PICTURE = frozenset({"article", "main", "body", "section", "li", "td"})


def find_credits(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find captions and credits in a box with a picture: its only line if it is named as a picture's, else its last after a caption."""
    holds_picture = cache(partial(_holds, tags=("img", "picture", "amp-img")))
    for at, index in enumerate(found):
        if len(blocks[index].text) > _CAPTION or blocks[index].element.tag in HEADINGS:
            continue
        for node in islice(ancestors(blocks[index].element), 4):
            if node.tag in _NOT_PICTURE:
                break
            if not holds_picture(node):
                continue
            near = found[max(0, at - _NEAR) : at + _NEAR]
            inside = [blocks[other] for other in near if is_in(blocks[other].element, node)]
            is_own = "-" in str(node.tag)  # a custom element
            is_named = names_picture(str(node.tag) if is_own else node.get("class") or "")
            is_caption = len(inside) <= 2 and _CREDIT.search(blocks[index].text) is not None
            is_caption |= len(inside) == 1 and (
                is_own or (_is_apart(node, blocks[index].element) and not _is_paragraph(blocks[index].element))
            )
            if (is_named and is_caption) or _end_with_credit(inside):
                yield index, "caption"
            if is_named:
                break


def _is_apart(box: HtmlElement, element: HtmlElement) -> bool:
    """Return whether a line is in an element within its box, or beside the picture without a line break between them."""
    return box is not element or next(box.iter("br"), None) is None


def _is_paragraph(element: HtmlElement) -> bool:
    """Return whether an element is a paragraph without a class, as editors write it."""
    return element.tag == "p" and not element.get("class")


def find_credits_after(
    places: Collection[int], found: Sequence[int], blocks: Sequence[TextBlock], _host: str
) -> Iterator[tuple[int, str]]:
    """Find photo credits on lines right after a picture or its caption; `places` are the blocks that follow pictures."""
    for index in found:
        block = blocks[index]
        is_after = index in places or (
            index - 1 in places and closest(blocks[index - 1].element, "figcaption") is not None
        )
        is_caption = is_after and block.element.tag not in HEADINGS and is_credit(block.text)
        if is_caption or _is_under_picture(block):
            yield index, "caption"


def _is_under_picture(block: TextBlock) -> bool:
    """Return whether a line is emphasized text under a picture in the same paragraph."""
    first = next(iter(block.element), None)
    if block.element.tag != "p" or first is None or len(block.text) > _CAPTION or (block.element.text or "").strip():
        return False
    is_emphatic = all("em" in marks or "i" in marks for text, (_, marks) in block.parts if not text.isspace())
    return is_emphatic and _holds(first, (*PICTURES, "picture")) and not any(map(str.strip, first.itertext()))


def is_credit(text: str) -> bool:
    """Return whether a line is the credit of a picture: short, with an agency or a label, and no sentence."""
    if len(text) > _CREDIT_LENGTH or ends_sentence(text):
        return False
    return _AGENCY.search(text) is not None or _CREDIT.match(text.lstrip("([")) is not None


def _holds(element: HtmlElement, tags: tuple[str, ...]) -> bool:
    return next(element.iter(*tags), None) is not None


def _end_with_credit(lines: Sequence[TextBlock]) -> bool:
    """Return whether a few short lines end with the name of a photographer or agency on a line of its own."""
    if len(lines) > _LINES or any(len(line.text) > _CAPTION or line.element.tag in HEADINGS for line in lines):
        return False
    return is_credit(lines[-1].text)


def find_video_titles(found: Sequence[int], blocks: Sequence[TextBlock], _host: str) -> Iterator[tuple[int, str]]:
    """Find titles of videos: the only line of a box that is named as a video's and contains one."""
    holds_video = cache(partial(_holds, tags=_VIDEOS))
    for at, index in enumerate(found):
        block = blocks[index]
        if len(block.text) > _CAPTION or ends_sentence(block.text, asking=False) or block.element.tag in HEADINGS:
            continue
        for node in islice(ancestors(block.element), 3):
            if node.tag in _NOT_PICTURE:
                break
            if _names_video(node.get("class") or "") and holds_video(node):
                near = found[max(0, at - 1) : at + 2]
                if sum(is_in(blocks[other].element, node) for other in near) == 1:
                    yield index, "caption"
                break


@lru_cache(maxsize=4096)
def _names_video(names: str) -> bool:
    return _VIDEO.search(names) is not None


@lru_cache(maxsize=4096)
def names_picture(names: str) -> bool:
    """Return whether class names are those of a picture."""
    return _PICTURE.search(names) is not None


def pictures_by_text(model: PageModel, texts: Collection[str]) -> dict[str, set[HtmlElement]]:
    """Return the pictures whose `alt` or `title` is one of the texts and the boxes closely around them, by the text."""
    pictures: dict[str, set[HtmlElement]] = {}
    for element in model.elements:
        if element.tag in PICTURES:
            for name in ("alt", "title"):
                if (text := " ".join((element.attributes.get(name) or "").split())) in texts:
                    pictures.setdefault(text, set()).update(islice(ancestors(element.element), _PICTURE_STEPS))
    return pictures


def find_described(
    pictures: Mapping[str, Collection[HtmlElement]], found: Sequence[int], blocks: Sequence[TextBlock], _host: str
) -> Iterator[tuple[int, str]]:
    """Find lines that repeat the `alt` or `title` of the adjacent picture; headings are kept."""
    text_of, is_blank = cache(partial(text_within, limit=_DESCRIPTION)), cache(_is_blank)
    for index in found:
        block = blocks[index]
        holders = pictures.get(block.text)
        if not holders or closest(block.element, *HEADINGS) is not None:
            continue
        lines = list(islice(ancestors(block.element), _PICTURE_STEPS))
        if any(_follows_picture(line, holders, is_blank) for line in lines) or any(
            box in holders and box.tag not in SECTIONS and text_of(box) == block.text for box in lines[1:]
        ):
            yield index, "caption"


def _follows_picture(
    line: HtmlElement, holders: Collection[HtmlElement], is_blank: Callable[[HtmlElement], bool]
) -> bool:
    """Return whether an element other than a plain `p` directly follows a picture."""
    before = line.getprevious()
    return (
        before is not None and before in holders and (line.tag != "p" or bool(line.get("class"))) and is_blank(before)
    )


def _is_blank(element: HtmlElement) -> bool:
    return not any(map(str.strip, element.itertext()))
