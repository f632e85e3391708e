"""A database that a stranger made is judged before it is asked."""

import sqlite3

import pytest

from archive.index import open_store, sqlite
from tests.support.cli import warraq

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"
TURNED = {
    "view": [
        "ALTER TABLE articles RENAME TO hidden",
        f"CREATE VIEW articles AS {ENDLESS} i AS id, 't' AS title FROM n",
    ],
    "view-of-urls": ["DROP TABLE urls", f"CREATE VIEW urls AS {ENDLESS} i AS id, 'u' AS url FROM n"],
    "trigger": [f"CREATE TRIGGER more AFTER INSERT ON runs BEGIN INSERT INTO runs (kind) {ENDLESS} 'x' FROM n; END"],
    "trigger-by-our-name": [
        "DROP TRIGGER articles_fts_insert",
        f"CREATE TRIGGER articles_fts_insert AFTER INSERT ON articles BEGIN INSERT INTO runs (kind) {ENDLESS} 'x' FROM n; END",
    ],
    "index-of-a-view": [
        "DROP TABLE articles_search",
        f"CREATE VIEW v AS {ENDLESS} i AS id, 'a' AS title FROM n",
        "CREATE VIRTUAL TABLE articles_search USING fts5(title, content=\"v\", content_rowid=\"id\")",
    ],
}  # fmt: skip


def test_every_table_of_ours_is_judged(shelf):
    made = {name for (name,) in shelf.store.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    ours = {name for name in made if not name.startswith(("articles_search", "articles_fts", "sqlite_"))}
    assert ours == sqlite.TABLES, "name the new table in archive/index/sqlite.py"
    assert sqlite.database_problem(shelf.store.db.conn) == ""


@pytest.mark.parametrize("turned", TURNED)
@pytest.mark.parametrize(
    "command", [("list",), ("stats",), ("show", "1"), ("search", "x"), ("export",), ("verify",), ("group",)]
)
def test_what_is_no_table_of_ours_is_refused_at_once(shelf, turned, command):
    shelf.store.close()
    shelf.writer.close()
    with sqlite3.connect(shelf.collection.database) as db:
        for statement in TURNED[turned]:
            db.execute(statement)
    db.close()
    done = warraq("--archive", shelf.collection.folder, *command, code=7)
    assert "warraq reindex" in done.stderr


def test_views_and_tables_of_the_operator_are_welcome(shelf):
    shelf.store.close()
    with sqlite3.connect(shelf.collection.database) as db:
        db.execute("CREATE VIEW mine AS SELECT title FROM articles")
        db.execute("CREATE TABLE notes (article_id, note)")
    db.close()
    assert warraq("--archive", shelf.collection.folder, "list").stdout


def test_reindex_carries_nothing_over_from_such_a_database(shelf, caplog):
    shelf.store.close()
    shelf.writer.close()
    with sqlite3.connect(shelf.collection.database) as db:
        for statement in TURNED["view-of-urls"]:
            db.execute(statement)
    db.close()
    warraq("--archive", shelf.collection.folder, "reindex")
    assert "nothing of the old database is carried over" in caplog.text
    with open_store(shelf.collection.database, read_only=True) as store:
        assert store.db.execute("SELECT count(*) FROM urls").fetchone() == (0,)
        assert store.db.execute("SELECT count(*) FROM captures").fetchone()[0] > 0


def test_a_journal_that_names_another_file_is_refused(shelf):
    shelf.store.close()
    journal = shelf.collection.folder / "warraq.db-journal"
    journal.write_bytes(bytes(600) + bytes.fromhex("d9d505f920a163d7"))
    warraq("--archive", shelf.collection.folder, "list", code=7)
    journal.write_bytes(b"")
    warraq("--archive", shelf.collection.folder, "list")


def test_a_text_beyond_all_measure_is_refused(shelf, monkeypatch):
    shelf.store.close()
    monkeypatch.setattr(sqlite, "MAX_TEXT_BYTES", 10)
    warraq("--archive", shelf.collection.folder, "list", code=7)
