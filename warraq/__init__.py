"""warraq as a library: archives of news sites, opened, searched, imported, exported, checked.

>>> import warraq
>>> with warraq.Archive("collections/demo") as archive:            # doctest: +SKIP
...     for hit in archive.search("الذكاء الاصطناعي").hits:
...         print(hit.title)
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from archive import (
    Archive,
    ArchiveError,
    ArchiveLockedError,
    ArchiveNotFoundError,
    Article,
    ArticleRow,
    CaptureFilter,
    DamagedFileError,
    Federation,
    NotFoundError,
    NotWritableError,
    Page,
    SchemaTooNewError,
    SiteProfile,
    UsageError,
    group_similar,
    import_files,
    redact,
    verify,
)
from archive.library import export

if TYPE_CHECKING:
    from archive.extract import extract

__version__ = version("warraq")

__all__ = [
    "Archive",
    "ArchiveError",
    "ArchiveLockedError",
    "ArchiveNotFoundError",
    "Article",
    "ArticleRow",
    "CaptureFilter",
    "DamagedFileError",
    "Federation",
    "NotFoundError",
    "NotWritableError",
    "Page",
    "SchemaTooNewError",
    "SiteProfile",
    "UsageError",
    "__version__",
    "export",
    "extract",
    "group_similar",
    "import_files",
    "redact",
    "verify",
]


def __getattr__(name: str) -> object:
    if name == "extract":  # the extractors take a second to load
        from archive.extract import extract

        return extract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
