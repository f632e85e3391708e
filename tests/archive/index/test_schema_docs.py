"""docs/schema.md describes each table, view and column of a new database, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archive.index import open_store

PAGE = Path(__file__).parents[3] / "docs" / "schema.md"
INTERNAL = re.compile(r"sqlite_.*|_sqlite_migrations|articles_(?:search|fts)(?:_.*)?")
"""Tables that belong to SQLite or to its full-text search; the page names them in its last section."""


def described() -> dict[str, dict[str, str]]:
    """Table → column → type, as the page has them."""
    tables: dict[str, dict[str, str]] = {}
    for section in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| (\w+) \| ([A-Z]*) \| .+ \|$", section, re.MULTILINE)
        if rows:
            tables[section.split("\n", 1)[0]] = dict(rows)
    return tables


@pytest.fixture(scope="module")
def actual(tmp_path_factory) -> dict[str, dict[str, str]]:
    with open_store(tmp_path_factory.mktemp("schema") / "warraq.db") as store:
        names = [
            row[0] for row in store.db.conn.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        ]
        return {
            name: {row[1]: row[2] for row in store.db.conn.execute(f"PRAGMA table_xinfo({name})")}
            for name in names
            if not INTERNAL.fullmatch(name)
        }


def test_the_page_describes_every_table(actual):
    missing, gone = actual.keys() - described().keys(), described().keys() - actual.keys()
    assert not missing, f"docs/schema.md lacks a section for the tables {sorted(missing)}"
    assert not gone, f"docs/schema.md describes tables that a new database does not have: {sorted(gone)}"


def test_the_page_describes_every_column_with_its_type(actual):
    page = described()
    for table, columns in actual.items():
        said = page.get(table, {})
        missing, gone = columns.keys() - said.keys(), said.keys() - columns.keys()
        assert not missing, (
            f"docs/schema.md, section {table}: no row for the columns {sorted(missing)} (`make docs` for `articles`)"
        )
        assert not gone, f"docs/schema.md, section {table}: no such columns in a new database: {sorted(gone)}"
        wrong = {name: kind for name, kind in columns.items() if said[name] != kind}
        assert not wrong, f"docs/schema.md, section {table}: other types in a new database: {wrong}"
