"""Tell the name of a site from the title of an article: on headings, in titles that hold both, in links to the front page."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from archive.extract.metadata.head import element_text, plain, types

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.html import HtmlElement

    from archive.extract.document import Document
    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Marks
    from archive.extract.page import PageModel

MAX_TITLE = 400
SEPARATOR = re.compile(r"\s+[-–—|•·:»«/~⋆›>]{1,2}\s+|\s*[|│ㅣ»«]\s*|\s+::\s+|(?<=\S)--(?=\S)")
_WORD = re.compile(r"\w+")
_MAX_SITE_WORDS = 6


def title_words(text: str) -> str:
    """Return the words of a title in small letters, for comparing its forms."""
    return " ".join(_WORD.findall(text.casefold()))


def document_title(model: PageModel) -> str:
    """Return the page's `<title>`, not that of a drawing in it."""
    for title in model.by_tag["title"][:20]:
        parent = title.getparent()
        if parent is None or parent.tag in {"head", "html", "body"}:
            return element_text(title, MAX_TITLE)
    return ""


def segments(title: str, *separators: re.Pattern[str]) -> Iterator[str]:
    """Yield a title and what stands before or after each of its separators; the site's name stands first as often as last."""
    yield title
    for pattern in separators or (SEPARATOR,):
        for cut in islice(pattern.finditer(title), 8):
            yield title[: cut.start()].strip()
            yield title[cut.end() :].strip()


def leads_home(heading: HtmlElement, url: str) -> bool:
    """Return whether a heading is a link to the front page: the site's name, which blogs print as h1 on every page."""
    link = heading.find(".//a[@href]")
    return link is not None and _is_home(link.get("href", ""), url)


def _is_home(href: str, url: str) -> bool:
    try:
        target, page = urlsplit(href.strip()[:2_000]), urlsplit(url)
    except ValueError:
        return False
    if target.scheme not in {"", "http", "https"} or target.netloc not in {"", page.netloc}:
        return False
    is_home = target.path == "/" or (target.netloc and not target.path)
    return bool(is_home and (page.path not in {"", "/"} or page.query) and not target.query)


def site_names(document: Document, head: Head, sitename: str) -> frozenset[str]:
    """Return forms of the site's own name as word keys: the declared ones, the host, and the text of links to the front page."""
    host = (urlsplit(document.page.url).hostname or "").removeprefix("www.")
    names = {title_words(sitename), title_words(host), max(host.split("."), key=len)}
    for node in head.nodes[:50]:
        kinds = types(node)
        if kinds & {"website", "organization", "newsmediaorganization"} and "person" not in kinds:
            names |= {title_words(plain(node.get(field), 120)) for field in ("name", "alternateName", "legalName")}
    for link in islice(document.tree.iter("a"), 40):
        if _is_home(link.get("href") or "", document.page.url):
            names.add(title_words(element_text(link, 60)))
    first, cut, last = document_title(document.model).partition(" | ")
    if cut and first == last:
        names.add(title_words(first))
    return frozenset(name for name in names if 0 < len(name.split()) <= _MAX_SITE_WORDS)


def named_in_title(document: Document, title: str) -> str:
    """Return the site's name at an end of `<title>`, where the rest of it is the article's title; '' when there is none."""
    whole = document_title(document.model)
    for cut in islice(SEPARATOR.finditer(whole), 8):
        before, after = whole[: cut.start()].strip(), whole[cut.end() :].strip()
        for rest, name in ((before, after), (after, before)):
            if title_words(rest) == title_words(title) and 0 < len(name) <= 60 and not SEPARATOR.search(name):
                return name
    return ""


def strip_site(title: str, names: frozenset[str], *, guess: bool = False, tail: bool = False) -> str:
    """Return a title without the site's name at its ends, or at its `tail` alone; with `guess`, a short last part is taken for it too."""
    cuts = list(SEPARATOR.finditer(title))
    if not cuts:
        return title
    first, last = cuts[0], cuts[-1]
    if is_site(title[last.end() :], names):
        return strip_site(title[: last.start()].strip(), names, tail=tail)
    if not tail and is_site(title[: first.start()], names):
        return strip_site(title[first.end() :].strip(), names)
    end = title[last.end() :]
    bar = last[0].strip() in {"|", "│", "ㅣ"}
    if (guess or bar) and len(end) <= 30 and len(end.split()) <= 4 and last.start() > len(end):
        return title[: last.start()].strip()
    return title


def is_site(segment: str, names: frozenset[str]) -> bool:
    """Return whether a part of a title is one of the site's names, with or without spaces."""
    key = title_words(segment)
    squeezed = key.replace(" ", "")
    return bool(key) and (key in names or squeezed in names or any(squeezed == name.replace(" ", "") for name in names))


def story_beside_site(heading: str, titles: Sequence[str], document: Document, marks: Marks) -> str:
    """Return the story's title where the heading is the site's name, and only a page's title and no record has the story's.

    The address tells it, or the page prints it after the heading, whose text ends the page's title.
    """
    key = title_words(heading)
    slug = _slug(document.page.url)
    is_in_slug = 2 * len(slug.intersection(key.split())) > len(key.split())
    for title in titles:
        for one, other, is_last in _halves(title):
            if title_words(one) != key or len(other) <= len(one):
                continue
            if not is_in_slug and (told := [part for part in segments(other) if _is_in(part, slug)]):
                return min(told, key=len)
            if is_last and _is_after(other, heading, marks):
                return other
    return ""


def _halves(title: str) -> Iterator[tuple[str, str, bool]]:
    """Yield each part of a title at its beginning or end, the rest of it, and whether the part is the last."""
    for cut in islice(SEPARATOR.finditer(title), 8):
        before, after = title[: cut.start()].strip(), title[cut.end() :].strip()
        yield before, after, False
        yield after, before, True


def _slug(url: str) -> frozenset[str]:
    """Return the words of the last part of an address."""
    path = unquote(url[:2_000].split("#", maxsplit=1)[0].split("?", maxsplit=1)[0].rstrip("/"))
    return frozenset(title_words(path.rsplit("/", 1)[-1].replace("_", " ")).split())


def _is_in(title: str, slug: frozenset[str]) -> bool:
    """Return whether most words of a title, and three at least, are those of an address."""
    words = set(title_words(title).split())
    return len(words & slug) >= max(3, 0.6 * len(words))


def _is_after(title: str, heading: str, marks: Marks) -> bool:
    """Return whether a title is printed as a piece of text after the heading."""
    texts = marks.texts()[:400]
    return heading in texts and title in texts[texts.index(heading) :]
