"""Use warraq as a library: open, search, import, export and check archives of news sites.

>>> import warraq
>>> with warraq.Archive("collections/demo") as archive:            # doctest: +SKIP
...     for hit in archive.search("الذكاء الاصطناعي").hits:
...         print(hit.title)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import archive

if TYPE_CHECKING:
    from archive import *  # noqa: F403 - its names, and three more
    from archive.extract import extract
    from archive.library import export

    __version__: str

__all__ = ["__version__", "export", "extract"]
__all__ += archive.__all__

_MODULES = {"export": "archive.library", "extract": "archive.extract"}
"""The modules of names that `archive` does not have. Each is imported on first use."""


if not TYPE_CHECKING:  # a type checker would accept any name

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(_MODULES.get(name, "archive")), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
