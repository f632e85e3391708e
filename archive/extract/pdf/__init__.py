"""Extract an article from a PDF file (text in reading order, title, authors, dates and language), or the reason why there is none."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from archive.article import Article, Dropped, ExplainedLine, Extraction
from archive.body import Block, Span, plain_text
from archive.extract.dates.moment import parse_machine
from archive.extract.document import Unreadable
from archive.extract.metadata.language import identify
from archive.extract.metadata.persons import split_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archive.article import Page
    from archive.extract.pdf.glyphs import File
    from archive.extract.pdf.reading_order import PdfParagraph

MAX_TEXT = 200_000
"""Maximum characters of text; see `archive.parse.parse.MAX_TEXT`."""

_START = 1024
"""The header of a PDF file is within this many bytes (ISO 32000, annex H)."""

_HEADING = 1.15
"""Minimum size of a heading relative to the running text."""
_MAX_HEADING = 200
_REPEATED = 3
"""Minimum number of pages with the same first or last line that make it a running head."""

_NO_TITLE = re.compile(
    r"(?i)(?:untitled|microsoft \w+|powerpoint|slide \d|print(?:ing)?|document\d*|layout|page|seite)\b"
    r"|.*\.(?:docx?|indd|qxp|pdf|rtf|odt|pptx?|xlsx?|ai|tmp)$|\W*$|[\w-]*\d[\w-]*$"
)
_DATE = re.compile(r"D:(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(\d\d)(\d\d)?(?:(Z)|([+-]\d\d)'?(\d\d)?)?)?)?)?", re.ASCII)
_DIGITS = re.compile(r"\d+")


def is_pdf(body: bytes) -> bool:
    """Return whether a body is a PDF file, by its content; other bytes may precede the header, but no HTML."""
    before, mark, _ = body[:_START].partition(b"%PDF-")
    return bool(mark) and b"<" not in before


def read_pdf(page: Page) -> Extraction:
    """Extract a PDF file; if it exceeds the limits, `detail` says how many pages were read."""
    from archive.extract.pdf.glyphs import (
        read_glyphs,  # pdfminer is slow to import, and few responses are PDF files
    )

    try:
        file = read_glyphs(page.body)
        found, dropped, pages = _read_pages(file)
    except Unreadable as refusal:
        return Extraction(reason=refusal.reason, detail=refusal.detail)
    except MemoryError:
        return Extraction(reason="memory", detail="a PDF file that takes too much memory to read")
    if not found:
        why = "its fonts do not say which letters they draw" if file.unnamed else "they may be scanned"
        return Extraction(reason="empty", detail=f"no text on {file.count:,} pages: {why}")
    return Extraction(article=_article(page, file, found, dropped), detail=_detail(file, pages))


def _read_pages(file: File) -> tuple[list[PdfParagraph], list[Dropped], int]:
    """Return the file's paragraphs, its running heads, and the number of pages read until the text limit."""
    from archive.extract.pdf.reading_order import joined_over_pages, paragraphs_of

    pages: list[list[PdfParagraph]] = []
    size = 0
    for number, (glyphs, dots) in enumerate(zip(file.pages, file.dots, strict=True)):
        paragraphs = paragraphs_of(glyphs, number, dots)
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
    """Return lines, without digits, that repeat at the edges of pages: page numbers, the name and date of the issue."""
    edges = Counter(
        _masked(text) for page in pages for text in {one.text for one in (*page[:2], *page[-2:]) if one.lines == 1}
    )
    least = max(_REPEATED, len(pages) // 4)
    return {
        text for text, count in edges.items() if count >= least or (len(pages) > 1 and _PAGE_NUMBER.fullmatch(text))
    }


_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:page|seite|página|pagina|صفحة|صفحه|ص|第)\W*)?0(?:\s*(?:/|of|von|de|sur|di|من|از)\s*0)?\W*页?",
    re.IGNORECASE,
)
"""A page's number alone at its edge, without digits."""


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
    body = tuple(_blocks(found, usual))
    text = plain_text(body)[:MAX_TEXT]
    languages = tuple(filter(None, (file.language, *file.xmp.get("dc:language", ())[:1], page.site.language)))
    values = {
        "authors": _authors(file),
        "date_published": _first_date(file, "prism:publicationDate", "dc:date", "CreationDate", "xmp:CreateDate"),
        "date_modified": _first_date(file, "ModDate", "xmp:ModifyDate"),
        "tags": _tags(file),
        "description": _first(file, "Subject", "dc:description"),
        "language": (identify(text, languages), "text"),
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


def _first(file: File, *names: str) -> tuple[str, str]:
    """Return the first value among fields of the file's Info dictionary and XMP properties, and its source."""
    for name in names:
        if value := next(iter(file.xmp.get(name, ())), "") if ":" in name else file.info.get(name, ""):
            return value, name if ":" in name else f"pdf:{name}"
    return "", ""


def _first_date(file: File, *names: str) -> tuple[str, str]:
    found = ((_date(value) or _iso(value), source) for value, source in (_first(file, name) for name in names))
    return next((one for one in found if one[0]), ("", ""))


def _iso(text: str) -> str:
    """Return a date of XMP as ISO 8601; '' for a year or month alone and anything else."""
    moment = parse_machine(text)
    return moment.iso() if moment else ""


def _authors(file: File) -> tuple[tuple[str, ...], str]:
    """Return the authors of the Info dictionary, or those of XMP if that lists more."""
    declared = tuple(dict.fromkeys(split_names(file.info.get("Author", ""))))
    listed = tuple(dict.fromkeys(name for value in file.xmp.get("dc:creator", ()) for name in split_names(value)))
    return (listed, "dc:creator") if len(listed) > len(declared) else (declared, "pdf:Author")


def _tags(file: File) -> tuple[tuple[str, ...], str]:
    text, source = _first(file, "Keywords", "pdf:Keywords")
    tags = re.split(r"[,;،؛]", text) if text else list(file.xmp.get("dc:subject", ()))
    return tuple(dict.fromkeys(filter(None, map(str.strip, tags))))[:30], source or "dc:subject"


def _usual_size(found: Sequence[PdfParagraph]) -> float:
    """Return the size of most letters of the text, in points."""
    return median(one.size for one in found for _ in range(1 + len(one.text) // 50))


def _title(page: Page, file: File, found: list[PdfParagraph], usual: float) -> tuple[str, str, list[PdfParagraph]]:
    """Return the title, its source, and the paragraphs without it."""
    first = [one for one in found if one.page == 0 and len(one.text) <= _MAX_HEADING]
    largest = max(first, key=lambda one: one.size, default=None)
    for declared, source in (_first(file, "Title"), _first(file, "dc:title")):
        if declared and not _NO_TITLE.match(declared):
            rest = [one for one in found if one.page or _words(one.text) != _words(declared)]
            return declared, source, rest or found
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


def _blocks(found: Sequence[PdfParagraph], usual: float) -> Iterator[Block]:
    """Yield a block for each paragraph; items with drawn bullets that follow each other are one list."""
    for is_item, group in groupby(found, key=lambda one: one.is_item):
        if is_item:
            items = tuple((Block(kind="paragraph", spans=(Span(text=one.text),)),) for one in group)
            yield Block(kind="list", items=items)
        else:
            yield from (_block(one, usual) for one in group)


def _block(one: PdfParagraph, usual: float) -> Block:
    spans = (Span(text=one.text),)
    if one.size >= usual * _HEADING and len(one.text) <= _MAX_HEADING:
        return Block(kind="heading", level=2, spans=spans)
    return Block(kind="paragraph", spans=spans)


def _date(text: str) -> str:
    """Return a date of a PDF file (`D:20261128231845+01'00'`) as ISO 8601 with the same precision; '' for anything else."""
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


def explained(page: Page) -> tuple[ExplainedLine, ...]:
    """Return the lines of the file's text, then those that were dropped.

    Raises:
        Unreadable: the file has no text.
    """
    answer = read_pdf(page)
    if answer.article is None:
        raise Unreadable(answer.reason or "error", answer.detail)
    lines = answer.article.text.split("\n")
    kept = [ExplainedLine(line=line, is_kept=True, rule=answer.article.route) for line in lines]
    dropped = [ExplainedLine(line=one.line, is_kept=False, rule=one.rule) for one in answer.article.dropped]
    return (*kept, *dropped)
