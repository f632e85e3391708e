"""Find the pictures of an article and their captions, in page order."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from archive.article import Image
from archive.body import span_text
from archive.extract.addresses import absolute
from archive.extract.metadata.head import as_list, element_text, plain

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
    captions = {_unsized(absolute(base, href)): caption for _, href, caption in boxes}
    images = (
        image if image.caption else replace(image, caption=captions.get(_unsized(image.url), "")) for image in found
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
        known = found.setdefault(_unsized(url), Image(url=url, caption=caption))
        if caption and not known.caption:
            found[_unsized(url)] = replace(known, caption=caption)
    return found.values(), first


def _is_sign(address: str) -> bool:
    """Return whether an address is that of a logo, a placeholder, an icon or a person's portrait."""
    path = address.partition("?")[0]
    return _SIGN.fullmatch(path.rsplit("/", 1)[-1]) is not None or _PORTRAITS.search(path) is not None


_PORTRAITS = re.compile(r"/(?:avatar(?:s|es)?|gravatars?|userpics?|profile_images)/", re.IGNORECASE)
"""Folders of the portraits of authors and users."""


_SIZE = re.compile(
    r"(?:w|h|width|height|imwidth|imheight|max-?width|max-?height)=\d{1,5}(?:px)?|ops=[\w,]{1,60}|(?:dpr|q|quality|compress)=\d{1,3}(?:\.\d+)?"
    r"|(?:resize|fit|crop|size|rect|ratio|ar|aspect_?ratio|aspect|shape)=\S{1,60}|\w{1,12}=(?:original|\d{1,2}[x:]\d{1,2})"
    r"|q=[a-z]{1,3}_[\w,.:]{1,60}|(?:format|fm|auto|strip|impolicy|ssl|usm|fp-[xy])=\S{0,40}"
    r"|name=(?:thumb|small|medium|large|orig|\d+x\d+)",
    re.IGNORECASE,
)
"""Query parameters with the size, section or quality in which a server sends a picture."""
_SIGNATURE = re.compile(r"(?:s|sig|sign|signature|hash|itok|h|ve|tl)=[\w%.-]{1,200}", re.IGNORECASE)
"""Query parameters that sign a size; alone they may identify the picture."""
_PART = re.compile(
    r"(?:(?:w|h|c|q|f|g|ar|dpr|fl)_[\w.:-]{1,20}+,?)+|(?:(?:w|h|width|height|quality|q|format|f|fit|dpr)=[\w.]{1,12}+,?)+"
    r"|\d{1,5}x\d{1,5}[!^]?|\d{1,5}x\d{1,5}:\d{1,5}x\d{1,5}|fit(?:-in)?|fill|smart|tr:[\w,.-]{1,80}|filters:.{1,200}|[\w-]{20,60}="
    r"|\d{1,2}[x:]\d{1,2}(?:_\d{2,4})?|w\d{2,4}(?:h\d{2,4})?|\d{3,4}w|original|facebook|twitter|opengraph|(?:[a-z]{1,12}_)?(?:square|landscape|portrait|wide)(?:_\w{1,20})?"
    r"|(?:wide|square|landscape|portrait|original|cinemascope|imagegroup)__\d{2,4}x\d{2,4}\w{0,20}",
    re.IGNORECASE,
)
"""Segments of a path with the size of a picture, as image servers write them: `w_800,c_fill`, `width=800`, `800x450`."""
_BOX = re.compile(r"/([1-9]\d{2,3})/([1-9]\d{2,3})(?=/[^/]+$)")
"""Width and height as two segments before a file's name."""
_STYLE = re.compile(r"/styles/[\w-]{1,60}/public(?=/)")
"""The image style in the path of a file served by Drupal."""
_SUFFIX = re.compile(
    r"(?:[-_](?:\d{1,4}x\d{1,4}|\d{3,4}w|[wh]\d{2,4}|r\d(?:\.\d{1,3})?|fp[xy]\d{1,3}|q\d{1,3}|[1-9]\d{1,2}[05]_[1-9]\d{1,2}[05]"
    r"|square|wide|landscape|portrait|original|large|medium|small|thumb(?:nail)?|social|teaser|facebook|twitter|og|scaled)|@[23]x){1,6}(?=\.\w{3,4}$)"
    r"|(?<=\.jpg|\.png|\.gif)\.(?:webp|avif)$|(?<=\.jpeg)\.(?:webp|avif)$|^\d{1,2}x\d{1,2}[-_](?=.)",
    re.IGNORECASE,
)
"""The size or shape in a file's name (`bridge-800x450.jpg`, `bridge-square.jpg`, `16x9_bridge.jpg`), or a second extension."""
_CAMEL = re.compile(
    r"-[a-z]+(?:[A-Z][a-z]+|\d)*(?:Jumbo|Large|Medium|Small|Square|Standard|Thumb)[\dA-Za-z]{0,8}(?=\.\w{3,4}$)"
)
"""The name of a size after a file's name: `bridge-articleLarge.jpg`, `bridge-mediumSquareAt3X.jpg`."""
_INNER = re.compile(r"https?(?::|%3a)(?:/|%2f){1,2}(?=[\w-]+\.)", re.IGNORECASE)
_INNER_PATH = re.compile(r"(?:^|&)(?:url|src|image)=((?:/|%2f)[^&]+)", re.IGNORECASE)
_INNER_HOST = re.compile(
    r"/(?=(?:[\w-]{1,63}\.){1,4}(?:com|net|org|info|[a-z]{2})/[^?]*\.\w{3,4}(?:$|\?))", re.IGNORECASE
)
"""A host's name in the path of an image server, before the picture's own path."""


def _unsized(url: str) -> str:
    """Return a key for a picture that is equal for all its sizes: its address without scheme, image server, size and signature."""
    url = _original(url)
    file, _, query = url.partition("?")
    parts = [part for part in query.split("&") if part]
    kept = [part for part in parts if not _SIZE.fullmatch(part)]
    if len(kept) < len(parts) or "itok=" in query:
        kept = [part for part in kept if not _SIGNATURE.fullmatch(part)]
    host, *path = _BOX.sub(_without_box, _STYLE.sub("", file)).split("/")
    last = [
        _SUFFIX.sub("", _CAMEL.sub("", part)) for part in path[-1:] if "." in part or not _PART.fullmatch(unquote(part))
    ]
    path = [part for part in path[:-1] if not _PART.fullmatch(unquote(part))] + last
    return "?".join(("/".join((host, *path)), *kept))


def _original(url: str) -> str:
    """Return a picture's address, without scheme, from the address of an image server that contains it."""
    if found := list(_INNER.finditer(url, 8)):
        inner = found[-1]
        rest = url[inner.end() :].removeprefix("www.")
        rest = rest.partition("&")[0] if "?" in url[: inner.start()] else rest
        return unquote(rest) if "%" in inner[0] else rest
    url = _PORT.sub("", url)
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    if path := _INNER_PATH.search(parts.query):
        return host + unquote(path[1])
    whole = url.partition("://")[2]
    *_, last = [match.end() for match in _INNER_HOST.finditer(whole)] or [0]
    return whole[last:].removeprefix("www.")


_PORT = re.compile(r"(?<=\w):(?:80|443)(?=/)")


def _without_box(box: re.Match[str]) -> str:
    """Return '' for two numbers that can be a picture's width and height, else the numbers, which can be parts of an ID."""
    return "" if 0.4 <= int(box[1]) / int(box[2]) <= 4 else box[0]


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
