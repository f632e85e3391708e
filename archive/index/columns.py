"""Describe each column of `articles` once. The typed row, the INSERT, the exports, the view and docs/schema.md follow from it.

A new column is a migration in `schema.py` and a line here. `tests/archive/index/test_columns.py` compares the two.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import KW_ONLY, asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict, get_type_hints
from urllib.parse import urlsplit

from archive.body import as_data, loads, pack, paragraphs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlite_utils import Database

    from archive.article import Article
    from archive.body import Body

Type = Literal["text", "integer", "flag", "json", "time", "day"]
"""What a value is: `flag` is true, false or NULL, stored as an integer; `json` is a list or a map, `time` a moment in UTC, `day` a
`2024-12-31`, all stored as text."""

Source = Literal["article", "capture", "database"]
"""Where a new row takes its value from: the article, its capture, or the database, which computes it or fills it in later."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of `articles`.

    `meaning` is its description in docs/schema.md; the name comes from `ArticleRow`.
    `property` is its name in the view `newsarticle` (schema.org's, where there is one), '' when the view leaves it out. `label` is the
    word under which commands and the web show it, '' when they do not; `provenance` the key of its origin in `provenance`.
    `value` computes it where it is not the attribute of the same name of its source.
    """

    meaning: str
    _: KW_ONLY
    name: str = ""
    type: Type = "text"
    source: Source = "article"
    property: str = ""
    label: str = ""
    provenance: str = ""
    value: Callable[[Article], object] | None = None

    def declared(self) -> str:
        """Return the type that the table declares."""
        return "INTEGER" if self.type in {"integer", "flag"} else "TEXT"


def text_block(title: str, text: str) -> str:
    """Return the block of the WARC record that holds the clean text of a version."""
    return f"{title}\n\n{text}\n"


@lru_cache(maxsize=64)  # the frontier, the WARC and the row each ask for it
def text_digest(title: str, text: str) -> str:
    """Return the digest that identifies a text: SHA-256 of title and text in NFC with white space collapsed, as `sha256:HEX`."""
    words = " ".join(unicodedata.normalize("NFC", f"{title}\n{text}").split())
    return f"sha256:{hashlib.sha256(words.encode('utf-8', 'surrogatepass')).hexdigest()}"


# fmt: off
class ArticleRow(TypedDict):
    """A row of `articles`, one version of an article, in the order of the table."""

    id: Annotated[int, Column("key", type="integer", source="database", property="identifier")]
    url: Annotated[str, Column("canonical URL", property="url", label="url", provenance="canonical_url")]
    urlkey: Annotated[str, Column("its SURT key", source="capture")]
    site: Annotated[str, Column("name of the site", source="capture")]
    hostname: Annotated[str, Column("host of the URL", value=lambda article: urlsplit(article.url).hostname or "")]
    version: Annotated[int, Column("1, 2, … in the order of capture", type="integer", source="database", property="version")]
    is_latest: Annotated[int, Column("1 for the version that was seen last", type="flag", source="database")]
    title: Annotated[str, Column("headline", property="headline", label="title", provenance="title")]
    text: Annotated[str, Column("clean text, a paragraph a line", property="articleBody")]
    author: Annotated[str, Column("names, separated by `; `", property="author", label="author", provenance="authors")]
    date: Annotated[str, Column("day of publication", type="day", value=lambda article: article.date_published[:10])]
    date_published: Annotated[str, Column(
        "time of publication, as precise as the page gives it", property="datePublished", label="published", provenance="date_published"
    )]
    date_modified: Annotated[str, Column(
        "time of the last change that the page gives", property="dateModified", label="modified", provenance="date_modified"
    )]
    section: Annotated[str, Column("section of the site", property="articleSection", label="section", provenance="section")]
    tags: Annotated[str, Column("JSON list of keywords", type="json", property="keywords", label="tags", provenance="tags")]
    language: Annotated[str, Column("BCP 47 code", property="inLanguage", label="language", provenance="language")]
    description: Annotated[str, Column(
        "summary that the page gives", property="description", label="description", provenance="description"
    )]
    sitename: Annotated[str, Column("name of the publication", property="publisher", label="site", provenance="sitename")]
    source: Annotated[str, Column(
        "news agency or other source that the page names", property="sourceOrganization", label="source", provenance="source"
    )]
    image: Annotated[str, Column(
        "URL of the first picture", property="image", value=lambda article: article.images[0].url if article.images else ""
    )]
    images: Annotated[str, Column(
        "JSON list of pictures with captions", type="json", value=lambda article: [asdict(image) for image in article.images]
    )]
    is_accessible_for_free: Annotated[int | None, Column(
        "1, 0, or NULL where the page does not say", type="flag", property="isAccessibleForFree"
    )]
    route: Annotated[str, Column("how the text was found (`warraq explain`)")]
    provenance: Annotated[str, Column(
        "JSON object: where on the page each field was found", type="json", value=lambda article: dict(article.provenance)
    )]
    dropped: Annotated[str, Column(
        "JSON list of lines that were left out, with the rule", type="json",
        value=lambda article: [[one.line, one.rule] for one in article.dropped]
    )]
    text_digest: Annotated[str, Column(
        "SHA-256 of title and text; unique with the URL", value=lambda article: text_digest(article.title, article.text)
    )]
    fetched_at: Annotated[str, Column("first capture of this version", type="time", source="database", property="dateDownloaded")]
    last_seen_at: Annotated[str, Column("last capture of this version", type="time", source="database")]
    capture_id: Annotated[int, Column("first capture, in `captures`", type="integer", source="database")]
    conversion_id: Annotated[str, Column("WARC-Record-ID of its clean text", source="database")]
    payload_digest: Annotated[str, Column("digest of the payload that it was read from", source="capture", property="payload_digest")]
    warc_filename: Annotated[str, Column("file that holds that record", source="capture", property="warc_filename")]
    warc_record_offset: Annotated[int, Column("its first byte there", type="integer", source="capture", property="warc_record_offset")]
    warc_record_length: Annotated[int, Column("its compressed length", type="integer", source="capture", property="warc_record_length")]
    gone_at: Annotated[str | None, Column("since when its page is gone; NULL while it is served", type="time", source="database")]
    gone_reason: Annotated[str, Column("how the page says so: `http-404`, `http-410`, …", source="database")]
    paywalled_at: Annotated[str | None, Column("since when its page is behind a wall", type="time", source="database")]
    body: Annotated[str | None, Column(
        "JSON list of the article's blocks (`archive/body/`), packed against `text`; NULL in rows of an older version", type="json",
        value=lambda article: as_data(article.body or paragraphs(article.text))
    )]
    published_at: Annotated[str | None, Column(
        "`date_published` in UTC (generated), NULL when it is not a time; order by this",
        type="time", source="database", property="published_at"
    )]
    article_key: Annotated[str, Column(
        "what its versions share under every spelling of the address: the URL without scheme, `www.`, trailing slash and "
        "tracking parameters, or what `identities` has instead", source="database"
    )]
    kind: Annotated[str, Column("`article`, or `document` for a PDF file", property="additionalType")]

# fmt: on


COLUMNS: tuple[Column, ...] = tuple(
    replace(hint.__metadata__[0], name=name) for name, hint in get_type_hints(ArticleRow, include_extras=True).items()
)

TYPES: dict[str, Type] = {column.name: column.type for column in COLUMNS}
LABELLED = tuple(column for column in COLUMNS if column.label)


def values_of(article: Article, capture: Mapping[str, Any]) -> dict[str, object]:
    """Return the values of a new row that come from the article and its capture, as they are stored."""
    return {column.name: _value(column, article, capture) for column in COLUMNS if column.source != "database"}


def packed(values: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return the values of a row as the table stores them, with the body packed against this text; queries unpack it again."""
    body = values.get("body")
    return {**values, "body": pack(body, text)} if isinstance(body, str) else dict(values)


def described(article: Article) -> dict[str, object]:
    """Return an article that has no row yet as JSON values, by the names of the columns."""
    shown = (column for column in COLUMNS if column.source == "article" and column.property)
    values = {column.name: column.value(article) if column.value else getattr(article, column.name) for column in shown}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _value(column: Column, article: Article, capture: Mapping[str, Any]) -> object:
    if column.source == "capture":
        return capture[column.name]
    value = column.value(article) if column.value else getattr(article, column.name)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if column.type == "json" else value


def body_of(row: Mapping[str, Any]) -> Body:
    """Return the blocks of an article; for one that is stored without them, one paragraph for each line of its text."""
    return loads(row.get("body")) or paragraphs(row.get("text", ""))


def as_json_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row as JSON values: its JSON columns parsed, its flags as true, false or null."""
    return {
        name: _opened_body(row) if name == "body" else _opened(TYPES.get(name), value) for name, value in row.items()
    }


def _opened_body(row: Mapping[str, Any]) -> Any:
    """Return the blocks as lists and dicts; a value that is not a body is returned unchanged."""
    is_column = row["body"] is None or isinstance(row["body"], str)
    return as_data(body_of(row)) if is_column else row["body"]


def _opened(kind: Type | None, value: Any) -> Any:
    if kind == "json" and isinstance(value, str):
        return json.loads(value)
    return bool(value) if kind == "flag" and isinstance(value, int) else value


def readable_sides(change: Mapping[str, Any]) -> tuple[str, str]:
    """Return the values before and after a change as text: lists with commas, of pictures only those that differ, by URL and caption."""
    before, after = (_listed(change["field"], change[side]) for side in ("before", "after"))
    if change["field"] == "images":
        before, after = (
            [one for one in side if one not in other] for side, other in ((before, after), (after, before))
        )
    return ", ".join(before), ", ".join(after)


def _listed(field: str, value: str) -> list[str]:
    """Return the items of a JSON column, or the value itself."""
    if TYPES.get(field) != "json" or not value:
        return [value] if value else []
    try:
        items = json.loads(value)
        return [
            item if isinstance(item, str) else " ".join(filter(None, (item["url"], item["caption"]))) for item in items
        ]
    except (ValueError, TypeError, KeyError):  # a database from elsewhere
        return [value]


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
