"""Find the pictures of an article and their captions, in page order."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from archive.article import Image
from archive.extract.addresses import absolute
from archive.extract.metadata.head import as_list, element_text, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from archive.extract.document import Document
    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Marks

_MAX_IMAGES = 30
_MAX_FIGURES = 60
_MAX_CAPTION = 600
_METAS = ("og:image", "og:image:secure_url", "og:image:url", "twitter:image", "twitter:image:src", "image", "thumbnail")
_SOURCES = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-lazyload", "data-lazy-load", "src")
_FIGURE = re.compile(r"wp-caption(?!-)|\bfigure\b")
_LEAD = re.compile(
    r"(?:^|\s)(?:(?:featured|lead|hero|main)-?_*(?:image|img|photo|media|picture)|(?:post|entry|article)-?_*(?:thumb(?:nail)?|image|photo))(?:\s|$)"
)
"""Boxes of the lead picture of themes without figures."""
_NO_FIGURE = re.compile(r"avatar|author|\blogo\b|profile")
_SIGN = re.compile(
    r"(?:[^/]{0,24}[-_.])?(?:logo(?:[-_.](?:\d+(?:x\d+)?|square|white|dark|default|social|share|og|small|large|new|fb))?\.(?:png|svg|gif|webp)"
    r"|(?:placeholder|spacer|blank|loading|loader|avatar|favicon|sprite|no-?image|1x1|pixel|default-logo)(?:[-_.]\w{1,12})?\.\w{3,4})",
    re.IGNORECASE,
)
"""File names of logos and of what stands in the place of a picture; a picture of a logo has a longer name."""
_CAPTION = re.compile(r"caption")
_MAX_SRCSET = 8_000
# HTML Standard, 4.8.4.2.1: addresses without blanks, each with a width (`600w`) or a density (`2x`), parted by commas.
_CANDIDATE = re.compile(r"([^\s,]\S*(?<!,))(?:\s++(\d{1,5}(?:\.\d)?)[wx])?\s*+(?:,|$)")


def read_images(document: Document, head: Head, marks: Marks) -> tuple[tuple[Image, ...], str]:
    """Return the lead picture and the article's figures with their captions, each URL once, and where the first was read.

    The boxes in which themes show the lead picture are read where nothing else gives one.
    """
    anywhere = not (document.model.by_tag["article"] or document.model.by_tag["main"])
    base = document.page.url
    found, first = _collected(base, chain(_declared(head), _figures(marks, _FIGURE, anywhere=anywhere)))
    if not found:
        found, first = _collected(base, _figures(marks, _LEAD, anywhere=anywhere))
    return tuple(Image(url=url, caption=caption) for url, caption in found.items()), first


def _collected(base: str, pictures: Iterable[tuple[str, str, str]]) -> tuple[dict[str, str], str]:
    found: dict[str, str] = {}
    first = ""
    for source, href, caption in pictures:
        url = absolute(base, href)
        if not url or len(found) >= _MAX_IMAGES or _SIGN.fullmatch(urlsplit(url).path.rsplit("/", 1)[-1]):
            continue
        first = first or source
        found[url] = found.get(url) or caption
    return found, first


def _declared(head: Head) -> Iterator[tuple[str, str, str]]:
    for name in _METAS:
        values = head.metas.get(name, ())
        if values:
            yield f"meta:{name}", plain(values[0], 2_000), ""
            break
    for image in as_list(head.article.get("image"))[:5]:
        value: Any = head.resolve(image)
        if isinstance(value, dict):
            href = next(
                (plain(item, 2_000) for item in as_list(value.get("url")) or as_list(value.get("contentUrl"))), ""
            )
            yield "json-ld", href, plain(value.get("caption"), _MAX_CAPTION)
        else:
            yield "json-ld", plain(value, 2_000), ""


def _figures(marks: Marks, pattern: re.Pattern[str], *, anywhere: bool) -> Iterator[tuple[str, str, str]]:
    """Yield the pictures of the figures in the page's article or main, or `anywhere` but its frame where it has neither."""
    for count, mark in enumerate(marks.find(pattern, frozenset({"figure"}))):
        if count >= _MAX_FIGURES:
            return
        figure = mark.element
        image = next(figure.iter("img", "amp-img"), None)
        if _NO_FIGURE.search(mark.names) or (pattern is _LEAD and image is not None and _is_linked(image)):
            continue
        # A figure in a link is the picture of another article.
        if (
            image is not None
            and next(figure.iterancestors("a"), None) is None
            and (anywhere or next(figure.iterancestors("article", "main"), None) is not None)
        ):
            yield "dom:figure", _source(image) or _from_set(figure), _caption(figure)


def _is_linked(image: HtmlElement) -> bool:
    """Return whether a picture leads to a page, as the pictures of other articles do; one may lead to itself."""
    link = next(image.iterancestors("a"), None)
    return link is not None and not _PICTURE_FILE.search(link.get("href") or "")


_PICTURE_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)(?:\?|$)", re.IGNORECASE)


def _caption(figure: HtmlElement) -> str:
    for element in figure.iterdescendants():
        if element.tag == "figcaption" or _CAPTION.search((element.get("class") or "").lower()):
            return element_text(element, _MAX_CAPTION)
    return ""


def _source(image: HtmlElement) -> str:
    return next(
        (value for name in _SOURCES if (value := (image.get(name) or "").strip()) and not value.startswith("data:")), ""
    )


def _from_set(figure: HtmlElement) -> str:
    """Return the widest picture of the first `srcset` in the figure, for pages whose `src` is an empty one until a script runs."""
    for element in figure.iterdescendants("img", "source"):
        for name in ("srcset", "data-srcset", "data-lazy-srcset"):
            found = list(_CANDIDATE.finditer((element.get(name) or "")[:_MAX_SRCSET]))
            if found := [match for match in found if not match[1].startswith("data:")]:
                return max(found, key=lambda match: float(match[2] or 0))[1]
    return ""
