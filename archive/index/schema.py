"""Define the database schema as numbered steps, each applied once and never edited afterwards.

Times are ISO 8601 text in UTC (`2026-11-24T05:30:00Z`), so that they sort and compare in plain SQL; capture times are also stored as the
14 digits of CDXJ. Lists and maps are JSON. Only features of SQLite 3.40 are used, so that Debian's sqlite3 opens the file.
Steps 0001 to 0008, which create the first tables, are in `archive.index.baseline`; the others follow here.
"""

from __future__ import annotations

from archive.index.baseline import MIGRATIONS
from archive.index.sqlite import MOMENT, Database
from archive.urls import identity

__all__ = ["MIGRATIONS", "add_later_columns", "unknown_steps"]


def unknown_steps(db: Database) -> tuple[str, ...]:
    """Return the names of applied steps that this version does not know: a later version made the database."""
    empty = Database(memory=True)
    ours = {step.name for step in MIGRATIONS.pending(empty)}
    empty.close()
    return tuple(sorted({step.name for step in MIGRATIONS.applied(db)} - ours))


@MIGRATIONS(name="0010_newest")
def _newest(db: Database) -> None:
    """Add indexes by time, so that `warraq health` reads only the articles of the day and `warraq list` only the newest."""
    db.conn.execute("CREATE INDEX articles_fetched ON articles (fetched_at)")
    db.conn.execute(
        "CREATE INDEX articles_newest ON articles (coalesce(nullif(date_published, ''), fetched_at), id) WHERE is_latest = 1"
    )


@MIGRATIONS(name="0011_originals")
def _originals(db: Database) -> None:
    """Store what a revisit refers to (WARC-Refers-To and related fields), and digests that were wrong when a file was imported.

    The partial index finds revisits whose original is not held yet.
    """
    for name in ("refers_to", "refers_to_url", "refers_to_date"):
        db.conn.execute(f"ALTER TABLE captures ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")
    db.conn.execute("CREATE INDEX captures_waiting ON captures (id) WHERE reason = 'original-elsewhere'")
    db.conn.execute(
        """
        CREATE TABLE digest_notes (
            warc_filename TEXT NOT NULL,
            warc_record_offset INTEGER NOT NULL,
            field TEXT NOT NULL,
            block_digest TEXT NOT NULL,
            PRIMARY KEY (warc_filename, warc_record_offset, field)
        ) WITHOUT ROWID
        """
    )


@MIGRATIONS(name="0013_bodies_and_changes")
def _bodies_and_changes(db: Database) -> None:
    """Store the blocks of each article (NULL in rows before this step, until `reindex`), and changes of metadata.

    Changes have a table of their own: a page may change many times, and one query finds the sites that move their dates. `before` and
    `after` are the values of the column; for a body, whose words are the same, they are ''.
    """
    db.conn.execute("ALTER TABLE articles ADD COLUMN body TEXT")
    db.conn.execute(
        """
        CREATE TABLE changes (
            article_id INTEGER NOT NULL REFERENCES articles (id),
            seen_at TEXT NOT NULL,
            field TEXT NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL,
            record_id TEXT NOT NULL,
            PRIMARY KEY (article_id, seen_at, field)
        ) WITHOUT ROWID
        """
    )
    db.conn.execute("CREATE INDEX captures_article ON captures (article_id, captured_at) WHERE article_id IS NOT NULL")


@MIGRATIONS(name="0014_published_at")
def _published_at(db: Database) -> None:
    """Add the time of publication in UTC, to sort by; `date_published` has the time zone of the page.

    The column is generated, so that no row is rewritten; it is NULL for what is not a time. Only values that begin with a digit qualify,
    because the column cannot be indexed if a word such as `now` is evaluated.
    """
    db.conn.execute(f"ALTER TABLE articles ADD COLUMN published_at TEXT GENERATED ALWAYS AS ({MOMENT}) VIRTUAL")
    db.conn.execute("DROP INDEX articles_newest")
    db.conn.execute(
        "CREATE INDEX articles_newest ON articles (coalesce(published_at, fetched_at), id) WHERE is_latest = 1"
    )


@MIGRATIONS(name="0021_precedence")
def _precedence(db: Database) -> None:
    """Store the order of the draw (`rows.Precedence`), and for an announcer how often its times proved wrong and which URLs it listed.

    `hint_via` is the source of `published_hint`; `spelling` is how the site writes the URL where that is not the canonical form.
    """
    db.conn.execute("ALTER TABLE urls ADD COLUMN false_hints INTEGER NOT NULL DEFAULT 0")
    for column in ("hint_via", "links_digest", "spelling"):
        db.conn.execute(f"ALTER TABLE urls ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    db.conn.execute(
        """
        UPDATE urls SET priority = CASE
            WHEN kind = 'seed' THEN 0
            WHEN kind IN ('feed', 'sitemap') THEN CASE announced_by WHEN 'sitemap' THEN 4 ELSE 1 END
            WHEN kind = 'section' THEN 4
            WHEN visits > 0 THEN 7
            WHEN kind = 'article' THEN CASE announced_by WHEN 'feed' THEN 2 ELSE 5 END
            ELSE 6 END
        """
    )


@MIGRATIONS(name="0022_identity")
def _identity(db: Database) -> None:
    """Add `articles.article_key`, which all versions of an article share; see `archive.index.identity`.

    `identities` has the keys that do not follow from the URL alone; `joins` has the joins with the rows they removed, to undo them.
    """
    db.conn.execute("ALTER TABLE articles ADD COLUMN article_key TEXT NOT NULL DEFAULT ''")
    db.conn.execute("CREATE TABLE identities (name TEXT PRIMARY KEY, article_key TEXT NOT NULL) WITHOUT ROWID")
    db.conn.execute("CREATE INDEX identities_key ON identities (article_key)")
    db.conn.execute(
        """
        CREATE TABLE joins (
            id INTEGER PRIMARY KEY,
            joined_at TEXT NOT NULL,
            reason TEXT NOT NULL,
            kept_key TEXT NOT NULL,
            joined_key TEXT NOT NULL,
            urls TEXT NOT NULL,
            removed TEXT NOT NULL
        )
        """
    )
    db.conn.create_function("identity", 1, identity, deterministic=True)
    db.conn.execute("UPDATE articles SET article_key = identity(url)")
    db.conn.execute("CREATE INDEX articles_key ON articles (article_key, text_digest)")
    db.conn.execute("CREATE INDEX captures_redirects ON captures (detail) WHERE outcome = 'redirect'")


@MIGRATIONS(name="0023_kind_of_article")
def _kind_of_article(db: Database) -> None:
    """Store whether a row is an `article`, read from a page, or a `document`, read from a PDF file."""
    db.conn.execute("ALTER TABLE articles ADD COLUMN kind TEXT NOT NULL DEFAULT 'article'")


@MIGRATIONS(name="0024_headlines")
def _headlines(db: Database) -> None:
    """Store the first headlines of a front page as JSON; '' for other captures. `warraq reindex` fills it for older captures."""
    db.conn.execute("ALTER TABLE captures ADD COLUMN headlines TEXT NOT NULL DEFAULT ''")
    db.conn.execute("CREATE INDEX captures_headlines ON captures (url, captured_at) WHERE headlines <> ''")


@MIGRATIONS(name="0031_pictures")
def _pictures(db: Database) -> None:
    """Store the pictures and media of articles (`images`, `media`), and the facts of captured pictures (`pictures`, copied to `images`).

    `images.describe` rewrites the first two from `articles` and `pictures`. The last index finds redirects to a picture.
    """
    db.conn.execute(
        """
        CREATE TABLE pictures (
            record_id TEXT PRIMARY KEY,
            url TEXT NOT NULL,
            type TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            phash TEXT NOT NULL,
            problem TEXT NOT NULL
        ) WITHOUT ROWID
        """
    )
    db.conn.execute("CREATE INDEX pictures_url ON pictures (url)")
    db.conn.execute(
        """
        CREATE TABLE images (
            article_id INTEGER NOT NULL REFERENCES articles (id),
            position INTEGER NOT NULL,
            url TEXT NOT NULL,
            place INTEGER,
            alt TEXT NOT NULL DEFAULT '',
            caption TEXT NOT NULL DEFAULT '',
            credit TEXT NOT NULL DEFAULT '',
            words TEXT NOT NULL DEFAULT '',
            record_id TEXT NOT NULL DEFAULT '',
            type TEXT NOT NULL DEFAULT '',
            bytes INTEGER,
            width INTEGER,
            height INTEGER,
            sha256 TEXT NOT NULL DEFAULT '',
            phash TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (article_id, position)
        ) WITHOUT ROWID
        """
    )
    db.conn.execute("CREATE INDEX images_url ON images (url)")
    db.conn.execute("CREATE INDEX images_sha256 ON images (sha256) WHERE sha256 <> ''")
    db.conn.execute("CREATE INDEX images_record ON images (record_id) WHERE record_id <> ''")
    db.conn.execute(
        """
        CREATE TABLE media (
            article_id INTEGER NOT NULL REFERENCES articles (id),
            position INTEGER NOT NULL,
            type TEXT NOT NULL,
            provider TEXT NOT NULL,
            url TEXT NOT NULL,
            poster TEXT NOT NULL DEFAULT '',
            place INTEGER,
            PRIMARY KEY (article_id, position)
        ) WITHOUT ROWID
        """
    )
    db.conn.execute("CREATE INDEX captures_moved ON captures (detail) WHERE outcome = 'requisite' AND detail <> ''")


@MIGRATIONS(name="0032_backfills")
def _backfills(db: Database) -> None:
    """Store how far each file of a backfill was read for a selection; see `archive.index.runs`."""
    db.conn.execute(
        """
        CREATE TABLE backfills (
            file TEXT NOT NULL,
            wanted TEXT NOT NULL,
            offset INTEGER NOT NULL,
            size INTEGER NOT NULL,
            PRIMARY KEY (file, wanted)
        ) WITHOUT ROWID
        """
    )


@MIGRATIONS(name="0041_renderings")
def _renderings(db: Database) -> None:
    """Store the location of the records that a browser made of a response: DOM, screenshots, page info; see `archive.index.renderings`."""
    db.conn.execute(
        """
        CREATE TABLE renderings (
            record_id TEXT PRIMARY KEY,
            response_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            url TEXT NOT NULL,
            captured_at TEXT NOT NULL,
            mime TEXT NOT NULL,
            warc_filename TEXT NOT NULL,
            warc_record_offset INTEGER NOT NULL,
            warc_record_length INTEGER NOT NULL
        ) WITHOUT ROWID
        """
    )
    db.conn.execute("CREATE INDEX renderings_response ON renderings (response_id)")
    db.conn.execute("CREATE INDEX renderings_url ON renderings (url, kind)")


@MIGRATIONS(name="0051_former_ids")
def _former_ids(db: Database) -> None:
    """Store former ids of articles, and ids of archives that were merged into this one; see `archive.index.former_ids`."""
    db.conn.execute(
        """
        CREATE TABLE former_ids (
            archive TEXT NOT NULL,
            id INTEGER NOT NULL,
            record_id TEXT NOT NULL,
            PRIMARY KEY (archive, id)
        ) WITHOUT ROWID
        """
    )
    db.conn.execute("CREATE INDEX former_ids_record ON former_ids (record_id)")


@MIGRATIONS(name="0052_vectors")
def _vectors(db: Database) -> None:
    """Store vectors of signed bytes for search by meaning; see `archive.search.vectors`."""
    db.conn.execute(
        """
        CREATE TABLE vectors (
            article_id INTEGER PRIMARY KEY REFERENCES articles (id),
            model TEXT NOT NULL,
            vector BLOB NOT NULL
        )
        """
    )


@MIGRATIONS(name="0061_joins_of_a_key")
def _joins_of_a_key(db: Database) -> None:
    """Add the index that finds the joins of a key."""
    db.conn.execute("CREATE INDEX joins_kept ON joins (kept_key)")


@MIGRATIONS(name="0062_packed_bodies")
def _packed_bodies(_db: Database) -> None:
    """Change nothing, but mark that bodies of new rows are packed (`archive.body.pack`): earlier versions, which cannot read them, refuse.

    Bodies of older rows stay as they are until `reindex`.
    """


@MIGRATIONS(name="0063_lines_that_repeat")
def _lines_that_repeat(db: Database) -> None:
    """Delete the counted lines of fully learned hosts that can no longer become boilerplate: about 400 kB a host."""
    db.conn.execute(
        "DELETE FROM site_lines WHERE pages < 18 AND host IN (SELECT host FROM site_pages WHERE pages >= 60)"
    )


@MIGRATIONS(name="0064_counted_articles")
def _counted_articles(db: Database) -> None:
    """Add an index that covers counts of articles by site, day and language; it includes `is_latest` so that SQLite uses it."""
    db.conn.execute("DROP INDEX IF EXISTS articles_site")
    db.conn.execute("CREATE INDEX articles_site ON articles (site, date, language, is_latest) WHERE is_latest = 1")


@MIGRATIONS(name="0065_false_canonicals")
def _false_canonicals(db: Database) -> None:
    """Add an index of the canonical URLs that were not believed; see `archive.index.identity`."""
    db.conn.execute("CREATE INDEX captures_false_canonical ON captures (detail) WHERE reason = 'false-canonical'")


_COMPUTED = {("articles", "published_at"): MOMENT, ("articles", "article_key"): "identity(url)"}
"""Expressions for columns that rows stored before the step lack; other columns have their default."""


def add_later_columns(db: Database) -> None:
    """Add the tables and columns of later steps to a read-only database of an earlier version, for this connection only."""
    if not MIGRATIONS.pending(db) or not _columns(db, "articles"):
        return
    db.conn.create_function("identity", 1, identity, deterministic=True)
    current = Database(memory=True)
    MIGRATIONS.apply(current)
    for table in set(current.table_names()) - {MIGRATIONS.migrations_table}:
        lacking = {
            name: default for name, default in _columns(current, table).items() if name not in _columns(db, table)
        }
        if len(lacking) == len(_columns(current, table)):
            db.conn.execute(f"CREATE TEMP TABLE {table} ({', '.join(lacking)})")
        elif lacking:
            values = (f"{_COMPUTED.get((table, name), default)} AS {name}" for name, default in lacking.items())
            db.conn.execute(f"CREATE TEMP VIEW {table} AS SELECT *, {', '.join(values)} FROM main.{table}")  # noqa: S608 - our own words
    current.close()


def _columns(db: Database, table: str) -> dict[str, str]:
    """Return the columns of a table, including generated ones, each with its default as SQL; {} when there is no such table."""
    return {row[1]: row[4] or "NULL" for row in db.conn.execute(f"PRAGMA main.table_xinfo({table})")}
