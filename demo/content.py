"""Read the articles of an edition of the demo site from `content/*.toml`.

An article's body is blocks with an empty line between. The first characters of a block give its kind:

    ## a sub-heading        > a quotation           - a list item (one a line)
    ! image | caption       @also ID  @byline TEXT  @source TEXT  @newsletter  @advert  @page (a page break)

Everything else is a paragraph; `[words](url)` and `**words**` are understood inside. Paragraphs, sub-headings, quotations
and list items are the article's text; the other blocks are what a theme puts between them.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime

FOLDER = Path(__file__).parent / "content"
TEXT_KINDS = frozenset({"paragraph", "heading", "quote", "item"})
_MARKS = {"## ": "heading", "> ": "quote", "! ": "image", "- ": "item"}
_COMMAND = re.compile(r"@(also|byline|source|newsletter|advert|page)(?: (.*))?\Z", re.DOTALL)
_INLINE = re.compile(r"\[([^\]]+)\]\([^)]+\)|\*\*(.+?)\*\*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of a body: its kind (see the module's docstring) and its source text without the mark."""

    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the site: its displayed name, the path of its first list page, and the theme of its pages."""

    key: str
    name: str
    path: str
    language: str
    theme: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article as published in one edition.

    `path` is unquoted; `shown_date` is the date as displayed; `coding` the preferred content-coding; `stable`
    says that no edition changes or deletes it, so that other pages may name it and stay the same bytes.
    """

    id: int
    path: str
    section: Section
    title: str
    blocks: tuple[Block, ...]
    published: datetime
    modified: datetime
    shown_date: str
    summary: str
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    image: str = ""
    charset: str = "utf-8"
    coding: str = "gzip"
    twins: tuple[str, ...] = ()
    stable: bool = True
    deleted: bool = False
    linked: bool = True

    @property
    def language(self) -> str:
        """BCP 47 tag."""
        return self.section.language

    def pages(self) -> list[list[Block]]:
        """Return the body's blocks, one list for each page of the article."""
        pages: list[list[Block]] = [[]]
        for block in self.blocks:
            if block.kind == "page":
                pages.append([])
            else:
                pages[-1].append(block)
        return pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The whole site in one edition, newest article first; `raw` is `site.toml` as read."""

    edition: int
    day: date
    sections: tuple[Section, ...]
    articles: tuple[Article, ...]
    gone: tuple[Article, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict)

    def of(self, section: Section) -> list[Article]:
        """Return the articles of a section, newest first."""
        return [article for article in self.articles if article.section == section and article.linked]

    def in_language(self, language: str) -> list[Article]:
        """Return the linked articles in a language, newest first."""
        return [article for article in self.articles if article.language == language and article.linked]

    def stable(self, section: Section, *, without: Article) -> list[Article]:
        """Return other articles of the section that are the same in every edition."""
        return [article for article in self.of(section) if article.stable and article.id != without.id]

    def by_id(self, number: int) -> Article:
        """Return the article with that number."""
        return next(article for article in self.articles if article.id == number)


def plain(text: str) -> str:
    """Return a block's text as displayed: without inline marks, with single spaces."""
    return " ".join(_INLINE.sub(lambda mark: mark[1] or mark[2], text).split())


def paragraphs(blocks: tuple[Block, ...] | list[Block]) -> list[str]:
    """Return the paragraphs of these blocks that belong to the article's text."""
    return [plain(block.text) for block in blocks if block.kind in TEXT_KINDS]


def parse_body(body: str) -> tuple[Block, ...]:
    """Split a body into blocks (see the module's docstring for the marks)."""
    blocks: list[Block] = []
    for chunk in re.split(r"\n\s*\n", body.strip()):
        text = chunk.strip()
        command = _COMMAND.match(text)
        kind = _MARKS.get(text[:3], _MARKS.get(text[:2], "paragraph"))
        if command:
            blocks.append(Block(kind=command[1], text=(command[2] or "").strip()))
        elif kind == "item":
            blocks.extend(Block(kind="item", text=line[2:]) for line in text.splitlines())
        elif kind == "paragraph":
            blocks.append(Block(kind=kind, text=text))
        else:
            blocks.append(Block(kind=kind, text=text[2:].strip()))
    return tuple(blocks)


@cache
def load(edition: int) -> Site:
    """Return the site in `edition` 1 or 2."""
    raw = tomllib.loads((FOLDER / "site.toml").read_text("utf-8"))
    sections = {entry["key"]: Section(**entry) for entry in raw["section"]}
    files = sorted(path for path in FOLDER.glob("*.toml") if path.name != "site.toml")
    entries = [tomllib.loads(path.read_text("utf-8")) for path in files]
    shown = [_article(entry, sections, edition) for entry in entries if entry.get("edition", 1) <= edition]
    shown.sort(key=lambda article: (article.published, article.id), reverse=True)
    return Site(
        edition=edition,
        day=raw["editions"][str(edition)]["day"],
        sections=tuple(sections.values()),
        articles=tuple(article for article in shown if not article.deleted),
        gone=tuple(article for article in shown if article.deleted),
        raw=raw,
    )


def _article(entry: dict[str, Any], sections: dict[str, Section], edition: int) -> Article:
    change = entry.get("edition2", {})
    article = Article(
        id=entry["id"],
        path=entry["path"],
        section=sections[entry["section"]],
        title=entry["title"],
        blocks=parse_body(entry["body"]),
        published=entry["published"],
        modified=entry.get("modified", entry["published"]),
        shown_date=entry["shown_date"],
        summary=entry["summary"],
        authors=tuple(entry.get("authors", ())),
        tags=tuple(entry.get("tags", ())),
        image=entry.get("image", ""),
        charset=entry.get("charset", "utf-8"),
        coding=entry.get("coding", "gzip"),
        twins=tuple(entry.get("twins", ())),
        stable=not change and "edition" not in entry,
        linked=entry.get("linked", True),
    )
    return _changed(article, entry["body"], change) if edition > 1 and change else article


def _changed(article: Article, body: str, change: dict[str, Any]) -> Article:
    for old, new in change.get("replace", ()):
        if old not in body:
            raise ValueError(f"article {article.id}: edition 2 replaces words that are not in the body: {old!r}")
        body = body.replace(old, new)
    return replace(
        article,
        title=change.get("title", article.title),
        blocks=parse_body(body),
        modified=change.get("modified", article.modified),
        deleted=change.get("deleted", False),
    )
