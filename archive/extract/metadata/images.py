"""Find the pictures of an article and their captions, in page order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archive.article import Image
from archive.extract.addresses import absolute
from archive.extract.metadata.head import as_list, element_text, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from archive.extract.document import Document
    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Marks

_MAX_IMAGES = 30
_MAX_FIGURES = 60
_MAX_CAPTION = 600
_METAS = ("og:image", "og:image:secure_url", "og:image:url", "twitter:image", "twitter:image:src", "image", "thumbnail")
_SOURCES = ("data-src", "data-lazy-src", "data-original", "data-lazy", "src")
_FIGURE = re.compile(r"wp-caption(?!-)|\bfigure\b")
_CAPTION = re.compile(r"caption")
_MAX_SRCSET = 8_000
# HTML Standard, 4.8.4.2.1: addresses without blanks, each with a width (`600w`) or a density (`2x`), parted by commas.
_CANDIDATE = re.compile(r"([^\s,]\S*(?<!,))(?:\s++(\d{1,5}(?:\.\d)?)[wx])?\s*+(?:,|$)")


def read_images(document: Document, head: Head, marks: Marks) -> tuple[tuple[Image, ...], str]:
    """Return the lead picture and the article's figures with their captions, each URL once, and where the first was read."""
    base = document.page.url
    found: dict[str, str] = {}
    first = ""
    bare = not (document.model.by_tag["article"] or document.model.by_tag["main"])
    for source, href, caption in (*_declared(head), *_figures(marks, anywhere=bare)):
        url = absolute(base, href)
        if not url or len(found) >= _MAX_IMAGES:
            continue
        first = first or source
        found[url] = found.get(url) or caption
    return tuple(Image(url=url, caption=caption) for url, caption in found.items()), first


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


def _figures(marks: Marks, *, anywhere: bool) -> Iterator[tuple[str, str, str]]:
    """Yield the pictures of the figures in the page's article or main, or `anywhere` but its frame where it has neither."""
    for count, mark in enumerate(marks.find(_FIGURE, frozenset({"figure"}))):
        if count >= _MAX_FIGURES:
            return
        figure = mark.element
        image = next(figure.iter("img"), None)
        # A figure in a link is the picture of another article.
        if (
            image is not None
            and next(figure.iterancestors("a"), None) is None
            and (anywhere or next(figure.iterancestors("article", "main"), None) is not None)
        ):
            yield "dom:figure", _source(image) or _from_set(figure), _caption(figure)


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
