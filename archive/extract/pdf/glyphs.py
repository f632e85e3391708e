"""Read the glyphs of a PDF file with pdfminer.six: the characters of each page with their positions, and the file's metadata.

pdfminer finds objects, fonts and characters. Files write lines of Arabic from left to right, in shaped letters, or word by word: in which
order the characters are read is worked out in `lines.py` and `reading_order.py`.
"""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

from pdfminer import pdftypes
from pdfminer.pdfdevice import PDFTextDevice
from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFObjRef, resolve1
from pdfminer.psparser import PSLiteral
from pdfminer.utils import apply_matrix_pt, decode_text

from archive.extract.document import Unreadable

MAX_PAGES = 500
"""Pages that are read at most; a book has as many, an issue of a newspaper a tenth."""

MAX_GLYPHS = 250_000
"""Characters that are read at most; some 40 full pages of a broadsheet."""

MAX_FORMS = 5_000
"""Drawings within drawings that are followed: ten, each of ten, each of ten … would take for ever."""

MAX_REFERENCES = 10
"""References that lead to the next before an object comes; the standard allows one."""

MAX_STREAM = 64 << 20
"""Bytes of one stream when inflated; the longest of a page of text has 1 MB."""

_INFO = 500
"""Characters of a field of the file's own description."""

_UPRIGHT = 0.1
"""How far from upright, as a share of its size, a glyph is still read; the others are watermarks and spines."""

logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # it reports each oddity of a file


@dataclass(frozen=True, slots=True)
class Glyph:
    """What one glyph stands for, its extent on the baseline, and its size, in points from the page's lower left corner."""

    text: str
    left: float
    right: float
    base: float
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What a PDF file holds: its pages' glyphs, in the order of the file; how many pages there are, and how many could not be read."""

    pages: tuple[tuple[Glyph, ...], ...]
    count: int
    broken: int
    info: dict[str, str]
    language: str


class _TooMuch(Exception):  # noqa: N818 - ends the reading, no error
    """The file holds more than is read."""


class _BoundedZlib:
    """zlib as pdfminer uses it, with an end: a few bytes can be inflated to gigabytes."""

    error = zlib.error
    decompressobj = staticmethod(zlib.decompressobj)

    @staticmethod
    def decompress(data: bytes) -> bytes:
        inflater = zlib.decompressobj()
        found = inflater.decompress(data, MAX_STREAM)
        if inflater.unconsumed_tail:
            raise Unreadable("too-complex", f"a stream of more than {MAX_STREAM:,} bytes")
        if not inflater.eof:
            raise zlib.error("incomplete")
        return found


pdftypes.zlib = _BoundedZlib  # type: ignore[assignment,attr-defined]  # it has no limit of its own


class _Document(PDFDocument):
    """A document in which references to references end; pdfminer follows a ring of them for ever."""

    def getobj(self, objid: int) -> object:
        found = super().getobj(objid)
        for _ in range(MAX_REFERENCES):
            if not isinstance(found, PDFObjRef):
                return found
            found = super().getobj(found.objid)
        return None


def read_glyphs(body: bytes) -> File:
    """Read a PDF file as far as the limits go.

    Raises:
        Unreadable: `encrypted` if it asks for a password, `damaged` if nothing of it can be read, `too-complex` if it is built to stall.
    """
    try:
        document = _Document(PDFParser(BytesIO(body)))
        info = _info(document)
        pages = list(islice(PDFPage.create_pages(document), MAX_PAGES))
    except (Unreadable, MemoryError):
        raise
    except PDFEncryptionError as error:
        raise Unreadable("encrypted", str(error)[:100] or type(error).__name__) from None
    except Exception as error:  # noqa: BLE001 - pdfminer raises whatever a damaged file provokes
        raise Unreadable("damaged", f"{type(error).__name__}: {error}"[:200]) from None
    if not pages:
        raise Unreadable("damaged", "no pages")
    device = _Device()
    found, broken = [], 0
    for page in pages:
        if device.full:
            break
        glyphs, whole = device.read(page)
        found.append(glyphs)
        broken += not whole
    catalog = _field(document.catalog.get("Lang"))
    return File(pages=tuple(found), count=max(_count(document), len(pages)), broken=broken, info=info, language=catalog)


class _Device(PDFTextDevice):
    """Takes the characters that pdfminer draws; lines, areas and pictures are nothing to it."""

    def __init__(self) -> None:
        self._manager = PDFResourceManager()
        super().__init__(self._manager)
        self.full = False
        self._left = MAX_GLYPHS
        self._forms = MAX_FORMS
        self._glyphs: list[Glyph] = []
        self._tags: list[tuple[str, str, int]] = []
        self._box = (0.0, 0.0, 0.0, 0.0)

    def read(self, page: PDFPage) -> tuple[tuple[Glyph, ...], bool]:
        """Return the glyphs of a page, and whether it was read without an error."""
        self._glyphs, self._tags = [], []
        try:
            PDFPageInterpreter(self._manager, self).process_page(page)
        except _TooMuch:
            self.full = True
        except (Unreadable, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - one broken page must not cost the others
            return tuple(self._glyphs), False
        return tuple(self._glyphs), True

    def begin_page(self, page: PDFPage, ctm: Any) -> None:
        left, bottom, right, top = page.mediabox
        corners = [apply_matrix_pt(ctm, corner) for corner in ((left, bottom), (right, top))]
        (left, right), (bottom, top) = (sorted(axis) for axis in zip(*corners, strict=True))
        self._box = (left, bottom, right, top)

    def begin_figure(self, name: str, bbox: Any, matrix: Any) -> None:  # noqa: ARG002 - pdfminer's interface
        self._forms -= 1
        if self._forms < 0:
            raise Unreadable("too-complex", f"more than {MAX_FORMS:,} drawings within each other")

    def begin_tag(self, tag: PSLiteral, props: Any = None) -> None:
        said = _field(resolve1(props).get("ActualText")) if isinstance(resolve1(props), dict) else ""
        self._tags.append((str(tag.name), said, len(self._glyphs)))

    def end_tag(self) -> None:
        if not self._tags:
            return
        name, said, start = self._tags.pop()
        spanned = self._glyphs[start:]
        if name == "Artifact":
            del self._glyphs[start:]
        elif said and spanned:
            left, right = min(one.left for one in spanned), max(one.right for one in spanned)
            letter = max(spanned, key=lambda one: one.right - one.left)  # not the sign above it
            self._glyphs[start:] = [Glyph(said, left, right, letter.base, letter.size)]

    def render_char(  # noqa: PLR0917 - pdfminer's interface
        self,
        matrix: Any,
        font: Any,
        fontsize: float,
        scaling: float,
        rise: float,
        cid: int,
        ncs: Any,  # noqa: ARG002
        graphicstate: Any,  # noqa: ARG002
    ) -> float:
        advance = float(font.char_width(cid)) * fontsize * scaling
        start, end, top = (
            apply_matrix_pt(matrix, corner) for corner in ((0, rise), (advance, rise), (0, rise + fontsize))
        )
        size = abs(top[1] - start[1])
        if size and abs(end[1] - start[1]) <= _UPRIGHT * size and self._shows(start, end):
            left, right = sorted((start[0], end[0]))
            self._add(Glyph(_characters(font, cid), left, right, start[1], size))
        return advance

    def _shows(self, start: tuple[float, float], end: tuple[float, float]) -> bool:
        left, bottom, right, top = self._box
        return left <= max(start[0], end[0]) and min(start[0], end[0]) <= right and bottom <= start[1] <= top

    def _add(self, glyph: Glyph) -> None:
        if not glyph.text:
            return
        self._left -= 1
        if self._left < 0:
            raise _TooMuch
        self._glyphs.append(glyph)


def _characters(font: Any, cid: int) -> str:
    """Return what a glyph stands for; '' where the file does not say, or a place in the private area of its own font."""
    try:
        text = str(font.to_unichr(cid))
    except Exception:  # noqa: BLE001 - PDFUnicodeNotDefined, and what damaged fonts provoke
        return ""
    return "".join(
        letter for letter in text if letter >= " " and not "\ue000" <= letter <= "\uf8ff" and letter != "\ufffd"
    )


def _info(document: PDFDocument) -> dict[str, str]:
    return {str(name): text for held in document.info for name, value in held.items() if (text := _field(value))}


def _field(value: object) -> str:
    """Return a text of the file as one line, '' for anything else."""
    value = resolve1(value)
    if isinstance(value, PSLiteral):
        value = str(value.name)
    text = decode_text(value[: 4 * _INFO]) if isinstance(value, bytes) else value if isinstance(value, str) else ""
    return " ".join(text.replace("\0", "").split())[:_INFO]


def _count(document: PDFDocument) -> int:
    pages = resolve1(document.catalog.get("Pages"))
    count = resolve1(pages.get("Count")) if isinstance(pages, dict) else 0
    return count if isinstance(count, int) and 0 < count < 10_000_000 else 0
