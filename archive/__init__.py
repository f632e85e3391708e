"""The archive: keeps what was captured, reads it, and answers questions about it. Knows nothing of Scrapy.

>>> from pathlib import Path
>>> from archive import Archive
>>> with Archive(Path("collections/demo")) as archive:            # doctest: +SKIP
...     for hit in archive.search("الذكاء الاصطناعي").hits:
...         print(hit.title)
"""

from archive import urls
from archive.archive import Archive, Federation
from archive.article import Article, Dropped, Extraction, Image, Link, Page, SiteProfile
from archive.capture import Capture, Location
from archive.collection import Collection
from archive.discovery import pattern_of
from archive.errors import (
    ArchiveError,
    ArchiveLockedError,
    ArchiveNotFoundError,
    DamagedFileError,
    DatabaseLockedError,
    NotFoundError,
    NotWritableError,
    SchemaTooNewError,
    UsageError,
)
from archive.files.atomic import replace_file
from archive.files.clock import iso
from archive.files.lock import held
from archive.index import (
    ANNOUNCERS,
    Candidate,
    CaptureRow,
    FetchStatus,
    ScheduledUrl,
    articles,
    availability,
    captures,
    frontier,
    runs,
    site_lines,
)
from archive.index.database import open_store
from archive.ingest.commit import Committed
from archive.ingest.disposition import Disposition, disposition_of
from archive.ingest.importer import Imported, Indexer, recover
from archive.ingest.selection import CaptureFilter, moment_of
from archive.ingest.writer import ArchiveWriter, check_writable, open_writer
from archive.outcome import Outcome, OutcomeKind
from archive.parse.result import MAX_PARTS, Outlink, Parsed, ParseLimits, ParseTask, join_part
from archive.parse.workers import WorkerKilledError, WorkerPool, parse_pool, read_response
from archive.warc import cdxserver

__all__ = [
    "ANNOUNCERS",
    "MAX_PARTS",
    "Archive",
    "ArchiveError",
    "ArchiveLockedError",
    "ArchiveNotFoundError",
    "ArchiveWriter",
    "Article",
    "Candidate",
    "Capture",
    "CaptureFilter",
    "CaptureRow",
    "Collection",
    "Committed",
    "DamagedFileError",
    "DatabaseLockedError",
    "Disposition",
    "Dropped",
    "Extraction",
    "Federation",
    "FetchStatus",
    "Image",
    "Imported",
    "Indexer",
    "Link",
    "Location",
    "NotFoundError",
    "NotWritableError",
    "Outcome",
    "OutcomeKind",
    "Outlink",
    "Page",
    "ParseLimits",
    "ParseTask",
    "Parsed",
    "ScheduledUrl",
    "SchemaTooNewError",
    "SiteProfile",
    "UsageError",
    "WorkerKilledError",
    "WorkerPool",
    "articles",
    "availability",
    "captures",
    "cdxserver",
    "check_writable",
    "disposition_of",
    "frontier",
    "held",
    "iso",
    "join_part",
    "moment_of",
    "open_store",
    "open_writer",
    "parse_pool",
    "pattern_of",
    "read_response",
    "recover",
    "replace_file",
    "runs",
    "site_lines",
    "urls",
]
