"""Foreign databases are checked before use."""

import sqlite3

import pytest

from archive.index import open_store, sqlite
from tests.support.cli import warraq

pytestmark = pytest.mark.slow

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
    "generated-column": ["ALTER TABLE articles ADD COLUMN more TEXT GENERATED ALWAYS AS (hex(zeroblob(450000000)))"],
    "computed-column": ["ALTER TABLE runs ADD COLUMN more as(printf('%.*c', 900000000, 'x'))"],
    "check": ["DROP TABLE runs", "CREATE TABLE runs (id INTEGER PRIMARY KEY, kind TEXT, CHECK(length(hex(zeroblob(9))) > 0))"],
    "default": ["DROP TABLE runs", "CREATE TABLE runs (id INTEGER PRIMARY KEY, kind TEXT DEFAULT (hex(zeroblob(9))))"],
    "index-of-an-expression": ["CREATE INDEX more ON runs (length(hex(zeroblob(9 + id))))"],
    "index-of-a-quoted-function": ["CREATE INDEX more ON runs (length(\"hex\" (kind)))"],
    "index-with-a-comment": ["CREATE INDEX more ON runs (length(hex/**/(kind)))"],
    "index-that-joins-texts": ["CREATE INDEX more ON runs (kind || kind || kind)"],
    "index-with-a-condition": ["CREATE INDEX more ON runs (id) WHERE kind LIKE '%a%a%a%a%a%'"],
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
        db.execute("CREATE TABLE notes (article_id, note, CHECK (note <> ''))")
        db.execute(
            'CREATE INDEX "by title" ON "articles" ("title" COLLATE NOCASE DESC, substr(date, 1, 4)) WHERE (is_latest = 1)'
        )
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


DAMAGES = {
    "definition": (b"CREATE TRIGGER articles_fts_delete", b"CREATE TRIGGER articles_fts_\xa4elete"),
    "table": (b"CREATE TABLE runs (", b"CREATE TA\xa4LE runs ("),
}


@pytest.mark.parametrize("damage", [*DAMAGES, "value"])
def test_a_text_that_is_not_utf8_in_the_definitions_is_damage_and_reindex_mends_it(shelf, tmp_path, damage):
    """SQLite quotes it in the message of an error, which Python then cannot decode."""
    shelf.store.close()
    shelf.writer.close()
    path = shelf.collection.database
    if damage == "value":
        with sqlite3.connect(path) as db:
            db.execute("UPDATE _sqlite_migrations SET applied_at = CAST(x'61ff62' AS TEXT)")
        db.close()
    else:
        whole = path.read_bytes()
        before, after = DAMAGES[damage]
        assert before in whole
        path.write_bytes(whole.replace(before, after))
    for command in (
        ("list",), ("search", "x"), ("stats",), ("verify",), ("group",), ("watch", "run"), ("backup", tmp_path / "copy"),
    ):  # fmt: skip
        done = warraq("--archive", shelf.collection.folder, *command, code=None)
        assert done.exit_code in {0, 7}, (command, done.output)
    warraq("--archive", shelf.collection.folder, "reindex")
    assert warraq("--archive", shelf.collection.folder, "list").stdout


def test_watches_with_damaged_definitions_are_refused(shelf):
    shelf.store.close()
    warraq("--archive", shelf.collection.folder, "watch", "add", "library", "--name", "one")
    path = shelf.collection.folder / "watches.db"
    path.write_bytes(path.read_bytes().replace(b"CREATE INDEX messages_", b"CREATE IND\xc6X messages_"))
    assert "definitions are damaged" in warraq("--archive", shelf.collection.folder, "watch", "list", code=7).stderr
