"""Export articles as EPUB 3 for phones and e-readers: one chapter per article, right to left if the language is."""

from __future__ import annotations

import zipfile
from html import escape
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

from lxml import etree
from lxml import html as lxml_html

from archive.body import direction, valid_xml
from archive.export.documents import article_html
from archive.files import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from archive.export.source import Source

_XHTML: Final = "http://www.w3.org/1999/xhtml"
_CONTAINER: Final = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def write_epub(source: Source, target: Path) -> int:
    """Write `target`; return the number of articles. Pictures become captions with links to the originals."""
    chapters: list[tuple[str, str]] = []
    with replacing(target) as half, zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip", zipfile.ZIP_STORED)
        book.writestr("META-INF/container.xml", _CONTAINER)
        for number, row in enumerate(source.articles, 1):
            book.writestr(f"{number}.xhtml", chapter(row))
            chapters.append((valid_xml(row["title"]) or str(number), row.get("language") or ""))
        title = valid_xml(source.title or source.collection.name)
        book.writestr("nav.xhtml", _navigation(title, chapters))
        book.writestr("package.opf", _package(source, title, chapters))
    return len(chapters)


def chapter(row: Mapping[str, Any]) -> bytes:
    """Return an article as well-formed XHTML, whatever its content."""
    language = row.get("language") or "und"
    page = etree.Element(f"{{{_XHTML}}}html", nsmap={None: _XHTML}, lang=valid_xml(language), dir=direction(language))
    head = etree.SubElement(page, f"{{{_XHTML}}}head")
    etree.SubElement(head, f"{{{_XHTML}}}title").text = valid_xml(row["title"]) or "-"
    body = etree.SubElement(page, f"{{{_XHTML}}}body")
    for element in lxml_html.fragments_fromstring(valid_xml(article_html(row)), no_leading_text=True):
        for one in element.iter(etree.Element):
            one.tag = f"{{{_XHTML}}}{one.tag!s}"
        body.append(element)
    return etree.tostring(page, encoding="utf-8", xml_declaration=True)


def _navigation(title: str, chapters: Sequence[tuple[str, str]]) -> str:
    entries = "".join(
        f'<li><a href="{number}.xhtml" dir="auto">{escape(name)}</a></li>'
        for number, (name, _) in enumerate(chapters, 1)
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><html xmlns="{_XHTML}" xmlns:epub="http://www.idpf.org/2007/ops"><head>'
        f'<title>{escape(title)}</title></head><body><nav epub:type="toc"><h1>{escape(title)}</h1><ol>{entries}</ol></nav></body></html>'
    )


def _package(source: Source, title: str, chapters: Sequence[tuple[str, str]]) -> str:
    languages = list(dict.fromkeys(language for _, language in chapters if language)) or ["und"]
    metadata = (
        f'<dc:identifier id="id">urn:uuid:{uuid5(NAMESPACE_URL, f"{title} {source.created:%Y-%m-%dT%H:%M:%SZ}")}</dc:identifier>'
        f"<dc:title>{escape(title)}</dc:title>"
        + "".join(f"<dc:language>{escape(valid_xml(one))}</dc:language>" for one in languages)
        + f'<meta property="dcterms:modified">{source.created:%Y-%m-%dT%H:%M:%SZ}</meta>'
    )
    numbers = range(1, len(chapters) + 1)
    items = "".join(f'<item id="c{n}" href="{n}.xhtml" media-type="application/xhtml+xml"/>' for n in numbers)
    spine = "".join(f'<itemref idref="c{n}"/>' for n in numbers) or '<itemref idref="nav"/>'
    return (
        '<?xml version="1.0" encoding="utf-8"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
        f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">{metadata}</metadata><manifest>'
        f'<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>{items}</manifest>'
        f'<spine page-progression-direction="{direction(languages[0])}">{spine}</spine></package>'
    )
