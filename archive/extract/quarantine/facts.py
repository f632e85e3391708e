"""Gather the facts that distinguish an article from other pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from archive.extract.metadata.head import Head, element_text, plain, read_head

if TYPE_CHECKING:
    from archive.article import Reason
    from archive.extract.document import Document
    from archive.extract.metadata.reading import Metadata

Verdict = tuple["Reason", str]
"""The reason why a page is not an article, and the evidence in words."""

WALL_TEXT = 900
"""Walls and error pages are short: a page with this many letters of running text contains an article."""
EMPTY_LETTERS = 20
"""A text with fewer letters counts as empty."""
_LETTERS = re.compile(r"[^\W\d_]+")
SINGLE = re.compile(
    r"(?:^|\s)(?:single|single-post|single-\w+|postid-\d+|node--?type-(?:article|news|story)"
    r"|page-node-type-article|article-page|post-template\S*)(?=\s|$)"
)
"""Classes that publishing systems set on the body of an article's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A page's text and metadata, and facts from its head, titles, body class and URL; `letters` counts up to `WALL_TEXT` or more."""

    document: Document
    metadata: Metadata
    head: Head
    text: str
    letters: int
    titles: tuple[str, ...]
    body_class: str
    path: str

    @classmethod
    def of(cls, document: Document, text: str, metadata: Metadata) -> Facts:
        """Collect the facts of a page."""
        body = document.tree.find("body")
        title = document.model.by_tag["title"][:1]
        heading = document.model.by_tag["h1"][:1]
        titles = [element_text(element, 200) for element in (*title, *heading)]
        parts = urlsplit(document.page.url)
        return cls(
            document=document,
            metadata=metadata,
            head=metadata.head or read_head(document),
            text=text,
            letters=_count_letters(text),
            titles=tuple(dict.fromkeys(filter(None, (*titles, metadata.article.title)))),
            body_class=((body.get("class") or "") if body is not None else "").lower()[:2_000],
            path=unquote(parts.path) + (f"?{parts.query}" if parts.query else ""),
        )

    @property
    def is_short(self) -> bool:
        """Whether the text is short enough for a wall."""
        return self.letters < WALL_TEXT

    @property
    def claims_article(self) -> int:
        """How strongly the page claims to be an article; 0 if it does not."""
        points = 3 * bool(plain(self.head.article.get("headline")) and self.head.article.get("datePublished"))
        points += 2 * ("article" in plain(next(iter(self.head.metas.get("og:type", ())), ""), 40).lower())
        points += 3 * bool(SINGLE.search(self.body_class))
        origin = self.metadata.article.provenance.get("date_published", "")
        return points + origin.startswith(("json-ld", "meta"))  # a printed date may belong to a teaser


def _count_letters(text: str) -> int:
    """Count the letters of a text; of a long one only until there are too many for a wall."""
    letters = sum(map(len, _LETTERS.findall(text[: 2 * WALL_TEXT])))
    return letters if letters >= WALL_TEXT else sum(map(len, _LETTERS.findall(text[:20_000])))
