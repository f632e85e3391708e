"""The recipes of CONTRIBUTING.md: a forgotten place fails a test that names it."""

from __future__ import annotations

import importlib
import pkgutil
import re
import tomllib
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import get_args

import pytest

from archive import Page, discovery, export
from archive.article import Article, Reason
from archive.discovery import Kind
from archive.export import FORMATS
from archive.extract import extract
from archive.index.columns import COLUMNS
from archive.parse.parse import CONTENT
from tests.archive.discovery.test_sniff import KINDS
from tests.archive.export.test_formats import READERS
from tests.support.cli import warraq
from tests.support.pdf import pdf, words

ROOT = Path(__file__).parents[1]


def functions_of(package: object, prefix: str) -> dict[str, object]:
    """Functions of a package's modules by name, where the name begins with `prefix`."""
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        names = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
        found |= {name: value for name, value in names.items() if name.startswith(prefix) and callable(value)}
    return found


# --- an export format ------------------------------------------------------------------------------------------------------------


def test_every_writer_of_an_export_stands_in_the_table():
    known = {one.write for one in FORMATS.values()}
    forgotten = {name for name, write in functions_of(export, "write_").items() if write not in known}
    assert not forgotten, f"archive/export/__init__.py, FORMATS: no format uses {sorted(forgotten)}"


def test_every_format_of_articles_has_a_reader_in_the_tests():
    forgotten = {name for name, one in FORMATS.items() if one.of == "articles"} - READERS.keys()
    assert not forgotten, f"tests/archive/export/test_formats.py, READERS: read back the formats {sorted(forgotten)}"


def test_the_help_names_every_format():
    said = " ".join(warraq("export", "--help").stdout.split())
    forgotten = {name for name in FORMATS if name not in said}
    assert not forgotten, f"archive/cli/export.py: `warraq export --help` does not name {sorted(forgotten)}"


# --- a quarantine rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_reason_has_a_message(language):
    messages = tomllib.loads((ROOT / f"archive/web/messages/{language}.toml").read_text("utf-8"))["reasons"]
    forgotten = set(get_args(Reason)) - messages.keys()
    assert not forgotten, f"archive/web/messages/{language}.toml, [reasons]: no message for {sorted(forgotten)}"


def test_every_reason_is_given_somewhere():
    sources = "\n".join(
        path.read_text("utf-8") for folder in ("extract", "parse") for path in (ROOT / "archive" / folder).rglob("*.py")
    )
    forgotten = {reason for reason in get_args(Reason) if f'"{reason}"' not in sources}
    assert not forgotten, f"archive/extract/quarantine/: no rule gives {sorted(forgotten)}"


def test_every_reason_that_extraction_gives_has_a_page_in_the_tests():
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    forgotten = {reason for reason in get_args(Reason) if f'"{reason}"' not in tests}
    assert not forgotten, f"tests/archive/extract/test_quarantine.py: no page is judged {sorted(forgotten)}"


# --- a column of articles that a page fills ---------------------------------------------------------------------------------------

FULL = b"""<!DOCTYPE html><html lang="en"><head><title>The ferry returns - Harbour News</title>
<meta property="og:site_name" content="Harbour News"><meta name="description" content="After a year the ferry sails again.">
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle", "headline": "The ferry returns",
"author": {"@type": "Person", "name": "Jane Doe"}, "datePublished": "2026-11-20T08:00:00Z", "dateModified": "2026-11-21T09:00:00Z",
"articleSection": "Harbour", "keywords": "ferry, harbour", "isAccessibleForFree": true, "image": "https://news.example/ferry.jpg"}</script>
</head><body><nav><a href="/">Home</a></nav><main><article><h1>The ferry returns</h1><p>By Jane Doe</p>
<p>The ferry that the town has missed for a year sails again on Monday, the harbour office said in a statement.</p>
<p>It leaves the old pier at seven in the morning and returns at noon, and fishermen may take their catch on board.</p>
<p>Tickets cost as much as before, and children under twelve travel without one, as the council decided in May.</p>
<p>Source: Reuters</p><p>Share this article</p></article></main></body></html>"""
PDF = pdf(
    [[words(50, 700 - 12 * number, "The council met on Tuesday to decide about the ferry.") for number in range(9)]]
)
NOTHING = Article(url="", title="", text="")
OF_A_PAGE = [column for column in COLUMNS if column.source == "article"]


def test_every_column_that_a_page_fills_has_a_field():
    forgotten = {column.name for column in OF_A_PAGE if not column.value and not hasattr(NOTHING, column.name)}
    assert not forgotten, f"archive/article.py: Article has no field for the columns {sorted(forgotten)}"


@pytest.mark.parametrize("column", OF_A_PAGE, ids=lambda column: column.name)
def test_every_column_that_a_page_fills_has_a_reader(column):
    articles = [
        extract(
            Page(body=body, url=f"https://news.example/ferry-{at}", fetched_at=datetime(2026, 11, 22, tzinfo=UTC))
        ).article
        for at, body in enumerate((FULL, PDF))
    ]
    empty, *read = ((column.value or attrgetter(column.name))(article) for article in (NOTHING, *articles))
    assert any(value != empty for value in read), (
        f"archive/extract/metadata/reading.py: nothing fills {column.name!r}; or {__file__}, FULL: the page does not say it"
    )


# --- a discovery source --------------------------------------------------------------------------------------------------------


def test_every_kind_of_document_has_a_branch_in_parse():
    forgotten = set(get_args(Kind)) - CONTENT.keys()
    assert not forgotten, f"archive/parse/parse.py, CONTENT: documents of the kind {sorted(forgotten)} are not parsed"


def test_every_branch_of_parse_is_a_kind_of_document():
    forgotten = CONTENT.keys() - set(get_args(Kind))
    assert not forgotten, f"archive/discovery/__init__.py, Kind and sniff: nothing is told as {sorted(forgotten)}"


def test_every_reader_of_discovery_has_a_fuzz_target():
    targets = (ROOT / "fuzz/targets.py").read_text("utf-8")
    forgotten = {name for name in functions_of(discovery, "read_") if not re.search(rf"\b{name}\(", targets)}
    assert not forgotten, f"fuzz/targets.py: no target calls {sorted(forgotten)}"


def test_every_kind_of_document_is_told_by_content():
    forgotten = set(get_args(Kind)) - {kind for _, kind in KINDS} - {"document"}
    assert not forgotten, (
        f"archive/discovery/__init__.py, sniff; tests/archive/discovery/test_sniff.py, KINDS: nothing is {sorted(forgotten)}"
    )


def test_every_reader_of_discovery_is_called_by_the_parser():
    parser = (ROOT / "archive/parse/parse.py").read_text("utf-8")
    forgotten = {name for name in functions_of(discovery, "read_") if not re.search(rf"\b{name}\(", parser)}
    assert not forgotten, f"archive/parse/parse.py: {sorted(forgotten)} are called by no entry of CONTENT"
