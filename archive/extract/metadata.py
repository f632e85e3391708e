"""Reads what a page says of its article: a Document comes in, Metadata with the origin of each value goes out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from archive.extract.addresses import canonical_url, next_page, previous_page
from archive.extract.agency import read_source
from archive.extract.authors import read_authors
from archive.extract.dates import read_dates
from archive.extract.head import as_list, plain, read_head, types
from archive.extract.headline import read_title, site_names
from archive.extract.language import identify, primary
from archive.extract.marks import Marks
from archive.extract.pictures import read_images
from archive.extract.topics import read_section, read_tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archive.article import Image
    from archive.extract.document import Document
    from archive.extract.head import Head

_DESCRIPTIONS = (
    "og:description",
    "description",
    "twitter:description",
    "dc.description",
    "dcterms.description",
    "sailthru.description",
)
_SITE_METAS = (
    "og:site_name",
    "application-name",
    "apple-mobile-web-app-title",
    "al:android:app_name",
    "dc.publisher",
    "publisher",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What the page says of its article, in the forms of `archive.article.Article`; '' or () for what it does not.

    `title_candidates` are the other forms of the title on the page (for taking title lines out of the text). `date` is
    the day of publication on the site's own clock (`2024-05-12`; of the last change when only that is known).
    `is_accessible_for_free` is None when the page does not say. `provenance` maps each filled field to where it was
    read (`json-ld`, `meta:og:title`, `dom:byline` …).
    """

    title: str = ""
    title_candidates: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    date_published: str = ""
    date_modified: str = ""
    date: str = ""
    section: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    description: str = ""
    sitename: str = ""
    source: str = ""
    images: tuple[Image, ...] = ()
    canonical_url: str = ""
    next_page: str = ""
    previous_page: str = ""
    is_accessible_for_free: bool | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)


def read_metadata(document: Document) -> Metadata:
    """Reads all but what needs the article's text: call `with_text` once that is known. Linear, never raises."""
    head = read_head(document)
    marks = Marks(document.tree)
    sitename, sitename_from = _sitename(head)
    names = site_names(document, sitename)
    title, title_from, candidates = read_title(document, head, marks, sitename)
    authors, authors_from = read_authors(head, marks, names, title)
    dates = read_dates(document, head, marks, title=title, language=next(iter(declared_languages(document)), ""))
    section, section_from = read_section(head, marks, title)
    tags, tags_from = read_tags(head, marks)
    images, images_from = read_images(document, head, marks)
    description, description_from = head.first(_DESCRIPTIONS, 1_000)
    canonical, canonical_from = canonical_url(document, head)
    free, free_from = _is_free(head)
    declared = next(filter(None, map(primary, declared_languages(document))), "")
    origins = {
        "title": title_from,
        "authors": authors_from,
        "date_published": dates.published_from,
        "date_modified": dates.modified_from,
        "section": section_from,
        "tags": tags_from,
        "images": images_from,
        "description": description_from and f"meta:{description_from}",
        "sitename": sitename_from,
        "canonical_url": canonical_from,
        "is_accessible_for_free": free_from,
        "language": "declared" if declared else "",
    }
    return Metadata(
        title=title,
        language=declared,
        title_candidates=candidates,
        authors=authors,
        date_published=dates.published,
        date_modified=dates.modified,
        date=dates.day,
        section=section,
        tags=tags,
        description=description,
        sitename=sitename,
        images=images,
        canonical_url=canonical,
        next_page=next_page(document, head),
        previous_page=previous_page(document, head),
        is_accessible_for_free=free,
        provenance={name: origin for name, origin in origins.items() if origin},
    )


def with_text(metadata: Metadata, document: Document, text: str) -> Metadata:
    """The same with what only the article's text tells: its language, the agency or source credited at its edges."""
    metadata = _with_language(metadata, document, text) if text.strip() else metadata
    source = read_source(text)
    if not source:
        return metadata
    return replace(metadata, source=source, provenance={**metadata.provenance, "source": "text"})


def _with_language(metadata: Metadata, document: Document, text: str) -> Metadata:
    declared = declared_languages(document)
    language = identify(text, declared)
    if not language:
        return metadata
    return replace(metadata, language=language, provenance={**metadata.provenance, "language": "text"})


def declared_languages(document: Document) -> tuple[str, ...]:
    """The language tags the page or its site declares, the most particular first."""
    tree = document.tree
    html = tree.get("lang") or tree.get("xml:lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    tags = [plain(node.get("inLanguage"), 40) for node in document.jsonld if isinstance(node.get("inLanguage"), str)][
        :3
    ]
    return tuple(filter(None, (html[:40], *tags, document.page.site.language)))


def _sitename(head: Head) -> tuple[str, str]:
    name, meta = head.first(_SITE_METAS[:1], 120)
    if name:
        return name, f"meta:{meta}"
    publisher: Any = head.resolve(head.article.get("publisher"))
    if isinstance(publisher, dict) and (name := plain(publisher.get("name"), 120)):
        return name, "json-ld"
    for node in head.nodes:
        if types(node) & {"website", "newsmediaorganization", "organization"} and (
            name := plain(node.get("name"), 120)
        ):
            return name, "json-ld"
    name, meta = head.first(_SITE_METAS[1:], 120)
    return (name, f"meta:{meta}") if name else ("", "")


def _is_free(head: Head) -> tuple[bool | None, str]:
    for value in as_list(head.article.get("isAccessibleForFree")):
        word = str(value).strip().rsplit("/", 1)[-1].lower()
        if word in {"true", "false"}:
            return word == "true", "json-ld"
    for name in ("article:content_tier", "og:article:content_tier"):
        tier = plain(next(iter(head.metas.get(name, ())), ""), 20).lower()
        if tier in {"free", "locked", "metered"}:
            return tier == "free", f"meta:{name}"
    return None, ""
