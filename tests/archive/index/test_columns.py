"""The table of columns matches the database, and everything derived from it has all columns."""

import json
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import get_type_hints

import pytest
from sqlite_utils.utils import sqlite3

from archive.article import Article, Image
from archive.body import unpack
from archive.export import FORMATS, Source
from archive.index import articles, captures, columns, open_store, sqlite
from archive.index.columns import COLUMNS, LABELLED, ArticleRow, as_json_row, readable_sides
from archive.index.rows import CaptureRow, RunRow, StoredCapture
from archive.index.schema import MIGRATIONS

CAPTURE = CaptureRow(
    record_id="<urn:uuid:1>", record_type="response", url="https://a.example/1", urlkey="example,a)/1", site="a",
    timestamp="20261124120000", captured_at="2026-11-24T12:00:00Z", status=200, mime="text/html", payload_digest="sha1:X",
    warc_filename="a.warc.gz", warc_record_offset=7, warc_record_length=9,
)  # fmt: skip
ARTICLE = Article(
    url="https://a.example/1", title="T", text="text", tags=("one", "two"), images=(Image(url="https://a.example/p.jpg"),),
    date_published="2026-11-24T10:00:00Z", is_accessible_for_free=False,
)  # fmt: skip


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "warraq.db") as store:
        with store.atomic():
            captures.insert(store.db, CAPTURE)
            capture = captures.of_record(store.db, CAPTURE.record_id)
            articles.insert_version(store.db, ARTICLE, capture=capture, conversion_id="")
        yield store


def test_a_body_is_opened_by_the_text_that_is_selected_with_it(store):
    (row,) = store.db.query("SELECT text, body FROM articles")
    assert row["body"] == '[{"kind":"paragraph","spans":[{"text":"text"}]}]'
    (alone,) = store.db.query("SELECT body FROM articles")
    assert unpack(alone["body"], row["text"]) == row["body"]


def test_every_column_of_the_table_is_described_in_its_order():
    db = sqlite.Database(memory=True)
    MIGRATIONS.apply(db)
    table = {row[1]: row[2] for row in db.conn.execute("PRAGMA table_xinfo(articles)")}
    db.close()
    described = {column.name: column for column in COLUMNS}
    more, less = sorted(table.keys() - described.keys()), sorted(described.keys() - table.keys())
    assert not more, f"archive/index/columns.py, ArticleRow: describe the columns {more}"
    assert not less, f"archive/index/schema.py: no migration adds the columns {less}"
    moved = [name for name, there in zip(described, table, strict=True) if name != there]
    assert not moved, (
        f"archive/index/columns.py, ArticleRow: not in the order of the table, where new columns are last: {moved}"
    )
    for name, declared in table.items():
        assert declared == described[name].declared(), (
            f"{name} is {declared} in the table, {described[name].type} in archive/index/columns.py"
        )


def test_the_type_in_python_is_that_of_the_column():
    for column, hint in zip(COLUMNS, get_type_hints(ArticleRow).values(), strict=True):
        python = {"INTEGER": int, "TEXT": str}[column.declared()]
        assert hint in {python, python | None}, f"archive/index/columns.py: {column.name} is {column.type} and {hint}"


def test_every_label_has_a_message_in_both_languages():
    for language in ("ar", "en"):
        messages = tomllib.loads(files("archive.web").joinpath("messages", f"{language}.toml").read_text("utf-8"))
        missing = {column.label for column in LABELLED} - messages["article"].keys()
        assert not missing, f"archive/web/messages/{language}.toml lacks [article] {', '.join(sorted(missing))}"


def test_a_row_of_the_real_table_goes_out_in_every_format_of_articles(store, tmp_path):
    row = articles.get(store.db, 1)
    source = Source(collection=tmp_path, created=datetime(2026, 11, 24, tzinfo=UTC), articles=[row])
    for name, way in FORMATS.items():
        if way.of == "articles":
            assert way.write(replace(source, articles=[row]), tmp_path / name) == 1, name


def test_an_export_of_nothing_has_the_columns_and_their_types(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    source = Source(collection=tmp_path, created=datetime(2026, 11, 24, tzinfo=UTC))
    assert FORMATS["parquet"].write(source, tmp_path / "none.parquet") == 0
    schema = parquet.read_schema(tmp_path / "none.parquet")
    assert schema.names == [column.name for column in COLUMNS]
    assert str(schema.field("version").type) == "int64"
    assert str(schema.field("is_latest").type) == "bool"
    FORMATS["csv"].write(source, tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_text("utf-8-sig").strip().split(",") == [
        name for name in schema.names if name != "body"
    ]


def test_json_columns_are_opened_and_flags_are_true_or_false(store):
    row = as_json_row(articles.get(store.db, 1))
    assert row["tags"] == ["one", "two"]
    assert row["images"] == [{"url": "https://a.example/p.jpg", "caption": ""}]
    assert row["is_latest"] is True
    assert row["is_accessible_for_free"] is False
    assert row["version"] == 1
    assert json.dumps(row)


def test_the_view_of_an_older_database_is_made_anew_with_all_columns(store, tmp_path):
    store.close()
    with sqlite3.connect(tmp_path / "warraq.db") as old:
        old.execute("DROP VIEW newsarticle")
        old.execute("CREATE VIEW newsarticle AS SELECT id AS identifier FROM articles")
    old.close()
    with open_store(tmp_path / "warraq.db") as store:
        view = next(store.db.query("SELECT * FROM newsarticle"))
    assert set(view) == {column.property for column in columns.COLUMNS if column.property}
    assert view["headline"] == "T"


@pytest.mark.parametrize(("table", "row"), [("captures", StoredCapture), ("runs", RunRow)])
def test_a_typed_row_has_every_column_of_its_table(table, row, tmp_path):
    with open_store(tmp_path / "warraq.db") as store:
        columns = {name for _, name, *_ in store.db.conn.execute(f"PRAGMA table_xinfo({table})")}
    assert columns == row.__annotations__.keys(), f"archive/index/rows.py: {row.__name__} and the table {table} differ"


@pytest.mark.parametrize(
    ("field", "before", "after", "shown"),
    [
        ("tags", '["a","b"]', '["a","c"]', ("a, b", "a, c")),
        ("section", "", "News", ("", "News")),
        (
            "images",
            '[{"url":"https://a.example/1","caption":"One"},{"url":"https://a.example/2","caption":""}]',
            '[{"url":"https://a.example/1","caption":"One"},{"url":"https://a.example/3","caption":"Three"}]',
            ("https://a.example/2", "https://a.example/3 Three"),
        ),
        ("images", "[{}]", "not json", ("[{}]", "not json")),
    ],
)
def test_a_change_is_shown_without_json(field, before, after, shown):
    assert readable_sides({"field": field, "before": before, "after": after}) == shown
