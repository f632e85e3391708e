"""Fill an archive from a CDX server, which lists the captures; fetch the records by HTTP Range, or as replayed.

A record from a WARC file is kept byte for byte. A replayed page is not a record of the exchange: its body is stored as a `resource`
record, with the address that replayed it.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from archive import http
from archive.files.clock import warc_timestamp
from archive.index import captures
from archive.locale import N_
from archive.warc import cdxserver
from crawler.backfill.spider import IN_A_ROW, BackfillSpider, NoIndexError, RecordUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.http import Response

    from archive.warc.cdxserver import Listed

logger = logging.getLogger(__name__)

PER_ANSWER = 10_000
"""Page size of listings, where the server supports paging; about 4 MB."""
MAX_ANSWERS = 500
COMMIT_EVERY = 50
_RANGE = re.compile(r"bytes (\d+)-(\d+)/")


class CdxSpider(BackfillSpider):
    """Fetches the captures that a CDX server lists."""

    async def fill_in(self) -> None:
        """Fetch the missing captures, oldest first."""
        self._known: set[tuple[str, str]] = set()
        await self._fill(await self._list())

    async def _list(self) -> list[Listed]:
        """Return the captures that the index has and the archive lacks, oldest first, at most as many as the plan allows."""
        plan, found = self.plan, dict[tuple[str, str], "Listed"]()
        async for listing in self._listings():
            self.filled.malformed += listing.malformed
            for one in listing.captures:
                if plan.wanted.takes(one.url, one.timestamp):
                    found.setdefault((one.url, one.timestamp), one)
            if len(found) >= plan.most:
                self.filled.cut_off = self.filled.cut_off or len(found) > plan.most or bool(listing.resume_key)
                break
        chosen = sorted(found.values(), key=lambda one: (one.timestamp, one.url))[: plan.most]
        self.filled.listed = len(chosen)
        missing = [one for one in chosen if not self._is_held(one)]
        self.filled.held = len(chosen) - len(missing)
        return missing

    async def _listings(self) -> AsyncIterator[cdxserver.Listing]:
        """Yield the server's responses, with paging by number, by key, or none."""
        pages = cdxserver.pages_of(await self._ask(showNumPages="true"))
        if pages is not None:
            for page in range(min(pages, MAX_ANSWERS)):
                if self.stopping:
                    return
                yield cdxserver.read_listing(await self._ask(page=page))
            self.filled.cut_off |= pages > MAX_ANSWERS
            return
        key = ""
        for answer in range(1, MAX_ANSWERS + 1):
            more: dict[str, str | int] = {"resumeKey": key} if key else {}
            listing = cdxserver.read_listing(await self._ask(limit=PER_ANSWER, showResumeKey="true", **more))
            yield listing
            if not listing.resume_key or listing.resume_key == key or self.stopping:
                self.filled.cut_off |= not listing.resume_key and len(listing.captures) >= PER_ANSWER
                return
            key = listing.resume_key
            self.filled.cut_off |= answer == MAX_ANSWERS

    async def _ask(self, **more: str | int) -> bytes:
        plan = self.plan
        asked = cdxserver.question(
            plan.cdx, plan.url, match=plan.match, first=plan.wanted.first, last=plan.wanted.last, **more
        )
        return await self._answer(asked)

    async def _answer(self, asked: str) -> bytes:
        try:
            response = await self.get(asked)
        except RecordUnavailableError as error:
            raise NoIndexError(
                N_("the CDX server is unavailable: {asked}: {error}").format(asked=asked, error=error)
            ) from None
        if response.status == 404:  # how pywb and Common Crawl say "no captures"
            return b""
        if response.status != 200:
            raise NoIndexError(
                N_("the CDX server answered {status}: {asked}").format(status=response.status, asked=asked)
            )
        return response.body

    async def _fill(self, missing: list[Listed]) -> None:
        in_a_row = 0
        for number, one in enumerate(missing, 1):
            if self.stopping:
                return
            try:
                await self._fetch_record(one)
                in_a_row = 0
            except (RecordUnavailableError, cdxserver.NotThatRecordError) as error:
                in_a_row += 1
                self.filled.failed[error.reason] += 1
                logger.info("%s of %s: %s", one.url, one.timestamp, error)
            if in_a_row >= IN_A_ROW:
                self.filled.failed["given-up"] += len(missing) - number
                return
            if number % COMMIT_EVERY == 0:
                self.indexer.finish()
            self.on_progress(self.filled)

    async def _fetch_record(self, one: Listed, *, is_original: bool = False) -> None:
        """Fetch, check and store a record; before a revisit, the record that it refers to."""
        if self.plan.replay:
            await self._fetch_replayed(one)
            return
        data = await self._fetch(one)
        record = cdxserver.check_record(data, one)
        if record.type == "revisit" and not is_original:
            await self._fetch_original(record.get("WARC-Refers-To-Target-URI"), record.get("WARC-Refers-To-Date"))
        data, record = self.own(data, record)
        if not self.is_held(record):
            self.copy_record(data, record)
            self._known.add((one.url, one.timestamp))

    async def _fetch_replayed(self, one: Listed) -> None:
        """Fetch a capture as replayed without changes (`id_`), and store the body; redirects and errors have none."""
        if one.status not in {"200", "-", ""}:
            self.filled.left_out[f"status-{one.status}"] += 1
            return
        address = cdxserver.replay_url(self.plan.replay, one)
        response = await self.get(address)
        if response.status != 200:
            raise RecordUnavailableError(f"status-{response.status}", address)
        headers = dict(_headers(response))
        try:
            body = http.inflate(response.body, headers.get("content-encoding", ""), cdxserver.MAX_UNPACKED)
        except (http.BadCoding, http.TooLarge) as error:
            raise RecordUnavailableError("bad-coding", str(error)) from None
        replayed = cdxserver.replayed_record(one, address, body, headers, self.archive.clock())
        self.copy_record(replayed, cdxserver.check_record(replayed, one))
        self._known.add((one.url, one.timestamp))

    async def _fetch_original(self, url: str, date: str) -> None:
        timestamp = warc_timestamp(date)
        if not url or not timestamp:
            return
        plan, url = self.plan, url.strip("<>")
        asked = cdxserver.question(plan.cdx, url, match="exact", first=timestamp, last=timestamp, limit=10)
        for one in cdxserver.read_listing(await self._answer(asked)).captures:
            if (one.url, one.timestamp) == (url, timestamp) and not self._is_held(one):
                await self._fetch_record(one, is_original=True)
                return

    async def _fetch(self, one: Listed) -> bytes:
        place = one.location
        if place is None:
            raise RecordUnavailableError("no-place", N_("the index does not give the location of the record"))
        if place.length > self.most_bytes:
            raise RecordUnavailableError(
                "too-large", N_("{length} bytes (WARRAQ_MAX_BODY_BYTES)").format(length=place.length)
            )
        last = place.offset + place.length - 1
        response = await self.get(
            cdxserver.record_url(self.plan.warc_base, place),
            headers={"Range": f"bytes={place.offset}-{last}"},
            most=place.length,
        )
        if response.status != 206:
            raise RecordUnavailableError(
                "no-range" if response.status == 200 else f"status-{response.status}", response.url
            )
        given = _RANGE.match((response.headers.get("Content-Range") or b"").decode("latin-1"))
        if not given or (int(given[1]), int(given[2])) != (place.offset, last):
            raise RecordUnavailableError("other-range", N_("the server sent another part of the file"))
        return response.body

    def _is_held(self, one: Listed) -> bool:
        moment = (one.url, one.timestamp)
        return moment in self._known or captures.is_held(self.archive.store.db, *moment)


def _headers(response: Response) -> Iterator[tuple[str, str]]:
    """Yield the header fields of the response, names in lower case."""
    for name, values in response.headers.items():
        yield name.decode("latin-1").lower(), b", ".join(values).decode("latin-1")
