"""Find who wrote an article, in JSON-LD, meta tags, bylines and lines of text."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.metadata.bylines import find_bylines, from_bylines, from_distant_bylines, more_names
from archive.extract.metadata.head import as_list, plain
from archive.extract.metadata.persons import MAX_AUTHORS, NAME_WORDS, clean_names
from archive.extract.metadata.text_bylines import from_links, from_signed_texts, from_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archive.extract.metadata.head import Head
    from archive.extract.metadata.markup import Marks

_MAX_DECLARED = 40
_MAX_ROLES = 2
"""Levels of roles and profile pages around an author in JSON-LD."""

_METAS = (
    "author", "article:author", "og:article:author", "og:author", "byl", "dc.creator", "dcterms.creator",
    "dc.creator.author", "citation_author", "citation_authors",
    "parsely-author", "sailthru.author", "cxenseparse:author", "article:author_name", "authors", "creator",
    "rbauthors", "atc-metaauthor", "articleauthor",
    "shareaholic:article_author_name", "mediator_author", "twitter:data1", "twitter:data2",
)  # fmt: skip


def read_authors(
    head: Head, marks: Marks, sites: frozenset[str], title: str, section: str = ""
) -> tuple[tuple[str, ...], str]:
    """Return the authors' names in page order and where they were read; ((), '') when the page names none.

    The name of the site or section and account names (`jane.doe`) count only if the page gives no other name. At most 20 names.
    """
    lesser: list[tuple[tuple[str, ...], str]] = []
    for without in (sites, frozenset[str]()):
        for source, values in _sources(head, marks, without, title):
            if names := clean_names(values, without):
                if not all(map(_LOGIN.fullmatch, names)) and names != (section,):
                    # many a site declares only the first author in a meta tag
                    more = more_names(names, find_bylines(marks, without, title), without) if source == "meta" else ()
                    return (more, "dom:byline") if more else (names, source)
                lesser.append((names, source))
    return next(iter(lesser), ((), ""))


_LOGIN = re.compile(r"[a-z]+[._][a-z]+")
"""An account name (`jane.doe`), printed where the author's name was never filled in."""


def _sources(head: Head, marks: Marks, sites: frozenset[str], title: str) -> Iterator[tuple[str, Iterable[str]]]:
    yield "json-ld", _from_jsonld(head)
    yield "meta", _from_metas(head)
    bylines = find_bylines(marks, sites, title)
    yield "dom:byline", from_bylines(bylines)
    yield "dom:link", from_links(marks, title)
    yield "text", from_text(marks, title)
    yield "dom:byline", from_distant_bylines(bylines, sites)
    yield "dom:signature", islice((text for text in marks.signatures() if NAME_WORDS.match(text)), 1)
    if not sites:
        yield "text", from_signed_texts(marks)


def _from_jsonld(head: Head) -> Iterator[str]:
    for key in ("author", "creator"):
        said = head.article.get(key)
        whole = said.get("@list") or said.get("@set") or said if isinstance(said, dict) else said
        for author in as_list(whole)[:_MAX_DECLARED]:
            yield from _names_of(head, author)


def _names_of(head: Head, author: object, depth: int = 0) -> Iterator[str]:
    """Yield the names of an author, who may be a reference, the main entity of a profile page, or the holder of a Role."""
    value = head.by_id.get(author, author) if isinstance(author, str) else head.resolve(author)
    if not isinstance(value, dict) or value.get("@value"):
        yield plain(value)
        return
    parts = _whole_name(plain(value.get("givenName")), plain(value.get("familyName")))
    if names := as_list(value.get("name")) or as_list(parts or None):
        is_translated = all(isinstance(name, dict) and "@language" in name for name in names)
        for name in names[:1] if is_translated else names:
            yield from (
                _names_of(head, name, depth + 1) if isinstance(name, dict) and depth < _MAX_ROLES else [plain(name)]
            )
    elif depth < _MAX_ROLES:
        for inner in [*as_list(value.get("mainEntity")), *as_list(value.get("author"))][:MAX_AUTHORS]:
            yield from _names_of(head, inner, depth + 1)


def _whole_name(given: str, family: str) -> str:
    """Return a name of two parts in the order of its script: in Chinese, Japanese and Korean, the family's is first."""
    return f"{family}{given}" if _EAST_ASIAN.fullmatch(f"{family}{given}") else f"{given} {family}".strip()


_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,12}")

_WRITTEN_BY = re.compile(
    r"written by|verfasst|geschrieben|écrit par|rédigé|escrito por|scritto da|كُ?تب|بواسطة|geschreven|yazan|yazar|напис|автор"
    r"|napisan|ditulis|skre?ve[nt]|執筆|作者|글쓴이|נכתב|נכתבה|نوشته|نویسنده|scris de|napsal|συντάχθηκε|autor|auteur|kirjoittan",
    re.IGNORECASE,
)
"""Labels of the author's name in cards, as WordPress plugins translate them; the other card gives the reading time."""


def _from_metas(head: Head) -> Iterator[str]:
    for name in _METAS:
        values = head.metas.get(name, ())
        label = head.metas.get(name.replace("data", "label"), ()) if name.startswith("twitter:") else ()
        if name.startswith("twitter:") and not _WRITTEN_BY.search(" ".join(label)):
            continue
        found = [text for value in values if not (text := plain(value)).startswith(("http://", "https://"))]
        if any(found):
            if name.startswith("citation_"):
                yield from (_in_order(part.strip()) for text in found for part in text.split(";"))
            else:
                yield from (_in_order(text) if name.startswith("dc") and _is_reversed(text) else text for text in found)
            return


def _in_order(name: str) -> str:
    """Return a name that a citation gives as `Doe, Jane` in the order of speech."""
    last, comma, first = name.partition(", ")
    return f"{first} {last}" if comma and "," not in first else name


def _is_reversed(name: str) -> bool:
    """Return whether a name is a family name, a comma and a given name of one word each; acronyms are agencies."""
    parts = name.split(", ")
    return len(parts) == 2 and not any(" " in part or part.isupper() for part in parts)
