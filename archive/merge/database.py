"""Merge a shard's database into an archive's: captures, articles, the frontier, repeated lines, the log of runs.

Captures come first, as unread, then what was read from each: a crash between leaves only captures that the next merge, or the next crawl,
completes. A capture is known by its record id, an article by its URL and text: what arrives twice counts once. Rows of `urls` are joined by
an operation that is commutative, associative and idempotent, so shards can be merged in any order, again and again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from archive import search, warc
from archive.capture import Location
from archive.errors import DamagedFileError
from archive.index import (
    articles,
    availability,
    captures,
    former_ids,
    frontier,
    identity,
    images,
    renderings,
    runs,
    site_lines,
)
from archive.index.rows import CaptureRow
from archive.merge import joining
from archive.outcome import Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from archive.collection import Collection
    from archive.index import Store
    from archive.merge.joining import Shard

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
        """Yield the shard's captures whose file is here."""
        for rows in self._shard.batches("captures"):
            if chosen := [row for row in rows if row["warc_filename"] in self._names]:
                yield chosen

    def add(self, progress: Callable[[int], None]) -> None:
        """Add the captures that have no row here yet, as unread; `progress` receives how many were examined."""
        seen = 0
        for rows in self._batches():
            known = joining.known_records(self._db, [row["record_id"] for row in rows])
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
        """Return whether the record was redacted here; one of such a URL that was not is taken in, and then out with the rest."""
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
        """Give the captures that are unread here the reading that the shard has of them, with the articles."""
        if not joining.has_unread(self._db):
            return
        seen = 0
        for rows in self._batches():
            unread = joining.unread_records(self._db, [row["record_id"] for row in rows])
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
            captures.record_outcome(
                self._db,
                row["record_id"],
                outcome,
                article_id,
                directives=row["directives"],
                headlines=row.get("headlines", ""),
            )
        joining.see(self._db, times)
        ids = [row["record_id"] for row in rows]
        images.copy(self._shard.store.db, self._db, ids)
        renderings.copy(self._shard.store.db, self._db, ids, self._names)
        articles.copy(self._shard.store.db, self._db, held)
        search.copy_vectors(self._shard.store.db.conn, self._db.conn, held)
        for url in joining.urls_of(self._db, times):
            articles.number_versions(self._db, url)
            identity.settle_teasers(self._db, url, unindex=self._unindex)
        availability.recompute(self._db, dict.fromkeys(row["url"] for row in rows))

    def _unindex(self, ids: list[int]) -> None:
        search.unindex_articles(self._db.conn, ids)

    def _articles(self, ids: set[int]) -> dict[int, int]:
        """Return ids here of these articles of the shard, which come in where they are new; without those that must wait for a file."""
        held: dict[int, int] = {}
        fresh: list[int] = []
        rows = joining.articles_of(self._shard.store.db, ids)
        self._shard.store.check_unchanged()
        for row in rows:
            if self._resolve(row):
                held[row["id"]] = self._put(row, fresh)
        pairs = [(row["id"], row["origin"]) for row in rows if row["id"] in held]
        former_ids.keep_of_archive(self._db, self._shard.collection.name, pairs)
        search.index_articles(self._db.conn, fresh)
        images.describe(self._db, fresh)
        return held

    def _resolve(self, row: dict[str, Any]) -> bool:
        """Put the ids and places of this archive into the row; False when something that it refers to is not here yet."""
        if row["conversion_id"] and row["conversion_id"] in self._shard.open_texts:
            return False
        origin = captures.of_record(self._db, row["origin"])
        if row["payload"] is None:  # the record is there, its row is not: its page was redacted
            name = self._names.get(row["warc_filename"], "")
            place = {**{one: row[one] for one in _PLACE}, "warc_filename": name} if name else None
        else:
            place = joining.place_of_record(self._db, row["payload"])
        if origin is None or place is None:
            return False
        row |= {"capture_id": origin["id"], **place}
        return True

    def _put(self, row: dict[str, Any], fresh: list[int]) -> int:
        """Return the id of the version here; of two archives' rows of one version, the earlier gives the text, the later the metadata."""
        held = joining.version_that_says(self._db, row["url"], row["text_digest"])
        if held is None:
            article_id = joining.insert_article(self._db, row)
            self.done.articles += 1
        else:
            article_id = int(held["id"])
            earlier = (row["origin_at"], row["origin"]) < (held["origin_at"], held["origin"])
            later = row["last_seen_at"] > held["last_seen_at"]
            if article_id not in fresh:
                search.unindex_articles(self._db.conn, [article_id])
            joining.replace_article(self._db, article_id, row, origin=earlier, later=later)
        if article_id not in fresh:
            fresh.append(article_id)
        return article_id


OWN = "merge"
"""The kind of run that a merge leaves in the log of the archive that it went into, and only there: two archives would never agree."""


def take_frontier(shard: Shard, store: Store, progress: Callable[[int], None]) -> int:
    """Join the shard's URLs with those that are known here; return how many rows were new or have changed."""
    taken = seen = 0
    for rows in shard.batches("urls"):
        chosen = [upgraded(row) for row in rows if not shard.site or row["site"] == shard.site]
        held = frontier.rows_of(store.db, [row["url"] for row in chosen])
        fresh = [row for row in (_joined(row, held.get(row["url"])) for row in chosen) if row]
        if fresh:
            with store.atomic():
                frontier.put(store.db, fresh)
        taken += len(fresh)
        seen += len(rows)
        progress(seen)
    return taken


def _joined(row: dict[str, Any], held: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the row to be written; None when the one that is held says it all."""
    if held is None:
        return row
    joined = join_rows(held, row)
    return joined if any(held[name] != value for name, value in joined.items()) else None


def take_former_ids(shard: Shard, store: Store, into: str) -> None:
    """Take what former ids stood for there, under the shard's name and those of the archives merged into it, for the archive `into`."""
    kept: dict[str, list[tuple[int, str]]] = {}
    for archive, article_id, record_id in former_ids.all_former(shard.store.db):
        kept.setdefault(archive or shard.collection.name, []).append((article_id, record_id))
    shard.store.check_unchanged()
    kept.pop(into, None)  # its own ids, which came back
    with store.atomic():
        for archive, pairs in kept.items():
            former_ids.keep_of_archive(store.db, archive, pairs)


def take_learned(shard: Shard, store: Store) -> int:
    """Take what the shard knows of hosts of which it has seen more pages; return how many hosts.

    Counts of two archives are not added up: one may have them from the other, and nothing may count twice.
    """
    wanted = joining.hosts_of_site(shard.store.db, shard.site) if shard.site else None
    here = site_lines.pages_by_host(store.db)
    taken = 0
    for host, pages in site_lines.pages_by_host(shard.store.db).items():
        if (wanted is not None and host not in wanted) or pages < here.get(host, 0):
            continue
        lines = site_lines.counts_of(shard.store.db, host)
        if pages == here.get(host) and lines <= site_lines.counts_of(store.db, host):
            continue
        with store.atomic():
            site_lines.put(store.db, host, pages, lines)
        taken += 1
    return taken


def take_runs(shard: Shard, store: Store) -> int:
    """Take the log of what was done to the shard; return how many rows were new or have ended since."""
    taken = 0
    for rows in shard.batches("runs"):
        chosen = [row for row in rows if row["kind"] != OWN and (not shard.site or row["site"] == shard.site)]
        held = runs.begun_at(store.db, [row["started_at"] for row in chosen])
        with store.atomic():
            for row in chosen:
                taken += _take_run(store, row, held)
    return taken


def _take_run(store: Store, row: dict[str, Any], held: list[dict[str, Any]]) -> bool:
    """Find the run here: one that is still going on is the same as one that has ended and began then, for the same site."""
    same = [one for one in held if all(one[name] == row[name] for name in ("kind", "site", "started_at"))]
    if row["ended_at"] is None:
        if same:
            return False
    elif any(_ended_alike(one, row) for one in same):
        return False
    going = next((one for one in same if one["ended_at"] is None), None)
    runs.put(store.db, row, going["id"] if going else None)
    if going:
        held.remove(going)
    held.append({**row, "id": going["id"] if going else None})
    return True


def _ended_alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("ended_at", "result", "summary"))


Row = dict[str, Any]

DISCOVERY = ("announced_at", "announced_by", "via", "site", "host", "depth", "redirects", "spelling")
"""What the first announcement said."""

VISIT = (
    "visited_at", "due_at", "outcome", "reason", "status", "failures", "unchanged", "etag", "last_modified",
    "payload_digest", "changed_at", "article_url", "kind", "priority", "links_digest", "false_hints",
)  # fmt: skip
"""What the visits have made of the row. They are one thing: an ETag belongs to the answer that gave it."""


HINT = ("published_hint", "hint_via")
"""The latest time that an announcement gave, and which."""


def upgraded(row: Mapping[str, Any]) -> Row:
    """Return a row of a shard that an earlier warraq wrote, with the columns that came later."""
    return {"false_hints": 0, "hint_via": "", "links_digest": "", "spelling": "", **row}


def join_rows(one: Mapping[str, Any], other: Mapping[str, Any]) -> Row:
    """Return the row of a URL that two archives know: the earliest announcement, the newest visit, the latest hint; without an `id`.

    A URL that was taken out for good (`redacted`) stays so. Before the first visit it is the best that anybody took it for, due when it
    was first. `visits` is the larger count: an archive that took a site over has counted on from the one before.
    """
    both = (one, other)
    row = {name: value for name, value in one.items() if name != "id"}
    first = min(both, key=lambda r: _key(r, DISCOVERY))
    row |= {name: first[name] for name in DISCOVERY}
    if one["visits"] or other["visits"] or "redacted" in {one["outcome"], other["outcome"]}:
        last = max(both, key=lambda r: (r["outcome"] == "redacted", *_key(r, VISIT)))
        row |= {name: last[name] for name in VISIT}
    else:
        row |= {"due_at": min(filter(None, (one["due_at"], other["due_at"])), default=None)}
        best = min(both, key=lambda r: (r["priority"], r["kind"]))
        row |= {"kind": best["kind"], "priority": best["priority"]}
    row["visits"] = max(one["visits"], other["visits"])
    hinted = max(both, key=lambda r: _key(r, HINT))
    row |= {name: hinted[name] for name in HINT}
    return row


def _key(row: Mapping[str, Any], names: tuple[str, ...]) -> tuple[tuple[bool, Any], ...]:
    """Return the fields in order, None before everything else."""
    return tuple((row[name] is not None, row[name] if row[name] is not None else 0) for name in names)
