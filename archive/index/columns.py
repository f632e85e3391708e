"""Describe each column of `articles` once: the INSERT, the exports, the view `newsarticle` and the displayed fields follow from it.

A new column is a migration in `schema.py` and a line here. `tests/archive/index/test_columns.py` compares the two.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from archive.body import as_data, loads, paragraphs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlite_utils import Database

    from archive.article import Article
    from archive.body import Body

Type = Literal["text", "integer", "flag", "json", "time", "day"]
"""What a value is: `flag` is true, false or NULL, stored as an integer; `json` is a list or a map, `time` a moment in UTC, `day` a
`2024-12-31`, all stored as text."""

Source = Literal["article", "capture", "database"]
"""Where a new row takes its value from: the article, its capture, or what the database works out or fills in later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of `articles`.

    `property` is its name in the view `newsarticle` (schema.org's, where there is one), '' when the view leaves it out. `label` is the
    word under which commands and the web show it, '' when they do not; `provenance` the key of its origin in `provenance`.
    `value` computes it where it is not the attribute of the same name of its source.
    """

    name: str
    type: Type = "text"
    source: Source = "article"
    property: str = ""
    label: str = ""
    provenance: str = ""
    value: Callable[[Article], object] | None = None


@lru_cache(maxsize=64)  # a page on its way is asked for it by the frontier, the WARC and the row
def text_digest(title: str, text: str) -> str:
    """Return the identity of what an article says: SHA-256 of title and text in NFC with white space collapsed, as `sha256:HEX`."""
    words = " ".join(unicodedata.normalize("NFC", f"{title}\n{text}").split())
    return f"sha256:{hashlib.sha256(words.encode('utf-8', 'surrogatepass')).hexdigest()}"


COLUMNS = (
    Column(name="id", type="integer", source="database", property="identifier"),
    Column(name="url", property="url", label="url", provenance="canonical_url"),
    Column(name="urlkey", source="capture"),
    Column(name="site", source="capture"),
    Column(name="hostname", value=lambda article: urlsplit(article.url).hostname or ""),
    Column(name="version", type="integer", source="database", property="version"),
    Column(name="is_latest", type="flag", source="database"),
    Column(name="title", property="headline", label="title", provenance="title"),
    Column(name="text", property="articleBody"),
    Column(name="author", property="author", label="author", provenance="authors"),
    Column(name="date", type="day", value=lambda article: article.date_published[:10]),
    Column(name="date_published", property="datePublished", label="published", provenance="date_published"),
    Column(name="date_modified", property="dateModified", label="modified", provenance="date_modified"),
    Column(name="section", property="articleSection", label="section", provenance="section"),
    Column(name="tags", type="json", property="keywords", label="tags", provenance="tags"),
    Column(name="language", property="inLanguage", label="language", provenance="language"),
    Column(name="description", property="description", label="description", provenance="description"),
    Column(name="sitename", property="publisher", label="site", provenance="sitename"),
    Column(name="source", property="sourceOrganization", label="source", provenance="source"),
    Column(name="image", property="image", value=lambda article: article.images[0].url if article.images else ""),
    Column(name="images", type="json", value=lambda article: [asdict(image) for image in article.images]),
    Column(name="is_accessible_for_free", type="flag", property="isAccessibleForFree"),
    Column(name="route"),
    Column(name="provenance", type="json", value=lambda article: dict(article.provenance)),
    Column(name="dropped", type="json", value=lambda article: [[one.line, one.rule] for one in article.dropped]),
    Column(name="text_digest", value=lambda article: text_digest(article.title, article.text)),
    Column(name="fetched_at", type="time", source="database", property="dateDownloaded"),
    Column(name="last_seen_at", type="time", source="database"),
    Column(name="capture_id", type="integer", source="database"),
    Column(name="conversion_id", source="database"),
    Column(name="payload_digest", source="capture", property="payload_digest"),
    Column(name="warc_filename", source="capture", property="warc_filename"),
    Column(name="warc_record_offset", type="integer", source="capture", property="warc_record_offset"),
    Column(name="warc_record_length", type="integer", source="capture", property="warc_record_length"),
    Column(name="gone_at", type="time", source="database"),
    Column(name="gone_reason", source="database"),
    Column(name="paywalled_at", type="time", source="database"),
    Column(name="body", type="json", value=lambda article: as_data(article.body or paragraphs(article.text))),
    Column(name="published_at", type="time", source="database", property="published_at"),
    Column(name="article_key", source="database"),
    Column(name="kind", property="additionalType"),
)
"""In the order of the table."""

TYPES: dict[str, Type] = {column.name: column.type for column in COLUMNS}
LABELLED = tuple(column for column in COLUMNS if column.label)


def values_of(article: Article, capture: Mapping[str, Any]) -> dict[str, object]:
    """Return the values of a new row that the article and its capture give, as they are stored."""
    return {column.name: _value(column, article, capture) for column in COLUMNS if column.source != "database"}


def described(article: Article) -> dict[str, object]:
    """Return what the page said, by the names of the columns: an article that has no row yet, as JSON takes it."""
    shown = (column for column in COLUMNS if column.source == "article" and column.property)
    values = {column.name: column.value(article) if column.value else getattr(article, column.name) for column in shown}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _value(column: Column, article: Article, capture: Mapping[str, Any]) -> object:
    if column.source == "capture":
        return capture[column.name]
    value = column.value(article) if column.value else getattr(article, column.name)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if column.type == "json" else value


def body_of(row: Mapping[str, Any]) -> Body:
    """Return the blocks of an article; of one that is stored without them, a paragraph for each line of its text."""
    return loads(row.get("body")) or paragraphs(row.get("text", ""))


def as_json_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row as JSON takes it: its JSON columns opened, its flags as true, false or null."""
    return {
        name: _opened_body(row) if name == "body" else _opened(TYPES.get(name), value) for name, value in row.items()
    }


def _opened_body(row: Mapping[str, Any]) -> Any:
    """Return the blocks as lists and dicts; a value that only shares a column's name stays as it is."""
    is_column = row["body"] is None or isinstance(row["body"], str)
    return as_data(body_of(row)) if is_column else row["body"]


def _opened(kind: Type | None, value: Any) -> Any:
    if kind == "json" and isinstance(value, str):
        return json.loads(value)
    return bool(value) if kind == "flag" and isinstance(value, int) else value


def view_sql() -> str:
    """Return the statement that creates the view `newsarticle`: the latest versions, under the names of schema.org."""
    shown = ",\n    ".join(
        column.name if column.name == column.property else f"{column.name} AS {column.property}"
        for column in COLUMNS
        if column.property
    )
    return f"CREATE VIEW newsarticle AS SELECT\n    {shown}\nFROM articles WHERE is_latest = 1"


def update_view(db: Database) -> None:
    """Recreate the view if an earlier version of warraq made it with other columns."""
    held = db.conn.execute("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = 'newsarticle'").fetchone()
    if held is None or held[0] != view_sql():
        db.conn.execute("DROP VIEW IF EXISTS newsarticle")
        db.conn.execute(view_sql())
