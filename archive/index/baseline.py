"""Create the first tables of the database (steps 0001 to 0008). Never edited: `archive.index.schema` has the steps that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive.index.sqlite import Migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

MIGRATIONS = Migrations("warraq")


@MIGRATIONS(name="0001_frontier")
def _frontier(db: Database) -> None:
    """Create the `urls` table: the queue, the seen set, the revisit schedule and the record of coverage in one.

    `due_at` is empty when no visit is planned. `kind` is what the URL is believed to be (seed, feed, sitemap, section, article, page);
    `outcome` is the outcome of the last visit. The partial index serves the draw: (site, priority) fixed, `due_at` in order.
    """
    db.conn.execute(
        """
        CREATE TABLE urls (
            id INTEGER PRIMARY KEY,
            url TEXT NOT NULL UNIQUE,
            site TEXT NOT NULL,
            host TEXT NOT NULL,
            kind TEXT NOT NULL,
            priority INTEGER NOT NULL,
            depth INTEGER NOT NULL DEFAULT 0,
            redirects INTEGER NOT NULL DEFAULT 0,
            via TEXT NOT NULL DEFAULT '',
            announced_by TEXT NOT NULL,
            announced_at TEXT NOT NULL,
            published_hint TEXT NOT NULL DEFAULT '',
            due_at TEXT,
            visited_at TEXT,
            changed_at TEXT,
            visits INTEGER NOT NULL DEFAULT 0,
            failures INTEGER NOT NULL DEFAULT 0,
            unchanged INTEGER NOT NULL DEFAULT 0,
            status INTEGER,
            outcome TEXT NOT NULL DEFAULT '',
            reason TEXT NOT NULL DEFAULT '',
            etag TEXT NOT NULL DEFAULT '',
            last_modified TEXT NOT NULL DEFAULT '',
            payload_digest TEXT NOT NULL DEFAULT '',
            article_url TEXT NOT NULL DEFAULT ''
        )
        """
    )
    db.conn.execute("CREATE INDEX urls_due ON urls (site, priority, due_at) WHERE due_at IS NOT NULL")
    db.conn.execute("CREATE INDEX urls_announced ON urls (site, announced_at)")


@MIGRATIONS(name="0002_captures")
def _captures(db: Database) -> None:
    """Create the `captures` table: one row for each response, revisit or failed exchange in the WARC files, with its outcome.

    `outcome` is empty until the capture is parsed; after a crash, the next start parses such captures.
    """
    db.conn.execute(
        """
        CREATE TABLE captures (
            id INTEGER PRIMARY KEY,
            record_id TEXT NOT NULL UNIQUE,
            record_type TEXT NOT NULL,
            url TEXT NOT NULL,
            urlkey TEXT NOT NULL,
            site TEXT NOT NULL,
            timestamp TEXT NOT NULL,
            captured_at TEXT NOT NULL,
            status INTEGER,
            mime TEXT NOT NULL DEFAULT '',
            payload_digest TEXT NOT NULL DEFAULT '',
            warc_filename TEXT NOT NULL,
            warc_record_offset INTEGER NOT NULL,
            warc_record_length INTEGER NOT NULL,
            ip TEXT NOT NULL DEFAULT '',
            truncated TEXT NOT NULL DEFAULT '',
            via TEXT NOT NULL DEFAULT '',
            directives TEXT NOT NULL DEFAULT '',
            outcome TEXT NOT NULL DEFAULT '',
            reason TEXT NOT NULL DEFAULT '',
            detail TEXT NOT NULL DEFAULT '',
            article_id INTEGER REFERENCES articles (id)
        )
        """
    )
    db.conn.execute("CREATE INDEX captures_urlkey ON captures (urlkey, timestamp)")
    db.conn.execute("CREATE INDEX captures_url ON captures (url, timestamp)")
    db.conn.execute("CREATE INDEX captures_digest ON captures (payload_digest, url) WHERE record_type = 'response'")
    db.conn.execute("CREATE INDEX captures_unread ON captures (id) WHERE outcome = ''")
    db.conn.execute("CREATE INDEX captures_place ON captures (warc_filename, warc_record_offset)")


@MIGRATIONS(name="0003_articles")
def _articles(db: Database) -> None:
    """Create the `articles` table: one row for each distinct version of an article, with the location of the record it was read from."""
    db.conn.execute(
        """
        CREATE TABLE articles (
            id INTEGER PRIMARY KEY,
            url TEXT NOT NULL,
            urlkey TEXT NOT NULL,
            site TEXT NOT NULL,
            hostname TEXT NOT NULL,
            version INTEGER NOT NULL DEFAULT 1,
            is_latest INTEGER NOT NULL DEFAULT 1,
            title TEXT NOT NULL,
            text TEXT NOT NULL,
            author TEXT NOT NULL DEFAULT '',
            date TEXT NOT NULL DEFAULT '',
            date_published TEXT NOT NULL DEFAULT '',
            date_modified TEXT NOT NULL DEFAULT '',
            section TEXT NOT NULL DEFAULT '',
            tags TEXT NOT NULL DEFAULT '[]',
            language TEXT NOT NULL DEFAULT '',
            description TEXT NOT NULL DEFAULT '',
            sitename TEXT NOT NULL DEFAULT '',
            source TEXT NOT NULL DEFAULT '',
            image TEXT NOT NULL DEFAULT '',
            images TEXT NOT NULL DEFAULT '[]',
            is_accessible_for_free INTEGER,
            route TEXT NOT NULL DEFAULT '',
            provenance TEXT NOT NULL DEFAULT '{}',
            dropped TEXT NOT NULL DEFAULT '[]',
            text_digest TEXT NOT NULL,
            fetched_at TEXT NOT NULL,
            last_seen_at TEXT NOT NULL,
            capture_id INTEGER NOT NULL REFERENCES captures (id),
            conversion_id TEXT NOT NULL DEFAULT '',
            payload_digest TEXT NOT NULL DEFAULT '',
            warc_filename TEXT NOT NULL,
            warc_record_offset INTEGER NOT NULL,
            warc_record_length INTEGER NOT NULL,
            UNIQUE (url, text_digest)
        )
        """
    )
    db.conn.execute("CREATE INDEX articles_urlkey ON articles (urlkey)")
    db.conn.execute("CREATE INDEX articles_capture ON articles (capture_id)")
    db.conn.execute("CREATE INDEX articles_date ON articles (date, id) WHERE is_latest = 1")
    db.conn.execute("CREATE INDEX articles_site ON articles (site, date) WHERE is_latest = 1")
    db.conn.execute(
        """
        CREATE VIEW newsarticle AS
        SELECT id AS identifier, url, title AS headline, text AS articleBody, author, date_published AS datePublished,
               date_modified AS dateModified, section AS articleSection, tags AS keywords, language AS inLanguage, description,
               image, sitename AS publisher, source AS sourceOrganization, is_accessible_for_free AS isAccessibleForFree,
               version, fetched_at AS dateDownloaded, warc_filename, warc_record_offset, warc_record_length, payload_digest
        FROM articles WHERE is_latest = 1
        """
    )


@MIGRATIONS(name="0004_learned_lines")
def _learned_lines(db: Database) -> None:
    """Create the tables of repeated lines: how many pages of a host have a line, and how many pages were counted."""
    db.conn.execute(
        "CREATE TABLE site_lines (host TEXT NOT NULL, line TEXT NOT NULL, pages INTEGER NOT NULL, PRIMARY KEY (host, line)) WITHOUT ROWID"
    )
    db.conn.execute("CREATE TABLE site_pages (host TEXT PRIMARY KEY, pages INTEGER NOT NULL) WITHOUT ROWID")


@MIGRATIONS(name="0005_runs")
def _runs(db: Database) -> None:
    """Create the `runs` table: the log of crawls, imports, verifications and redactions."""
    db.conn.execute(
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            site TEXT NOT NULL DEFAULT '',
            started_at TEXT NOT NULL,
            ended_at TEXT,
            result TEXT NOT NULL DEFAULT '',
            summary TEXT NOT NULL DEFAULT '{}'
        )
        """
    )


@MIGRATIONS(name="0006_fates")
def _fates(db: Database) -> None:
    """Add the marks of an article's page: since when it is gone and how it says so, and since when it is behind a wall."""
    db.conn.execute("ALTER TABLE articles ADD COLUMN gone_at TEXT")
    db.conn.execute("ALTER TABLE articles ADD COLUMN gone_reason TEXT NOT NULL DEFAULT ''")
    db.conn.execute("ALTER TABLE articles ADD COLUMN paywalled_at TEXT")
    db.conn.execute("CREATE INDEX articles_gone ON articles (gone_at) WHERE gone_at IS NOT NULL")


@MIGRATIONS(name="0007_families")
def _families(db: Database) -> None:
    """Create the tables of near-duplicates: the MinHash bands that similar articles share, and the family of each compared article."""
    db.conn.execute(
        "CREATE TABLE similar (key INTEGER NOT NULL, article_id INTEGER NOT NULL, PRIMARY KEY (key, article_id)) WITHOUT ROWID"
    )
    db.conn.execute(
        "CREATE TABLE families (article_id INTEGER PRIMARY KEY, family INTEGER NOT NULL, resemblance REAL NOT NULL DEFAULT 0)"
    )
    db.conn.execute("CREATE INDEX families_family ON families (family)")


@MIGRATIONS(name="0008_files")
def _files(db: Database) -> None:
    """Create the `files` table: closed WARC files, and where they are: in a storage (its URL, and when the copy was verified) or here."""
    db.conn.execute(
        """
        CREATE TABLE files (
            filename TEXT PRIMARY KEY,
            bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            closed_at TEXT NOT NULL,
            storage TEXT NOT NULL DEFAULT '',
            uploaded_at TEXT NOT NULL DEFAULT '',
            verified_at TEXT NOT NULL DEFAULT '',
            proof TEXT NOT NULL DEFAULT '',
            local INTEGER NOT NULL DEFAULT 1
        ) WITHOUT ROWID
        """
    )
