"""What a page changed without changing its text: byline, date, section, tags, pictures, structure. Never ends a transaction.

A version of an article is its title and text. When it is served again with other metadata, its row takes these, and the table `changes`
keeps what each field said before and after, when that was first seen, and the record that says so.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archive.index import articles
from archive.index.columns import COLUMNS, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlite_utils import Database

    from archive.article import Article

FIELDS = (
    "author", "date_published", "date_modified", "section", "tags", "language", "description", "sitename", "source", "images",
    "is_accessible_for_free", "body",
)  # fmt: skip
"""The columns whose change is recorded."""

_FOLLOWING = {"date_published": ("date",), "images": ("image",)}
"""Columns that change with another."""
MUTABLE = frozenset({*FIELDS, *(other for others in _FOLLOWING.values() for other in others), "provenance"})
"""The columns of a version that take what the page says when it is seen last."""
_OF_ARTICLE = frozenset(column.name for column in COLUMNS if column.source == "article")


def found(db: Database, article_id: int, article: Article, *, at: str) -> dict[str, object]:
    """The columns of a version that the article gives otherwise, with their new values; {} when it was served before the last time."""
    names = ", ".join(("last_seen_at", *sorted(_OF_ARTICLE)))
    row = next(db.query(f"SELECT {names} FROM articles WHERE id = ?", [article_id]))  # noqa: S608 - our own column names
    if at <= row["last_seen_at"]:
        return {}
    given = values_of(article, dict.fromkeys(column.name for column in COLUMNS))
    changed = [name for name in FIELDS if _text(row[name]) != _text(given[name])]
    columns = [*changed, *(other for name in changed for other in _FOLLOWING.get(name, ()))]
    return {name: given[name] for name in (*columns, "provenance")} if changed else {}


def apply(db: Database, article_id: int, values: Mapping[str, object], *, at: str, record_id: str) -> None:
    """Puts these values into the row of a version, and what they replace into `changes`.

    A row without a body was read by an earlier version of warraq: what it says otherwise may be the reading and not the page.
    """
    row = next(db.query("SELECT * FROM articles WHERE id = ?", [article_id]))
    recorded = [name for name in values if name in FIELDS and row["body"] is not None]
    rows = [(article_id, at, name, *_sides(name, row[name], values[name]), record_id) for name in recorded]
    db.conn.executemany("INSERT OR IGNORE INTO changes VALUES (?, ?, ?, ?, ?, ?)", rows)
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    db.conn.execute(f"UPDATE articles SET {assignments} WHERE id = :id", {**values, "id": article_id})  # noqa: S608 - our own column names


def _sides(name: str, before: object, after: object) -> tuple[str, str]:
    return ("", "") if name == "body" else (_text(before), _text(after))


def _text(value: object) -> str:
    return "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)


def of_url(db: Database, url: str) -> list[dict[str, Any]]:
    """What changed in the versions of that URL without their texts, oldest first: article_id, version, seen_at, field, before, after."""
    sql = """
        SELECT c.article_id, a.version, c.seen_at, c.field, c.before, c.after, c.record_id
        FROM articles AS a JOIN changes AS c ON c.article_id = a.id WHERE a.article_key = ? ORDER BY c.seen_at, c.field
        """
    return list(db.query(sql, [articles.key_of(db, url)]))


def copy(source: Database, target: Database, ids: Mapping[int, int]) -> None:
    """Copies what is kept of versions of another archive: ids there, and the ids that they have here."""
    sql = "SELECT * FROM changes WHERE article_id IN (SELECT value FROM json_each(?))"
    rows = source.query(sql, [json.dumps(list(ids))])
    values = [{**row, "article_id": ids[row["article_id"]]} for row in rows]
    sql = "INSERT OR IGNORE INTO changes VALUES (:article_id, :seen_at, :field, :before, :after, :record_id)"
    target.conn.executemany(sql, values)
