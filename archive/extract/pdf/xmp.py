"""Read the XMP packet of a PDF file (ISO 16684-1): title, creators, dates, subjects, language and description."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PACKET = 1 << 20
"""Maximum bytes of a packet; editors with a long history write some 100 KB."""
_MAX_ATTRIBUTES = 500
"""Maximum attributes of an element that are read; lxml takes quadratic time in them."""
_MAX_VALUES = 40
_MAX_VALUE = 500

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PREFIXES = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
}
_PRISM = re.compile(r"http://prismstandard\.org/namespaces/(?:basic/)?\d\.\d/(?:basic/)?")
_PROPERTIES = frozenset({
    "dc:title", "dc:creator", "dc:description", "dc:subject", "dc:language", "dc:date",
    "xmp:CreateDate", "xmp:ModifyDate", "pdf:Keywords", "prism:publicationDate",
})  # fmt: skip


def read_xmp(packet: bytes) -> dict[str, tuple[str, ...]]:
    """Return the values of each known property; {} for a packet that is too long or is not XML."""
    if len(packet) > MAX_PACKET:
        return {}
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(packet.strip(b"\0 \r\n\t"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for description in root.iter(f"{{{_RDF}}}Description") if root is not None else ():
        for name, values in _values(description):
            found.setdefault(name, values)
    return found


def _values(description: etree._Element) -> Iterator[tuple[str, tuple[str, ...]]]:
    attributes = description.attrib
    for name, value in attributes.items() if len(attributes) <= _MAX_ATTRIBUTES else ():
        if (known := _known(str(name))) and (text := _text(str(value))):
            yield known, (text,)
    for element in description.iterchildren(tag=etree.Element):
        if known := _known(str(element.tag)):
            items = list(islice(element.iter(f"{{{_RDF}}}li"), _MAX_VALUES))
            texts = tuple(filter(None, (_text("".join(item.itertext())) for item in items or [element])))
            if texts:
                yield known, texts


def _known(tag: str) -> str:
    """Return the name of a property with its usual prefix; '' for one that is not read."""
    space, _, name = tag.removeprefix("{").rpartition("}")
    prefix = _PREFIXES.get(space) or ("prism" if _PRISM.fullmatch(space) else "")
    return found if (found := f"{prefix}:{name}") in _PROPERTIES else ""


def _text(value: str) -> str:
    return " ".join(value.split())[:_MAX_VALUE]
