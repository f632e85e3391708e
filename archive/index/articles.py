"""Query and write the tables `articles` and `changes`: versions, and changes of metadata only. Never begins or ends a transaction."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, cast

from archive import urls
from archive.index import captures, former_ids, noise
from archive.index.columns import COLUMNS, packed, text_block, values_of
from archive.index.rows import of_site

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlite_utils import Database

    from archive.article import Article
    from archive.index.columns import ArticleRow
    from archive.index.rows import ChangeRow, StoredCapture, VersionSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The result of storing an article: its row, and whether it is the first version, a new one, or one that was held already.

    `is_updated`: the version was held, and its page now gives other metadata.
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
    """Return the id of the version of the article at this URL with this text digest, None when there is none."""
    sql = "SELECT id FROM articles WHERE article_key = ? AND text_digest = ?"
    row = db.conn.execute(sql, (key_of(db, url), digest)).fetchone()
    return int(row[0]) if row else None


def mark_seen(db: Database, article_id: int, *, at: str, page: str = "") -> Stored:
    """Record that a held version was served again at this time; `page` is the URL of a capture that is not recorded as its own yet."""
    key = db.conn.execute(
        "UPDATE articles SET last_seen_at = max(last_seen_at, ?), fetched_at = min(fetched_at, ?) WHERE id = ? RETURNING article_key",
        (at, at, article_id),
    ).fetchone()[0]
    number_key(db, key, served=(article_id, page) if page else None)
    return Stored(id=article_id, is_new=False, is_first=False)


def insert_version(db: Database, article: Article, *, capture: StoredCapture, conversion_id: str) -> Stored:
    """Insert a version that is not held yet; `capture` is the row of the capture that it was read from."""
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


def number_key(db: Database, key: str, *, served: tuple[int, str] | None = None) -> None:
    """Number the versions of a key in the order in which they were first served; the latest is the one served last.

    Versions served at the same moment are ordered by their text, so that the numbers do not depend on the order of insertion. Those of
    copies at other URLs are the latest only if there are no others. `served` is a version and a page that serves it, besides the captures.
    """
    copies = _copies(db, key, served)
    db.conn.execute(
        """
        UPDATE articles SET
            version = ranked.version, is_latest = ranked.is_latest
        FROM (
            SELECT id, row_number() OVER (ORDER BY fetched_at, text_digest) AS version,
                   row_number() OVER (
                       ORDER BY id IN (SELECT value FROM json_each(:copies)), last_seen_at DESC, text_digest DESC
                   ) = 1 AS is_latest
            FROM articles WHERE article_key = :key
        ) AS ranked
        WHERE articles.id = ranked.id AND (articles.version <> ranked.version OR articles.is_latest <> ranked.is_latest)
        """,
        {"key": key, "copies": json.dumps(copies)},
    )


def _copies(db: Database, key: str, served: tuple[int, str] | None) -> list[int]:
    """Return the ids of the versions that only copies served: pages at other URLs that name the article's as canonical.

    None if the article's own page is gone, or serves only a teaser of a copy.
    """
    sql = "SELECT id FROM articles WHERE article_key = ? ORDER BY last_seen_at DESC, text_digest DESC"
    held = [int(row[0]) for row in db.conn.execute(sql, (key,))]
    if len(held) == 1:  # the usual case
        return []
    sql = """
        SELECT a.id, c.url FROM articles AS a JOIN captures AS c ON c.id = a.capture_id WHERE a.article_key = :key
        UNION SELECT a.id, c.url FROM articles AS a JOIN captures AS c ON c.article_id = a.id WHERE a.article_key = :key
        """
    found = {(row[0], row[1]) for row in db.conn.execute(sql, {"key": key})} | ({served} if served else set())
    pages = {page for page in {page for _, page in found} if key_of(db, page) == key}
    own = {article_id for article_id, page in found if page in pages}
    copies = [article_id for article_id in held if article_id not in own]
    if not own or not copies or _has_ended(db, pages):
        return []
    sql = "SELECT text, is_accessible_for_free FROM articles WHERE id = ?"
    text, free = db.conn.execute(sql, (next(one for one in held if one in own),)).fetchone()
    wholes = (db.conn.execute(sql, (one,)).fetchone()[0] for one in copies)
    is_free = None if free is None else bool(free)
    return [] if any(is_teaser(text, whole, is_free=is_free) for whole in wholes) else copies


def _has_ended(db: Database, pages: set[str]) -> bool:
    """Return whether these pages were gone, or redirected, at their last visit of which the outcome is known."""
    sql = """
        SELECT outcome FROM captures WHERE url IN (SELECT value FROM json_each(?)) AND outcome <> ''
        ORDER BY captured_at DESC, id DESC LIMIT 1
        """
    last = db.conn.execute(sql, (json.dumps(sorted(pages)),)).fetchone()
    return last is not None and last[0] in {"gone", "redirect"}


def get(db: Database, article_id: int) -> ArticleRow | None:
    """Return the version with this id as a dict of its columns, None when there is none."""
    return cast("ArticleRow | None", next(db.query("SELECT * FROM articles WHERE id = ?", [article_id]), None))


def versions(db: Database, url: str) -> list[ArticleRow]:
    """Return all versions of the article at this URL, oldest first. The URL may be its canonical one or any that it was fetched at."""
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
    """Yield the latest versions, the most recently published first; undated ones are placed by the time of their first fetch."""
    sql = f"""
        SELECT * FROM articles WHERE is_latest = 1 AND {of_site(site)}
        ORDER BY coalesce(published_at, fetched_at) DESC, id DESC LIMIT :limit OFFSET :offset
        """  # noqa: S608 - our own words
    values = {"site": site, "limit": limit, "offset": offset}
    return iter(cast("list[ArticleRow]", list(db.query(sql, values))))


def listed(db: Database, *, after: int, limit: int) -> list[ArticleRow]:
    """Return the latest versions whose ids are greater than `after`, in the order of insertion."""
    sql = "SELECT * FROM articles WHERE is_latest = 1 AND id > ? ORDER BY id LIMIT ?"
    return cast("list[ArticleRow]", list(db.query(sql, [after, limit])))


def set_conversions(db: Database, records: list[tuple[str, str, bytes]]) -> None:
    """Set the records that hold the clean text of versions.

    Each is given by its id, that of the capture which was read, and the SHA-256 of its block. One with another text than the version's was
    written by other rules of extraction, as after an update, and is not its text record.
    """
    sql = """
        SELECT id, title, text FROM articles
        WHERE conversion_id = '' AND capture_id = (SELECT id FROM captures WHERE record_id = ?)
        """
    for record_id, origin, digest in records:
        for article_id, title, text in db.conn.execute(sql, (origin,)).fetchall():
            if sha256(text_block(title, text).encode()).digest() == digest:
                db.conn.execute("UPDATE articles SET conversion_id = ? WHERE id = ?", (record_id, article_id))


def version_spans(db: Database, url: str) -> list[VersionSpan]:
    """Return which version was served when, oldest first, one row for each unbroken span.

    A text that changes and is changed back has two spans.
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


ALIKE = 0.8
"""Share of common words from which texts under two titles can be versions of one article: unrelated news shares a tenth, but reports of
two fires, matches or days on the stock exchange, written from one template, up to seven tenths."""
CONTAINED = 0.95
"""Share of the shorter text's words that are in the longer one, from which they can be too: a page for telephones leaves paragraphs out,
an update adds some. Of reports from one template it is at most eight tenths."""
UNDER_ONE_TITLE = 0.5
"""Share of the shorter text's words that are in the longer one, from which two texts under one title can be: the halves of a long
article share three to four tenths, a rewritten one keeps more."""
LEAST_CONTAINED = 30
"""The fewest different words of such a shorter text: those of a line or two may occur in any text."""


def latest_text(db: Database, url: str) -> tuple[str, str] | None:
    """Return the title and text of the latest version at this URL, None when there is none."""
    row = db.conn.execute(
        "SELECT title, text FROM articles WHERE article_key = ? AND is_latest = 1", (key_of(db, url),)
    ).fetchone()
    return (row[0], row[1]) if row else None


def latest_id(db: Database, url: str) -> int | None:
    """Return the id of the latest version at this URL, None when there is none."""
    sql = "SELECT id FROM articles WHERE article_key = ? AND is_latest = 1"
    row = db.conn.execute(sql, (key_of(db, url),)).fetchone()
    return int(row[0]) if row else None


def may_be_versions(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Return whether two (title, text) pairs can be versions of one article: they have many words in common, or the same title and some."""
    words, others = set(one[1].split()), set(other[1].split())
    common, shorter = len(words & others), min(len(words), len(others))
    if one[0] == other[0] and common >= UNDER_ONE_TITLE * shorter:
        return True
    return common >= ALIKE * len(words | others) or common >= max(CONTAINED * shorter, LEAST_CONTAINED)


def was_read_at(db: Database, url: str, page: str) -> bool:
    """Return whether the article at `url` was read from this page before, so that the page now shows its next version."""
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


# Changes of metadata while the text stays the same: byline, date, section, tags, pictures, structure.
#
# A version of an article is its title and text. When it is served again with other metadata, its row takes the new
# values, and the table `changes` records each field before and after, when the change was first seen, and the record
# that shows it.

FIELDS = (
    "author", "date_published", "date_modified", "section", "tags", "language", "description", "sitename", "source", "images",
    "is_accessible_for_free", "body",
)  # fmt: skip
"""The columns whose change is recorded."""

_EMPTY = frozenset({"", "[]", "{}"})
_FOLLOWING = {"date_published": ("date",), "images": ("image",)}
"""Columns that follow from another and change with it."""
MUTABLE = frozenset({*FIELDS, *(other for others in _FOLLOWING.values() for other in others), "provenance"})
"""The columns of a version that take their values from the last time the page was seen."""
_OF_ARTICLE = frozenset(column.name for column in COLUMNS if column.source == "article")


def found(db: Database, article_id: int, article: Article, *, at: str) -> dict[str, object]:
    """Return the columns whose values differ in the article, with their new values; {} when it was served before the last time seen.

    A value that the page does not give this time is kept: more often it was not found than removed. So is one of which the new value
    differs only as servers and templates change it (see `archive.index.noise`).
    """
    names = ", ".join(("last_seen_at", *sorted(_OF_ARTICLE)))
    row = next(db.query(f"SELECT {names} FROM articles WHERE id = ?", [article_id]))  # noqa: S608 - our own column names
    if at <= row["last_seen_at"]:
        return {}
    given = values_of(article, dict.fromkeys(column.name for column in COLUMNS))
    origins = json.loads(row["provenance"] or "{}")
    changed = [name for name in FIELDS if _text(given[name]) not in _EMPTY and _is_change(name, row, given, article)]
    if not changed:
        return {}
    columns = [*changed, *(other for name in changed for other in _FOLLOWING.get(name, ()))]
    origins |= {name: origin for name, origin in article.provenance.items() if name in changed or name not in FIELDS}
    return {name: given[name] for name in columns} | {"provenance": json.dumps(origins, ensure_ascii=False)}


def _is_change(name: str, row: Mapping[str, object], given: Mapping[str, object], article: Article) -> bool:
    """Return whether a page changed a value; a time that it counts from the present never replaces one that is held."""
    held = _text(row[name])
    if held and article.provenance.get(name, "").endswith(noise.RELATIVE):
        return False
    return not noise.is_same(name, held, _text(given[name]))


def joined(held: Mapping[str, object], other: Mapping[str, object], *, later: bool) -> dict[str, object]:
    """Return the mutable columns that the held row takes from `other`, a row of the same version: where both have a value, the later one.

    `later` tells whether `other` was seen last.
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
    """Write these values into the row of a version, and record in `changes` what they replace.

    Nothing is recorded for a row without a body: an earlier version of warraq read it, and may have extracted other values.
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
    """Return the changes of metadata in the versions at this URL, oldest first."""
    sql = """
        SELECT c.article_id, a.version, c.seen_at, c.field, c.before, c.after, c.record_id
        FROM articles AS a JOIN changes AS c ON c.article_id = a.id WHERE a.article_key = ? ORDER BY c.seen_at, c.field
        """
    return cast("list[ChangeRow]", list(db.query(sql, [key_of(db, url)])))


def copy(source: Database, target: Database, ids: Mapping[int, int]) -> None:
    """Copy the recorded changes of versions from another archive; `ids` maps their ids there to their ids here."""
    sql = "SELECT * FROM changes WHERE article_id IN (SELECT value FROM json_each(?))"
    rows = source.query(sql, [json.dumps(list(ids))])
    values = [{**row, "article_id": ids[row["article_id"]]} for row in rows]
    sql = "INSERT OR IGNORE INTO changes VALUES (:article_id, :seen_at, :field, :before, :after, :record_id)"
    target.conn.executemany(sql, values)


# Teasers: the beginning of a text that is held in full, cut off by a paywall.

LARGEST_SHARE: Final = 0.6
"""The largest share of the words of the full text that a teaser may have: an edited article keeps more."""
MOST_WORDS: Final = 1000
"""The most words of a teaser; a longer text is an article, even if part of it is missing."""
LOOKED_AT: Final = 100_000
"""Characters of the full text that are searched for the lines of a teaser: with MOST_WORDS, this bounds the time."""
LARGEST_OFFER: Final = 40
"""The most words of the subscription offer below a teaser."""
LEAST_KEPT: Final = 8
"""The fewest words that a teaser shares with the full text: a short line may occur in any text."""
BEGINNING: Final = 0.25
"""A teaser begins within this share of the full text: it may leave out an introduction."""
_CUT_OFF: Final = re.compile(r" ?(?:\.\.\.|…)$")


def is_teaser(text: str, whole: str, *, is_free: bool | None) -> bool:
    """Return whether `text` is a teaser of the text `whole`; `is_free` is whether its page says that access is free.

    A teaser begins like the full text and is much shorter; in addition, the page says that it is not free, or its last line breaks
    off inside a line of the full text. Without such a sign, the article was shortened.
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
    """Return whether a page shows a sign of a teaser, so that looking for the full text is worth a query."""
    has_dots = "..." in text or "…" in text
    return is_free is False or (has_dots and any(_CUT_OFF.search(line.rstrip()) for line in text.split("\n")))


def _whole_line(line: str) -> str:
    return _CUT_OFF.sub("", " ".join(line.split()))


def _breaks_off(line: str, flat: str) -> bool:
    """Return whether a line ends in dots where the full text continues."""
    line = " ".join(line.split())
    kept = _CUT_OFF.sub("", line)
    return kept not in {"", line} and kept in flat and line not in flat
