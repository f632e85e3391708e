"""Extract an article from a PDF file: text in reading order, title, authors, dates and language; or the reason why there is none."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from archive.article import Article, Dropped, Extraction
from archive.body import Block, Span, plain_text
from archive.extract.document import Unreadable
from archive.extract.metadata.language import identify
from archive.extract.metadata.persons import split_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.article import Page
    from archive.extract.pdf.glyphs import File
    from archive.extract.pdf.reading_order import PdfParagraph

MAX_TEXT = 200_000
"""Characters of text that are taken; see `archive.parse.parse.MAX_TEXT`."""

_START = 1024
"""Bytes within which a PDF file's header stands (ISO 32000, annex H)."""

_HEADING = 1.15
"""How much larger than the running text a heading is set."""
_MAX_HEADING = 200
_REPEATED = 3
"""Pages on which the first or the last line must be the same to be a running head."""

_NO_TITLE = re.compile(
    r"(?i)(?:untitled|microsoft \w+|powerpoint|slide \d|print(?:ing)?|document\d*|layout|page|seite)\b"
    r"|.*\.(?:docx?|indd|qxp|pdf|rtf|odt|pptx?|xlsx?|ai|tmp)$|\W*$|[\w-]*\d[\w-]*$"
)
_DATE = re.compile(r"D:(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(\d\d)(\d\d)?(?:(Z)|([+-]\d\d)'?(\d\d)?)?)?)?)?", re.ASCII)
_DIGITS = re.compile(r"\d+")


def is_pdf(body: bytes) -> bool:
    """Return whether a body is a PDF file, by its content; some begin with other bytes, but none with an HTML page about PDF."""
    before, mark, _ = body[:_START].partition(b"%PDF-")
    return bool(mark) and b"<" not in before


def read_pdf(page: Page) -> Extraction:
    """Read a PDF file; of one that is longer than the limits, `detail` says how far."""
    from archive.extract.pdf.glyphs import (
        read_glyphs,  # pdfminer takes a moment to load, and few responses are PDF files
    )

    try:
        file = read_glyphs(page.body)
        found, dropped, pages = _read_pages(file)
    except Unreadable as refusal:
        return Extraction(reason=refusal.reason, detail=refusal.detail)
    except MemoryError:
        return Extraction(reason="memory", detail="a PDF file that takes too much memory to read")
    if not found:
        return Extraction(reason="empty", detail=f"no text on {file.count:,} pages: they may be scanned")
    return Extraction(article=_article(page, file, found, dropped), detail=_detail(file, pages))


def _read_pages(file: File) -> tuple[list[PdfParagraph], list[Dropped], int]:
    """Return the paragraphs of the file, its running heads, and how many pages were read until there was enough text."""
    from archive.extract.pdf.reading_order import joined_over_pages, paragraphs_of

    pages: list[list[PdfParagraph]] = []
    size = 0
    for number, glyphs in enumerate(file.pages):
        paragraphs = paragraphs_of(glyphs, number)
        size += sum(len(one.text) + 1 for one in paragraphs)
        if size > MAX_TEXT and pages:
            break
        pages.append(paragraphs)
    heads = _running_heads(pages)
    kept = [one for page in pages for one in page if _masked(one.text) not in heads]
    dropped = [
        Dropped(line=one.text, rule="running-head") for page in pages for one in page if _masked(one.text) in heads
    ]
    return joined_over_pages(kept), dropped, len(pages)


def _running_heads(pages: Sequence[Sequence[PdfParagraph]]) -> set[str]:
    """Return the lines, without their figures, that stand at the edges of several pages: page numbers, the issue's name and date."""
    edges = Counter(
        _masked(text) for page in pages for text in {one.text for one in (*page[:2], *page[-2:]) if one.lines == 1}
    )
    return {text for text, count in edges.items() if count >= max(_REPEATED, len(pages) // 4)}


def _masked(text: str) -> str:
    return _DIGITS.sub("0", text).strip()


def _detail(file: File, pages: int) -> str:
    said = [f"pages 1 to {pages:,} of {file.count:,} were read"] if pages < file.count else []
    if file.broken:
        said.append(f"{file.broken:,} pages are damaged")
    return "; ".join(said)


def _article(page: Page, file: File, found: list[PdfParagraph], dropped: list[Dropped]) -> Article:
    usual = _usual_size(found)
    title, title_from, found = _title(page, file, found, usual)
    body = tuple(_block(one, usual) for one in found)
    text = plain_text(body)[:MAX_TEXT]
    published, modified = _date(file.info.get("CreationDate", "")), _date(file.info.get("ModDate", ""))
    authors = tuple(dict.fromkeys(split_names(file.info.get("Author", ""))))
    tags = tuple(dict.fromkeys(filter(None, map(str.strip, re.split(r"[,;،؛]", file.info.get("Keywords", ""))))))[:30]
    values = {
        "authors": (authors, "pdf:Author"),
        "date_published": (published, "pdf:CreationDate"),
        "date_modified": (modified, "pdf:ModDate"),
        "tags": (tags, "pdf:Keywords"),
        "description": (file.info.get("Subject", ""), "pdf:Subject"),
        "language": (identify(text, tuple(filter(None, (file.language, page.site.language)))), "text"),
    }
    return Article(
        kind="document",
        url=page.url,
        title=title,
        text=text,
        body=body,
        provenance={
            "title": title_from,
            "text": "pdf",
            **{name: origin for name, (value, origin) in values.items() if value},
        },
        dropped=tuple(dropped),
        route="pdf",
        **{name: value for name, (value, _) in values.items()},  # type: ignore[arg-type]
    )


def _usual_size(found: Sequence[PdfParagraph]) -> float:
    """Return the size of most of the text's letters."""
    return median(one.size for one in found for _ in range(1 + len(one.text) // 50))


def _title(page: Page, file: File, found: list[PdfParagraph], usual: float) -> tuple[str, str, list[PdfParagraph]]:
    """Return the title, where it was read, and the paragraphs without it."""
    first = [one for one in found if one.page == 0 and len(one.text) <= _MAX_HEADING]
    largest = max(first, key=lambda one: one.size, default=None)
    declared = file.info.get("Title", "")
    if declared and not _NO_TITLE.match(declared):
        rest = [one for one in found if one.page or _words(one.text) != _words(declared)]
        return declared, "pdf:Title", rest or found
    if largest and largest.size >= usual * _HEADING and len(found) > 1:
        return largest.text, "pdf:text", [one for one in found if one is not largest]
    name = unquote(urlsplit(page.url).path.rpartition("/")[2]).rpartition(".")[0]
    return (
        " ".join(re.split(r"[\s_-]+", name)).strip() or found[0].text[:_MAX_HEADING],
        "url" if name else "text",
        found,
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _block(one: PdfParagraph, usual: float) -> Block:
    spans = (Span(text=one.text),)
    if one.size >= usual * _HEADING and len(one.text) <= _MAX_HEADING:
        return Block(kind="heading", level=2, spans=spans)
    return Block(kind="paragraph", spans=spans)


def _date(text: str) -> str:
    """Return a date of a PDF file (`D:20261128231845+01'00'`) as ISO 8601, as exact as it is; '' for anything else."""
    match = _DATE.match(text)
    if not match:
        return ""
    year, month, day, hour, minute, second, utc, hours, minutes = match.groups()
    if not day:
        return ""
    zone = "+00:00" if utc else f"{hours}:{minutes or '00'}" if hours else ""
    iso = f"{year}-{month}-{day}" + (f"T{hour}:{minute}:{second or '00'}{zone}" if hour else "")
    try:
        datetime.fromisoformat(iso)
    except ValueError:
        return ""
    return iso


def explained(page: Page) -> list[tuple[str, str, str]]:
    """Return each line of the file as (line, `kept` or `dropped`, rule).

    Raises:
        Unreadable: it has no text to explain.
    """
    answer = read_pdf(page)
    if answer.article is None:
        raise Unreadable(answer.reason or "error", answer.detail)
    kept = [(line, "kept", answer.article.route) for line in answer.article.text.split("\n")]
    return kept + [(one.line, "dropped", one.rule) for one in answer.article.dropped]
