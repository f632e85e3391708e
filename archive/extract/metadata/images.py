"""Find the pictures of an article and their captions, in page order."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from archive.article import Image
from archive.body import span_text
from archive.extract.addresses import absolute
from archive.extract.metadata.head import as_list, element_text, plain
from archive.urls.pictures import picture_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from lxml.html import HtmlElement

    from archive.body import Block, Body
    from archive.extract.document import Document
    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Marks

_MAX_IMAGES = 30
_MAX_FIGURES = 60
_MAX_INNER = 20
_MAX_CAPTION = 600
_METAS = ("og:image", "og:image:secure_url", "og:image:url", "twitter:image", "twitter:image:src", "image", "thumbnail")
_SOURCES = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-lazyload", "data-lazy-load", "src")
_FIGURE = re.compile(r"wp-caption(?!-)|\bfigure\b")
_LEAD = re.compile(
    r"(?:^|\s)(?:(?:featured|lead|hero|main)-?_*(?:image|img|photo|media|picture)|(?:post|entry|article)-?_*(?:thumb(?:nail)?|image|photo))(?:\s|$)"
)
"""Classes of the lead picture's container in themes without `figure` elements."""
_PICTURE_WORDS = ("caption", "figure", "image", "img", "photo", "media", "picture", "thumb")
_NO_FIGURE = re.compile(r"avatar|author|\blogo\b|profile")
_SIGN = re.compile(
    r"(?:[^/]{0,24}[-_.])?(?:logo(?:[-_.](?:\d+(?:x\d+)?|square|white|black|dark|light|default|social|share|sharing|og|opengraph|small|large|new|fb"
    r"|facebook|twitter|icon|app|header|site|website|main|round|amp|schema|rgb|v\d)){0,4}\.(?:png|svg|gif|webp)"
    r"|[^/]{0,24}(?:logo|icon)[^/]{0,24}\.svg|(?:og|opengraph|social|share)(?:[-_]image)?[-_]default\.\w{3,4}|default[-_](?:og|social|share|image|thumbnail)(?:[-_]image)?\.\w{3,4}"
    r"|(?:placeholder|spacer|blank|loading|loader|avatar|favicon(?:app)?|sprite|no-?image|1x1(?=[^/]*\.(?:gif|png|svg))|(?<![-_.])1x1|pixel|default-logo|transparent|clear|divider)"
    r"(?:[-_.]\w{1,12})?\.\w{3,4})",
    re.IGNORECASE,
)
"""File names of logos and placeholders; a news picture of a logo has a longer name."""
_CAPTION = re.compile(r"caption")
_MAX_SRCSET = 8_000
# HTML Standard, 4.8.4.2.1: URLs without blanks, each with a width (`600w`) or density (`2x`), separated by commas.
_CANDIDATE = re.compile(r"([^\s,]\S*(?<!,))(?:\s++(\d{1,5}(?:\.\d)?)[wx])?\s*+(?:,|$)")


def read_images(document: Document, head: Head, marks: Marks) -> tuple[tuple[Image, ...], str]:
    """Return the lead picture and the article's figures with captions, each once in whatever sizes, and the source of the first.

    Lead-picture containers of themes and declared thumbnails are read only if nothing else gives a picture. At most 30 pictures.
    """
    anywhere = not (document.model.by_tag["article"] or document.model.by_tag["main"])
    page = document.page.url
    bases = (absolute(page, element.get("href") or "") for element in document.model.by_tag["base"][:1])
    base = next(filter(None, bases), page)
    boxes = list(_boxes(marks, anywhere=anywhere))
    found, first = _collected(base, chain(_declared(head), _figures(marks, _FIGURE, anywhere=anywhere)))
    if not found:
        found, first = _collected(base, chain(_figures(marks, _LEAD, anywhere=anywhere), boxes[:1], _announced(head)))
    captions = {picture_key(absolute(base, href)): caption for _, href, caption in boxes}
    images = (
        image if image.caption else replace(image, caption=captions.get(picture_key(image.url), "")) for image in found
    )
    return tuple(images), first


def with_figures(images: tuple[Image, ...], body: Body) -> tuple[Image, ...]:
    """Return the pictures followed by those figures of the article's body that are not among them; at most 30."""
    declared = (("", image.url, image.caption) for image in images)
    figures = (("", figure.url, span_text(figure.caption)) for figure in islice(_body_figures(body), _MAX_FIGURES))
    return tuple(_collected("", chain(declared, figures))[0])


def _body_figures(body: Iterable[Block]) -> Iterator[Block]:
    for block in body:
        if block.kind == "figure":
            yield block
        for part in (block.blocks, *block.items):
            yield from _body_figures(part)


def _collected(base: str, pictures: Iterable[tuple[str, str, str]]) -> tuple[Collection[Image], str]:
    found: dict[str, Image] = {}
    first = ""
    for source, href, caption in pictures:
        url = absolute(base, href)
        if not url or len(found) >= _MAX_IMAGES or _is_sign(url):
            continue
        first = first or source
        known = found.setdefault(picture_key(url), Image(url=url, caption=caption))
        if caption and not known.caption:
            found[picture_key(url)] = replace(known, caption=caption)
    return found.values(), first


def _is_sign(address: str) -> bool:
    """Return whether an address is that of a logo, a placeholder, an icon or a person's portrait."""
    path = address.partition("?")[0]
    return _SIGN.fullmatch(path.rsplit("/", 1)[-1]) is not None or _PORTRAITS.search(path) is not None


_PORTRAITS = re.compile(r"/(?:avatar(?:s|es)?|gravatars?|userpics?|profile_images)/", re.IGNORECASE)
"""Folders of the portraits of authors and users."""


def _declared(head: Head) -> Iterator[tuple[str, str, str]]:
    for name in _METAS:
        declared = plain(next(iter(head.metas.get(name, ())), ""), 2_000)
        if declared and not _is_sign(declared):
            yield f"meta:{name}", declared, ""
            break
    values: list[Any] = [head.resolve(image) for image in as_list(head.article.get("image"))[:5]]
    for value in values[:1] if _are_crops(values) else values:
        if isinstance(value, dict):
            caption = plain(value.get("caption"), _MAX_CAPTION) or plain(value.get("description"), _MAX_CAPTION)
            yield "json-ld", _object_address(value), caption
        else:
            yield "json-ld", plain(value, 2_000), ""


def _are_crops(values: list[Any]) -> bool:
    """Return whether two to four declared pictures are one in several aspect ratios, as Google asks for, and not a gallery."""
    ratios = [_ratio(value) for value in values]
    captions = {plain(value.get("caption"), _MAX_CAPTION) for value in values if isinstance(value, dict)}
    is_told = all(any(abs(ratio - known) < _TOLERANCE for known in _RATIOS) for ratio in ratios)
    return (
        2 <= len(values) <= 4
        and len(captions) < 2
        and is_told
        and len({round(ratio, 1) for ratio in ratios}) == len(values)
    )


_RATIOS = (1.0, 4 / 3, 3 / 2, 16 / 9, 1.91, 2.0, 3 / 4, 9 / 16)
_TOLERANCE = 0.03
_SHAPE = re.compile(
    r"(?<![\d.])(?:(16)[-_x:](9)|(9)[-_x:](16)|(4)[-_x:](3)|(3)[-_x:]([24])|([12])[-_x:](1))(?=\.\w{3,4}$|/)|(?<!\d)([1-9]\d{2,3})[x/_]([1-9]\d{2,3})(?!\d)"
)
"""The aspect ratio or size in an address: `bridge-16-9.jpg`, `/1200/675/bridge.jpg`."""


def _ratio(value: Any) -> float:
    """Return the aspect ratio of a declared picture, by its size or its address; 0 if unknown."""
    address = _object_address(value) if isinstance(value, dict) else plain(value, 2_000)
    sides = (
        [plain(value.get(side), 10).removesuffix("px") for side in ("width", "height")]
        if isinstance(value, dict)
        else []
    )
    if not (sides and all(side.isdecimal() and int(side) for side in sides)):
        found = _SHAPE.search(address)
        sides = [side for side in found.groups() if side] if found else []
    return int(sides[0]) / int(sides[1]) if sides else 0.0


def _object_address(value: dict[str, Any]) -> str:
    """Return the address of an ImageObject, which some pages give only as its `@id`."""
    found = next((plain(item, 2_000) for item in as_list(value.get("url")) or as_list(value.get("contentUrl"))), "")
    name = plain(value.get("@id"), 2_000)
    return found or (name if _PICTURE_FILE.search(name) else "")


def _announced(head: Head) -> Iterator[tuple[str, str, str]]:
    """Yield the thumbnail or main picture that a page declares, for pages that declare none of the article."""
    yield "json-ld", plain(head.article.get("thumbnailUrl"), 2_000), ""
    for node in head.nodes:
        value = head.resolve(node.get("primaryImageOfPage"))
        if isinstance(value, dict) and head.page.standing(node) > 1:
            yield "json-ld", _object_address(value), plain(value.get("caption"), _MAX_CAPTION)
    for href in head.links.get("image_src", ())[:1]:
        yield "link:image_src", href, ""


def _figures(marks: Marks, pattern: re.Pattern[str], *, anywhere: bool) -> Iterator[tuple[str, str, str]]:
    """Yield figures in `article` or `main`; with `anywhere`, on a page without either, all outside headers, footers and sidebars."""
    for count, mark in enumerate(marks.find(pattern, frozenset({"figure"}), words=_PICTURE_WORDS)):
        if count >= _MAX_FIGURES:
            return
        figure = mark.element
        image = _image(figure)
        if _NO_FIGURE.search(mark.names) or (pattern is _LEAD and image is not None and _is_linked(image)):
            continue
        # A figure inside a link belongs to another article.
        if (
            image is not None
            and next(figure.iterancestors("a"), None) is None
            and (anywhere or next(figure.iterancestors("article", "main"), None) is not None)
        ):
            yield "dom:figure", _address(image) or _from_set(figure), _caption(figure)


def _boxes(marks: Marks, *, anywhere: bool) -> Iterator[tuple[str, str, str]]:
    """Yield the pictures whose caption is in the same box, on pages without `figure` elements."""
    for mark in islice(marks.find(_CAPTION, words=("caption",)), _MAX_FIGURES):
        element = mark.element
        if next(element.iterancestors("figure", "a"), None) is not None:
            continue
        caption = _without_controls(element)
        for box in islice(element.iterancestors("div", "table", "dl", "p", "span", "center"), _MAX_BOXES):
            within = islice(box.iterdescendants(), _MAX_IN_BOX)
            if (image := next((part for part in within if part.tag in {"img", "amp-img"}), None)) is not None:
                is_inside = anywhere or next(box.iterancestors("article", "main"), None) is not None
                if is_inside and caption and len(element_text(box, _MAX_CAPTION)) <= len(caption) + _MAX_CREDIT:
                    yield "dom:figure", _address(image) or _from_set(box), caption
                break


_MAX_BOXES = 3
_MAX_IN_BOX = 40
_MAX_CREDIT = 80
"""Maximum characters beside the caption in a picture's box; a box with more text is not the picture's."""


def _image(figure: HtmlElement) -> HtmlElement | None:
    """Return the figure's first picture with an address of its own (one in `noscript` counts), else its first picture."""
    images = list(islice(figure.iter("img", "amp-img"), _MAX_INNER))
    return next(filter(_address, images), images[0] if images else None)


def _is_linked(image: HtmlElement) -> bool:
    """Return whether a picture links to a page, as teaser pictures do; a link to the picture itself does not count."""
    link = next(image.iterancestors("a"), None)
    return link is not None and not _PICTURE_FILE.search(link.get("href") or "")


_PICTURE_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)(?:\?|$)", re.IGNORECASE)


def _caption(figure: HtmlElement) -> str:
    for element in figure.iterdescendants():
        if element.tag == "figcaption" or _CAPTION.search((element.get("class") or "").lower()):
            return _without_controls(element)
    return ""


def _without_controls(element: HtmlElement) -> str:
    """Return the text of a caption without the hidden text and buttons at its ends."""
    text = element_text(element, _MAX_CAPTION)
    for part in islice(element.iterdescendants(), _MAX_INNER):
        if part.tag == "button" or part.get("hidden") is not None:
            label = element_text(part, _MAX_CAPTION)
            text = text.removesuffix(label).removeprefix(label).strip()
    return text


def _address(image: HtmlElement) -> str:
    """Return the address of a picture; '' for a placeholder that a script replaces."""
    values = ((image.get(name) or "").strip() for name in _SOURCES)
    return next(
        (value for value in values if value and not value.startswith(("data:", "{")) and not _is_sign(value)), ""
    )


def _from_set(figure: HtmlElement) -> str:
    """Return the widest picture of the figure's first `srcset`, for pages whose `src` is a placeholder until a script runs."""
    for element in figure.iterdescendants("img", "source"):
        for name in ("srcset", "data-srcset", "data-lazy-srcset"):
            found = list(_CANDIDATE.finditer((element.get(name) or "")[:_MAX_SRCSET]))
            if found := [match for match in found if not match[1].startswith("data:")]:
                return max(found, key=lambda match: float(match[2] or 0))[1]
    return ""
