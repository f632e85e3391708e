"""Recognises lines that only repeat the page's own title: what the page calls itself in, a test for lines out."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from archive.extract.text.boilerplate import line_key
from archive.extract.text.wording import words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.html import HtmlElement

_SEPARATOR = re.compile(r"\s+[|\-–—»·:•]{1,2}\s+|\s*\|\s*")
_LIKENESS = 0.9
"""Word F1 from which a line is a variant of the title (publishers reword a word between h1 and og:title)."""
_KICKER = 40
"""Letters that a kicker may put before the title in one heading (`Neue Regel: …`)."""
_MAX_HEADINGS = 6
_MIN_WORDS = 3
_MIN_SIGNS = 6
"""Signs of a script without spaces that say as much as three words."""
_MIN_LENGTH = 12
"""A shorter candidate ('Opinion', 'Video') is a label, and its words may well be a line of the text."""


def title_parts(title: str) -> set[str]:
    """Return what may be the article's title in a `<title>`: its longest part, and the whole less one end."""
    parts = [part for part in _SEPARATOR.split(title) if part.strip()]
    if len(parts) < 2:
        return {title}
    longest = max(parts, key=len)
    return {title, longest, title[: title.rfind(parts[-1])], title[len(parts[0]) :]}


class TitleLines:
    """What a page calls itself, folded for comparison."""

    def __init__(self, candidates: Iterable[str]) -> None:
        keys = {line_key(candidate) for candidate in candidates if candidate}
        self._keys = {key for key in keys if _is_telling(key)}
        self._joined = [key.replace(" ", "") for key in self._keys]
        self._bags = [Counter(key.split()) for key in self._keys]

    def __contains__(self, key: str) -> bool:
        """Tell whether a line's key is the title, or nearly."""
        if key in self._keys:
            return True
        parts = key.split()
        if len(parts) <= _MIN_WORDS:
            return False
        joined = key.replace(" ", "")
        if any(joined.endswith(own) and len(joined) <= len(own) + _KICKER for own in self._joined):
            return True
        bag = Counter(parts)
        return any(2 * (bag & own).total() >= _LIKENESS * (len(parts) + own.total()) for own in self._bags)


def _is_telling(key: str) -> bool:
    return len(key.split()) >= _MIN_WORDS or len(key) > _MIN_LENGTH or len(words(key)) >= _MIN_SIGNS


def title_candidates(tree: HtmlElement, headlines: Iterable[str]) -> list[str]:
    """Return what a page may call itself: h1s, og:title, twitter:title, `<title>` in parts, JSON-LD headlines.

    An h1 behind the one that says the page's title, the first of `headlines`, is another article's.
    """
    headlines = list(headlines)
    found = [" ".join(heading.text_content().split()) for heading in islice(tree.iter("h1"), _MAX_HEADINGS)]
    if headlines and (own := line_key(headlines[0])):
        said = next((at for at, heading in enumerate(found) if line_key(heading) == own), len(found))
        others = {line_key(heading) for heading in found[said + 1 :]} - {own}
        found = found[: said + 1]
        headlines = [headline for headline in headlines if line_key(headline) not in others]
    found.extend(
        meta.get("content") or ""
        for meta in tree.iter("meta")
        if (meta.get("property") or meta.get("name") or "").lower() in {"og:title", "twitter:title"}
    )
    name = tree.findtext(".//title")
    if name:
        found.extend(title_parts(" ".join(name.split())))
    found.extend(headlines)
    return found
