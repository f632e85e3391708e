"""Prepare a page for extraction: decode it, parse it once and read its JSON-LD, or say why it cannot be read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree
from lxml.html import HtmlComment, HtmlElement, HtmlEntity, HTMLParser, HtmlProcessingInstruction

from archive.extract.decode import decode_page
from archive.extract.metadata.jsonld import Node, read_jsonld
from archive.extract.model import is_long
from archive.extract.page import HEADINGS, PageModel, read_model

if TYPE_CHECKING:
    from archive.article import Page, Reason

# The longest real article pages have nearly 6 MB, mostly inlined state; parsing 12 MB takes about 0.2 s.
MAX_BYTES = 12_000_000
# libxml2 takes quadratic time in the attributes of a tag: 0.9 s for 20,000 of them, 0.05 s for this limit.
_MAX_ATTRIBUTES_SQUARED = 25_000_000
_LONG_TAG = 2_000
# libxml2 silently drops everything deeper than 256 levels, or 2,048 with huge_tree. Real pages with unclosed tags
# reach some hundreds.
_MAX_DEPTH = 600
_MOSTLY_LINK = 0.5

# A tag, with its raw text if it is a script or style, where `a<b` opens no tag. All quantifiers are possessive, so it
# is linear on any input.
_TAG = re.compile(
    r"(?P<tag><(?:(?P<raw>script|style)(?=[\s/>])|[a-z])(?:[^>=]++|=\s*+(?:\"[^\"]*+\"?+|'[^']*+'?+)?+)*+)"
    r"(?(raw)>?+(?:[^<]++|<(?!/(?:script|style)))*+)",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"[^\s=/\"']++")
_VALUE = re.compile(r"=\s*+(?:\"[^\"]*+\"?+|'[^']*+'?+)")
_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|meta|link|script|style|div|span|article|main|section|header|h[1-6]"
    rb"|p|a|ul|table|form|br|center|font|iframe)\b",
    re.IGNORECASE,
)
_OTHER_XML = re.compile(
    rb"(?:<\?xml[^>]{0,200}+>|<!--[^>]{0,2000}+>|\s)*+<(?:rss|feed|urlset|sitemapindex|rdf:RDF|svg|opml|wml)\b"
)
_MAGIC = (
    b"%PDF",
    b"GIF8",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"RIFF",
    b"OggS",
    b"ID3",
    b"\x00\x00\x00",
    b"wOF",
    b"BZh",
    b"7z\xbc",
)
_NOT_HTML = re.compile(
    r"\s*(?:image|audio|video|font)/|\s*(?:text/(?:css|javascript|csv)|application/(?:pdf|json|javascript|zip"
    r"|rss\+xml|atom\+xml))\b",
    re.IGNORECASE,
)

# Characters that XML forbids (XML 1.0, section 2.2); pages may contain them.
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\f\r")
_FORM_FEED_TO_BLANK = bytes.maketrans(b"\f", b" ")
_NO_CHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")
_BAD_REFERENCE = re.compile(
    rb"&#(?:0*+(?:[0-8]|1[124-9]|2\d|3[01]|6553[45])(?!\d)|x0*+(?:[0-8bcef]|1[\da-f]|fff[ef])(?![\da-f]));?",
    re.IGNORECASE,
)

_too_deep = etree.XPath("boolean(" + "/*" * _MAX_DEPTH + ")")


class Unreadable(Exception):  # noqa: N818  the page is at fault, not the program; the name is the contract's
    """The page cannot be read: `reason` is `not-html`, `empty` or `too-complex`, `detail` says what was found."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A page ready to be read.

    `html` is the decoded source, `encoding` the codec and why it was chosen (`cp1256 (evidence)`), `tree` the `<html>`
    element without comments and processing instructions, `jsonld` its JSON-LD nodes with `@graph` flattened.
    Readers share the tree and must not change it.
    """

    page: Page
    html: str
    encoding: str
    tree: HtmlElement
    model: PageModel
    jsonld: tuple[Node, ...]


def header(page: Page, name: str) -> str:
    """Return the value of the first response header of that name (any case), '' when there is none."""
    wanted = name.lower()
    return next((value for key, value in page.headers if key.lower() == wanted), "")


def read_document(page: Page) -> Document:
    """Decode and parse a page, once for all readers.

    Raises:
        Unreadable: the page is not HTML, is blank, or would stall the parser (checked in linear time, before and after
        parsing).
    """
    content_type = header(page, "content-type")
    _require_html(page.body, content_type)
    decoded = decode_page(page.body, content_type=content_type)
    _require_simple(decoded.text)
    # encoding the text would give the body again
    is_same = decoded.why == "valid" and b"\0" not in page.body
    tree = parse_html(page.body if is_same else decoded.text)
    if _too_deep(tree):
        tree = flattened(tree)
    model = read_model(tree)
    return Document(
        page=page,
        html=decoded.text,
        encoding=f"{decoded.encoding} ({decoded.why})",
        tree=tree,
        model=model,
        jsonld=read_jsonld(model.by_tag["script"]),
    )


def parse_html(source: str | bytes) -> HtmlElement:
    """Parse HTML (bytes are UTF-8) into `HtmlElement` nodes with lxml's lookup in C, since lookup by tag runs Python for each node.

    Raises:
        Unreadable: the text contains no document.
    """
    parser = HTMLParser(
        encoding="utf-8",
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,
        collect_ids=False,
        default_doctype=False,
    )
    parser.set_element_class_lookup(
        etree.ElementDefaultClassLookup(
            element=HtmlElement, comment=HtmlComment, pi=HtmlProcessingInstruction, entity=HtmlEntity
        )
    )
    try:
        data = _settable(source if isinstance(source, bytes) else source.encode("utf-8", "replace"))
        tree = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable("empty", f"no elements ({error.msg})") from error
    if not isinstance(tree, HtmlElement):
        raise Unreadable("empty", "no elements")
    _move_to_body(tree)
    _join_roots(tree)
    markup = data.lower()  # a search of it costs less than one of the tree
    if b"<template" in markup:
        _place_streamed(tree)
    if b"<table" in markup:
        _undo_layout_tables(tree)
    return tree


def _settable(source: bytes) -> bytes:
    """Return `source` (UTF-8) without characters, literal or as references, that lxml parses but refuses to write to a tree."""
    data = source.translate(_FORM_FEED_TO_BLANK, _CONTROLS)
    if b"\xef\xbf" in data:
        data = _NO_CHARACTERS.sub(b"", data)
    return _BAD_REFERENCE.sub(b"", data) if b"&#" in data else data


_MIN_CELL = 300
"""Minimum characters of a cell that is part of the page's layout; the note of a figure has fewer."""
_ROWS = frozenset({"tbody", "thead", "tfoot", "tr", "td", "th"})


def _undo_layout_tables(tree: HtmlElement) -> None:
    """Turn layout tables into `div` elements; data tables within them are unchanged."""
    layout = [table for table in tree.iter("table") if _is_layout(table)]
    for table in layout:
        level = [table]
        while level:
            for element in level:
                element.tag = "div"
            level = [child for element in level for child in element if child.tag in _ROWS]


def _is_layout(table: HtmlElement) -> bool:
    """Return whether a table contains other tables, or a cell of several paragraphs."""
    return table.find(".//table") is not None or any(map(_is_page_part, table.iter("td")))


def _is_page_part(cell: HtmlElement) -> bool:
    """Return whether a cell contains running text: at least two paragraphs or breaks, and more than the note of a figure."""
    breaks = sum(1 for _ in zip(cell.iter("p", "br", "h1", "h2", "ul"), range(2), strict=False))
    return breaks == 2 and is_long(cell.text_content(), _MIN_CELL)


_HEAD_ONLY = frozenset({"base", "link", "meta", "noscript", "script", "style", "template", "title"})


def _move_to_body(tree: HtmlElement) -> None:
    """Move body elements out of an unclosed head: libxml2 leaves elements that it does not know (`article`, `main`) in it."""
    head = tree.find("head")
    if head is None:
        return
    strays = next((list(head)[at:] for at, child in enumerate(head) if child.tag not in _HEAD_ONLY), [])
    if not strays:
        return
    body = tree.find("body")
    if body is None:
        body = etree.SubElement(tree, "body")
    for at, stray in enumerate(strays):
        body.insert(at, stray)


def _join_roots(tree: HtmlElement) -> None:
    """Move elements after `</html>` into the body; libxml2 makes another root of them."""
    body = tree.find("body")
    if body is None:
        return
    for root in [root for root in tree.itersiblings() if isinstance(root, HtmlElement)]:
        for part in root.findall("head") + root.findall("body"):
            part.tag = "div"
        root.tag = "div"
        body.append(root)


_MAX_STREAMED = 1_000


def _place_streamed(tree: HtmlElement) -> None:
    """Move parts that React streams after the page (`<div hidden id="S:1">`) to their placeholders, as its script does.

    `<template id="B:1">` is the placeholder of a part, `P:1` that of a part within another.
    """
    places = {
        identity: place for place in tree.iter("template") if (identity := place.get("id", "")).startswith(_PLACES)
    }
    if not places:
        return
    parts = [part for part in tree.iter("div") if "hidden" in part.attrib and part.get("id", "").startswith("S:")]
    for part in parts[:_MAX_STREAMED]:
        number = part.get("id", "")[2:]
        place = next((places.pop(key) for prefix in _PLACES if (key := prefix + number) in places), None)
        parent = place.getparent() if place is not None else None
        if place is None or parent is None or any(holder is part for holder in place.iterancestors()):
            continue
        del part.attrib["hidden"]
        tail = place.tail
        parent.replace(place, part)
        part.tail = tail


_PLACES = ("B:", "P:")


def flattened(tree: HtmlElement) -> HtmlElement:
    """Return a page with the same lines in elements of the same names, none nested: for pages of unclosed elements.

    Readers walk from a line up to the body, which takes quadratic time on a page of thousands of levels.
    """
    root: HtmlElement = tree.makeelement("html", dict(tree.items()))
    if (head := tree.find("head")) is not None:
        root.append(head)
    body = etree.SubElement(root, "body")
    box, holder = body, None
    for block in read_model(tree).blocks:
        if block.hidden:
            continue
        parent = block.element.getparent()
        if parent is not holder and parent is not None:
            names = {name: value for name in ("class", "id") if (value := parent.get(name))}
            box, holder = etree.SubElement(body, "div", names), parent
        line = etree.SubElement(box, block.element.tag if block.element.tag in HEADINGS else "p")
        if block.href and block.linked >= _MOSTLY_LINK:
            line = etree.SubElement(line, "a", href=block.href)
        line.text = block.text
    return root


def _require_html(body: bytes, content_type: str) -> None:
    if not body.strip():
        raise Unreadable("empty", "the body is blank")
    if len(body) > MAX_BYTES:
        raise Unreadable("too-complex", f"{len(body):,} bytes, the limit is {MAX_BYTES:,}")
    if _NOT_HTML.match(content_type):
        raise Unreadable("not-html", f"Content-Type: {content_type.strip()[:100]}")
    if body.startswith(_MAGIC):
        raise Unreadable("not-html", f"begins with {body[:4]!r}")
    if _OTHER_XML.match(body):
        raise Unreadable("not-html", "XML of another kind")
    if not _HTML.search(body) and not _HTML.search(body[:4096].replace(b"\0", b"")):
        raise Unreadable("not-html", "no HTML tag in it")


def _require_simple(text: str) -> None:
    """Raise Unreadable for tags with thousands of attributes. Long tags are allowed: images are inlined as `data:` URLs."""
    squares = 0
    for tag in _TAG.finditer(text):
        if tag.end("tag") - tag.start() > _LONG_TAG:
            count = len(_ATTRIBUTE.findall(_VALUE.sub(" ", tag["tag"])))
            squares += count * count
            if squares > _MAX_ATTRIBUTES_SQUARED:
                raise Unreadable("too-complex", f"a tag with {count:,} attributes")
