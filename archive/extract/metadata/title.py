"""Chooses the title of an article: what a page declares and prints as one comes in, title and other forms go out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive.extract.metadata.head import plain, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from archive.extract.document import Document
    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Marks

_MAX_TITLE = 400
_MAX_HEADINGS = 12
_SEPARATOR = re.compile(r"\s+[-–—|•·:»«/~⋆›>]{1,2}\s+|\s*[|»«]\s*|\s+::\s+")
_META_TITLES = (
    "og:title",
    "twitter:title",
    "headline",
    "dc.title",
    "dcterms.title",
    "parsely-title",
    "sailthru.title",
    "title",
)
_WORD = re.compile(r"\w+")
# How far each kind of witness is trusted before the others are asked; the order of news themes, checked by
# bench/metadata.py.
_TRUST = {"h1": 2.0, "json-ld": 1.5, "meta": 1.4, "title": 1.0, "h2": 0.3}


def read_title(document: Document, head: Head, marks: Marks, sitename: str) -> tuple[str, str, tuple[str, ...]]:
    """The title ('' when the page has none), where it was read, and every different form the page gives it.

    Each form is backed by the others that say the same words; the best backed wins, in doubt the printed heading.
    """
    found = [(text, source) for text, source in _candidates(document, head, marks, sitename) if text]
    best, where, most = "", "", 0.0
    keys = [_key(text) for text, _ in found]
    for index, (text, source) in enumerate(found):
        score = _TRUST[source.split(":")[0]] + sum(
            _backing(keys[index], other) for position, other in enumerate(keys) if position != index
        )
        if score > most:
            best, where, most = text, source, score
    return best, where, tuple(dict.fromkeys(text for text, _ in found if text != best))[:12]


def _backing(key: str, other: str) -> float:
    if not key or not other:
        return 0.0
    if key == other:
        return 1.0
    shorter, longer = sorted((key, other), key=len)
    return (
        0.5
        if len(shorter) > 12 and longer.startswith(shorter)
        else 0.3
        if len(shorter) > 12 and shorter in longer
        else 0.0
    )


def _key(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _candidates(document: Document, head: Head, marks: Marks, sitename: str) -> Iterator[tuple[str, str]]:
    names = site_names(document, sitename)
    for count, heading in enumerate(document.tree.iter("h1")):
        if count >= _MAX_HEADINGS:
            break
        text = words_of(heading, _MAX_TITLE)
        if _key(text) not in names and not _leads_home(heading, document.page.url):
            yield text, "h1"
    yield plain(head.article.get("headline"), _MAX_TITLE), "json-ld"
    for name in _META_TITLES:
        for value in head.metas.get(name, ())[:2]:
            yield strip_site(plain(value, _MAX_TITLE), names), f"meta:{name}"
    title = next(document.tree.iter("title"), None)
    if title is not None:
        yield _printed_part(strip_site(words_of(title, _MAX_TITLE), names, guess=True), marks), "title"


def _printed_part(title: str, marks: Marks) -> str:
    """The end of a `<title>` when the page prints that as a line of its own, and the whole nowhere.

    A table layout has no heading, and its site's name stands first as often as last.
    """
    parts = [part.strip() for part in _SEPARATOR.split(title)]
    if len(parts) != 2:
        return title
    printed = {text for text in marks.texts() if len(text) <= _MAX_TITLE}
    first, last = parts
    return last if len(last) > len(first) and last in printed and title not in printed else title


def _leads_home(heading: HtmlElement, url: str) -> bool:
    """Whether a heading is a link to the front page: the site's name, which blogs print as h1 on every page."""
    link = heading.find(".//a[@href]")
    if link is None:
        return False
    try:
        target, page = urlsplit(link.get("href", "").strip()[:2_000]), urlsplit(url)
    except ValueError:
        return False
    if target.scheme not in {"", "http", "https"} or target.netloc not in {"", page.netloc}:
        return False
    is_home = target.path == "/" or (target.netloc and not target.path)
    return bool(is_home and page.path not in {"", "/"} and not target.query)


def site_names(document: Document, sitename: str) -> frozenset[str]:
    """Forms of the site's own name as word keys: the declared one, the host, the host without its suffix."""
    host = (urlsplit(document.page.url).hostname or "").removeprefix("www.")
    labels = host.split(".")
    return frozenset(filter(None, {_key(sitename), _key(host), max(labels, key=len) if labels else ""}))


def strip_site(title: str, names: frozenset[str], *, guess: bool = False) -> str:
    """A title without the site's name at its ends; with `guess`, a short last segment is taken for it too."""
    cuts = list(_SEPARATOR.finditer(title))
    if not cuts:
        return title
    first, last = cuts[0], cuts[-1]
    if _is_site(title[last.end() :], names):
        return strip_site(title[: last.start()].strip(), names)
    if _is_site(title[: first.start()], names):
        return strip_site(title[first.end() :].strip(), names)
    tail = title[last.end() :]
    if guess and len(tail) <= 30 and len(tail.split()) <= 4 and last.start() > len(tail):
        return title[: last.start()].strip()
    return title


def _is_site(segment: str, names: frozenset[str]) -> bool:
    key = _key(segment)
    squeezed = key.replace(" ", "")
    return bool(key) and (key in names or squeezed in names or any(squeezed == name.replace(" ", "") for name in names))
