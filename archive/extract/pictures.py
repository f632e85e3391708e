"""Finds the pictures of an article and their captions: a Document and its Head come in, Images in page order go out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from archive.article import Image
from archive.extract.addresses import absolute
from archive.extract.head import as_list, plain, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from archive.extract.document import Document
    from archive.extract.head import Head

_MAX_IMAGES = 30
_MAX_FIGURES = 60
_MAX_CAPTION = 600
_METAS = ("og:image", "og:image:secure_url", "og:image:url", "twitter:image", "twitter:image:src", "image", "thumbnail")
_SOURCES = ("data-src", "data-lazy-src", "data-original", "data-lazy", "src")
_FIGURES = etree.XPath(
    "(//article | //main | //*[@itemprop='articleBody'])//*[self::figure or contains(@class, 'wp-caption')]"
    "[not(ancestor::*[contains(@class, 'related') or contains(@class, 'sidebar') or self::aside or self::footer or "
    "self::nav or self::a])]"
)
_CAPTION = etree.XPath(".//figcaption | .//*[contains(@class, 'caption') or contains(@class, 'Caption')]")


def read_images(document: Document, head: Head) -> tuple[tuple[Image, ...], str]:
    """The lead picture and the article's figures with their captions, each URL once, and where the first was read."""
    base = document.page.url
    found: dict[str, str] = {}
    first = ""
    for source, href, caption in (*_declared(head), *_figures(document)):
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


def _figures(document: Document) -> Iterator[tuple[str, str, str]]:
    for count, figure in enumerate(_FIGURES(document.tree)):
        if count >= _MAX_FIGURES:
            return
        image = next(figure.iter("img"), None)
        if image is not None:
            captions = _CAPTION(figure)
            yield "dom:figure", _source(image), words_of(captions[0], _MAX_CAPTION) if captions else ""


def _source(image: HtmlElement) -> str:
    return next(
        (value for name in _SOURCES if (value := (image.get(name) or "").strip()) and not value.startswith("data:")), ""
    )
