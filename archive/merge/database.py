"""Merge a shard's database into an archive's: captures, articles, the frontier, repeated lines, the log of runs.

Captures are added first, as unparsed, and then their outcomes, so that after a crash the next merge or crawl completes them. A capture is
identified by its record id, an article by its URL and text, so that nothing is added twice. Rows of `urls` are joined by an operation that
is commutative, associative and idempotent, so that shards can be merged in any order and repeatedly.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from archive import search, urls, warc
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
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from archive.collection import Collection
    from archive.index import Store
    from archive.merge.joining import Shard

_CAPTURE = tuple(f.name for f in fields(CaptureRow))
_PLACE = ("warc_filename", "warc_record_offset", "warc_record_length")


@dataclass(slots=True, kw_only=True)
class AddedRows:
    """The numbers of added captures and new versions of articles, and the records of captures whose article must wait for a file."""

    captures: int = 0
    articles: int = 0
    waiting: set[str] = field(default_factory=set)


class Rows:
    """Merges the rows of one shard into an archive."""

    def __init__(
        self, shard: Shard, names: dict[str, str], collection: Collection, store: Store, *, redacted: set[str]
    ) -> None:
        """`names` maps the files of the shard to their names here; `redacted` has the redacted URLs."""
        self.done = AddedRows()
        self._shard, self._names = shard, names
        self._folder, self._store, self._db = collection.warcs, store, store.db
        self._redacted = redacted

    def _batches(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the shard's captures whose files are here."""
        for rows in self._shard.batches("captures"):
            if chosen := [row for row in rows if row["warc_filename"] in self._names]:
                yield chosen

    def add(self, progress: Callable[[int], None]) -> None:
        """Insert the captures that have no row here yet, as unparsed; `progress` is called with the number examined."""
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
        """Return whether the record was redacted here; other records of such a URL are added and then redacted with the rest."""
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
        """Copy outcomes and articles from the shard to the captures that are unparsed here."""
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
            identity.resolve_teasers(self._db, url, unindex=self._unindex)
            search.index_articles(self._db.conn, identity.resolve_claims(self._db, url, unindex=self._unindex))
        availability.recompute(self._db, dict.fromkeys(row["url"] for row in rows))

    def _unindex(self, ids: list[int]) -> None:
        search.unindex_articles(self._db.conn, ids)

    def _articles(self, ids: set[int]) -> dict[int, int]:
        """Return the ids here of these articles of the shard, inserting new ones; without those that must wait for a file."""
        held: dict[int, int] = {}
        fresh: list[int] = []
        rows = joining.articles_of(self._shard.store.db, ids)
        self._shard.store.check_unchanged()
        for row in rows:
            if self._resolve(row):
                held[row["id"]] = self._put(row, fresh)
        pairs = [(row["id"], row["origin"]) for row in rows if row["id"] in held]
        former_ids.record_of_archive(self._db, self._shard.collection.name, pairs)
        search.index_articles(self._db.conn, fresh)
        images.describe(self._db, fresh)
        return held

    def _resolve(self, row: dict[str, Any]) -> bool:
        """Replace ids and locations in the row with those of this archive; return False when something it refers to is not here yet."""
        if row["conversion_id"] and row["conversion_id"] in self._shard.open_texts:
            return False
        origin = captures.of_record(self._db, row["origin"])
        if row["payload"] is None:  # the record has no row: its page was redacted
            name = self._names.get(row["warc_filename"], "")
            place = {**{one: row[one] for one in _PLACE}, "warc_filename": name} if name else None
        else:
            place = joining.place_of_record(self._db, row["payload"])
        if origin is None or place is None:
            return False
        row |= {"capture_id": origin["id"], **place}
        return True

    def _put(self, row: dict[str, Any], fresh: list[int]) -> int:
        """Return the id of the version here; of two rows of one version, the earlier gives the text and the later the metadata."""
        held = joining.version_with_text(self._db, row["url"], row["text_digest"])
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
"""The kind of run that a merge logs. It is logged in the target archive and not merged further, or two archives would never agree."""


def merge_frontier(shard: Shard, store: Store, progress: Callable[[int], None]) -> int:
    """Join the shard's URLs with those known here; return the number of rows that are new or changed."""
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
    """Return the row to write; None when it is equal to the held one."""
    if held is None:
        return row
    joined = join_rows(held, row)
    return joined if any(held[name] != value for name, value in joined.items()) else None


def merge_former_ids(shard: Shard, store: Store, into: str) -> None:
    """Copy the former ids of the shard, under its name and those of the archives merged into it; `into` is the name of this archive."""
    kept: dict[str, list[tuple[int, str]]] = {}
    for archive, article_id, record_id in former_ids.all_former(shard.store.db):
        kept.setdefault(archive or shard.collection.name, []).append((article_id, record_id))
    shard.store.check_unchanged()
    kept.pop(into, None)  # this archive's own ids, which it has already
    with store.atomic():
        for archive, pairs in kept.items():
            former_ids.record_of_archive(store.db, archive, pairs)


def merge_site_lines(shard: Shard, store: Store, *, redacted: Iterable[str]) -> int:
    """Copy the counted lines of hosts of which the shard has counted more pages; return the number of hosts.

    Counts of two archives are not added: one may have them from the other, and pages would count twice.
    Of a host with a URL in `redacted`, only lines that repeat are copied: others may be of the redacted page.
    """
    careful = set(map(urls.host_of, redacted))
    wanted = joining.hosts_of_site(shard.store.db, shard.site) if shard.site else None
    here = site_lines.pages_by_host(store.db)
    taken = 0
    for host, pages in site_lines.pages_by_host(shard.store.db).items():
        if (wanted is not None and host not in wanted) or pages < here.get(host, 0):
            continue
        least = site_lines.least_repeats(pages) if host in careful else 0
        lines = [(line, count) for line, count in site_lines.counts_of(shard.store.db, host) if count >= least]
        if pages == here.get(host) and lines <= site_lines.counts_of(store.db, host):
            continue
        with store.atomic():
            site_lines.put(store.db, host, pages, lines)
        taken += 1
    return taken


def merge_runs(shard: Shard, store: Store) -> int:
    """Copy the shard's log of runs; return the number of rows that are new or have ended since."""
    taken = 0
    for rows in shard.batches("runs"):
        chosen = [row for row in rows if row["kind"] != OWN and (not shard.site or row["site"] == shard.site)]
        held = runs.begun_at(store.db, [row["started_at"] for row in chosen])
        with store.atomic():
            for row in chosen:
                taken += _merge_run(store, row, held)
    return taken


def _merge_run(store: Store, row: dict[str, Any], held: list[dict[str, Any]]) -> bool:
    """Insert or complete the row of a run; return whether it changed. An unfinished run equals the ended one with its start and site."""
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
"""The columns that the first announcement determines."""

VISIT = (
    "visited_at", "due_at", "outcome", "reason", "status", "failures", "unchanged", "etag", "last_modified",
    "payload_digest", "changed_at", "article_url", "kind", "priority", "links_digest", "false_hints",
)  # fmt: skip
"""The columns that visits determine. They are taken together: an ETag belongs to the response that gave it."""


HINT = ("published_hint", "hint_via")
"""The latest time that an announcement gave, and its source."""


def upgraded(row: Mapping[str, Any]) -> Row:
    """Return a row of a shard, with the columns that an earlier version of warraq lacks."""
    return {"false_hints": 0, "hint_via": "", "links_digest": "", "spelling": "", **row}


def join_rows(one: Mapping[str, Any], other: Mapping[str, Any]) -> Row:
    """Join two rows of a URL: the earliest announcement, the newest visit, the latest hint; without an `id`.

    A redacted URL stays redacted. Before the first visit it gets the better kind and the earlier due time. `visits` is the larger
    count, because an archive that took over a site continued the count of the other.
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
    """Return the fields as a sort key, in which None sorts first."""
    return tuple((row[name] is not None, row[name] if row[name] is not None else 0) for name in names)
