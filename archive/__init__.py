"""Store captures, read and search them. Does not import Scrapy.

These are the names for users, who write `import warraq`; the crawler and the tests import everything else from its module.

>>> from archive import Archive
>>> with Archive("collections/demo") as archive:            # doctest: +SKIP
...     for hit in archive.search("الذكاء الاصطناعي").hits:
...         print(hit.title)
"""

from __future__ import annotations

from gettext import gettext as _
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archive.archive import Archive
    from archive.article import Article, Page, SiteProfile
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
    from archive.index.columns import ArticleRow
    from archive.ingest.sources import CaptureFilter, import_files
    from archive.library import embed, group_similar, redact, verify

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
    "embed",
    "group_similar",
    "import_files",
    "redact",
    "verify",
]

_MODULES = {
    "Archive": "archive.archive",
    "Article": "archive.article",
    "ArticleRow": "archive.index.columns",
    "CaptureFilter": "archive.ingest.sources",
    "Federation": "archive.federation",
    "Page": "archive.article",
    "SiteProfile": "archive.article",
    "embed": "archive.library",
    "group_similar": "archive.library",
    "import_files": "archive.ingest.sources",
    "redact": "archive.library",
    "verify": "archive.library",
}
"""The modules of all names except errors. They are imported on first use, because no module of the package needs them."""


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("warraq")
    if name not in __all__:
        raise AttributeError(_("module {name!r} has no attribute {name2!r}").format(name=__name__, name2=name))
    value = getattr(import_module(_MODULES.get(name, "archive.errors")), name)
    globals()[name] = value
    return value
