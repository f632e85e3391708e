"""Writes and reads WARC/1.1 files: captures in, records with a place in a file out. The only door to warcio."""

from archive.warc.manifest import read_manifest
from archive.warc.reader import Record, find_file, next_member, read_at, read_raw, read_records
from archive.warc.recompress import recompress
from archive.warc.record import Original, payload_digest, sha1_digest, warc_date
from archive.warc.repair import TakenUp, closed_files, open_files, sha256_of, take_up
from archive.warc.writer import WarcWriter, Written

__all__ = [
    "Original",
    "Record",
    "TakenUp",
    "WarcWriter",
    "Written",
    "closed_files",
    "find_file",
    "next_member",
    "open_files",
    "payload_digest",
    "read_at",
    "read_manifest",
    "read_raw",
    "read_records",
    "recompress",
    "sha1_digest",
    "sha256_of",
    "take_up",
    "warc_date",
]
