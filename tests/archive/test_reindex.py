"""Reindex: the WARCs give the same tables again."""

import shutil
import signal
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils.utils import sqlite3

from archive import Archive
from archive.collection import Collection
from archive.ingest import ArchiveWriter, open_writer
from archive.ingest.commit import Disposition, disposition_of
from archive.parse.parse import ParseTask, parse_task
from tests.support.cli import warraq
from tests.support.pages import capture, page
from tests.support.program import Running

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DERIVED = {"captures": {"id", "article_id"}, "articles": {"id", "capture_id"}, "site_lines": set(), "site_pages": set()}


@pytest.fixture
def folder(tmp_path):
    """An archive as a crawl leaves it: three articles, one served again unchanged, one changed, one page twice by two URLs."""
    make_archive(tmp_path / "c")
    return tmp_path / "c"


def make_archive(folder):
    served = [
        capture("/2026/11/1", page("عنوان الخبر الأول في هذا الاختبار"), 1),
        capture("/2026/11/2", page("عنوان الخبر الثاني في هذا الاختبار"), 2),
        capture("/2026/11/1", page("عنوان الخبر الأول في هذا الاختبار"), 3),
        capture("/2026/11/2", page("عنوان الخبر الثاني بعد التصحيح"), 4),
        capture("/2026/11/3", page("عنوان الخبر الثاني بعد التصحيح"), 5),
    ]
    ingest = open_writer(
        Collection(folder), info={"software": "warraq test", "isPartOf": "paper"}, clock=lambda: served[-1].started
    )
    run = ingest.begin_run("crawl", site="paper")
    seen = {}
    for one in served:
        row = ingest.record(one, site="paper")
        if seen.get(one.url) == row.payload_digest:
            ingest.finish(unchanged(ingest, row))
        else:
            ingest.finish(
                disposition_of(row, parse_task(ParseTask(url=one.url, response=one.response, fetched_at=one.started)))
            )
        seen[one.url] = row.payload_digest
        ingest.commit()
    ingest.end_run(run, result="finished", summary={})
    ingest.close()


def unchanged(ingest, row):
    from archive.index import captures
    from archive.outcome import Outcome, OutcomeKind

    return Disposition(
        row=row, outcome=Outcome(kind=OutcomeKind.UNCHANGED), same_as=captures.latest_article(ingest.store.db, row.url)
    )


def tables(folder):
    db = sqlite3.connect(folder / "warraq.db")
    found = {}
    for table, skipped in DERIVED.items():
        names = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] not in skipped]
        found[table] = sorted(map(str, db.execute(f"SELECT {', '.join(names)} FROM {table}")))
    found["runs"] = sorted(map(str, db.execute("SELECT * FROM runs")))
    db.close()
    return found


def test_a_rebuilt_database_has_the_same_tables(folder):
    before = tables(folder)
    assert len(before["articles"]) == 4
    warraq("--archive", folder, "reindex")
    assert tables(folder) == before


def test_an_article_that_newer_rules_read_otherwise_has_no_text_record_and_is_no_problem(folder, monkeypatch):
    write = ArchiveWriter._write_texts
    older = {"عنوان الخبر الأول في هذا الاختبار": "a line that newer rules drop"}

    def as_before(writer, row, article):
        return write(
            writer, row, replace(article, text="\n".join(filter(None, (article.text, older.get(article.title)))))
        )

    monkeypatch.setattr(ArchiveWriter, "_write_texts", as_before)
    copied = folder.with_name("older")
    shutil.rmtree(folder)
    make_archive(copied)
    assert warraq("--archive", str(copied), "reindex").exit_code == 0
    assert warraq("--archive", str(copied), "verify").exit_code == 0
    with closing(sqlite3.connect(copied / "warraq.db")) as db:
        held = dict(db.execute("SELECT title, conversion_id <> '' FROM articles"))
    assert held == {
        "عنوان الخبر الأول في هذا الاختبار": 0,
        "عنوان الخبر الثاني في هذا الاختبار": 1,
        "عنوان الخبر الثاني بعد التصحيح": 1,
    }


def test_a_database_that_is_gone_comes_back(folder):
    before = tables(folder)
    for path in folder.glob("warraq.db*"):
        path.unlink()
    (folder / "warraq.db").touch()
    warraq("--archive", folder, "reindex")
    after = tables(folder)
    assert {name: after[name] for name in DERIVED} == {name: before[name] for name in DERIVED}
    with Archive(folder) as archive:
        assert archive.search("التصحيح").total == 2
        assert not [path for path in archive.collection.folder.iterdir() if "rebuilt" in path.name]


def test_a_database_that_is_no_database_is_replaced(folder):
    before = tables(folder)
    for path in folder.glob("warraq.db*"):
        path.unlink()
    (folder / "warraq.db").write_bytes(b"not a database at all" * 1000)
    warraq("--archive", folder, "reindex")
    assert tables(folder)["articles"] == before["articles"]


def test_no_log_of_the_old_database_is_left_beside_the_new_one(folder):
    """SQLite would apply it to the new one."""
    for end in ("-wal", "-journal"):
        (folder / f"warraq.db{end}").write_bytes(b"of the old one")
    warraq("--archive", folder, "reindex")
    assert not (folder / "warraq.db-journal").exists()
    assert tables(folder)["articles"]


@pytest.mark.slow
def test_an_interrupted_rebuild_leaves_the_old_database(folder, tmp_path):
    before = tables(folder)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "warraq.rebuilt.db").write_bytes(b"half")
    running = Running(["warraq", "--archive", copy, "reindex"])
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert tables(copy) == before
    warraq("--archive", copy, "reindex")
    assert tables(copy) == before


def test_a_folder_with_nothing_to_rebuild_is_left_as_it_is(tmp_path):
    warraq("--archive", tmp_path, "reindex", code=3)
    assert list(tmp_path.iterdir()) == []


def plain_hits(folder, word):
    with closing(sqlite3.connect(folder / "warraq.db")) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'articles_fts'").fetchone():
            return None
        return db.execute("SELECT count(*) FROM articles_fts WHERE articles_fts MATCH ?", (word,)).fetchone()[0]


def test_the_index_of_plain_words_is_dropped_and_built_on_request(folder):
    held = plain_hits(folder, "عنوان")
    assert held
    assert warraq("--archive", folder, "plain-index", "drop").exit_code == 0
    assert plain_hits(folder, "عنوان") is None
    with Archive(folder) as archive:
        assert archive.search("عنوان").total
    assert warraq("--archive", folder, "plain-index", "build").exit_code == 0
    assert warraq("--archive", folder, "plain-index", "build").exit_code == 0  # anew, not twice
    assert plain_hits(folder, "عنوان") == held


def test_articles_are_written_without_the_index_of_plain_words(folder):
    warraq("--archive", folder, "plain-index", "drop")
    new = capture("/2026/11/9", page("عنوان الخبر التاسع في هذا الاختبار"), 9)
    with closing(open_writer(Collection(folder), info={}, clock=lambda: new.started)) as ingest:
        row = ingest.record(new, site="paper")
        parsed = parse_task(ParseTask(url=new.url, response=new.response, fetched_at=new.started))
        ingest.finish(disposition_of(row, parsed))
    with Archive(folder) as archive:
        assert archive.search("التاسع").total == 1


def test_reindex_leaves_the_index_of_plain_words_as_it_was(folder):
    assert warraq("--archive", folder, "reindex").exit_code == 0
    assert plain_hits(folder, "عنوان")
    warraq("--archive", folder, "plain-index", "drop")
    assert warraq("--archive", folder, "reindex").exit_code == 0
    assert plain_hits(folder, "عنوان") is None
