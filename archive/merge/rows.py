"""Takes a shard's captures and articles into an archive's database: first the captures as unread, then what was read from each.

So a crash between leaves only captures that nobody has read, which the next merge, or the next crawl, completes. A capture is known by
its record id, an article by its URL and what it says: whatever arrives twice, through whichever archives, counts once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from archive import search, warc
from archive.capture import Location
from archive.errors import DamagedFileError
from archive.index import articles, availability, captures, changes, joining
from archive.index.rows import CaptureRow
from archive.outcome import Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archive.collection import Collection
    from archive.index import Store
    from archive.merge.shard import Shard

_CAPTURE = tuple(f.name for f in fields(CaptureRow))
_PLACE = ("warc_filename", "warc_record_offset", "warc_record_length")


@dataclass(slots=True, kw_only=True)
class Taken:
    """What came in, counted: captures and new versions of articles; the records of captures whose article must wait for a file."""

    captures: int = 0
    articles: int = 0
    waiting: set[str] = field(default_factory=set)


class Rows:
    """The rows of one shard on their way into an archive."""

    def __init__(
        self, shard: Shard, names: dict[str, str], collection: Collection, store: Store, *, redacted: set[str]
    ) -> None:
        """`names`: under which name each file of the shard lies here; `redacted`: URLs that were taken out for good."""
        self.done = Taken()
        self._shard, self._names = shard, names
        self._folder, self._store, self._db = collection.warcs, store, store.db
        self._redacted = redacted

    def _batches(self) -> Iterator[list[dict[str, Any]]]:
        """The shard's captures whose file is here."""
        for rows in self._shard.batches("captures"):
            if chosen := [row for row in rows if row["warc_filename"] in self._names]:
                yield chosen

    def add(self, progress: Callable[[int], None]) -> None:
        """Adds the captures that have no row here yet, as unread; `progress` hears how many were looked at."""
        seen = 0
        for rows in self._batches():
            known = joining.known(self._db, [row["record_id"] for row in rows])
            fresh = [row for row in rows if row["record_id"] not in known and not self._is_out(row)]
            if fresh:
                with self._store.atomic():
                    for row in fresh:
                        self.done.captures += captures.insert(self._db, self._row(row))
            seen += len(rows)
            progress(seen)

    def _row(self, row: dict[str, Any]) -> CaptureRow:
        values = {name: row[name] for name in _CAPTURE if name in row}
        return CaptureRow(**{**values, "warc_filename": self._names[row["warc_filename"]]})

    def _is_out(self, row: dict[str, Any]) -> bool:
        """Whether the record was redacted here; one of such a URL that was not is taken in, and then out with the rest."""
        if row["url"] not in self._redacted:
            return False
        place = Location(
            filename=self._names[row["warc_filename"]],
            offset=row["warc_record_offset"],
            length=row["warc_record_length"],
        )
        try:
            return warc.is_tombstone(warc.read_at(self._folder, place, max_block=256))
        except (DamagedFileError, FileNotFoundError):
            return True

    def read(self, progress: Callable[[int], None]) -> None:
        """Gives the captures that are unread here the reading that the shard has of them, with the articles."""
        if not joining.has_unread(self._db):
            return
        seen = 0
        for rows in self._batches():
            unread = joining.unread(self._db, [row["record_id"] for row in rows])
            if todo := [row for row in rows if row["record_id"] in unread and row["outcome"]]:
                with self._store.atomic():
                    self._read(todo)
            seen += len(rows)
            progress(seen)

    def _read(self, rows: list[dict[str, Any]]) -> None:
        held = self._articles({row["article_id"] for row in rows if row["article_id"] is not None})
        times: dict[int, tuple[str, str]] = {}
        for row in rows:
            article_id = None
            if row["article_id"] is not None:
                if row["article_id"] not in held:
                    self.done.waiting.add(row["record_id"])
                    continue
                article_id = held[row["article_id"]]
                at = row["captured_at"]
                first, last = times.get(article_id, (at, at))
                times[article_id] = (min(first, at), max(last, at))
            outcome = Outcome(kind=OutcomeKind(row["outcome"]), reason=row["reason"], detail=row["detail"])
            captures.record_outcome(self._db, row["record_id"], outcome, article_id, directives=row["directives"])
        joining.see(self._db, times)
        changes.copy(self._shard.store.db, self._db, held)
        for url in joining.urls_of(self._db, times):
            articles.number_versions(self._db, url)
        availability.recompute(self._db, dict.fromkeys(row["url"] for row in rows))

    def _articles(self, ids: set[int]) -> dict[int, int]:
        """Ids here of these articles of the shard, which come in where they are new; without those that must wait for a file."""
        held: dict[int, int] = {}
        fresh: list[int] = []
        rows = joining.articles_of(self._shard.store.db, ids)
        self._shard.store.check_unchanged()
        for row in rows:
            if self._resolve(row):
                held[row["id"]] = self._put(row, fresh)
        search.index_articles(self._db.conn, fresh)
        return held

    def _resolve(self, row: dict[str, Any]) -> bool:
        """Puts the ids and places of this archive into the row; False when something that it refers to is not here yet."""
        if row["conversion_id"] and row["conversion_id"] in self._shard.open_texts:
            return False
        origin = captures.of_record(self._db, row["origin"])
        if row["payload"] is None:  # the record is there, its row is not: its page was redacted
            name = self._names.get(row["warc_filename"], "")
            place = {**{one: row[one] for one in _PLACE}, "warc_filename": name} if name else None
        else:
            place = joining.place_of(self._db, row["payload"])
        if origin is None or place is None:
            return False
        row |= {"capture_id": origin["id"], **place}
        return True

    def _put(self, row: dict[str, Any], fresh: list[int]) -> int:
        """The id of the version here; of two archives' rows of one version, that of the earlier capture is kept."""
        held = joining.held(self._db, row["url"], row["text_digest"])
        if held is None:
            article_id = joining.insert_article(self._db, row)
            self.done.articles += 1
        elif (row["origin_at"], row["origin"]) < (held["origin_at"], held["origin"]):
            article_id = held["id"]
            if article_id not in fresh:
                search.unindex_articles(self._db.conn, [article_id])
            joining.replace_article(self._db, article_id, row)
        else:
            return int(held["id"])
        if article_id not in fresh:
            fresh.append(article_id)
        return article_id
