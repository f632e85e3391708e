"""A redacted URL is removed from files, rows, search and index; who asked and why is kept; nothing else changes."""

from __future__ import annotations

import errno
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlite_utils.utils import sqlite3

from archive import search, warc
from archive.errors import ArchiveError, DatabaseLockedError, NotFoundError, NotWritableError
from archive.extract.text.phrases import line_key
from archive.index import Candidate, Store, frontier, places, site_lines
from archive.ingest import open_writer
from archive.maintain import redact, verify
from archive.warc import cdxj

from .conftest import FIRST, MIRROR, MOMENT, SECOND, keep, urls_in_frontier

if TYPE_CHECKING:
    from archive.collection import Collection
    from archive.maintain import Redacted

pytestmark = pytest.mark.slow

SECRET = "الخطة السرية"


def take_out(collection: Collection, store: Store, url: str = FIRST) -> Redacted:
    return redact(collection, store, url=url, reason="court order 7", who="editor", clock=lambda: MOMENT)


def everything(collection: Collection) -> bytes:
    found = b""
    for path in sorted(collection.folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found += data
            if path.name.endswith(".gz"):
                found += b"".join(record.block for record in warc.read_records(path))
    return found


def test_its_records_become_tombstones_and_no_other_moves(collection: Collection, store: Store) -> None:
    before = {
        record.location: record for path in warc.closed_files(collection.warcs) for record in warc.read_records(path)
    }
    done = take_out(collection, store)
    after = {
        record.location: record for path in warc.closed_files(collection.warcs) for record in warc.read_records(path)
    }
    assert before.keys() == after.keys()
    for place, record in before.items():
        if record.url == FIRST:
            assert warc.is_tombstone(after[place])
        else:
            assert after[place] == record
    assert done.records == sum(record.url == FIRST for record in before.values()) == 8
    stone = next(after[place] for place, record in before.items() if record.url == FIRST and record.type == "response")
    assert b"reason: court order 7\r\nby: editor\r\nwas: response\r\n" in stone.block
    assert stone.url == FIRST


def test_the_archive_is_in_order_afterwards(collection: Collection, store: Store) -> None:
    take_out(collection, store)
    assert verify(collection, store, clock=lambda: MOMENT).problems == []


def test_its_words_are_nowhere_any_more(collection: Collection, store: Store) -> None:
    take_out(collection, store, MIRROR)
    assert SECRET.encode() in everything(collection)
    take_out(collection, store, FIRST)
    store.close()
    assert SECRET.encode() not in everything(collection)


def test_not_even_the_search_index_keeps_a_word(collection: Collection, store: Store) -> None:
    ingest = open_writer(collection, info={}, clock=lambda: MOMENT)
    keep(ingest, "https://news.example/named", "the witness is called zqxwvkjq")
    ingest.close()
    assert b"zqxwvkjq" in everything(collection)
    take_out(collection, store, "https://news.example/named")
    store.close()
    assert b"zqxwvkjq" not in everything(collection)


def test_the_free_space_of_the_database_keeps_nothing_that_earlier_changes_left(
    collection: Collection, store: Store
) -> None:
    ingest = open_writer(collection, info={}, clock=lambda: MOMENT)
    keep(ingest, "https://news.example/named", "a long statement of the witness zqxwvkjq in this case " * 500)
    ingest.close()
    for change in ("text || 'x'", "substr(text, 1, 40)"):
        store.db.execute(f"UPDATE articles SET text = {change} WHERE url = 'https://news.example/named'")
        store.db.conn.commit()
    take_out(collection, store, "https://news.example/named")
    store.close()
    assert b"zqxwvkjq" not in everything(collection)


def test_a_second_call_rewrites_a_database_for_which_the_disk_had_no_room(
    collection: Collection, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(store: Store) -> None:
        raise NotWritableError(store.path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    ingest = open_writer(collection, info={}, clock=lambda: MOMENT)
    keep(ingest, "https://news.example/named", "a long statement of the witness zqxwvkjq in this case " * 500)
    ingest.close()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "rewrite", full)
        with pytest.raises(NotWritableError):
            take_out(collection, store, "https://news.example/named")
    assert b"zqxwvkjq" in everything(collection)
    take_out(collection, store, "https://news.example/named")
    store.close()
    assert b"zqxwvkjq" not in everything(collection)


def test_a_reader_for_whom_the_database_keeps_the_page_is_an_error(collection: Collection, store: Store) -> None:
    take_out(collection, store, MIRROR)
    store.db.execute("PRAGMA busy_timeout = 10")
    with closing(sqlite3.connect(collection.database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM articles").fetchone()
        with pytest.raises(DatabaseLockedError):
            take_out(collection, store)
    take_out(collection, store)
    assert SECRET.encode() not in collection.database.read_bytes()


@pytest.mark.parametrize("pages", [2, 40])
def test_learned_lines_of_its_pages_go_and_those_that_the_host_repeats_stay(
    collection: Collection, store: Store, pages: int
) -> None:
    own = ["title of the secret story", "its caption", line_key("أعلن الوزير عن الخطة السرية صباح اليوم")]
    shared = ["share this"]
    with store.atomic():
        for number in range(pages):
            site_lines.count_lines(store.db, "news.example", own + shared if number < 2 else shared)
        for _ in range(3):
            site_lines.count_lines(store.db, "news.example", shared)
    take_out(collection, store)
    assert site_lines.counts_of(store.db, "news.example") == [("share this", pages + 3)]


def test_rows_search_and_index_forget_it(collection: Collection, store: Store) -> None:
    done = take_out(collection, store)
    assert (done.captures, done.articles) == (2, 2)
    assert [hit.url for hit in search.search(store.db.conn, SECRET).hits] == [MIRROR]
    assert cdxj.Index(collection.folder).find(FIRST) == []
    assert {row["url"] for row in store.db.query("SELECT url FROM captures")} == {SECOND, MIRROR}


def test_it_is_not_fetched_again(collection: Collection, store: Store) -> None:
    take_out(collection, store)
    again = Candidate(url=FIRST, site="news.example", host="news.example", kind="article", by="feed")
    with store.atomic():
        frontier.schedule(store.db, [again], now="2026-11-25T00:00:00Z")
    assert urls_in_frontier(store)[FIRST] == (None, "redacted")


def test_who_and_why_stay_in_the_log(collection: Collection, store: Store) -> None:
    take_out(collection, store)
    (run,) = store.db.query("SELECT * FROM runs WHERE kind = 'redact'")
    assert all(word in run["summary"] for word in ("court order 7", "editor", FIRST))


def test_pages_whose_payload_went_with_it_are_told(collection: Collection, store: Store) -> None:
    assert take_out(collection, store).bereft == (MIRROR,)


@pytest.mark.parametrize(
    "names",
    [
        {"refers_to_url": "http://www.news.example/first", "refers_to_date": "2026-11-24T05:30:00Z"},
        {"refers_to": "<urn:uuid:first>"},
    ],
)
def test_pages_that_name_the_record_without_a_digest_are_told_too(
    collection: Collection, store: Store, names: dict[str, str]
) -> None:
    db = store.db
    db.execute(
        "UPDATE captures SET record_id = '<urn:uuid:first>' WHERE url = ? AND timestamp = '20261124053000'", [FIRST]
    )
    silent = {"payload_digest": "", "refers_to": "", "refers_to_url": "", "refers_to_date": ""}
    change = f"UPDATE captures SET {', '.join(f'{name} = :{name}' for name in silent)} WHERE url = '{MIRROR}'"
    db.execute(change, silent | names)
    assert places.revisits_of(db, ["<urn:uuid:first>"], {FIRST}) == {MIRROR}
    assert places.revisits_of(db, ["<urn:uuid:first>"], {FIRST, MIRROR}) == set()
    db.execute(change, silent)
    assert places.revisits_of(db, ["<urn:uuid:first>"], {FIRST}) == set()


def test_the_other_addresses_of_the_same_article_go_too(collection: Collection, store: Store) -> None:
    ingest = open_writer(collection, info={}, clock=lambda: MOMENT)
    keep(ingest, "https://news.example/amp/first", "أعلن الوزير عن الخطة السرية", article=FIRST, hours=9)
    ingest.close()
    done = take_out(collection, store, "https://news.example/amp/first")
    assert done.urls == ("https://news.example/amp/first", FIRST)


def test_doing_it_again_changes_nothing(collection: Collection, store: Store) -> None:
    take_out(collection, store)
    before = {path: path.read_bytes() for path in collection.warcs.iterdir()}
    again = take_out(collection, store)
    assert (again.records, again.captures) == (0, 0)
    assert {path: path.read_bytes() for path in collection.warcs.iterdir()} == before


@pytest.mark.parametrize("file", ["manifest-sha256.txt", "index.cdxj", "database"])
def test_a_crash_in_the_middle_is_finished_by_doing_it_again(
    collection: Collection, store: Store, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.fsync

    def fsync(handle: int) -> None:
        if file in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(28, "No space left on device")
        really(handle)

    monkeypatch.setattr("os.fsync", fsync)
    if file == "database":
        store.db.conn.execute(
            "CREATE TEMP TRIGGER full BEFORE DELETE ON captures BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    with pytest.raises((ArchiveError, sqlite3.Error)):
        take_out(collection, store)
    assert verify(collection, store, clock=lambda: MOMENT).problems != []
    monkeypatch.undo()
    store.db.conn.execute("DROP TRIGGER IF EXISTS full")
    take_out(collection, store)
    assert verify(collection, store, clock=lambda: MOMENT).problems == []
    assert cdxj.Index(collection.folder).find(FIRST) == []
    assert [hit.url for hit in search.search(store.db.conn, SECRET).hits] == [MIRROR]


def test_what_the_archive_never_had_is_not_found(collection: Collection, store: Store) -> None:
    with pytest.raises(NotFoundError):
        take_out(collection, store, "https://news.example/never")
