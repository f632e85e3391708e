"""Exports are complete: every match of a query, each article once, no file of redacted pages."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from archive import Archive
from archive.errors import NotFoundError, UnknownSiteError, UsageError
from archive.export import FORMATS, ExportOptions, export, export_periods
from archive.index import select
from tests.support.cli import warraq

pytestmark = pytest.mark.slow


@pytest.fixture
def archive(shelf):
    with Archive(shelf.collection.folder) as archive:
        yield archive


def told(archive, tmp_path, **options):
    export(archive, FORMATS["jsonl"], tmp_path / "x.jsonl", ExportOptions(**options))
    return [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]


def test_every_article_that_has_the_words_is_exported_and_none_of_another_time(shelf, archive, tmp_path, monkeypatch):
    monkeypatch.setattr("archive.search.candidates.CANDIDATES", 2, raising=False)
    for number in range(12):
        shelf.put(
            f"https://daftar.example/w/{number}",
            f"قافلة {number}",
            "سارت القافلة",
            date_published=f"2026-{number % 2 + 1:02}-01",
        )
    assert len(told(archive, tmp_path, query="القافلة")) == 12
    assert len(told(archive, tmp_path, query="القافلة", first_day="2026-02-01", last_day="2026-02-28")) == 6
    assert len(told(archive, tmp_path, query="القافلة to:2026-01-31")) == 6


def test_words_that_no_article_has_all_of_are_not_found(archive, tmp_path):
    with pytest.raises(NotFoundError):
        told(archive, tmp_path, query="مكتبة ديناصور")
    assert not (tmp_path / "x.jsonl").exists()


@pytest.mark.parametrize("day", ["2026-13-45", "2026-02-30", "2026-1-1", "yesterday", "20261124"])
def test_a_day_that_there_is_none_of_is_an_error(archive, tmp_path, day):
    with pytest.raises(UsageError, match="is not a day"):
        told(archive, tmp_path, first_day=day)


def test_a_site_that_is_not_there_is_an_error_with_the_nearest_name(archive, tmp_path):
    with pytest.raises(UnknownSiteError, match=r"did you mean daftar\.example"):
        told(archive, tmp_path, site="daftr.example")
    assert told(archive, tmp_path, site="daftar.example")
    assert told(archive, tmp_path, site="example")


def test_an_article_that_changes_during_an_export_is_in_it_once(shelf, archive, monkeypatch):
    monkeypatch.setattr(select, "BATCH", 1)
    rows = select.selected_articles(archive.db, select.ArticleFilter())
    first = next(rows)
    shelf.put(first["url"], first["title"], "نص آخر تماما")
    shelf.put("https://daftar.example/en/bus", "Night bus returns", "Not the night bus.", language="en")
    urls = [first["url"], *(row["url"] for row in rows)]
    assert len(urls) == len(set(urls)) == 4


def test_columns_are_chosen_for_tables(shelf, archive, tmp_path):
    options = ExportOptions(columns=("url", "title"))
    export(archive, FORMATS["csv"], tmp_path / "x.csv", options)
    with (tmp_path / "x.csv").open(encoding="utf-8-sig", newline="") as file:
        assert set(next(csv.DictReader(file))) == {"url", "title"}
    assert set(told(archive, tmp_path, columns=("url", "title"))[0]) == {"url", "title"}
    shelf.store.db.conn.execute("UPDATE articles SET body = NULL")
    shelf.store.db.conn.commit()
    assert told(archive, tmp_path, columns=("body",))[0]["body"][0]["kind"] == "paragraph"
    with pytest.raises(UsageError, match="no column 'nosuch'"):
        told(archive, tmp_path, columns=("nosuch",))


def months(folder):
    return sorted(str(path.relative_to(folder).parent) for path in folder.rglob("*.jsonl"))


def test_a_month_that_holds_nothing_any_more_loses_its_file(shelf, archive, tmp_path):
    lake, way = tmp_path / "lake", FORMATS["jsonl"]
    shelf.put("https://daftar.example/old", "خبر قديم", "نص", date_published="2024-03-05")
    (tmp_path / "lake" / "year=2024" / "month=04").mkdir(parents=True)
    other = lake / "year=2024" / "month=04" / "another.jsonl"
    other.write_text("of another archive")
    assert export_periods(archive, way, lake, ExportOptions(), period="month").removed == ()
    assert months(lake) == ["year=2024/month=03", "year=2024/month=04", "year=2026/month=11"]
    shelf.store.db.conn.execute("UPDATE articles SET is_latest = 0 WHERE url LIKE '%/old'")
    shelf.store.db.conn.commit()
    kept = export_periods(
        archive, way, lake, ExportOptions(first_day="2024-03-02", last_day="2026-12-31"), period="month"
    )
    assert kept.removed == ()
    done = export_periods(archive, way, lake, ExportOptions(), period="month")
    assert done.removed == (lake / "year=2024" / "month=03" / "news.jsonl",)
    assert months(lake) == ["year=2024/month=04", "year=2026/month=11"]


def ask(shelf, *options, code=0):
    return warraq("-A", shelf.collection.folder, "export", *options, code=code)


@pytest.mark.parametrize(
    "name", ["x.md", "x.markdown", "x.html", "x.csv", "x.txt", "x.cdxj", "x.warc.gz", "x.wacz", "x.jsonl", "x"]
)
def test_the_name_of_the_file_says_the_format(shelf, tmp_path, name):
    ask(shelf, "-o", tmp_path / name, "--json")
    written = (tmp_path / name).read_bytes()
    starts = {
        "x.warc.gz": b"\x1f\x8b",
        "x.wacz": b"PK",
        "x.html": b"<!DOCTYPE",
        "x.md": b"# ",
        "x.markdown": b"# ",
        "x": b'{"id"',
        "x.jsonl": b'{"id"',
    }
    assert written.startswith(starts.get(name, b""))


@pytest.mark.parametrize(
    ("name", "form"),
    [("x.warc", "warc"), ("x.warc.gz", "jsonl"), ("x.csv", "parquet"), ("x.warc", "jsonl"), ("x.markdown", "csv")],
)
def test_a_name_that_says_another_format_is_an_error(shelf, tmp_path, name, form):
    done = ask(shelf, "-f", form, "-o", tmp_path / name, code=2)
    assert f"would hold {form}" in done.stderr
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", ["x.docx", "x.jsonl.gz", "x.CSV"])
def test_a_suffix_of_no_format_needs_the_option(shelf, tmp_path, name):
    (line,) = ask(shelf, "-o", tmp_path / name, code=2).stderr.splitlines()[-1:]
    assert f"{Path(name).suffix} is the suffix of no format" in line
    assert all(form in line for form in FORMATS)
    assert not (tmp_path / name).exists()
    ask(shelf, "-f", "jsonl", "-o", tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(b'{"id"')


def test_a_dash_is_standard_output(shelf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert json.loads(ask(shelf, "-o", "-", "--columns", "title").output.splitlines()[0]).keys() == {"title"}
    assert list(tmp_path.iterdir()) == [tmp_path / "news"]


def test_articles_are_ordered_by_the_moment_and_not_by_its_spelling(shelf, archive):
    for name, at in (
        ("a", "2027-01-01T10:00:00+00:00"),
        ("b", "2027-01-01T12:30:00+03:00"),
        ("c", "2027-01-01T06:00:00-05:00"),
    ):
        shelf.put(f"https://daftar.example/{name}", name, name, date_published=at)
    assert [row["title"] for row in archive.newest(limit=3)] == ["c", "a", "b"]
    assert [row["published_at"] for row in archive.newest(limit=1)] == ["2027-01-01T11:00:00Z"]


def test_an_archive_of_an_earlier_version_is_read_as_it_is(shelf, archive, tmp_path):
    shelf.store.db.conn.executescript(
        "DROP INDEX articles_newest; DROP VIEW newsarticle; ALTER TABLE articles DROP COLUMN published_at;"
        "ALTER TABLE articles DROP COLUMN body; DROP TABLE changes;"
        "DELETE FROM _sqlite_migrations WHERE name IN ('0013_bodies_and_changes', '0014_published_at')"
    )
    with Archive(shelf.collection.folder) as old:
        row = next(old.newest())
        assert (old.changes(row), row["body"]) == ([], None)
        assert old.search("مكتبة").total
        assert told(old, tmp_path)[0]["body"][0]["kind"] == "paragraph"


def test_all_days_are_counted(shelf, archive):
    for number in range(40):
        shelf.put(
            f"https://daftar.example/d/{number}",
            "خبر",
            f"نص {number}",
            date_published=f"2025-{number // 28 + 1:02}-{number % 28 + 1:02}",
        )
    shelf.put("https://daftar.example/d/month", "خبر", "شهر", date_published="2025-05")
    days = archive.stats()["by_day"]
    assert sum(days.values()) == 44
    assert list(days) == sorted(days)
