"""Run watches: find new matches, store them before anything is sent, write the feeds, and deliver due messages."""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass, replace
from gettext import gettext as _
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

from archive import search
from archive.archive import Archive
from archive.collection import Collection
from archive.errors import UsageError
from archive.files import replace_file
from archive.files.clock import iso
from archive.watch.delivery import Letter, NotDeliveredError, after_quiet, deliver, next_attempt, quiet_hours
from archive.watch.store import NAME, Match, WatchStore
from archive.watch.syndication import FeedDocument, atom, entry_of, json_feed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from archive.watch.store import Message, Watch
    from archive.watch.syndication import FeedItem

LOCK: Final = ".watch.lock"
FEEDS: Final = "feeds"
"""The folder of the archive in which each watch has its feeds, as NAME.atom and NAME.json."""
MOST_ENTRIES: Final = 100
"""The most entries of a message or feed."""
_CHUNK: Final = 500
_MAIL: Final = re.compile(r"mailto:[^\s@,;<>]+@[^\s@,;<>]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """The result of a run: the numbers of new matches and delivered messages, and the failures as (target, problem)."""

    found: int
    delivered: int
    failed: tuple[tuple[str, str], ...]


def add(folder: Path, watch: Watch, *, now: datetime) -> tuple[Watch, tuple[str, ...]]:
    """Store a watch; articles that match already are not reported. Returns the watch, and the parts of its query that were left out.

    Raises:
        ArchiveNotFoundError: the folder has no archive.
        UsageError: the query is empty, or a name, target, zone or time is not valid.
    """
    Collection(folder).require()
    problems = _check(watch)
    query = watch.query.encode("utf-8", "replace").decode()  # the command line may have given bytes that are not UTF-8
    watch = replace(
        watch, query=query, secret=f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}", created_at=iso(now)
    )
    with Collection(folder).lock(LOCK), Archive(folder) as archive, WatchStore(folder) as store, store.atomic():
        watch = replace(watch, id=store.add(watch))
        store.put_matches(watch.id, _matches(archive, watch, {}), at=iso(now), is_told=True)
    return watch, problems


def _check(watch: Watch) -> tuple[str, ...]:
    if not NAME.fullmatch(watch.name):
        raise UsageError(
            _("{name!r} is not a name for a watch: use letters, digits, - and . (64 at most)").format(name=watch.name)
        )
    query = search.parse(watch.query)
    if not search.match_expression(query):
        left_out = "; ".join(map(str, query.problems))
        raise UsageError(
            _("{query!r} has no words that can be watched{left_out}").format(
                query=watch.query, left_out=f" ({left_out})" if left_out else ""
            )
        )
    for target in watch.targets:
        _check_target(target)
    if watch.quiet:
        quiet_hours(watch.quiet)
    try:
        ZoneInfo(watch.zone)
    except (KeyError, ValueError, OSError):
        raise UsageError(_("{zone!r} is not a time zone: write it as Asia/Riyadh").format(zone=watch.zone)) from None
    return tuple(map(str, query.problems))


def _check_target(target: str) -> None:
    if not target.isprintable() or not (_MAIL.fullmatch(target) or _is_web(target)):
        raise UsageError(
            _("{target!r} is not a target: give a mail address or a URL (http, https)").format(target=target)
        )


def _is_web(target: str) -> bool:
    try:
        parts = urlsplit(target)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and " " not in target
    except ValueError:
        return False


def run(folder: Path, *, now: datetime) -> Ran:
    """Run all watches of an archive. Raises ArchiveLockedError while another run is in progress.

    Matches are stored before anything is sent, so that after a crash they are sent by the next run under the same id.
    """
    if not WatchStore.exists(folder):
        Collection(folder).require()
        return Ran(found=0, delivered=0, failed=())
    with Collection(folder).lock(LOCK), Archive(folder) as archive, WatchStore(folder) as store:
        found = sum(_gather(archive, store, watch, now) for watch in store.all())
        _write_feeds(archive, store, folder)
        delivered, failed = _deliver(archive, store, now)
    return Ran(found=found, delivered=delivered, failed=failed)


def _gather(archive: Archive, store: WatchStore, watch: Watch, now: datetime) -> int:
    with store.atomic():
        ids = store.put_matches(watch.id, _matches(archive, watch, store.known(watch.id)), at=iso(now), is_told=False)
        due = iso(after_quiet(watch, now))
        for target in watch.targets:
            for start in range(0, len(ids), MOST_ENTRIES):
                store.put_message(f"msg_{uuid4().hex}", watch.id, target, ids[start : start + MOST_ENTRIES], due_at=due)
    return len(ids)


def _matches(archive: Archive, watch: Watch, known: dict[str, set[str]]) -> Iterator[Match]:
    """Yield new matches of the watch: articles; with `changes`, their later versions; with `gone`, that their pages are gone.

    A return to an earlier version is a change too; these matches come last.
    """
    returned: list[Match] = []
    for row in _found(archive, archive.matching(watch.query, all_versions=watch.changes)):
        key, digest = row["article_key"], row["text_digest"]
        first = key not in known
        seen = known.setdefault(key, set())
        if digest not in seen and (first or watch.changes):
            seen.add(digest)
            yield Match(article_key=key, digest=digest, event="new" if first else "changed")
        if watch.changes and row["after"] and (again := f"{digest} {row['after']}") not in seen:
            seen.add(again)
            returned.append(Match(article_key=key, digest=again, event="changed"))
        if watch.gone and row["is_latest"] and row["gone_at"] and row["gone_at"] not in seen:
            seen.add(row["gone_at"])
            yield Match(article_key=key, digest=row["gone_at"], event="gone")
    yield from returned


def _found(archive: Archive, ids: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """Yield the articles; `after` is when the text was last another one, if the latest version was served before that too."""
    sql = """
        SELECT article_key, text_digest, gone_at, is_latest, CASE WHEN is_latest THEN (
            SELECT max(o.last_seen_at) FROM articles AS o
            WHERE o.article_key = a.article_key AND o.text_digest <> a.text_digest AND o.last_seen_at > a.fetched_at
        ) END AS after
        FROM articles AS a WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id
        """
    for start in range(0, len(ids), _CHUNK):
        yield from archive.db.query(sql, [json.dumps(ids[start : start + _CHUNK])])


def _entries(archive: Archive, matches: list[Match]) -> list[FeedItem]:
    """Return the entries of matches, without those whose article was removed, such as a redacted one."""
    entries = []
    for match in matches:
        digest, _, after = match.digest.partition(" ")
        which = "is_latest = 1" if match.event == "gone" else "text_digest = :digest"
        sql = f"SELECT * FROM articles WHERE article_key = :key AND {which} ORDER BY id LIMIT 1"  # noqa: S608 - our own words
        rows = archive.db.query(sql, {"key": match.article_key, "digest": digest})
        entries += [entry_of(row, event=match.event, at=match.found_at, after=after) for row in rows]
    return entries


def feed_of(archive: Archive, store: WatchStore, watch: Watch) -> FeedDocument:
    """Return the feed of a watch, newest entries first."""
    return FeedDocument(
        title=watch.name,
        entries=_entries(archive, store.newest_matches(watch.id, limit=MOST_ENTRIES)),
        address=f"{quote(watch.name)}.atom",
        since=watch.created_at,
    )


def _write_feeds(archive: Archive, store: WatchStore, folder: Path) -> None:
    feeds = folder / FEEDS
    feeds.mkdir(exist_ok=True)
    for watch in store.all():
        feed = feed_of(archive, store, watch)
        replace_file(feeds / f"{watch.name}.atom", [atom(feed)])
        replace_file(feeds / f"{watch.name}.json", [json_feed(feed)])


def _deliver(archive: Archive, store: WatchStore, now: datetime) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Send due messages. A target that does not accept a message is skipped until the next run."""
    watches = {watch.id: watch for watch in store.all()}
    delivered, failed = 0, dict[str, str]()
    for message in store.due(iso(now)):
        if message.target in failed:
            continue
        if problem := _try(archive, store, watches[message.watch_id], message, now):
            failed[message.target] = problem
        else:
            delivered += 1
    return delivered, tuple(failed.items())


def _try(archive: Archive, store: WatchStore, watch: Watch, message: Message, now: datetime) -> str:
    """Send one message and record the result; return the problem, '' for none."""
    entries = _entries(archive, store.matches_of(message))
    try:
        if entries:
            deliver(Letter(id=message.id, watch=watch, entries=entries), message.target, now=now)
    except NotDeliveredError as error:
        again = next_attempt(message.attempts, now)
        with store.atomic():
            store.failed(message, str(error), due_at=iso(after_quiet(watch, again)) if again else "")
        return str(error)
    with store.atomic():
        store.sent(message, at=iso(now))
    return ""
