"""Takes in what others wrote: WARC files become files of the collection, their records rows of `captures`."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from archive import http, urls, warc
from archive.errors import DamagedFileError, NotWritableError
from archive.files.atomic import sync_folder
from archive.files.clock import captured_at, warc_timestamp
from archive.index.rows import CaptureRow
from archive.urls.surt import surt

if TYPE_CHECKING:
    from pathlib import Path

    from archive.storage import StoredFile


MAX_NOTE = 20_000
"""Bytes of a metadata record that are looked at."""


def copy_in(source: Path, folder: Path) -> Path:
    """Copies a WARC into the collection's folder, durably, and returns its path there; a file that is there already is left alone.

    A file whose records are not gzip members of their own is rewritten so that they are, their bytes untouched.
    Raises NotWritableError.
    """
    if source.parent.resolve() == folder.resolve():
        return source
    target = folder / (source.name if source.name.endswith(".gz") else f"{source.name}.gz")
    if target.exists() and (target.name != source.name or _sha256(target) == _sha256(source)):
        return target
    away = {name: sha256 for name, sha256 in warc.read_manifest(folder).items() if not (folder / name).exists()}
    if away.get(target.name) == _sha256(source):  # it was uploaded, and is here again
        away = {}
    serial = 1
    while target.exists() or target.name in away:
        target = folder / f"{serial}-{source.name}"
        serial += 1
    if not _has_records_of_their_own(source):
        return warc.recompress(source, target)
    partial = target.with_name(f".{target.name}.partial")
    try:
        shutil.copyfile(source, partial)
        partial.replace(target)
        sync_folder(folder)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise NotWritableError(target, error) from error
    return target


def ensure_member_per_record(source: Path, folder: Path) -> Path:
    """`source`, or, when it is gzipped as a whole, a copy of it in `folder` whose records are gzip members of their own."""
    if not source.name.endswith(".gz") or _has_records_of_their_own(source):
        return source
    serial = 1
    while (target := folder / f"{serial}-{source.name}").exists():
        serial += 1
    return warc.recompress(source, target)


def _has_records_of_their_own(path: Path) -> bool:
    """Whether each record can be reached by itself: a gzip member each, which an index needs."""
    if not path.name.endswith(".gz"):
        return False
    try:
        return next(warc.read_records(path, max_block=0), None) is not None
    except DamagedFileError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def row_of(record: warc.Record, site: str) -> CaptureRow | None:
    """The row of a response or revisit of an http(s) URL; None for every other record."""
    if record.type not in {"response", "revisit"} or not record.url.startswith(("http://", "https://")):
        return None
    response = record.http
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
        payload_digest=record.get("WARC-Payload-Digest") or _digest(record, response),
        warc_filename=record.location.filename,
        warc_record_offset=record.location.offset,
        warc_record_length=record.location.length,
        ip=record.get("WARC-IP-Address"),
        truncated=record.get("WARC-Truncated"),
    )


def field_of(record: warc.Record, name: str) -> str:
    """A field of an application/warc-fields block, '' when it has none of that name."""
    prefix = f"{name}:"
    lines = record.block[:MAX_NOTE].decode("utf-8", "replace").splitlines()
    return next((line.removeprefix(prefix).strip() for line in lines if line.startswith(prefix)), "")


def outcome_notes(path: Path | StoredFile, start: int = 0) -> dict[str, dict[str, str]]:
    """What the metadata records of a file that a crawl of ours wrote say of outcomes (`Outcome.note`), by the id of the record meant.

    They follow the records that they are about, and must be known before those are read.
    """
    found: dict[str, dict[str, str]] = {}
    with suppress(DamagedFileError):
        for record in warc.read_records(path, start=start, max_block=MAX_NOTE):
            if record.type == "warcinfo" and not field_of(record, "software").startswith("warraq"):
                break
            if record.type == "metadata" and (note := outcome_note(record)):
                found[record.get("WARC-Refers-To")] = note
    return found


def outcome_note(record: warc.Record) -> dict[str, str]:
    """The fields of such a metadata record, {} for another."""
    fields = {name: field_of(record, name) for name in ("outcome", "reason", "detail")}
    return {name: value for name, value in fields.items() if value}


def _digest(record: warc.Record, response: http.Response | None) -> str:
    """The payload digest that the record should have had: none when it holds no whole response."""
    if response is None or record.type != "response" or not record.whole or record.get("WARC-Truncated"):
        return ""
    return warc.sha1_digest(http.payload(response))
