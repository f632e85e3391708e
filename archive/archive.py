"""Read one archive: articles, versions, captures, search results, figures. Never writes, needs no lock."""

from __future__ import annotations

import codecs
from datetime import datetime
from difflib import get_close_matches
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive import http, search, urls, warc
from archive.article import Page, SiteProfile
from archive.capture import Location
from archive.collection import Collection, FileLocator
from archive.errors import ArticleGoneError, NoArticleError, NotFoundError, UnknownSiteError, UsageError
from archive.files import Closing
from archive.index import (
    BUSY_TIMEOUT_S,
    articles,
    captures,
    former_ids,
    front_pages,
    images,
    open_store,
    renderings,
    reports,
    select,
    similar,
    site_lines,
)
from archive.parse.shells import rendered_response
from archive.search import Query
from archive.search.analysis import tokens, word_variants
from archive.urls.permalink import read_permalink, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archive.article import Explanation
    from archive.index.columns import ArticleRow
    from archive.index.front_pages import FrontPage, HeadlineSpan
    from archive.index.renderings import RenderingKind
    from archive.index.rows import ChangeRow, FamilyMember, StoredCapture, VersionSpan

MOST_BYTES = 20 << 20
"""Limit in bytes of a decoded page that is parsed again."""


class Archive(Closing):
    """An archive opened for reading, even while a crawl writes to it.

    `patience` is the time in seconds that a query waits while another process locks the database, which a crawl never does for long.
    Raises ArchiveNotFoundError if the folder has no archive, SchemaTooNewError if a later version of warraq made it.
    """

    def __init__(self, folder: str | Path, *, patience: float = BUSY_TIMEOUT_S) -> None:
        self.collection = Collection(Path(folder))
        self.collection.require()
        self._store = open_store(self.collection.database, read_only=True, patience=patience)
        self.files = FileLocator(self.collection.warcs, self._store.db)

    @property
    def db(self) -> Any:
        """The open sqlite-utils Database, read-only, for your own queries."""
        return self._store.db

    def limit_time(self, seconds: float) -> None:
        """Interrupt any query that runs longer than that many seconds: it raises `archive.index.DatabaseError`."""
        self._store.limit_time(seconds)

    def search(
        self,
        words: str,
        *,
        only: str = "",
        limit: int = 20,
        offset: int = 0,
        order: search.Order = "relevance",
        semantic: bool = False,
    ) -> search.Results:
        """Return the articles that match the words (docs/search.md has the query language), best first.

        `only` has further conditions in the same language, which every hit must satisfy even if the words are malformed; a form or a
        program adds them to what a person typed. `semantic` combines the ranking with that by meaning; it raises UsageError if
        `warraq[semantic]` is not installed.
        """
        return find(
            (self._store.db.conn,), words, only=only, limit=limit, offset=offset, order=order, semantic=semantic
        )

    def matching(self, words: str, *, only: str = "", all_versions: bool = False) -> tuple[int, ...]:
        """Return the ids of all articles that have all the words (latest versions), unranked and without limit, in the order of ids."""
        query = search.both(search.parse(words), search.parse(only))
        found = search.matching((self._store.db.conn,), query, all_versions=all_versions)
        return tuple(identity for _, identity in found)

    def facets(self, query: Query | None = None) -> reports.Facets:
        """Return counts by site, section, language and day of the articles that match a query (`Results.query`).

        Without a query, of all articles.
        """
        query = query or Query()
        languages = search.languages_of(self._store.db.conn)
        match = search.match_expression(query, languages)
        if not match and query.wanted:
            return reports.Facets(counted=0)
        return reports.facets(
            self._store.db, match, search.unwanted_expression(query, languages), conditions=query.conditions
        )

    def usage(self, words: str, *, only: str = "") -> Mapping[tuple[str, str], int]:
        """Return the number of articles with the words by (day, site); the day is '' for undated ones. Without words, of all articles."""
        return search.usage(self._store.db.conn, search.both(search.parse(words), search.parse(only)))

    def newest(self, *, site: str = "", limit: int = 20, offset: int = 0) -> Iterator[ArticleRow]:
        """Yield the latest versions of articles, newest first, as dicts of the columns of `articles`."""
        return articles.newest(self._store.db, site=site, limit=limit, offset=offset)

    def listed(self, *, after: int = 0, limit: int = 100) -> list[ArticleRow]:
        """Return the latest versions of articles in the order of their arrival, after that id."""
        return articles.listed(self._store.db, after=after, limit=limit)

    def require_site(self, site: str) -> None:
        """Raise UnknownSiteError if the archive has nothing of that site or its subdomains."""
        require_site((self,), site)

    def has_site(self, site: str) -> bool:
        """Return whether the archive has anything of that site or its subdomains."""
        return any(one == site or one.endswith(f".{site}") for one in self.sites())

    def sites(self) -> set[str]:
        """Return the sites with articles, captures or scheduled URLs."""
        return select.known_sites(self._store.db)

    def articles(self, *, all_versions: bool = False) -> Iterator[ArticleRow]:
        """Yield every article (its latest version, or all) in the order of arrival, in constant memory."""
        yield from select.selected_articles(self._store.db, select.ArticleFilter(all_versions=all_versions))

    def article(self, wanted: str | int) -> ArticleRow:
        """Return the article of that id, URL (its latest version) or permalink, as a dict of columns; raises NotFoundError."""
        if isinstance(wanted, int) or wanted.isdecimal():
            row = articles.get(self._store.db, int(wanted))
            return row if row is not None else self.formerly(int(wanted))
        if (named := read_permalink(wanted)) and not articles.versions(self._store.db, wanted):
            return self.version_at(*named)
        return next(row for row in self.versions(wanted) if row["is_latest"])

    def formerly(self, article_id: int, *, archive: str = "") -> ArticleRow:
        """Return the article that had an id before, here or in an archive of that name that was merged into this one.

        Raises ArticleGoneError if the archive no longer holds it, NotFoundError for an unknown id.
        """
        former = former_ids.look_up(self._store.db, article_id, archive=archive)
        wanted = f"{archive}/{article_id}" if archive else str(article_id)
        if former is None:
            raise NotFoundError(wanted)
        row = articles.get(self._store.db, former.article_id) if former.article_id is not None else None
        if row is None:
            raise ArticleGoneError(wanted, former.url)
        return row

    def version_at(self, url: str, moment: str) -> ArticleRow:
        """Return the version of an article that was current at a time (14 digits, UTC); the first one for an earlier time.

        Raises NotFoundError.
        """
        versions = self.versions(url)
        ids = {one["id"]: one for one in versions}
        spells = [one for one in self.version_spans(versions[0]) if timestamp(one["first_at"]) <= moment]
        return ids[spells[-1]["article_id"]] if spells else versions[0]

    def versions(self, url: str) -> list[ArticleRow]:
        """Return all versions of the article at that URL, oldest first; raises NotFoundError."""
        rows = articles.versions(self._store.db, url)
        if not rows:
            held = self.captures(url)
            raise (
                NoArticleError(url, f"{held[-1]['outcome']} {held[-1]['reason']}".strip())
                if held
                else NotFoundError(url)
            )
        return rows

    def captures(self, url: str) -> list[StoredCapture]:
        """Return all captures of that URL in any spelling, oldest first (its TimeMap), as dicts of the columns of `captures`."""
        return captures.in_any_spelling(self._store.db, url)

    def capture_years(self) -> list[str]:
        """Return the years from the first capture to the last."""
        return captures.years(self._store.db)

    def captures_by_day(self, year: str, *, site: str = "") -> dict[str, int]:
        """Return the number of captures on each day of a year; days without captures are omitted."""
        return captures.by_day(self._store.db, year, site=site)

    def captures_of_day(self, day: str, *, site: str = "", limit: int = 50, offset: int = 0) -> list[StoredCapture]:
        """Return the captures of a day (2026-11-24, UTC), oldest first, as dicts of the columns of `captures`."""
        return captures.of_day(self._store.db, day, site=site, limit=limit, offset=offset)

    def captures_of(self, row: Mapping[str, Any]) -> list[StoredCapture]:
        """Return the captures of an article (all versions), oldest first, including those that gave no article, such as a 404."""
        return captures.of_article(self._store.db, row["url"])

    def version_spans(self, row: Mapping[str, Any]) -> list[VersionSpan]:
        """Return the periods of each version of an article, oldest first: article_id, version, first_at, last_at, captures."""
        return articles.version_spans(self._store.db, row["url"])

    def changes(self, row: Mapping[str, Any]) -> list[ChangeRow]:
        """Return the changes of an article's metadata, oldest first.

        Columns: article_id, version, seen_at, field, before, after, record_id.
        """
        return articles.changes_of(self._store.db, row["url"])

    def front_pages(self, *, site: str = "") -> list[FrontPage]:
        """Return the front pages (of the site) with stored headlines, those that changed most often first."""
        return front_pages.pages(self._store.db, site=site)

    def timeline(
        self, page: str = "", *, site: str = "", first: str = "", last: str = "", places: int = 1
    ) -> list[HeadlineSpan]:
        """Return the headlines in the first places of a front page with their times, oldest first; without a page, of all (of the site).

        `first` and `last` are days, both included.
        """
        pages = [urls.canonicalise(page) or page] if page else [one.url for one in self.front_pages(site=site)]
        after = f"{last}~" if last else "~"  # after every time of that day
        return [
            spell
            for each in pages
            for spell in front_pages.timeline(self._store.db, each, first=first, last=after, places=places)
        ]

    def family(self, row: Mapping[str, Any]) -> list[FamilyMember]:
        """Return the near-copies of an article (`warraq group` finds them): id, url, site, sitename, title, first."""
        return similar.others(self._store.db, row["id"])

    def has_vector(self, row: Mapping[str, Any]) -> bool:
        """Return whether an article has a vector, which `related` needs."""
        return search.vector_of(self._store.db.conn, row["id"]) is not None

    def related(self, row: Mapping[str, Any], *, limit: int = 10) -> list[tuple[ArticleRow, float]]:
        """Return the latest versions nearest in meaning to an article, with cosines, without its near-copies (`family`).

        Raises UsageError if `warraq[semantic]` is not installed, or the article has no vector yet (`warraq embed`).
        """
        return [(found, cosine) for _, found, cosine in related((self,), self, row, limit=limit)]

    def pictures(self, row: Mapping[str, Any], addresses: Iterable[str]) -> dict[str, int]:
        """Return the captured ones among these URLs of an article's pictures, each with the id of the capture nearest in time."""
        asked = {address: urls.join(row["url"], address) for address in addresses}
        held = captures.nearest(self._store.db, filter(None, asked.values()), row["fetched_at"])
        shown = {url: chain[-1] for url, chain in held.items() if chain[-1]["mime"].startswith("image/")}
        return {address: int(shown[url]["id"]) for address, url in asked.items() if url in shown}

    def lead_pictures(self, rows: Iterable[Mapping[str, Any]]) -> dict[int, int]:
        """Return the capture id of each article's first captured picture, by the article's id."""
        return images.leads(self._store.db, [int(row["id"]) for row in rows])

    def images(
        self, words: str = "", *, site: str = "", held: bool = False, limit: int = 50, offset: int = 0
    ) -> list[dict[str, Any]]:
        """Return pictures of articles whose caption, alternative text or credit has the words, newest articles first; see `images`.

        `held` omits pictures that were not captured.
        """
        languages = search.languages_of(self._store.db.conn)
        wanted = [keys for word in tokens(words) if (keys := word_variants(word.group(), languages))]
        return images.listed(self._store.db, words=wanted, site=site, held=held, limit=limit, offset=offset)

    def images_of(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the pictures of a version of an article, in page order, with the record that holds each."""
        return images.of_article(self._store.db, row["id"])

    def media_of(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the video, audio and embeds of a version of an article, in page order."""
        return images.media_of(self._store.db, row["id"])

    def showings(self, url: str) -> list[dict[str, Any]]:
        """Return where else the picture at a URL was used, oldest first: the same bytes, or similar ones (`bits` is the distance)."""
        known = self.picture(url)
        return self.showings_of(known) if known else []

    def picture(self, url: str) -> dict[str, Any] | None:
        """Return the identifying hashes of the picture at a URL; None if the archive does not know it."""
        return images.known_picture(self._store.db, url)

    def showings_of(self, known: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return where a picture was used, given the result of `picture` from this archive or another."""
        return images.elsewhere(self._store.db, known)

    def record(self, row: Mapping[str, Any]) -> warc.Record:
        """Return the WARC record of a row of `articles` or `captures`; its `block` holds the exact bytes of the response.

        From an uploaded file, only the record's bytes are fetched. Raises StorageError if that fails.
        """
        place = Location(
            filename=row["warc_filename"], offset=row["warc_record_offset"], length=row["warc_record_length"]
        )
        return warc.read_at(self.files, place)

    def rendering(self, row: Mapping[str, Any]) -> warc.Record:
        """Return the record of a row of `renderings`; raises DamagedFileError."""
        place = Location(
            filename=row["warc_filename"], offset=row["warc_record_offset"], length=row["warc_record_length"]
        )
        return warc.read_at(self.files, place)

    def renderings(self, row: Mapping[str, Any]) -> Mapping[RenderingKind, dict[str, Any]]:
        """Return, by kind, the rows of the rendering of an article's page; {} for one that was parsed as served."""
        dom = self.dom_of(row["id"])
        return renderings.of_response(self._store.db, dom["response_id"]) if dom else {}

    def dom_of(self, article_id: int) -> dict[str, Any] | None:
        """Return the row of the DOM from which a version was extracted; None for one that was parsed as served."""
        return renderings.of_article(self._store.db, article_id)

    def explain(self, wanted: str | int) -> Explanation:
        """Extract an article's page again; return each of its lines, with its place and what decided about it.

        Raises NotFoundError.
        """
        from archive.extract import explanation  # importing the extractors takes a second

        row = self.article(wanted)
        response = http.parse_response(self.record(row).block)
        profile = SiteProfile(boilerplate=site_lines.boilerplate_of(self._store.db, row["hostname"]))
        fetched_at = datetime.fromisoformat(row["fetched_at"])
        if dom := self.dom_of(row["id"]):
            body, response = codecs.BOM_UTF8 + self.rendering(dom).block, rendered_response(response)
        else:
            body = http.decode(response, MOST_BYTES)
        return explanation(
            Page(body=body, url=row["url"], fetched_at=fetched_at, headers=response.headers, site=profile)
        )

    def capture(self, capture_id: int) -> StoredCapture:
        """Return the capture of that id, as a dict of the columns of `captures`; raises NotFoundError."""
        row = captures.get(self._store.db, capture_id)
        if row is None:
            raise NotFoundError(_("capture {capture_id}").format(capture_id=capture_id))
        return row

    def coverage(self) -> dict[str, Any]:
        """Return the coverage of sites as JSON values: `sites`, `outcomes` of their URLs, `captures_by_day`, the newest `runs`."""
        db = self._store.db
        return {
            "sites": reports.sites(db),
            "outcomes": reports.outcomes(db),
            "captures_by_day": reports.captures_by_day(db),
            "quarantine": dict(reports.quarantine_reasons(db)),
            "runs": reports.runs(db),
        }

    def quarantined(self, *, reason: str = "", limit: int = 50, offset: int = 0) -> list[StoredCapture]:
        """Return the captures in quarantine, newest first, as dicts of the columns of `captures`."""
        return reports.quarantined(self._store.db, reason=reason, limit=limit, offset=offset)

    def stats(self, *, site: str = "") -> dict[str, Any]:
        """Return counts of the archive's content, or of one site's, as JSON values."""
        return reports.count(self._store.db, site=site)

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def __exit__(self, *raised: object) -> None:
        """Close the database; after an error, check whether invalid values in it caused the error."""
        self._store.__exit__(*raised)


def require_site(archives: Iterable[Archive], site: str) -> None:
    """Raise UnknownSiteError if none of the archives has anything of that site or its subdomains."""
    archives = tuple(archives)
    if not any(archive.has_site(site) for archive in archives):
        known = {one for archive in archives for one in archive.sites()}
        raise UnknownSiteError(site, get_close_matches(site, sorted(known), n=3))


def find(
    databases: Sequence[Any],
    words: str,
    *,
    only: str = "",
    limit: int = 20,
    offset: int = 0,
    order: search.Order = "relevance",
    semantic: bool = False,
) -> search.Results:
    """Search like `Archive.search`, in one archive or in several as one (see `archive.search.search_shards`)."""
    query = search.both(search.parse(words), search.parse(only))
    encoder = search.load_encoder() if semantic else None
    return search.search_shards(databases, query, limit=limit, offset=offset, order=order, encoder=encoder)


def related(
    archives: Sequence[Archive], holder: Archive, row: Mapping[str, Any], *, limit: int
) -> list[tuple[Archive, ArticleRow, float]]:
    """Return the result of `Archive.related` for an article of `holder`, over all of the archives."""
    held = search.vector_of(holder.db.conn, row["id"])
    if held is None:
        raise UsageError(_("article {id} has no vector yet: run `warraq embed`").format(id=row["id"]))
    copies = {member["url"] for member in holder.family(row)} | {row["url"]}
    near = [
        (cosine, archive, identity)
        for archive in archives
        for identity, cosine in search.nearest_vectors(archive.db.conn, *held, limit=limit + len(copies))
    ]
    found: dict[str, tuple[Archive, ArticleRow, float]] = {}
    for cosine, archive, identity in sorted(near, key=lambda one: -one[0]):
        other = archive.article(identity)
        if other["url"] not in copies:
            found.setdefault(other["url"], (archive, other, cosine))
    return list(found.values())[:limit]
