"""Read the glyphs of a PDF file with pdfminer.six: the characters of each page with their positions, and the file's metadata.

pdfminer finds objects, fonts and characters. Files may draw lines of Arabic from left to right, in presentation forms, or word by word,
so `lines.py` and `reading_order.py` determine the reading order from the positions.
"""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any

from pdfminer import pdftypes
from pdfminer.pdfdevice import PDFTextDevice
from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFObjRef, PDFStream, resolve1
from pdfminer.psparser import PSLiteral
from pdfminer.utils import apply_matrix_pt, decode_text

from archive.extract.document import Unreadable
from archive.extract.pdf.xmp import read_xmp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_PAGES = 500
"""Maximum pages read, the length of a book; an issue of a newspaper has a tenth of that."""

MAX_GLYPHS = 250_000
"""Maximum characters read, about 40 full pages of a broadsheet."""

MAX_FORMS = 5_000
"""Maximum nested form XObjects drawn; if each draws ten others, their number grows exponentially with depth."""

MAX_REFERENCES = 10
"""Maximum chain of references to an object; the standard allows one."""

MAX_STREAM = 64 << 20
"""Maximum bytes of a decompressed stream; the longest of a page of text has 1 MB."""

_INFO = 500
"""Maximum characters of a metadata field."""

_SMALL, _LARGE = 1.5, 8.0
"""The width of a bullet, in points."""
_MAX_STEPS = 20
_MAX_DOTS = 2_000

_UPRIGHT = 0.1
"""Maximum skew of a glyph, as a share of its size; others are watermarks and text on spines."""

logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # pdfminer logs each oddity of a file


@dataclass(frozen=True, slots=True)
class Glyph:
    """The text of a glyph, its extent on the baseline and its size, in points from the page's lower left corner."""

    text: str
    left: float
    right: float
    base: float
    size: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A small filled shape, which may be the bullet of a list item: its ends and its middle, in points."""

    left: float
    right: float
    middle: float


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The content of a PDF file: glyphs and dots of its pages in file order, the number of pages, and how many could not be read.

    `unnamed` counts the glyphs for which the file gives no text.
    """

    pages: tuple[tuple[Glyph, ...], ...]
    dots: tuple[tuple[Dot, ...], ...]
    count: int
    broken: int
    unnamed: int
    info: dict[str, str]
    xmp: dict[str, tuple[str, ...]]
    language: str


class _TooMuch(Exception):  # noqa: N818 - ends the reading, not an error
    """The file exceeds a limit."""


class _BoundedZlib:
    """zlib as pdfminer uses it, with a limit on the output, since a few bytes can decompress to gigabytes."""

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
    """A document that limits chains of references; pdfminer follows a cycle of them for ever."""

    def getobj(self, objid: int) -> object:
        found = super().getobj(objid)
        for _ in range(MAX_REFERENCES):
            if not isinstance(found, PDFObjRef):
                return found
            found = super().getobj(found.objid)
        return None


def read_glyphs(body: bytes) -> File:
    """Read a PDF file up to the limits.

    Raises:
        Unreadable: `encrypted` if it needs a password, `damaged` if nothing can be read, `too-complex` if a limit on nesting is exceeded.
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
    found, dots, broken = [], [], 0
    for page in pages:
        if device.full:
            break
        glyphs, whole = device.read(page)
        found.append(glyphs)
        dots.append(tuple(device.dots))
        broken += not whole
    return File(
        pages=tuple(found),
        dots=tuple(dots),
        count=max(_count(document), len(pages)),
        broken=broken,
        unnamed=device.unnamed,
        info=info,
        xmp=read_xmp(_packet(document)),
        language=_field(document.catalog.get("Lang")),
    )


class _Device(PDFTextDevice):
    """Collects the characters that pdfminer draws, and small shapes that may be bullets; ignores lines, areas and pictures."""

    def __init__(self) -> None:
        self._manager = PDFResourceManager()
        super().__init__(self._manager)
        self.full = False
        self.dots: list[Dot] = []
        self.unnamed = 0
        self._left = MAX_GLYPHS
        self._forms = MAX_FORMS
        self._glyphs: list[Glyph] = []
        self._tags: list[tuple[str, str, int]] = []
        self._box = (0.0, 0.0, 0.0, 0.0)

    def read(self, page: PDFPage) -> tuple[tuple[Glyph, ...], bool]:
        """Return the glyphs of a page, and whether all of it could be read."""
        self._glyphs, self._tags, self.dots = [], [], []
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

    def paint_path(self, graphicstate: Any, stroke: bool, fill: bool, evenodd: bool, path: Any) -> None:  # noqa: ARG002
        """Keep a filled shape of the size of a bullet."""
        if not fill or self.ctm is None or len(path) > _MAX_STEPS or len(self.dots) >= _MAX_DOTS:
            return
        try:
            corners = [apply_matrix_pt(self.ctm, point) for step in path for point in _points(step)]
        except (TypeError, ValueError):  # operands of the wrong kind
            return
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        width, height = (max(xs) - min(xs), max(ys) - min(ys)) if corners else (0.0, 0.0)
        if _SMALL <= width <= _LARGE and 0.6 <= width / (height or 1) <= 1.7:
            self.dots.append(Dot(min(xs), max(xs), (max(ys) + min(ys)) / 2))

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
            letter = max(spanned, key=lambda one: one.right - one.left)  # not the mark above it
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
            self.unnamed += 1
            return
        self._left -= 1
        if self._left < 0:
            raise _TooMuch
        self._glyphs.append(glyph)


def _characters(font: Any, cid: int) -> str:
    """Return the text of a glyph; '' if the file gives none or a code point of the private use area."""
    try:
        text = str(font.to_unichr(cid))
    except Exception:  # noqa: BLE001 - PDFUnicodeNotDefined, and what damaged fonts provoke
        return ""
    return "".join(
        letter for letter in text if letter >= " " and not "\ue000" <= letter <= "\uf8ff" and letter != "\ufffd"
    )


def _points(step: Sequence[Any]) -> Iterator[tuple[float, float]]:
    """Yield the points of a step of a path, which is an operator and its coordinates."""
    numbers = step[1:]
    yield from zip(numbers[::2], numbers[1::2], strict=True)


def _packet(document: PDFDocument) -> bytes:
    """Return the file's XMP packet; b'' if it has none or it cannot be read."""
    try:
        held = resolve1(document.catalog.get("Metadata"))
        return bytes(held.get_data()) if isinstance(held, PDFStream) else b""
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a damaged packet must not cost the text
        return b""


def _info(document: PDFDocument) -> dict[str, str]:
    return {str(name): text for held in document.info for name, value in held.items() if (text := _field(value))}


def _field(value: object) -> str:
    """Return a metadata field as one line of text, '' for anything else."""
    value = resolve1(value)
    if isinstance(value, PSLiteral):
        value = str(value.name)
    text = decode_text(value[: 4 * _INFO]) if isinstance(value, bytes) else value if isinstance(value, str) else ""
    return " ".join(text.replace("\0", "").split())[:_INFO]


def _count(document: PDFDocument) -> int:
    pages = resolve1(document.catalog.get("Pages"))
    count = resolve1(pages.get("Count")) if isinstance(pages, dict) else 0
    return count if isinstance(count, int) and 0 < count < 10_000_000 else 0
