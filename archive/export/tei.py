"""Export articles as TEI P5, the XML of text corpora: one `teiCorpus` with a `TEI` (header and structured text) for each article."""

from __future__ import annotations

import json
import re
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from archive.body import span_text, valid_xml
from archive.body.rendering import safe_address
from archive.export.documents import save_articles
from archive.index.columns import body_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from archive.body import Block, Kind, Mark, Span
    from archive.export.source import Source

_TEI: Final = "http://www.tei-c.org/ns/1.0"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"
_DIV: Final = f"{{{_TEI}}}div"
_NOT_TEXT: Final = frozenset(f"{{{_TEI}}}{name}" for name in ("head", "figure", "milestone"))
"""Elements that do not suffice for a `body`."""
_LANGUAGE: Final = re.compile(r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*")
_WHEN: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)?")
"""The forms of dates and times that the attribute `when` may have."""
_RENDITIONS: Final[Mapping[Mark, str]] = {
    "code": "monospace",
    "em": "italic",
    "strong": "bold",
    "sub": "subscript",
    "sup": "superscript",
    "mark": "highlighted",
}
_LOWEST: Final = 7
"""Level of live entries and of sections without a heading, below all headings."""
_HEAD: Final = (
    '<?xml version="1.0" encoding="utf-8"?>\n<teiCorpus xmlns="{tei}">\n<teiHeader><fileDesc><titleStmt><title>{title}</title></titleStmt>'
    '<publicationStmt><p>Exported by {software} on <date when="{day}">{day}</date></p></publicationStmt>'
    "<sourceDesc><p>Web pages; the header of each text has its URL and the time of its capture.</p></sourceDesc></fileDesc></teiHeader>\n"
)


def write_tei(source: Source, target: Path) -> int:
    """Write `target`; return the number of articles. Pictures and embeds are URLs of the originals."""
    title = escape(valid_xml(source.title or source.collection.name))
    head = _HEAD.format(tei=_TEI, title=title, software=source.software, day=f"{source.created:%Y-%m-%d}")
    return save_articles(source, target, article_tei, head=head, foot="</teiCorpus>\n")


def article_tei(row: Mapping[str, Any]) -> str:
    """Return an article as a `TEI` element, valid whatever its content."""
    root = etree.Element(f"{{{_TEI}}}TEI", nsmap={None: _TEI})
    if language := _language(row):
        root.set(_LANG, language)
    _header(root, row)
    body = _add(_add(root, "text"), "body")
    _add(body, "head", row["title"])
    sections = _Sections(body)
    for block in body_of(row):
        sections.add(block)
    if all(child.tag in _NOT_TEXT for child in body):
        _add(body, "p")
    return etree.tostring(root, encoding="unicode") + "\n"


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{_TEI}}}{name}", {key: valid_xml(value) for key, value in attributes.items()})
    child.text = valid_xml(text) or None
    return child


def _header(root: etree._Element, row: Mapping[str, Any]) -> None:
    header = _add(root, "teiHeader")
    file = _add(header, "fileDesc")
    titles = _add(file, "titleStmt")
    _add(titles, "title", row["title"])
    for author in filter(None, map(str.strip, (row.get("author") or "").split(";"))):
        _add(titles, "author", author)
    publication = _add(file, "publicationStmt")
    _add(publication, "publisher", row.get("sitename") or row.get("site") or "")
    _date(publication, row.get("date_published") or row.get("date"), "published")
    _date(publication, row.get("date_modified"), "modified")
    page = _add(_add(file, "sourceDesc"), "bibl")
    _add(page, "idno", row["url"], type="URL")
    _date(page, row.get("fetched_at"), "captured")
    if digest := row.get("payload_digest"):
        _add(page, "idno", digest, type="WARC-Payload-Digest")
    _profile(header, row)


def _profile(header: etree._Element, row: Mapping[str, Any]) -> None:
    """Add the language, section and tags of an article."""
    terms = [("section", row.get("section") or ""), *(("tag", tag) for tag in json.loads(row.get("tags") or "[]"))]
    terms = [(kind, term) for kind, term in terms if term]
    language = _language(row)
    if not terms and not language:
        return
    profile = _add(header, "profileDesc")
    if language:
        _add(_add(profile, "langUsage"), "language", language, ident=language)
    if terms:
        keywords = _add(_add(profile, "textClass"), "keywords")
        for kind, term in terms:
            _add(keywords, "term", term, type=kind)


def _language(row: Mapping[str, Any]) -> str:
    """Return the language of an article if it is a tag as in BCP 47, '' otherwise."""
    language = row.get("language") or ""
    return language if _LANGUAGE.fullmatch(language) else ""


def _date(parent: etree._Element, time: str | None, kind: str) -> None:
    if time:
        when = {"when": time} if _is_date(time) else {}
        _add(parent, "date", time, type=kind, **when)


def _is_date(time: str) -> bool:
    """Return whether the attribute `when` may have this value: pages also print days that no calendar has."""
    try:
        datetime.fromisoformat(time)
    except ValueError:
        return False
    return _WHEN.fullmatch(time) is not None


class _Sections:
    """Puts blocks in nested `div`s, one for each heading and live entry; text after a `div` has one of its own, since TEI demands it."""

    def __init__(self, root: etree._Element) -> None:
        self._open = [(1, root)]

    def add(self, block: Block) -> None:
        if block.kind == "heading":
            _spans(_add(self._begin(min(max(block.level, 2), _LOWEST - 1)), "head"), block.spans)
        elif block.kind == "entry":
            self._entry(block)
        else:
            _block(self._place(), block)

    def _entry(self, block: Block) -> None:
        entry = self._begin(_LOWEST)
        entry.set("type", "entry")
        if block.time:
            _date(_add(entry, "head"), block.time, "published")
        inner = _Sections(entry)
        if block.spans:
            _spans(_add(entry, "p"), block.spans)
        for one in block.blocks:
            inner.add(one)
        self._open.pop()

    def _begin(self, level: int) -> etree._Element:
        while self._open[-1][0] >= level:
            self._open.pop()
        section = _add(self._open[-1][1], "div")
        self._open.append((level, section))
        return section

    def _place(self) -> etree._Element:
        """Return the element that takes the next paragraph."""
        section = self._open[-1][1]
        return self._begin(_LOWEST) if len(section) and section[-1].tag == _DIV else section


def _spans(parent: etree._Element, spans: Iterable[Span]) -> None:
    for span in spans:
        place = parent
        if address := safe_address(span.href):
            place = _add(place, "ref", target=address)
        if rendition := " ".join(_RENDITIONS[mark] for mark in span.marks):
            place = _add(place, "hi", rend=rendition)
        if place is parent and len(parent):
            parent[-1].tail = (parent[-1].tail or "") + valid_xml(span.text)
        else:
            place.text = (place.text or "") + valid_xml(span.text)


def _block(parent: etree._Element, block: Block) -> None:
    """Add a block within a section, or within another block, where TEI has no `head` and no `div`."""
    _BLOCKS[block.kind](parent, block)


def _paragraph(parent: etree._Element, block: Block) -> None:
    _spans(_add(parent, "p"), block.spans)


def _label(parent: etree._Element, block: Block) -> None:
    _spans(_add(parent, "label"), block.spans)


def _code(parent: etree._Element, block: Block) -> None:
    _add(parent, "ab", "".join(span.text for span in block.spans), type="code").set(_SPACE, "preserve")


def _speech(parent: etree._Element, block: Block) -> None:
    _inner(_add(parent, "q", type=block.kind), block)


def _inner_entry(parent: etree._Element, block: Block) -> None:
    if block.time:
        _date(_add(parent, "label"), block.time, "published")
    _inner(parent, block)


def _separator(parent: etree._Element, _: Block) -> None:
    _add(parent, "milestone", unit="section")


def _inner(parent: etree._Element, block: Block) -> None:
    if block.spans:
        _spans(_add(parent, "p"), block.spans)
    for one in block.blocks:
        _block(parent, one)


def _list(parent: etree._Element, block: Block) -> None:
    if not block.items:
        return
    rows = _add(parent, "list", rend="numbered" if block.level else "bulleted")
    for item in block.items:
        place = _add(rows, "item")
        first, rest = (item[0].spans, item[1:]) if item and item[0].kind == "paragraph" else ((), item)
        _spans(place, first)
        for one in rest:
            _block(place, one)


def _quote(parent: etree._Element, block: Block) -> None:
    cited = _add(parent, "cit")
    _inner(_add(cited, "quote"), block)
    address = safe_address(block.url)
    if block.cite or address:
        source = _add(cited, "bibl")
        if address:
            _add(source, "ref", block.cite or address, target=address)
        else:
            source.text = valid_xml(block.cite)


def _table(parent: etree._Element, block: Block) -> None:
    if not block.rows:
        return
    table = _add(parent, "table")
    if words := block.caption or block.spans:
        _spans(_add(table, "head"), words)
    for number, cells in enumerate(block.rows):
        row = _add(table, "row", role="label" if number < block.level else "data")
        for cell in cells:
            _spans(_add(row, "cell"), cell)


def _figure(parent: etree._Element, block: Block) -> None:
    figure = _add(parent, "figure")
    if address := safe_address(block.url):
        _add(figure, "graphic", url=address)
    if block.caption:
        _spans(_add(figure, "head"), block.caption)
    if block.alt:
        _add(figure, "figDesc", block.alt)
    if block.credit:
        _add(figure, "note", block.credit, type="credit")


def _embed(parent: etree._Element, block: Block) -> None:
    text = span_text(block.spans) or block.alt or block.url
    label = f"{block.provider}: {text}" if block.provider else text
    said = _add(_add(parent, "figure", type="embed"), "figDesc")
    if address := safe_address(block.url):
        _add(said, "ref", label, target=address)
    else:
        said.text = valid_xml(label)


_BLOCKS: Final[Mapping[Kind, Callable[[etree._Element, Block], None]]] = {
    "heading": _label,
    "paragraph": _paragraph,
    "list": _list,
    "quote": _quote,
    "table": _table,
    "figure": _figure,
    "embed": _embed,
    "code": _code,
    "question": _speech,
    "answer": _speech,
    "entry": _inner_entry,
    "separator": _separator,
}
