"""The formats that an archive can be given out in: a choice of captures or articles in, one file out.

A format is one file here and one line in `FORMATS`; `tests/archive/export/test_formats.py` holds all to one contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from archive.export.cdxj import write_cdxj
from archive.export.csv import write_csv
from archive.export.documents import write_html, write_markdown, write_txt
from archive.export.jsonl import write_jsonl
from archive.export.parquet import write_parquet
from archive.export.source import Chosen, Source
from archive.export.wacz import write_wacz
from archive.export.warc import write_warc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["FORMATS", "Chosen", "Format", "Source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A way out: `write(source, target)` makes the file whole or not at all, and gives how many items it holds.

    `of` says which side of the source it reads; `binary` is whether it cannot be shown on a terminal, `has_columns` whether some of the
    articles' columns can be chosen.
    """

    write: Callable[[Source, Path], int]
    suffix: str
    of: Literal["captures", "articles"]
    binary: bool = False
    has_columns: bool = False


FORMATS: dict[str, Format] = {
    "jsonl": Format(write=write_jsonl, suffix=".jsonl", of="articles", has_columns=True),
    "csv": Format(write=write_csv, suffix=".csv", of="articles", has_columns=True),
    "parquet": Format(write=write_parquet, suffix=".parquet", of="articles", binary=True, has_columns=True),
    "html": Format(write=write_html, suffix=".html", of="articles"),
    "markdown": Format(write=write_markdown, suffix=".md", of="articles"),
    "txt": Format(write=write_txt, suffix=".txt", of="articles"),
    "cdxj": Format(write=write_cdxj, suffix=".cdxj", of="captures"),
    "warc": Format(write=write_warc, suffix=".warc.gz", of="captures", binary=True),
    "wacz": Format(write=write_wacz, suffix=".wacz", of="captures", binary=True),
}
