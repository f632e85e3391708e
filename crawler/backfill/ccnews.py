"""Fill an archive from CC-NEWS, Common Crawl's WARC files of news: stream each file and keep only the matching captures.

A month has a list of its files (`crawl-data/CC-NEWS/2026/11/warc.paths.gz`), each of some 1 GB and of all sites. They are fetched
in pieces, by HTTP Range. The position is saved after each piece, and the next run continues from it, however this one ended.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from archive import http
from archive.files.clock import warc_timestamp
from archive.index import runs
from archive.locale import N_
from archive.warc import NotOneRecordError, read_member
from archive.warc.cdxserver import MAX_UNPACKED
from archive.warc.splitter import MemberSplitter
from crawler.backfill.spider import IN_A_ROW, BackfillSpider, NoIndexError, RecordUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.warc import Record
    from archive.warc.splitter import Member

logger = logging.getLogger(__name__)

BASE = "https://data.commoncrawl.org/"
"""Where Common Crawl serves its files."""
PIECE = 8 << 20
"""Bytes of a file per request: they are held in memory."""
MAX_LIST = 4 << 20
"""Bytes of a month's list, unpacked; one of 1,000 files has 80 kB."""
FIRST_MONTH = "201608"
"""The first month of CC-NEWS."""

MAX_WAITING = 4
"""Records that are kept until their capture arrives: its request comes right before it."""

_PATH = re.compile(r"crawl-data/CC-NEWS/\d{4}/\d\d/CC-NEWS-(\d{14})-\d+\.warc\.gz")
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_CAPTURES = frozenset({"response", "revisit"})
_COMPANIONS = frozenset({"request", "metadata"})


class CcNewsSpider(BackfillSpider):
    """Streams the files of a period."""

    async def fill_in(self) -> None:
        """Read each file of the period that earlier runs have not finished."""
        self._taken: set[str] = set()
        self._uncommitted: set[tuple[str, str]] = set()
        self._waiting: deque[tuple[bytes, Record]] = deque(maxlen=MAX_WAITING)
        paths = [path for month in self._months() for path in await self._files_of(month)]
        self.filled.files = len(paths)
        in_a_row = 0
        for path in paths:
            try:
                await self._stream(path)
                in_a_row = 0
            except RecordUnavailableError as error:
                in_a_row += 1
                self.filled.failed[error.reason] += 1
                logger.info("%s: %s", path, error)
            if self.stopping or self.filled.cut_off:
                return
            if in_a_row >= IN_A_ROW:
                self.filled.failed["given-up"] += 1
                return

    def _months(self) -> list[str]:
        """Return the months whose files may have captures of the period; a file holds captures from after its time."""
        last = (self.plan.wanted.last or f"{self.archive.clock():%Y%m}")[:6].ljust(6, "9")
        last = min(last, f"{self.archive.clock():%Y%m}")
        month, found = max(self._earliest()[:6], FIRST_MONTH), list[str]()
        while month <= last:
            found.append(month)
            year, number = int(month[:4]), int(month[4:])
            month = f"{year + number // 12}{number % 12 + 1:02}"
        return found

    def _earliest(self) -> str:
        """Return the time of the earliest file to read, a day before the period."""
        first = self.plan.wanted.first or FIRST_MONTH
        whole = first + "00000101000000"[len(first) :]
        try:
            return f"{datetime.strptime(whole, '%Y%m%d%H%M%S').replace(tzinfo=UTC) - timedelta(days=1):%Y%m%d%H%M%S}"
        except (ValueError, OverflowError):
            return first

    async def _files_of(self, month: str) -> list[str]:
        """Return the files of a month that may have captures of the period."""
        address = f"{self.plan.news.rstrip('/')}/crawl-data/CC-NEWS/{month[:4]}/{month[4:]}/warc.paths.gz"
        try:
            response = await self.get(address)
        except RecordUnavailableError as error:
            raise NoIndexError(
                N_("the list of files is unavailable: {address}: {error}").format(address=address, error=error)
            ) from None
        if response.status == 404:
            self.filled.left_out["no-list"] += 1
            return []
        if response.status != 200:
            raise NoIndexError(
                N_("the list of files is unavailable: {address} answered {status}").format(
                    address=address, status=response.status
                )
            )
        try:
            lines = http.inflate(response.body, "gzip", MAX_LIST).decode("utf-8", "replace").split()
        except (http.BadCoding, http.TooLarge) as error:
            raise NoIndexError(
                N_("the list of files cannot be read: {address}: {error}").format(address=address, error=error)
            ) from None
        return sorted(self._meant(lines))

    def _meant(self, lines: list[str]) -> Iterator[str]:
        earliest, last = self._earliest(), self.plan.wanted.last
        for line in dict.fromkeys(lines):
            match = _PATH.fullmatch(line)
            self.filled.malformed += match is None
            if match and match[1] >= earliest and match[1][: len(last)] <= last:
                yield line

    async def _stream(self, path: str) -> None:
        """Read a file to its end, from where an earlier run stopped."""
        held = runs.backfilled(self.archive.store.db, path, self._meaning)
        if held.is_done:
            self.filled.files_done += 1
            return
        self._taken.clear()
        self._waiting.clear()
        splitter = MemberSplitter(self._is_wanted, start=held.offset, most=self.most_bytes)
        at, size = held.offset, held.size
        while not self.stopping and (at < size or not size):
            piece, size = await self._piece(path, at)
            at += len(piece)
            self.filled.streamed += len(piece)
            for member in splitter.feed(piece):
                if not self._take(member):  # the next run begins with it
                    self._note(path, member.offset, size)
                    return
            self._note(path, splitter.boundary, size)
            self.on_progress(self.filled)
        if size and at >= size:
            self._end(path, splitter, size)

    def _end(self, path: str, splitter: MemberSplitter, size: int) -> None:
        """Count a finished file and its damaged records."""
        damaged = splitter.damaged + (not splitter.finish())
        if damaged:
            self.filled.failed["damaged"] += damaged
        self._note(path, size, size)
        self.filled.files_done += 1

    def _note(self, path: str, offset: int, size: int) -> None:
        """Make the captures durable, then the position in the file."""
        self._commit()
        store = self.archive.store
        with store.atomic():
            runs.note_backfilled(store.db, path, self._meaning, offset=offset, size=size)

    @property
    def _meaning(self) -> str:
        """Return a key for the selection: with another URL or period a file is read again."""
        plan = self.plan
        return " ".join([plan.match, plan.url, plan.wanted.first or "-", plan.wanted.last or "-"])

    async def _piece(self, path: str, at: int) -> tuple[bytes, int]:
        """Return the bytes of a file from `at` on, and the size of the file."""
        address = f"{self.plan.news.rstrip('/')}/{path}"
        response = await self.get(address, headers={"Range": f"bytes={at}-{at + PIECE - 1}"}, most=PIECE)
        if response.status != 206:
            reason = "no-range" if response.status == 200 else f"status-{response.status}"
            raise RecordUnavailableError(reason, address)
        given = _RANGE.match((response.headers.get("Content-Range") or b"").decode("latin-1"))
        if not given or int(given[1]) != at or int(given[2]) - at + 1 != len(response.body) or not response.body:
            raise RecordUnavailableError(
                "other-range", N_("{address}: the server sent another part of the file").format(address=address)
            )
        return response.body, int(given[3])

    def _is_wanted(self, fields: dict[str, str]) -> bool:
        url = fields.get("warc-target-uri", "").removeprefix("<").removesuffix(">")
        kind = fields.get("warc-type", "")
        return kind in _CAPTURES | _COMPANIONS and self.plan.wanted.takes(url, fields.get("warc-date", ""))

    def _take(self, member: Member) -> bool:
        """Store a wanted record that the archive lacks; return False once the plan's maximum is reached."""
        if member.data is None:
            self.filled.failed["too-large"] += 1
            return True
        try:
            record = read_member(member.data, max_block=MAX_UNPACKED)
        except NotOneRecordError as error:
            self.filled.failed["no-record"] += 1
            logger.info("at %d: %s", member.offset, error)
            return True
        if record.type in _COMPANIONS:
            self._take_related(member.data, record)
            return True
        data, own = self.own(member.data, record)
        if self._is_held(own):
            self.filled.held += 1
        elif self.filled.fetched >= self.plan.most:
            self.filled.cut_off = True
            return False
        else:
            self._take_capture(data, own, named=record.id)
        self.filled.listed += 1
        return True

    def _is_held(self, record: Record) -> bool:
        """Return whether the archive has the capture, or an uncommitted one of this file is the same."""
        if (record.url, warc_timestamp(record.date)) in self._uncommitted:
            self._commit()
        return self.is_held(record)

    def _commit(self) -> None:
        """Commit the stored records."""
        self.indexer.finish()
        self._uncommitted.clear()

    def _take_capture(self, data: bytes, record: Record, *, named: str) -> None:
        """Store a capture, with its request before it; `named` is its record id in the file."""
        for request, held in self._waiting:
            if _capture_id_of(held) == named or held.id == record.get("WARC-Concurrent-To"):
                self.indexer.copy_record(request, held)
        self._waiting.clear()
        self.copy_record(data, record)
        self._taken.add(named)
        self._uncommitted.add((record.url, warc_timestamp(record.date)))

    def _take_related(self, data: bytes, record: Record) -> None:
        """Store a record that belongs to an earlier capture, or keep it for one that may follow."""
        if _capture_id_of(record) in self._taken:
            self.indexer.copy_record(data, record)
        else:
            self._waiting.append((data, record))


def _capture_id_of(record: Record) -> str:
    """Return the record id of the capture that a request or metadata record belongs to."""
    return record.get("WARC-Concurrent-To") or record.get("WARC-Refers-To")
