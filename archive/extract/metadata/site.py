"""Distinguish the site's name from the article's title in headings, page titles and links to the front page."""

from __future__ import annotations

import re
import unicodedata
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
SEPARATOR = re.compile(r"\s+[-–—|•·:»«/~⋆›>]{1,2}\s+|\s*[|｜│ㅣ»«]\s*|\s+::\s+|(?<=\S)--(?=\S)")
_WORD = re.compile(r"\w+")
_MAX_SITE_WORDS = 6


def title_words(text: str) -> str:
    """Return the words of a title in lower case, to compare its forms."""
    return " ".join(_WORD.findall(text.casefold()))


def document_title(model: PageModel) -> str:
    """Return the page's `<title>`, not that of an inline SVG; '' if there is none."""
    for title in model.by_tag["title"][:20]:
        parent = title.getparent()
        if parent is None or parent.tag in {"head", "html", "body"}:
            return element_text(title, MAX_TITLE)
    return ""


def segments(title: str, *separators: re.Pattern[str]) -> Iterator[str]:
    """Yield a title and the parts before and after each of its separators; the site's name may be first or last."""
    yield title
    for part, _, _ in halves(title, *separators):
        yield part


def halves(title: str, *separators: re.Pattern[str]) -> Iterator[tuple[str, str, bool]]:
    """Yield each part before or after a separator of a title, the rest of the title, and whether the part is the last."""
    for pattern in separators or (SEPARATOR,):
        for cut in islice(pattern.finditer(title), 8):
            before, after = title[: cut.start()].strip(), title[cut.end() :].strip()
            yield before, after, False
            yield after, before, True


def leads_home(heading: HtmlElement, url: str) -> bool:
    """Return whether a heading links to the front page: blogs print the site's name as h1 on every page."""
    link = heading.find(".//a[@href]")
    return link is not None and _is_home(link.get("href", ""), url)


def _is_home(href: str, url: str) -> bool:
    try:
        target, page = urlsplit(href.strip()[:2_000]), urlsplit(url)
    except ValueError:
        return False
    if target.scheme not in {"", "http", "https"} or target.netloc not in {"", page.netloc}:
        return False
    is_home = target.path == "/" or (target.netloc and not target.path) or _INDEX.fullmatch(target.path)
    return bool(is_home and (page.path not in {"", "/"} or page.query) and not target.query)


_INDEX = re.compile(r"/(?:index|default|home|main)\.[a-z]{3,5}", re.IGNORECASE)
"""The path of a front page with its file's name."""


def site_names(document: Document, head: Head, sitename: str) -> frozenset[str]:
    """Return the forms of the site's name as word keys: declared names, the host, and the texts of links to the front page."""
    host = (urlsplit(document.page.url).hostname or "").removeprefix("www.")
    names = {title_words(sitename), title_words(host), max(host.split("."), key=len)}
    publisher = head.resolve(head.article.get("publisher"))
    names |= {title_words(plain(publisher, 120))} - {title_words(plain(head.article.get("headline"), 120))}
    for node in head.nodes[:50]:
        kinds = types(node)
        if kinds & {"website", "organization", "newsmediaorganization"} and "person" not in kinds:
            names |= {title_words(plain(node.get(field), 120)) for field in ("name", "alternateName", "legalName")}
    linked = set()
    for link in islice(document.tree.iter("a"), 40):
        if _is_home(link.get("href") or "", document.page.url):
            linked.add(title_words(element_text(link, 60)))
    # a copy of a site links to the page by the name of its file, too
    names |= linked - {title_words(plain(title, 120)) for title in head.metas.get("og:title", ())[:2]}
    first, cut, last = document_title(document.model).partition(" | ")
    if cut and first == last:
        names.add(title_words(first))
    return frozenset(name for name in names if 0 < len(name.split()) <= _MAX_SITE_WORDS)


def named_in_title(document: Document, title: str) -> str:
    """Return the site's name at either end of `<title>`, if the rest is the article's title; else ''."""
    key = title_words(title)
    for rest, name, _ in halves(document_title(document.model)):
        if title_words(rest) == key and 0 < len(name) <= 60 and not SEPARATOR.search(name):
            return name
    return ""


def strip_site(title: str, names: frozenset[str], *, guess: bool = False, tail: bool = False) -> str:
    """Return a title without the site's name at its ends (only at its end with `tail`); with `guess`, remove any short last part.

    Chinese and Japanese titles join the name with a hyphen without spaces.
    """
    cuts = list(SEPARATOR.finditer(title))
    if not cuts:
        text, _, name = title.rpartition("-")
        is_spaceless = text and name and not (text[-1].isascii() and name[0].isascii())
        return text if is_spaceless and is_site(name, names) else title
    first, last = cuts[0], cuts[-1]
    if is_site(title[last.end() :], names):
        return strip_site(title[: last.start()].strip(), names, tail=tail)
    if not tail and is_site(title[: first.start()], names):
        return strip_site(title[first.end() :].strip(), names)
    end = title[last.end() :]
    bar = last[0].strip() in {"|", "│", "ㅣ"}
    if (guess or bar) and len(end) <= 30 and len(end.split()) <= 4 and last.start() > len(end):
        rest = title[: last.start()].strip()
        return strip_site(rest, names, tail=tail) if bar else rest
    return title


def is_site(segment: str, names: frozenset[str]) -> bool:
    """Return whether a part of a title is one of the site's names, with or without spaces."""
    key = title_words(segment)
    squeezed = key.replace(" ", "")
    return bool(key) and (key in names or squeezed in names or any(squeezed == name.replace(" ", "") for name in names))


def story_beside_site(heading: str, titles: Sequence[str], document: Document, marks: Marks) -> str:
    """Return the article's title from a page title that also contains the heading, if the heading is the site's name; else ''.

    The URL must contain the words of the title, or the page must print it after the heading.
    """
    key = title_words(heading)
    slug = _slug(document.page.url)
    is_in_slug = 2 * len(slug.intersection(key.split())) > len(key.split())
    for title in titles:
        for one, other, is_last in halves(title):
            label = SEPARATOR.split(one)[0] if is_last else one  # a section may stand between title and site
            if title_words(label) != key or len(other) <= len(label):
                continue
            if not is_in_slug and (told := [part for part in segments(other) if _is_in(part, slug)]):
                return min(told, key=len)
            if is_last and _is_after(other, heading, marks):
                return other
    return ""


def _slug(url: str) -> frozenset[str]:
    """Return the words of the last segment of a URL's path."""
    path = unquote(url[:2_000].split("#", maxsplit=1)[0].split("?", maxsplit=1)[0].rstrip("/"))
    return frozenset(title_words(path.rsplit("/", 1)[-1].replace("_", " ")).split())


_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "å": "a"})


def makes_address(title: str, url: str) -> bool:
    """Return whether a URL was made from a title: its path contains the title's words in order, at least five."""
    words = title_words(title)
    if len(words.split()) < 5:
        return False
    path = _ascii(unquote(urlsplit(url).path[:2_000]))
    return any(squeezed in path for squeezed in (_ascii(words.translate(_LETTERS)), _ascii(words)))


def _ascii(text: str) -> str:
    """Return the letters and digits of a text, without accents."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text.casefold()) if letter.isalnum())


def _is_in(title: str, slug: frozenset[str]) -> bool:
    """Return whether most words of a title, and at least three, are in a URL."""
    words = set(title_words(title).split())
    return len(words & slug) >= max(3, 0.6 * len(words))


def _is_after(title: str, heading: str, marks: Marks) -> bool:
    """Return whether the page prints a title as a piece of text after the heading."""
    texts = marks.texts()[:400]
    return heading in texts and title in texts[texts.index(heading) :]
