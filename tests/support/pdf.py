"""Make PDF files of glyphs at given positions, each mapped to the text that the test gives."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WIDTH = 0.5
"""The width of every glyph, relative to the font size."""

_FONT = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /F /Encoding /Identity-H /ToUnicode 4 0 R /DescendantFonts"
    b" [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /F /DW 500 /CIDSystemInfo << /Registry (Adobe)"
    b" /Ordering (Identity) /Supplement 0 >> /FontDescriptor << /Type /FontDescriptor /FontName /F >> >>] >>"
)


@dataclass(frozen=True)
class Run:
    """Glyphs on one baseline, from `x` to the right."""

    x: float
    y: float
    glyphs: Sequence[str]
    size: float = 10


def pdf(
    pages: Iterable[Sequence[Run]],
    info: Mapping[str, str] | None = None,
    *,
    trailer: str = "",
    drawn: str = "",
    xmp: bytes = b"",
) -> bytes:
    """Return a file of pages of glyphs; its font has a code for each glyph, and maps it to its text.

    `drawn` is what each page draws besides, `xmp` the file's packet of metadata.
    """
    pages = list(pages)
    codes = {
        glyph: code for code, glyph in enumerate(dict.fromkeys(g for p in pages for run in p for g in run.glyphs), 1)
    }
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {f'/Metadata {6 + 2 * len(pages)} 0 R' if xmp else ''} >>".encode(),
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} /MediaBox [0 0 600 800] >>".encode(),
        _FONT,
        stream(_unicode_map(codes)),
        "<< {} >>".format(" ".join(f"/{name} {_text(value)}" for name, value in (info or {}).items())).encode(),
    ]
    for number, runs in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /Resources << /Font << /F 3 0 R >> >> /Contents {7 + 2 * number} 0 R >>".encode()
        )
        objects.append(stream("\n".join((drawn, *(_shown(run, codes) for run in runs))).encode()))
    if xmp:
        objects.append(stream(xmp, "/Type /Metadata /Subtype /XML"))
    return assembled(objects, trailer=f"/Root 1 0 R /Info 5 0 R {trailer}")


def words(x: float, y: float, text: str, size: float = 10) -> Run:
    """Return a line of Latin text."""
    return Run(x, y, list(text), size)


def by_sight(right: float, y: float, glyphs: Sequence[str], size: float = 10) -> Run:
    """Return a line of right-to-left glyphs, given in logical order and written in visual order."""
    return Run(right - WIDTH * size * len(glyphs), y, list(reversed(glyphs)), size)


def assembled(objects: Sequence[bytes], *, trailer: str = "/Root 1 0 R") -> bytes:
    """Return a file of these objects, numbered from 1."""
    data, places = bytearray(b"%PDF-1.7\n"), []
    for number, held in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n".encode() + held + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} {trailer} >>\nstartxref\n{len(data)}\n%%EOF\n"
    return bytes(data) + end.encode()


def stream(content: bytes, more: str = "") -> bytes:
    """Return a compressed stream."""
    held = zlib.compress(content)
    return f"<< /Length {len(held)} /Filter /FlateDecode {more} >>\nstream\n".encode() + held + b"\nendstream"


def _shown(run: Run, codes: Mapping[str, int]) -> str:
    return f"BT /F {run.size} Tf 1 0 0 1 {run.x} {run.y} Tm <{''.join(f'{codes[glyph]:04x}' for glyph in run.glyphs)}> Tj ET"


def _unicode_map(codes: Mapping[str, int]) -> bytes:
    rows = "\n".join(f"<{code:04x}> <{glyph.encode('utf-16-be').hex()}>" for glyph, code in codes.items())
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{rows}\nendbfchar\nendcmap end end"
    ).encode()


def _text(value: str) -> str:
    wide = b"\xfe\xff" + value.encode("utf-16-be")
    return f"({value})" if value.isascii() else f"<{wide.hex()}>"
