"""Copy WARC files into a collection, turn their records into rows of `captures`, and name the records that cannot have one."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archive import http, urls, warc
from archive.errors import DamagedFileError, NotWritableError
from archive.files import sync_folder
from archive.files.clock import captured_at, warc_moment, warc_timestamp
from archive.index.renderings import Rendering, parse_uri
from archive.index.rows import CaptureRow
from archive.urls.surt import surt
from archive.warc.framing import CAPTURES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from archive.storage import StoredFile
    from archive.warc import Record

MAX_NOTE = 20_000
"""Maximum bytes of a metadata record that are parsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A copied file of the collection, and the unreadable parts of its source."""

    path: Path
    damages: tuple[DamagedFileError, ...] = ()


def copy_in(source: Path, folder: Path, *, is_id_used: Callable[[str, str, str], bool] | None = None) -> Adopted:
    """Copy the records of a WARC or ARC file into the collection's folder, durably; existing files are not changed.

    Sound gzip members are copied byte for byte, other records are rewritten (see `archive.warc.rewrite`). `is_id_used(id, url, date)`
    says whether an id is that of another capture.
    Raises DamagedFileError if no record is readable, NotWritableError.
    """
    if source.parent.resolve() == folder.resolve():
        return Adopted(path=source)
    manifest = warc.read_manifest(folder)
    stem = source.name.removesuffix(".gz").removesuffix(".zst").removesuffix(".warc")
    name = f"{_storable(stem)}.warc.gz"
    if (folder / name).exists() and warc.sha256_of(source) == _held_digest(folder / name, manifest):
        return Adopted(path=folder / name)
    partial = folder / f".{name}.partial"
    damages = tuple(warc.salvage(source, partial, is_id_used=is_id_used or _no_id_used))
    try:
        target = _free_place(partial, folder, name, manifest)
        if target.exists():
            partial.unlink()
        else:
            partial.replace(target)
            sync_folder(folder)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise NotWritableError(folder / name, error) from error
    return Adopted(path=target, damages=damages)


def _storable(name: str) -> str:
    """Return a file name without what the database and the manifest cannot hold: line ends, controls, bytes that are not UTF-8."""
    return "".join("_" if unicodedata.category(letter) in {"Cc", "Cs"} else letter for letter in name)


def _no_id_used(record_id: str, url: str, date: str) -> bool:
    del record_id, url, date
    return False


def _held_digest(path: Path, manifest: Mapping[str, str]) -> str:
    return manifest.get(path.name) or warc.sha256_of(path)


def _free_place(copy: Path, folder: Path, name: str, manifest: Mapping[str, str]) -> Path:
    """Return the path of the copy: an identical file of that name (local or uploaded), else the first free name."""
    digest, serial, target = warc.sha256_of(copy), 0, folder / name
    while target.exists() or target.name in manifest:
        held = _held_digest(target, manifest) if target.exists() else manifest[target.name]
        if held == digest:
            break
        serial += 1
        target = folder / f"{serial}-{name}"
    return target


def ensure_member_per_record(
    source: Path, folder: Path, *, is_id_used: Callable[[str, str, str], bool] | None = None
) -> Adopted:
    """Return `source`, or, when it cannot be read record by record to its end, a copy of its records in `folder`.

    `is_id_used` is as for `copy_in`.
    """
    is_id_used = is_id_used or _no_id_used
    if _is_sound(source, is_id_used):
        return Adopted(path=source)
    serial = 1
    while (target := folder / f"{serial}-{source.name}.warc.gz").exists():
        serial += 1
    return Adopted(path=target, damages=tuple(warc.salvage(source, target, is_id_used=is_id_used)))


def _is_sound(path: Path, is_id_used: Callable[[str, str, str], bool]) -> bool:
    """Return whether each record is randomly accessible and has a unique id."""
    ids: set[int] = set()
    try:
        for record in warc.read_records(path, max_block=0):
            if record.is_capture:
                if not record.id or hash(record.id) in ids or is_id_used(record.id, record.url, record.date):
                    return False
                ids.add(hash(record.id))
    except DamagedFileError:
        return False
    return True


def row_of(record: warc.Record, site: str) -> CaptureRow | None:
    """Return the row of a capture of an http(s) URL; None for every other record."""
    if not record.is_capture:
        return None
    response = record.http
    refers_to, refers_to_url, refers_to_date = record.refers_to
    return CaptureRow(
        record_id=record.id,
        record_type=record.type,
        url=record.url,
        urlkey=surt(record.url),
        site=site or urls.site_of(record.url),
        timestamp=warc_timestamp(record.date),
        captured_at=captured_at(record.date),
        status=response.status if response else None,
        mime=response.get("Content-Type").partition(";")[0].strip().lower() if response else "",
        payload_digest=payload_digest_of(record),
        warc_filename=record.location.filename,
        warc_record_offset=record.location.offset,
        warc_record_length=record.location.length,
        ip=record.get("WARC-IP-Address"),
        truncated=record.truncated,
        refers_to=refers_to,
        refers_to_url=refers_to_url,
        refers_to_date=refers_to_date,
    )


def field_of(record: warc.Record, name: str) -> str:
    """Return a field of an application/warc-fields block, '' if it is missing."""
    prefix = f"{name}:"
    lines = record.block[:MAX_NOTE].decode("utf-8", "replace").splitlines()
    return next((line.removeprefix(prefix).strip() for line in lines if line.startswith(prefix)), "")


@dataclass(slots=True, kw_only=True)
class LaterRecords:
    """Data in later records of a file about earlier ones: outcomes (`Outcome.note`) by record id, and renderings."""

    outcomes: dict[str, dict[str, str]] = field(default_factory=dict)
    renderings: list[Rendering] = field(default_factory=list)


def look_ahead(path: Path | StoredFile, start: int = 0) -> LaterRecords:
    """Collect data from later records of a file that is needed when its earlier records are parsed."""
    found = LaterRecords()
    with suppress(DamagedFileError):
        for number, record in enumerate(warc.read_records(path, start=start, max_block=MAX_NOTE)):
            is_ours = field_of(record, "software").startswith("warraq")
            if not is_ours and (record.type == "warcinfo" or not (number or start)):
                break
            if record.type == "metadata" and (note := outcome_note(record)):
                found.outcomes[record.get("WARC-Refers-To")] = note
            elif rendering := rendering_of(record):
                found.renderings.append(rendering)
    return found


def rendering_of(record: warc.Record) -> Rendering | None:
    """Return the row of a rendering record; None for every other record."""
    named = parse_uri(record.url) if record.type == "resource" else None
    if named is None or not record.get("WARC-Concurrent-To") or not record.id or warc_moment(record.date) is None:
        return None
    return Rendering(
        record_id=record.id,
        response_id=record.get("WARC-Concurrent-To"),
        kind=named[0],
        url=named[1],
        captured_at=captured_at(record.date)[:19] + "Z",
        mime=record.get("Content-Type"),
        warc_filename=record.location.filename,
        warc_record_offset=record.location.offset,
        warc_record_length=record.location.length,
    )


def outcome_note(record: warc.Record) -> dict[str, str]:
    """Return the fields of such a metadata record, {} for another."""
    fields = {name: field_of(record, name) for name in ("outcome", "reason", "detail")}
    return {name: value for name, value in fields.items() if value}


def payload_digest_of(record: warc.Record) -> str:
    """Return the payload digest that the record has or should have; '' if it has no complete response."""
    if digest := record.get("WARC-Payload-Digest"):
        return digest
    if record.type == "revisit" or not record.whole or record.truncated or record.http is None:
        return ""
    return warc.sha1_digest(http.payload(record.http))


# Reject captures that cannot have a row: return the reason for a record of any WARC, or nothing.


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRecord:
    """A part of a file that gives no capture, and why. `length` is 0 if its end is unknown.

    `reason` is one of `damaged` (not a complete record), `too-damaged` (the rest of the file was skipped), `unreadable` (the whole
    file), `no-record-id`, `bad-date`, `bad-url`, `bad-header`, `continuation` (of a record in segments, of which the first is read).
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
    """Return why a capture, or a segment of one, cannot have a row; None for all other records."""
    if not (
        record.is_capture or record.type == "continuation" or _is_exchange(record) or _is_of_other_protocol(record)
    ):
        return None
    found = _rejection(record)
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


def _is_exchange(record: Record) -> bool:
    """Return whether a record holds an HTTP response, whatever its URL."""
    return record.type in {"response", "revisit"} and record.get("Content-Type").lower().startswith("application/http")


def _is_of_other_protocol(record: Record) -> bool:
    """Return whether a record holds a page or file that was fetched otherwise than by HTTP; names (`urn:`, `dns:`) are no addresses."""
    return record.type in CAPTURES and record.url.lower().startswith(
        ("ftp://", "ftps://", "file://", "gopher://", "gemini://")
    )


def _rejection(record: Record) -> tuple[str, str] | None:
    if record.type == "continuation":
        return (
            "continuation",
            f"part {record.get('WARC-Segment-Number')[:9]} of a response, of which only the first is read",
        )
    if not record.id:
        return "no-record-id", "a row is known by the record it was read from"
    for name, value in record.headers:
        if value != _plain(value):
            return "bad-header", f"{_plain(name)[:100]} is not UTF-8 text"
    if warc_moment(record.date) is None:
        return "bad-date", record.date[:100]
    if not urls.host_of(record.url) or _is_of_other_protocol(record):
        return "bad-url", f"not the address of a page: {_plain(record.url)[:100]!r}"
    return None


def _plain(text: str) -> str:
    """Return the text without characters that UTF-8 or SQLite's tools reject."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
