"""PDF files that a site links to: crawled, searched, listed, shown, exported, imported and reindexed like articles."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from archive import Archive
from tests.support.cli import warraq
from tests.support.pdf import assembled, by_sight, pdf, words
from tests.support.site import Site, article_page, crawl, list_page

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

ARABIC = ["ﻗﺎﻝ ﻣﺴﺆﻭﻝ ﻓﻲ ﺍﻟﻤﺮﻓﺄ", "ﺇﻥ ﺍﻟﺨﻂ ﻳﻌﻮﺩ ﻗﺮﻳﺒﺎ."]
REPORT = "/wp-content/uploads/2026/11/report.pdf"
PAPER = "/epaper/issue.pdf"
BROKEN = "/files/broken.pdf"
STORY = "/2026/11/28/story-of-the-harbour-ferry"


def document(text: str) -> tuple[int, dict[str, str], bytes]:
    body = pdf(
        [[words(50, 700, text), words(50, 688, "and it will publish the minutes in the spring.")]],
        {"Title": "Ferry report"},
    )
    return 200, {"Content-Type": "application/pdf"}, body


def newspaper() -> tuple[int, dict[str, str], bytes]:
    body = pdf([[by_sight(550, 700 - 12 * row, line) for row, line in enumerate(ARABIC)]], {"Title": "عدد اليوم"})
    return 200, {"Content-Type": "application/octet-stream"}, body


def site_pages(text: str = "The council published its report on the ferry") -> dict[str, object]:
    return {
        "/": list_page(STORY, REPORT, PAPER, BROKEN),
        STORY: article_page("Story of the harbour ferry"),
        REPORT: document(text),
        PAPER: newspaper(),
        BROKEN: (200, {"Content-Type": "application/pdf"}, assembled([b"<< /Type /Catalog >>"])),
    }


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "warraq.db")) as db:
        return db.execute(sql).fetchall()


def path_of(folder: Path, kind: str) -> set[str]:
    return {
        "/" + str(url).split("/", 3)[3] for (url,) in rows(folder, f"SELECT url FROM articles WHERE kind = '{kind}'")
    }


def test_documents_of_a_site_are_kept_as_articles_are(tmp_path):
    folder = tmp_path / "a"
    with Site(site_pages()) as site:
        summary = crawl(f"{site.url}/", folder)
    assert summary["outcomes"]["document"] == 2
    assert summary["quarantined"] == {"damaged": 1}
    assert path_of(folder, "document") == {REPORT, PAPER}
    assert path_of(folder, "article") == {STORY}
    with Archive(folder) as archive:
        report = archive.article(f"{site.url}{REPORT}")
        assert (
            report["text"]
            == "The council published its report on the ferry and it will publish the minutes in the spring."
        )
        assert archive.search("minutes in spring").hits[0].title == "Ferry report"
        assert [hit.title for hit in archive.search("مسؤول المرفأ").hits] == ["عدد اليوم"]
        assert archive.article(f"{site.url}{PAPER}")["text"] == "قال مسؤول في المرفأ إن الخط يعود قريبا."
    shown = warraq("--archive", folder, "show", f"{site.url}{REPORT}").stdout
    assert "document" in shown
    assert "minutes" in shown
    assert "Ferry report" in warraq("--archive", folder, "list").stdout
    assert "kept" in warraq("--archive", folder, "explain", f"{site.url}{REPORT}", "--json").stdout
    exported = [
        json.loads(line) for line in warraq("--archive", folder, "export", "--format", "jsonl").stdout.splitlines()
    ]
    assert {one["kind"] for one in exported} == {"article", "document"}


def test_documents_come_back_by_reindex_and_by_import(tmp_path):
    folder = tmp_path / "a"
    with Site(site_pages()) as site:
        crawl(f"{site.url}/", folder)
    articles = "SELECT url, kind, title, text, date FROM articles ORDER BY url"
    captures = "SELECT url, outcome, reason FROM captures ORDER BY url"
    made, captured = rows(folder, articles), rows(folder, captures)
    warraq("--archive", folder, "reindex")
    assert rows(folder, articles) == made
    assert rows(folder, captures) == captured
    other = tmp_path / "b"
    warraq("--archive", other, "import", *(folder / "archive").glob("*.warc.gz"))
    assert rows(other, articles) == made


def test_a_document_that_is_served_again_changed_has_two_versions(tmp_path):
    folder = tmp_path / "a"
    with Site(site_pages()) as site:
        crawl(f"{site.url}/", folder)
        crawl(f"{site.url}/", folder, "-a", "recheck=all")
        assert rows(folder, f"SELECT count(*) FROM articles WHERE url LIKE '%{REPORT}'") == [(1,)]
        assert rows(folder, f"SELECT outcome, reason FROM urls WHERE url LIKE '%{REPORT}'") == [
            ("document", "unchanged")
        ]
        site.pages = site_pages("The council withdrew its report on the ferry")
        crawl(f"{site.url}/", folder, "-a", "recheck=all")
    assert rows(folder, f"SELECT version, kind FROM articles WHERE url LIKE '%{REPORT}' ORDER BY 1") == [
        (1, "document"),
        (2, "document"),
    ]
