"""Compare titles, authors and dates found by warraq, trafilatura and htmldate on pages with known values.

    python bench/metadata.py [CORPUS ...] [--errors FIELD]

A corpus is a folder with `pages.jsonl` (id, url, html, title, author, date) below WARRAQ_CORPORA, else shared/corpora
beside the checkout.
Prints for each corpus and field the share of pages on which each reader gives the known value, and CPU ms per page.
A title must have the same words; authors must be the same set of names (F1 over names is printed, too); a date must have
the same day. Pages whose known value is empty, NaN or "admin" do not count.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import os
import re
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import htmldate
import trafilatura

from archive.article import Page
from archive.extract.document import Unreadable, read_document
from archive.extract.metadata.reading import read_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Values = dict[str, str]
FETCHED = datetime(2026, 11, 24, tzinfo=UTC)
_BESIDE = (parent / "shared" / "corpora" for parent in Path(__file__).resolve().parents)
CORPORA = Path(os.environ.get("WARRAQ_CORPORA") or next((path for path in _BESIDE if path.is_dir()), "corpora"))
FIELDS = ("title", "author", "date")


def ours(body: bytes, url: str) -> Values:
    try:
        metadata = read_metadata(read_document(Page(body=body, url=url, fetched_at=FETCHED)))
        article = metadata.article
    except Unreadable:
        return {}
    return {"title": article.title, "author": "; ".join(article.authors), "date": metadata.day}


def trafilatura_reads(body: bytes, url: str) -> Values:
    found = trafilatura.extract_metadata(body, default_url=url)
    return {} if found is None else {field: getattr(found, field) or "" for field in FIELDS}


def htmldate_reads(*, extensive: bool) -> Callable[[bytes, str], Values]:
    def read_date(body: bytes, _url: str) -> Values:
        return {"date": htmldate.find_date(body, extensive_search=extensive, original_date=True) or ""}

    return read_date


READERS: dict[str, Callable[[bytes, str], Values]] = {
    "warraq": ours,
    "trafilatura": trafilatura_reads,
    "htmldate": htmldate_reads(extensive=True),
    "htmldate fast": htmldate_reads(extensive=False),
}


def words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def names(text: str) -> set[str]:
    return {key for part in re.split(r"[;,]| und | and | & ", text) if (key := words(part))}


def score(field: str, found: str, gold: str) -> tuple[float, float]:
    """Return whether the value is right (1 or 0), and its F1."""
    if field == "date":
        return float(found[:10] == gold[:10]), float(found[:10] == gold[:10])
    if field == "title":
        return float(words(found) == words(gold)), float(words(found) == words(gold))
    a, b = names(found), names(gold)
    return float(a == b), 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0


def rows(corpus: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    folder = CORPORA / corpus
    with (folder / "pages.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row, gzip.decompress((folder / row["html"]).read_bytes())


def has_gold(row: dict[str, Any], field: str) -> bool:
    value = row.get(field)
    return isinstance(value, str) and value.lower() not in {"", "nan", "admin"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", nargs="*")
    parser.add_argument("--errors", choices=FIELDS, help="print the pages on which ours is wrong")
    parser.add_argument("--readers", default=",".join(READERS))
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    corpora = options.corpora or sorted(path.parent.name for path in CORPORA.glob("*/pages.jsonl"))
    chosen = {name: READERS[name] for name in options.readers.split(",")}
    print(f"{'corpus':18}{'field':8}{'gold':>5}  " + "".join(f"{name:>22}" for name in chosen))
    for corpus in corpora:
        totals: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
        cpu: dict[str, float] = defaultdict(float)
        count = 0
        for row, body in rows(corpus):
            count += 1
            for name, reader in chosen.items():
                started = time.process_time()
                found = reader(body, row["url"])
                cpu[name] += time.process_time() - started
                for field in FIELDS:
                    if has_gold(row, field) and not (field != "date" and name.startswith("htmldate")):
                        right, f1 = score(field, found.get(field, ""), row[field])
                        totals[name, field].append((right, f1))
                        if name == "warraq" and options.errors == field and not right:
                            print(
                                "   ",
                                row["id"][:12],
                                row["url"][:70],
                                "|",
                                row[field],
                                "|",
                                found.get(field, ""),
                                file=sys.stderr,
                            )
        for field in FIELDS:
            gold = len(totals["warraq", field]) if "warraq" in chosen else 0
            if gold:
                cells = []
                for name in chosen:
                    results = totals[name, field]
                    mean = sum(right for right, _ in results) / len(results) if results else None
                    f1 = sum(f for _, f in results) / len(results) if results else 0
                    cells.append(
                        "" if mean is None else f"{mean:.3f}" + (f" (F1 {f1:.3f})" if field == "author" else "")
                    )
                print(f"{corpus:18}{field:8}{gold:5}  " + "".join(f"{cell:>22}" for cell in cells))
        print(
            f"{corpus:18}{'CPU ms':8}{count:5}  " + "".join(f"{cpu[name] / count * 1000:>22.1f}" for name in chosen),
            flush=True,
        )


if __name__ == "__main__":
    main()
