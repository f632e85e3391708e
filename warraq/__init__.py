"""Use warraq as a library: open, search, import, export and check archives of news sites.

>>> import warraq
>>> with warraq.Archive("collections/demo") as archive:            # doctest: +SKIP
...     for hit in archive.search("الذكاء الاصطناعي").hits:
...         print(hit.title)
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

import archive
from archive import *  # noqa: F403 - its names, and three more
from archive.library import export

if TYPE_CHECKING:
    from archive.extract import extract

__version__ = version("warraq")

__all__ = ["__version__", "export", "extract"]
__all__ += archive.__all__


def __getattr__(name: str) -> object:
    if name == "extract":  # the extractors take a second to load
        from archive.extract import extract

        return extract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
