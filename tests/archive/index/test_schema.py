"""Migrations: a database of any earlier version is read with all current columns."""

from __future__ import annotations

import pytest

from archive.index import Store, sqlite
from archive.index.schema import MIGRATIONS, unknown_steps

pytestmark = pytest.mark.slow

EMPTY = sqlite.Database(memory=True)
STEPS = [step.name for step in MIGRATIONS.pending(EMPTY)]
EMPTY.close()
FIRST = STEPS.index("0008_files") + 1
"""Version 0.1 had the steps before this one."""


def columns(db: sqlite.Database) -> dict[str, set[str]]:
    tables = {row[0] for row in db.conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables |= {row[0] for row in db.conn.execute("SELECT name FROM sqlite_temp_master")}
    return {name: {row[1] for row in db.conn.execute(f"PRAGMA table_xinfo({name})")} for name in tables}


@pytest.fixture
def old(tmp_path, request):
    path = tmp_path / "warraq.db"
    db = sqlite.Database(path)
    MIGRATIONS.apply(db, stop_before=STEPS[FIRST])
    db.conn.execute(
        """INSERT INTO articles (url, urlkey, site, hostname, version, is_latest, title, text, author, date, date_published, route,
            provenance, text_digest, fetched_at, last_seen_at, capture_id, conversion_id, payload_digest, warc_filename,
            warc_record_offset, warc_record_length, date_modified, section, tags, language, description, sitename, source, image, images,
            dropped)
        VALUES ('https://www.a.example/1/', '', 'a', 'a.example', 1, 1, 'T', 'text', '', '2026-11-24', '2026-11-24T12:00:00+02:00', '',
            '{}', '', '2026-11-24T13:00:00Z', '', 1, '', '', '', 0, 0, '', '', '[]', '', '', '', '', '', '[]', '[]')"""
    )
    db.conn.commit()
    MIGRATIONS.apply(db, stop_before=request.param)
    db.close()
    return path


@pytest.mark.parametrize("old", STEPS[FIRST:], indirect=True)
def test_an_older_database_that_is_only_read_has_the_columns_of_today(old):
    today = sqlite.Database(memory=True)
    MIGRATIONS.apply(today)
    before = old.read_bytes()
    with Store(old, read_only=True) as store:
        assert columns(store.db) == columns(today)
        assert next(store.db.query("SELECT published_at, article_key, kind FROM articles")) == {
            "published_at": "2026-11-24T10:00:00Z",
            "article_key": "a.example/1",
            "kind": "article",
        }
    today.close()
    assert old.read_bytes() == before


@pytest.mark.parametrize("old", STEPS[FIRST:], indirect=True)
def test_an_older_database_that_is_written_takes_the_steps_it_lacks(old):
    with Store(old) as store:
        assert next(store.db.query("SELECT article_key FROM articles"))["article_key"] == "a.example/1"
        assert MIGRATIONS.pending(store.db) == []


def test_a_step_of_a_later_version_is_named(tmp_path):
    db = sqlite.Database(tmp_path / "warraq.db")
    MIGRATIONS.apply(db)
    later = sqlite.Migrations("warraq")
    later(name="9999_later")(lambda db: None)
    later.apply(db)
    assert unknown_steps(db) == ("9999_later",)
    db.close()
