"""The archive: keeps what was captured, reads it, and answers questions about it. Knows nothing of Scrapy.

>>> from pathlib import Path
>>> from archive import Archive
>>> with Archive(Path("collections/demo")) as archive:            # doctest: +SKIP
...     for hit in archive.search("الذكاء الاصطناعي").hits:
...         print(hit.title)
"""

from archive import cdxserver, urls
from archive.access import Archive
from archive.answer import MAX_PARTS, Answer, Found, Task, join_part
from archive.article import Article, Dropped, Extraction, Image, Link, Page, SiteProfile
from archive.capture import Capture, Location
from archive.clock import iso
from archive.collection import Collection
from archive.committing import Committed
from archive.database import open_store
from archive.discovery import pattern_of
from archive.durable import replace_file
from archive.errors import (
    ArchiveError,
    ArchiveLockedError,
    ArchiveNotFoundError,
    DamagedFileError,
    NotFoundError,
    NotWritableError,
    SchemaTooNewError,
    UsageError,
)
from archive.federation import Federation
from archive.imports import Imported, Indexer, recover
from archive.ingest import Ingest, check_writable, open_ingest
from archive.locking import held
from archive.outcome import Outcome, OutcomeKind
from archive.readers import read_response, reading_pool
from archive.selection import Wanted, moment_of
from archive.settled import Settled, settled_answer
from archive.store import Announced, CaptureRow, Due, Visit, articles, captures, fates, frontier, learned
from archive.workers import WorkerKilledError, WorkerPool

__all__ = [
    "MAX_PARTS",
    "Announced",
    "Answer",
    "Archive",
    "ArchiveError",
    "ArchiveLockedError",
    "ArchiveNotFoundError",
    "Article",
    "Capture",
    "CaptureRow",
    "Collection",
    "Committed",
    "DamagedFileError",
    "Dropped",
    "Due",
    "Extraction",
    "Federation",
    "Found",
    "Image",
    "Imported",
    "Indexer",
    "Ingest",
    "Link",
    "Location",
    "NotFoundError",
    "NotWritableError",
    "Outcome",
    "OutcomeKind",
    "Page",
    "SchemaTooNewError",
    "Settled",
    "SiteProfile",
    "Task",
    "UsageError",
    "Visit",
    "Wanted",
    "WorkerKilledError",
    "WorkerPool",
    "articles",
    "captures",
    "cdxserver",
    "check_writable",
    "fates",
    "frontier",
    "held",
    "iso",
    "join_part",
    "learned",
    "moment_of",
    "open_ingest",
    "open_store",
    "pattern_of",
    "read_response",
    "reading_pool",
    "recover",
    "replace_file",
    "settled_answer",
    "urls",
]
