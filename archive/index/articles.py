"""Query and write the tables `articles` and `changes`: versions, and changes without a new text. Never begins or ends a transaction."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from archive import urls
from archive.index import captures, former_ids
from archive.index.columns import COLUMNS, packed, values_of
from archive.index.rows import of_site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlite_utils import Database

    from archive.article import Article
    from archive.index.columns import ArticleRow
    from archive.index.rows import ChangeRow, StoredCapture, VersionSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of an article that was offered: the row, and whether it is a new version, the first one, or one we had.

    `is_updated`: one we had, whose page now gives other metadata (see `archive.index.articles`).
    """

    id: int
    is_new: bool
    is_first: bool
    is_updated: bool = False

    @property
    def change(self) -> str:
        """`new`, `changed` (another text), `updated` (only other metadata) or `unchanged`."""
        if self.is_new:
            return "new" if self.is_first else "changed"
        return "updated" if self.is_updated else "unchanged"


def key_of(db: Database, url: str) -> str:
    """Return the key that the versions of the article at this URL share, under any spelling (see `archive.index.identity`)."""
    key = urls.identity(url)
    sql = "SELECT (SELECT article_key FROM identities WHERE name = ?), (SELECT article_key FROM identities WHERE name = ?)"
    of_url, of_key = db.conn.execute(sql, (url, key)).fetchone()
    return str(of_url or of_key or key)


def find_version(db: Database, url: str, digest: str) -> int | None:
    """Return the id of the version of the article at this URL that says exactly this, None when there is none."""
    sql = "SELECT id FROM articles WHERE article_key = ? AND text_digest = ?"
    row = db.conn.execute(sql, (key_of(db, url), digest)).fetchone()
    return int(row[0]) if row else None


def see_again(db: Database, article_id: int, *, at: str) -> Stored:
    """Note that a version that we hold was served again at that time."""
    key = db.conn.execute(
        "UPDATE articles SET last_seen_at = max(last_seen_at, ?), fetched_at = min(fetched_at, ?) WHERE id = ? RETURNING article_key",
        (at, at, article_id),
    ).fetchone()[0]
    number_key(db, key)
    return Stored(id=article_id, is_new=False, is_first=False)


def insert_version(db: Database, article: Article, *, capture: StoredCapture, conversion_id: str) -> Stored:
    """Add a version that is not held yet; `capture` is the row of the capture that it was read from."""
    key = key_of(db, article.url)
    is_first = db.conn.execute("SELECT 1 FROM articles WHERE article_key = ?", (key,)).fetchone() is None
    row = packed(values_of(article, captures.payload_of(db, capture)), article.text) | {
        "id": former_ids.next_id(db, capture["record_id"]),
        "conversion_id": conversion_id,
        "capture_id": capture["id"],
        "article_key": key,
    }
    row |= dict.fromkeys(("fetched_at", "last_seen_at"), capture["captured_at"])
    names = ", ".join(row)
    marks = ", ".join(f":{name}" for name in row)
    sql = f"INSERT INTO articles ({names}) VALUES ({marks}) RETURNING id"  # noqa: S608 - our own column names
    article_id = int(db.conn.execute(sql, row).fetchone()[0])
    if not is_first:
        number_key(db, key)
    return Stored(id=article_id, is_new=True, is_first=is_first)


def number_versions(db: Database, url: str) -> None:
    """Renumber the versions of the article at this URL."""
    number_key(db, key_of(db, url))


def number_key(db: Database, key: str) -> None:
    """Number the versions of a key in the order in which they were first served; the latest is the one served last.

    Two of the same moment are ordered by their text, not by their ids: the order in which rows came in must not number them.
    """
    db.conn.execute(
        """
        UPDATE articles SET
            version = ranked.version, is_latest = ranked.is_latest
        FROM (
            SELECT id, row_number() OVER (ORDER BY fetched_at, text_digest) AS version,
                   row_number() OVER (ORDER BY last_seen_at DESC, text_digest DESC) = 1 AS is_latest
            FROM articles WHERE article_key = :key
        ) AS ranked
        WHERE articles.id = ranked.id AND (articles.version <> ranked.version OR articles.is_latest <> ranked.is_latest)
        """,
        {"key": key},
    )


def get(db: Database, article_id: int) -> ArticleRow | None:
    """Return the version of that id, as a dict of its columns."""
    return cast("ArticleRow | None", next(db.query("SELECT * FROM articles WHERE id = ?", [article_id]), None))


def versions(db: Database, url: str) -> list[ArticleRow]:
    """Return all versions of the article at that URL, in any spelling (its canonical one, or any that it was fetched at), oldest first."""
    sql = "SELECT * FROM articles WHERE article_key = ? ORDER BY version"
    if rows := list(db.query(sql, [key_of(db, url)])):
        return cast("list[ArticleRow]", rows)
    captured = """
        SELECT c.url, a.article_key FROM captures AS c JOIN articles AS a ON a.id = c.article_id WHERE c.urlkey = ?
        ORDER BY c.timestamp DESC
        """
    wanted = urls.identity(url)
    found = (key for one, key in db.conn.execute(captured, (urls.surt(url),)) if urls.identity(one) == wanted)
    return cast("list[ArticleRow]", list(db.query(sql, [key]))) if (key := next(found, "")) else []


def newest(db: Database, *, site: str = "", limit: int = 20, offset: int = 0) -> Iterator[ArticleRow]:
    """Yield the latest versions, newest publication first (by the moment, in whatever zone), undated ones by the time they were fetched."""
    sql = f"""
        SELECT * FROM articles WHERE is_latest = 1 AND {of_site(site)}
        ORDER BY coalesce(published_at, fetched_at) DESC, id DESC LIMIT :limit OFFSET :offset
        """  # noqa: S608 - our own words
    values = {"site": site, "limit": limit, "offset": offset}
    return iter(cast("list[ArticleRow]", list(db.query(sql, values))))


def listed(db: Database, *, after: int, limit: int) -> list[ArticleRow]:
    """Return the latest versions in the order in which they came in, from the one after that id on."""
    sql = "SELECT * FROM articles WHERE is_latest = 1 AND id > ? ORDER BY id LIMIT ?"
    return cast("list[ArticleRow]", list(db.query(sql, [after, limit])))


def set_conversions(db: Database, pairs: list[tuple[str, str]]) -> None:
    """Set the record of the clean text of the version that was read from a capture: (conversion id, record id) pairs."""
    db.conn.executemany(
        """
        UPDATE articles SET conversion_id = ?
        WHERE conversion_id = '' AND capture_id = (SELECT id FROM captures WHERE record_id = ?)
        """,
        pairs,
    )


def spells(db: Database, url: str) -> list[VersionSpan]:
    """Return which version stood when, oldest first: article_id, version, first_at, last_at and captures, a row for each unbroken time.

    A text that changes and is changed back stands for two of them.
    """
    sql = """
        WITH served AS (
            SELECT a.id AS article_id, a.version, c.captured_at,
                   row_number() OVER (ORDER BY c.captured_at, c.id)
                   - row_number() OVER (PARTITION BY a.id ORDER BY c.captured_at, c.id) AS spell
            FROM articles AS a JOIN captures AS c ON c.article_id = a.id WHERE a.article_key = ?
        )
        SELECT article_id, version, min(captured_at) AS first_at, max(captured_at) AS last_at, count(*) AS captures
        FROM served GROUP BY article_id, spell ORDER BY first_at
        """
    return cast("list[VersionSpan]", list(db.query(sql, [key_of(db, url)])))


ALIKE = 0.3
"""Share of common words from which two texts can be versions of one article; unrelated news shares a tenth."""


def latest_text(db: Database, url: str) -> tuple[str, str] | None:
    """Return the title and text of the latest version at that URL, None when there is none."""
    row = db.conn.execute(
        "SELECT title, text FROM articles WHERE article_key = ? AND is_latest = 1", (key_of(db, url),)
    ).fetchone()
    return (row[0], row[1]) if row else None


def latest_id(db: Database, url: str) -> int | None:
    """Return the id of the latest version at that URL, None when there is none."""
    sql = "SELECT id FROM articles WHERE article_key = ? AND is_latest = 1"
    row = db.conn.execute(sql, (key_of(db, url),)).fetchone()
    return int(row[0]) if row else None


def alike(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Return whether two (title, text) can be versions of one article: the same title, or many of the same words."""
    if one[0] == other[0]:
        return True
    words, others = set(one[1].split()), set(other[1].split())
    return len(words & others) >= ALIKE * len(words | others)


def was_read_at(db: Database, url: str, page: str) -> bool:
    """Return whether the article at `url` was read at that page before: then what stands there now is its next version."""
    return (
        db.conn.execute(
            "SELECT 1 FROM captures AS c JOIN articles AS a ON a.id = c.article_id WHERE c.url = ? AND a.article_key = ? LIMIT 1",
            (page, key_of(db, url)),
        ).fetchone()
        is not None
    )


def has_site(db: Database, site: str) -> bool:
    """Return whether there is any article of a site."""
    return (
        db.conn.execute("SELECT 1 FROM articles WHERE site = ? AND is_latest = 1 LIMIT 1", (site,)).fetchone()
        is not None
    )


# What a page changed without changing its text: byline, date, section, tags, pictures, structure. Never ends a
# transaction.
#
# A version of an article is its title and text. When it is served again with other metadata, its row takes these, and
# the table `changes` keeps what each field said before and after, when that was first seen, and the record that says
# so.

FIELDS = (
    "author", "date_published", "date_modified", "section", "tags", "language", "description", "sitename", "source", "images",
    "is_accessible_for_free", "body",
)  # fmt: skip
"""The columns whose change is recorded."""

_EMPTY = frozenset({"", "[]", "{}"})
_FOLLOWING = {"date_published": ("date",), "images": ("image",)}
"""Columns that change with another."""
MUTABLE = frozenset({*FIELDS, *(other for others in _FOLLOWING.values() for other in others), "provenance"})
"""The columns of a version that take what the page says when it is seen last."""
_OF_ARTICLE = frozenset(column.name for column in COLUMNS if column.source == "article")


def found(db: Database, article_id: int, article: Article, *, at: str) -> dict[str, object]:
    """Return the columns of a version that the article gives otherwise, with their new values; {} when it was served before the last time.

    What the page does not say this time stays as it is known: more often it was not found than taken away.
    """
    names = ", ".join(("last_seen_at", *sorted(_OF_ARTICLE)))
    row = next(db.query(f"SELECT {names} FROM articles WHERE id = ?", [article_id]))  # noqa: S608 - our own column names
    if at <= row["last_seen_at"]:
        return {}
    given = values_of(article, dict.fromkeys(column.name for column in COLUMNS))
    changed = [name for name in FIELDS if _text(row[name]) != _text(given[name]) and _text(given[name]) not in _EMPTY]
    if not changed:
        return {}
    columns = [*changed, *(other for name in changed for other in _FOLLOWING.get(name, ()))]
    origins = json.loads(row["provenance"] or "{}") | dict(article.provenance)
    return {name: given[name] for name in columns} | {"provenance": json.dumps(origins, ensure_ascii=False)}


def joined(held: Mapping[str, object], other: Mapping[str, object], *, later: bool) -> dict[str, object]:
    """Return the mutable columns that `other` gives the held row of the same version: of two that say something, the one seen last.

    `later` says whether `other` was seen last.
    """
    values = {
        name: other[name]
        for name in MUTABLE - {"provenance"}
        if _text(other[name]) not in _EMPTY and (later or _text(held[name]) in _EMPTY)
    }
    ours, theirs = (json.loads(str(row["provenance"] or "{}")) for row in (held, other))
    origins = ours | theirs if later else theirs | ours
    return values | {"provenance": json.dumps(dict(sorted(origins.items())), ensure_ascii=False)}


def apply(db: Database, article_id: int, values: Mapping[str, object], *, at: str, record_id: str) -> None:
    """Put these values into the row of a version, and what they replace into `changes`.

    A row without a body was read by an earlier version of warraq: what it says otherwise may be the reading and not the page.
    """
    row = next(db.query("SELECT * FROM articles WHERE id = ?", [article_id]))
    recorded = [name for name in values if name in FIELDS and row["body"] is not None]
    rows = [(article_id, at, name, *_sides(name, row[name], values[name]), record_id) for name in recorded]
    db.conn.executemany("INSERT OR IGNORE INTO changes VALUES (?, ?, ?, ?, ?, ?)", rows)
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    values = {**packed(values, row["text"]), "id": article_id}
    db.conn.execute(f"UPDATE articles SET {assignments} WHERE id = :id", values)  # noqa: S608 - our own column names


def _sides(name: str, before: object, after: object) -> tuple[str, str]:
    return ("", "") if name == "body" else (_text(before), _text(after))


def _text(value: object) -> str:
    return "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)


def changes_of(db: Database, url: str) -> list[ChangeRow]:
    """Return what changed in the versions of that URL without their texts, oldest first.

    Article_id, version, seen_at, field, before, after.
    """
    sql = """
        SELECT c.article_id, a.version, c.seen_at, c.field, c.before, c.after, c.record_id
        FROM articles AS a JOIN changes AS c ON c.article_id = a.id WHERE a.article_key = ? ORDER BY c.seen_at, c.field
        """
    return cast("list[ChangeRow]", list(db.query(sql, [key_of(db, url)])))


def copy(source: Database, target: Database, ids: Mapping[int, int]) -> None:
    """Copy what is kept of versions of another archive: ids there, and the ids that they have here."""
    sql = "SELECT * FROM changes WHERE article_id IN (SELECT value FROM json_each(?))"
    rows = source.query(sql, [json.dumps(list(ids))])
    values = [{**row, "article_id": ids[row["article_id"]]} for row in rows]
    sql = "INSERT OR IGNORE INTO changes VALUES (:article_id, :seen_at, :field, :before, :after, :record_id)"
    target.conn.executemany(sql, values)


# Whether what a page serves now is a teaser: the beginning of a text that is held whole, cut off where a paywall
# stands.

LARGEST_SHARE: Final = 0.6
"""Share of the words of the whole text that a teaser has at most: an edited article keeps more."""
MOST_WORDS: Final = 1000
"""Words of a teaser at most; a longer text is an article, even if part of it is missing."""
LOOKED_AT: Final = 100_000
"""Characters of the whole text in which the lines of a teaser are looked for: with MOST_WORDS, a bound on the time."""
LARGEST_OFFER: Final = 40
"""Words of the offer that stands below a teaser."""
LEAST_KEPT: Final = 8
"""Words that a teaser has of the whole text at least: a short line may stand in any text."""
BEGINNING: Final = 0.25
"""Share of the whole text within which its teaser begins: an introduction may have been left out."""
_CUT_OFF: Final = re.compile(r" ?(?:\.\.\.|…)$")


def is_teaser(text: str, whole: str, *, is_free: bool | None) -> bool:
    """Return whether `text` is a teaser of the text `whole`; `is_free` is what its page says of access.

    It begins as the whole does and has much less of it, and then either the page says that it is not free, or its last line breaks
    off inside a line of the whole. Without such a sign it is an article that was made shorter.
    """
    words, all_words = len(text.split()), len(whole.split())
    if not 0 < words <= min(MOST_WORDS, LARGEST_SHARE * all_words):
        return False
    flat = " ".join(whole[:LOOKED_AT].split())
    kept = [line for line in map(_whole_line, text.split("\n")) if line in flat]
    kept_words = sum(len(line.split()) for line in kept)
    if kept_words < LEAST_KEPT or words - kept_words > LARGEST_OFFER or flat.find(kept[0]) > BEGINNING * len(flat):
        return False
    return is_free is False or any(_breaks_off(line, flat) for line in text.split("\n"))


def may_be_teaser(text: str, *, is_free: bool | None) -> bool:
    """Return whether a page has a sign of a teaser, so that its article is worth a query."""
    has_dots = "..." in text or "…" in text
    return is_free is False or (has_dots and any(_CUT_OFF.search(line.rstrip()) for line in text.split("\n")))


def _whole_line(line: str) -> str:
    return _CUT_OFF.sub("", " ".join(line.split()))


def _breaks_off(line: str, flat: str) -> bool:
    """Return whether a line ends in dots where the whole text goes on."""
    line = " ".join(line.split())
    kept = _CUT_OFF.sub("", line)
    return kept not in {"", line} and kept in flat and line not in flat
