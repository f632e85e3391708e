"""Recognize elements that themes and plugins print around an article.

The table `hooks.tsv` lists each hook with the file of the theme or plugin that prints it. An id or class must match as
a whole word.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement


def _load() -> tuple[dict[str, str], dict[str, str]]:
    ids: dict[str, str] = {}
    classes: dict[str, str] = {}
    with resources.files("archive.extract").joinpath("hooks.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            (ids if row["attribute"] == "id" else classes)[row["value"]] = f"dom:{row['hook']}"
    return ids, classes


_IDS, _CLASSES = _load()
_HOOKED = frozenset(_CLASSES)


def hook_of(element: HtmlElement) -> str:
    """Return `dom:NAME` if the element's id or one of its classes is a hook of the table, else ''."""
    return hook_of_names(element.get("id") or "", element.get("class") or "")


def hook_of_names(identity: str, names: str) -> str:
    """Return the result of `hook_of` for an element with this id and these classes."""
    if identity and (hook := _IDS.get(identity)):
        return hook
    return _hook_of_classes(names) if names else ""


@lru_cache(maxsize=4096)
def _hook_of_classes(names: str) -> str:
    words = names.split()
    return "" if _HOOKED.isdisjoint(words) else next(_CLASSES[word] for word in words if word in _HOOKED)
