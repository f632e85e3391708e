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
"""A wall or an error page says little; behind this many letters of running text there is an article, whatever else the page carries."""
EMPTY_LETTERS = 20
"""A text of fewer letters counts as empty."""
_LETTERS = re.compile(r"[^\W\d_]+")
SINGLE = re.compile(
    r"(?:^|\s)(?:single|single-post|single-\w+|postid-\d+|node--?type-(?:article|news|story)"
    r"|page-node-type-article|article-page|post-template\S*)(?=\s|$)"
)
"""The classes by which publishing systems mark the body of one story's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A page's text and metadata, and what its head, titles, body class and address say; `letters` counts up to a wall's length."""

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
        """Read them off a page."""
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
        """Whether the text is no longer than a wall's may be."""
        return self.letters < WALL_TEXT

    @property
    def claims_article(self) -> int:
        """How firmly the page says that it is an article; 0 when it does not."""
        points = 3 * bool(plain(self.head.article.get("headline")) and self.head.article.get("datePublished"))
        points += 2 * ("article" in plain(next(iter(self.head.metas.get("og:type", ())), ""), 40).lower())
        points += 3 * bool(SINGLE.search(self.body_class))
        origin = self.metadata.article.provenance.get("date_published", "")
        return points + origin.startswith(("json-ld", "meta"))  # a date that is only printed may be a teaser's


def _count_letters(text: str) -> int:
    """Return the letters of a text; of a long one at least as many as a wall has, which is all that anybody asks."""
    letters = sum(map(len, _LETTERS.findall(text[: 2 * WALL_TEXT])))
    return letters if letters >= WALL_TEXT else sum(map(len, _LETTERS.findall(text[:20_000])))
