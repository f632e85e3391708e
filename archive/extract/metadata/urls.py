"""Read the URLs that a page declares: canonical URL, next and previous page."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive.extract.addresses import absolute, registrable
from archive.extract.metadata.head import is_placeholder
from archive.urls import untracked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.extract.document import Document
    from archive.extract.metadata.head import Head


def canonical_url(document: Document, head: Head) -> tuple[str, str]:
    """Return the page's canonical URL and its source; ('', '') if it declares none, another site's or that of a list.

    Tracking parameters are removed. An AMP URL counts only if the page declares no other.
    """
    page = document.page.url
    found = [
        (url, source)
        for source, href in _canonicals(head)
        if not is_placeholder(href)
        and (url := _ORIGIN.sub(_lower, untracked(absolute(page, _with_slashes(href, page)).split("#")[0])))
        and _same_site(page, url)
        and not _is_list(url, page)
    ]
    return next((one for one in found if not _AMP.search(one[0])), found[0] if found else ("", ""))


_AMP = re.compile(r"/amp/?$|\.amp(?:\.html?)?$|[?&]amp(?:=1|=true)?$", re.IGNORECASE)


_ORIGIN = re.compile("^[^/]*//[^/?]*")
_HOST_FIRST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?=/)")


def _lower(match: re.Match[str]) -> str:
    return match[0].lower()


def _with_slashes(href: str, page: str) -> str:
    """Return `href`; a relative one that starts with the name of the page's site lacks only its scheme."""
    host = _HOST_FIRST.match(href)
    return f"//{href}" if host and _same_site(page, f"//{host[0]}") else href


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
    """Return whether an inner page's canonical URL is the front page, an error page or a section: a mistake of the template."""
    parts, own = urlsplit(url), urlsplit(page).path
    if parts.query or own in {"", "/"} or parts.path.rstrip("/") == own.rstrip("/"):
        return False
    is_section = (
        _SECTION.fullmatch(parts.path) and own.startswith(parts.path.rstrip("/") + "/") and not _PART.search(own)
    )
    return bool(_FRONT.fullmatch(parts.path) or is_section)


_FRONT = re.compile(
    r"/?|/(?:index|default|home)(?:\.\w{2,5})?/?|/[a-z]{2}(?:-[a-z]{2})?/?|/(?:404|error|not-?found|undefined|null)(?:\.\w{2,5})?/?",
    re.IGNORECASE,
)
_SECTION = re.compile(r"/[^/\d-]{2,20}(?:-[^/\d-]{2,20})?/?")
"""A path of one segment of one or two words without digits: a section, if the page's own path begins with it."""
_PART = re.compile(r"/(?:page/?\d*|amp|print|comments?|feed|\d{1,2})/?$", re.IGNORECASE)


def next_page(document: Document, head: Head) -> str:
    """Return the URL of the article's next page, from `rel=next` or the post's pager; '' if there is none."""
    here = _numbered(document.page.url)
    return next((url for url in _pager_links(document, head, "next") if _follows(here, _numbered(url))), "")


def previous_page(document: Document, head: Head) -> str:
    """Return the URL of the article's previous page, from `rel=prev` or the pager; '' on the first page."""
    here = _numbered(document.page.url)
    if here[1] < 2:
        return ""
    return next((url for url in _pager_links(document, head, "prev") if _follows(_numbered(url), here)), "")


MOST_PAGES = 20
"""Maximum pages of an article; a higher number in a URL identifies the article."""


_MAY_BE_NUMBERED = re.compile(r"\d|\.$|\./$|^\?$")
"""A link that can lead to a numbered page: it contains a digit, or is relative to the page's folder or query."""


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
    """Return whether `later` is the next page of the same post, not another article with a consecutive number."""
    return page[0] == later[0] and later[1] == page[1] + 1 and later[1] <= MOST_PAGES


PAGE_NUMBER = re.compile(
    r"(?:/(?:page/)?(\d{1,3})/?$)|(?:[?&](?:page|p|pg|seite|pagina|paged)=(\d{1,3})$)|(?:[-_,](?:page|p"
    r"|seite)?-?(\d{1,2})(?=\.html?$))",
    re.IGNORECASE,
)
"""The number of an article's page in its URL."""


def _numbered(url: str) -> tuple[str, int]:
    url = url.split("#", maxsplit=1)[0]
    match = PAGE_NUMBER.search(url)
    if not match:
        return url.rstrip("/"), 1
    number = int(next(filter(None, match.groups()), "1"))
    if number < 2:  # the first page has no number; /1 at the end of a URL identifies an article
        return url.rstrip("/"), 1
    stem = url[: match.start()] + url[match.end() :]
    return stem.rstrip("/"), number
