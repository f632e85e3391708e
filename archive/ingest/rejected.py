"""Tells captures that cannot have a row from those that can: a record of anybody's WARC in; a reason, or nothing, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import urls
from archive.files.clock import warc_moment

if TYPE_CHECKING:
    from archive.warc import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRecord:
    """A stretch of a file that gives no capture, and why. `length` is 0 when nobody knows where it ends.

    `reason` is one of `damaged` (not a whole record), `too-damaged` (the rest of the file was left), `unreadable` (the whole
    file), `no-record-id`, `bad-date`, `bad-url`, `bad-header`.
    """

    filename: str
    offset: int
    length: int
    reason: str
    detail: str
    url: str = ""
    record_id: str = ""
    date: str = ""

    def __str__(self) -> str:
        return f"{self.filename} at byte {self.offset}: {self.reason}: {self.detail}"


def reject_reason(record: Record) -> RejectedRecord | None:
    """Why a capture cannot have a row; None for one that can, and for records that need none."""
    if not record.is_capture:
        return None
    found = _misfit(record)
    if not found:
        return None
    return RejectedRecord(
        filename=record.location.filename,
        offset=record.location.offset,
        length=record.location.length,
        reason=found[0],
        detail=found[1],
        url=_plain(record.url),
        record_id=_plain(record.id),
        date=_plain(record.date),
    )


def _misfit(record: Record) -> tuple[str, str] | None:
    if not record.id:
        return "no-record-id", "a row is known by the record it was read from"
    for name, value in record.headers:
        if value != _plain(value):
            return "bad-header", f"{_plain(name)[:100]} is not UTF-8 text"
    if warc_moment(record.date) is None:
        return "bad-date", record.date[:100]
    if not urls.host_of(record.url):
        return "bad-url", "a URL without a host"
    return None


def _plain(text: str) -> str:
    """The text without what neither UTF-8 nor SQLite's tools take."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
