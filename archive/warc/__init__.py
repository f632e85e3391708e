"""Write and read WARC/1.1 files. The only package that imports warcio."""

from archive.capture import Original
from archive.warc.framing import PAGE_BLOCK, Record
from archive.warc.openfile import OPEN, read_manifest, write_manifest
from archive.warc.reader import (
    Files,
    NotOneRecordError,
    find_file,
    next_member,
    read_at,
    read_member,
    read_on,
    read_raw,
    read_records,
)
from archive.warc.record import (
    CERTIFICATE,
    CHAIN_TYPE,
    GZIP_HEADER,
    certificate_uri,
    compress,
    payload_digest,
    payloads,
    sha1_digest,
    target_uri,
    warc_date,
)
from archive.warc.recovery import (
    RecoveredFile,
    all_files,
    closed_files,
    linked_files,
    open_files,
    recover_open_files,
    register,
    sha256_of,
    whole_part,
)
from archive.warc.rewrite import salvage, with_made_id
from archive.warc.tombstone import is_tombstone, tombstone
from archive.warc.writer import WarcWriter, Written

__all__ = [
    "CERTIFICATE",
    "CHAIN_TYPE",
    "GZIP_HEADER",
    "OPEN",
    "PAGE_BLOCK",
    "Files",
    "NotOneRecordError",
    "Original",
    "Record",
    "RecoveredFile",
    "WarcWriter",
    "Written",
    "all_files",
    "certificate_uri",
    "closed_files",
    "compress",
    "find_file",
    "is_tombstone",
    "linked_files",
    "next_member",
    "open_files",
    "payload_digest",
    "payloads",
    "read_at",
    "read_manifest",
    "read_member",
    "read_on",
    "read_raw",
    "read_records",
    "recover_open_files",
    "register",
    "salvage",
    "sha1_digest",
    "sha256_of",
    "target_uri",
    "tombstone",
    "warc_date",
    "whole_part",
    "with_made_id",
    "write_manifest",
]
