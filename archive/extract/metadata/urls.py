"""Read the URLs that a page states about itself: canonical URL, next and previous page."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive.extract.addresses import absolute, registrable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.extract.document import Document
    from archive.extract.metadata.head import Head

_PAGED = re.compile(r"(?:page|multiple-post|post-nav|nav-?links|pagination|pager|wp-pagenavi)", re.IGNORECASE)


def canonical_url(document: Document, head: Head) -> tuple[str, str]:
    """Return the page's address for itself and its origin; ('', '') when it names none, another site's or a list.

    One for AMP counts only where the page names no other.
    """
    page = document.page.url
    found = [
        (url, source)
        for source, href in _canonicals(head)
        if (url := absolute(page, href).split("#")[0]) and _same_site(page, url) and not _is_list(url, page)
    ]
    return next((one for one in found if not _AMP.search(one[0])), found[0] if found else ("", ""))


_AMP = re.compile(r"/amp/?$|\.amp(?:\.html?)?$|[?&]amp(?:=1|=true)?$", re.IGNORECASE)


def _canonicals(head: Head) -> Iterator[tuple[str, str]]:
    for href in head.links.get("canonical", ()):
        yield "link:canonical", href
    for href in head.metas.get("og:url", ()):
        yield "meta:og:url", href.strip()
    whole = head.article.get("mainEntityOfPage")
    for value in (whole.get("@id") if isinstance(whole, dict) else whole, head.article.get("url")):
        if isinstance(value, str):
            yield "json-ld", value.strip()


def _same_site(page: str, url: str) -> bool:
    return registrable(urlsplit(page).hostname or "") == registrable(urlsplit(url).hostname or "")


def _is_list(url: str, page: str) -> bool:
    """Reject a canonical of the front page, of an error or of a section on an inner page, which is a template's mistake."""
    parts, own = urlsplit(url), urlsplit(page).path
    if parts.query or own in {"", "/"} or parts.path.rstrip("/") == own.rstrip("/"):
        return False
    is_section = (
        _SECTION.fullmatch(parts.path) and own.startswith(parts.path.rstrip("/") + "/") and not _PART.search(own)
    )
    return bool(_FRONT.fullmatch(parts.path) or is_section)


_FRONT = re.compile(
    r"/?|/(?:index|default|home)(?:\.\w{2,5})?/?|/[a-z]{2}(?:-[a-z]{2})?/?|/(?:404|error|not-?found)(?:\.\w{2,5})?/?",
    re.IGNORECASE,
)
_SECTION = re.compile(r"/[^/\d-]{2,20}(?:-[^/\d-]{2,20})?/?")
"""A path of one part of a word or two, without a figure: a section, where it is the folder of the page's own."""
_PART = re.compile(r"/(?:page/?\d*|amp|print|comments?|feed|\d{1,2})/?$", re.IGNORECASE)


def next_page(document: Document, head: Head) -> str:
    """Return the URL of the article's next page, by `rel=next` or the pager of the post; '' when there is none."""
    here = _numbered(document.page.url)
    return next((url for url in _pager_links(document, head, "next") if _follows(here, _numbered(url))), "")


def previous_page(document: Document, head: Head) -> str:
    """Return the URL of the page before this one of a paged post, by `rel=prev` or the pager; '' on a first page."""
    here = _numbered(document.page.url)
    if here[1] < 2:
        return ""
    return next((url for url in _pager_links(document, head, "prev") if _follows(_numbered(url), here)), "")


MOST_PAGES = 20
"""No article has more; a higher number in an address is an article's own, and its neighbour another article."""


_MAY_BE_NUMBERED = re.compile(r"\d|\.$|\./$|^\?$")
"""What the address of a later page holds; one without a figure in it leads to another, or to a folder that has one."""


def _pager_links(document: Document, head: Head, rel: str) -> Iterator[str]:
    page = document.page.url
    hrefs = list(head.links.get(rel, ()))
    for anchor in islice(document.model.anchors, 3_000):
        if not _MAY_BE_NUMBERED.search(anchor.href):
            continue
        parent = anchor.element.getparent()
        around = f"{anchor.element.get('class')} {anchor.rel} {'' if parent is None else parent.get('class')}"
        if rel in around or "page-number" in around or "page-link" in around:
            hrefs.append(anchor.href)
    return filter(None, (absolute(page, href) for href in hrefs))


def _follows(page: tuple[str, int], later: tuple[str, int]) -> bool:
    """Return whether `later` is the next page of the same post; another article of a running number is not."""
    return page[0] == later[0] and later[1] == page[1] + 1 and later[1] <= MOST_PAGES


_NUMBER = re.compile(
    r"(?:/(?:page/)?(\d{1,3})/?$)|(?:[?&](?:page|p|pg|seite|pagina|paged)=(\d{1,3})$)|(?:[-_,](?:page|p"
    r"|seite)?-?(\d{1,2})(?=\.html?$))",
    re.IGNORECASE,
)


def _numbered(url: str) -> tuple[str, int]:
    url = url.split("#", maxsplit=1)[0]
    match = _NUMBER.search(url)
    if not match:
        return url.rstrip("/"), 1
    number = int(next(filter(None, match.groups()), "1"))
    if number < 2:  # a first page goes without a number; an address that ends in /1 is an article's own
        return url.rstrip("/"), 1
    stem = url[: match.start()] + url[match.end() :]
    return stem.rstrip("/"), number
