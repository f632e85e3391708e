"""Learns what the addresses of a site's articles look like: URLs of articles and of sections in, a pattern out."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

_URL = re.compile(r"https?://[^/?#]*([^?#]*)(?:\?([^#]*))?")
_ENDING = re.compile(r"\.(?:s?html?|php\d?|aspx?|jsp|cfm|do|ece|story|print|amp)$")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SHAPES = (
    ("D", re.compile(r"(?:19|20)\d\d-?(?:0[1-9]|1[0-2])-?(?:[0-2]\d|3[01])")),
    ("Y", re.compile(r"(?:19|20)\d\d")),
    ("n", re.compile(r"\d{1,3}")),
    ("N", re.compile(r"\d{4,}(?:[.,_-]\d+)*")),
    ("I", re.compile(r"(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{8,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")),
    ("T", re.compile(r".*(?<!\d)\d{4,}|\d{4,}[-_.].*")),  # a title with a number at an end
)
_TELLING = frozenset("DYNITS")


@lru_cache(maxsize=4096)
def shape_of(url: str) -> str:
    """Shape of a URL's path: one letter a segment, its ending, its numeric parameters (`W/Y/n/n/S`, `W.php?id`).

    `W` is a word or two, `S` a slug, `D` a date, `Y` a year, `n` and `N` short and long numbers, `I` an id, `T` a slug
    with a long number.
    """
    match = _URL.match(url)
    path, query = (unquote(match.group(1)).lower(), (match.group(2) or "").lower()) if match else ("", "")
    segments = [segment for segment in path.split("/") if segment]
    ending = _ENDING.search(segments[-1]) if segments else None
    if ending:
        segments[-1] = segments[-1][: ending.start()]
    letters = "/".join(_letter(segment) for segment in segments)
    names = sorted({part.partition("=")[0] for part in query.split("&") if part.partition("=")[2].isdigit()})
    return letters + (ending.group() if ending else "") + ("?" + "&".join(names) if names else "")


def _letter(segment: str) -> str:
    for letter, shape in _SHAPES:
        if shape.fullmatch(segment):
            return letter
    return "S" if len(_WORD.findall(segment)) >= 3 else "W"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePattern:
    """The shapes that the articles of one site have: `shapes` with the share of known articles that have it."""

    shapes: tuple[tuple[str, float], ...] = ()

    @classmethod
    def learn(cls, articles: Iterable[str], sections: Iterable[str] = ()) -> ArticlePattern:
        """Learn from URLs known to be articles (of feeds, news sitemaps), and from some known not to be (navigation).

        A shape counts when it tells articles from sections (it has a slug, a date or an id), at least two articles and
        one in twenty have it, and no tenth as many sections do.
        """
        counts = Counter(shape_of(url) for url in dict.fromkeys(articles))
        against = Counter(shape_of(url) for url in dict.fromkeys(sections))
        total = counts.total()
        return cls(
            shapes=tuple(
                (shape, round(count / total, 3))
                for shape, count in counts.most_common(12)
                if count >= max(2, total / 20)
                and (_TELLING.intersection(shape.partition(".")[0]) or "?" in shape)
                and against[shape] * 10 <= count
            ),
        )

    def matches(self, url: str) -> bool:
        """Whether `url` has one of the shapes."""
        shape = shape_of(url)
        return any(shape == known for known, _ in self.shapes)

    def expressions(self, articles: Iterable[str], sections: Iterable[str] = ()) -> tuple[str, ...]:
        """The shapes as regular expressions on URLs, for a person to read and keep.

        A word that all the `articles` of a shape have in the same place is kept; one that matches one of the
        `sections` is left out.
        """
        by_shape: dict[str, list[str]] = {}
        for url in dict.fromkeys(articles):
            by_shape.setdefault(shape_of(url), []).append(url)
        found = (_expression(by_shape.get(shape, [])) for shape, _ in self.shapes)
        against = list(sections)
        return tuple(
            expression for expression in found if expression and not any(re.search(expression, url) for url in against)
        )


_CLASSES = {
    "D": r"\d{4}-?\d\d-?\d\d",
    "Y": r"20\d\d",
    "n": r"\d{1,3}",
    "N": r"\d{4,}[\d.,_-]*",
    "I": r"[0-9a-zA-Z-]{8,}",
    "T": r"[^/?]*\d{4}[^/?]*",
    "S": r"[^/?]*[-_+%][^/?]*",
    "W": r"[^/?]+",
}


def _expression(urls: list[str]) -> str:
    """Regular expression of URLs of one shape, '' for none."""
    if not urls:
        return ""
    shape, _, names = shape_of(urls[0]).partition("?")
    letters, dot, ending = shape.partition(".")
    rows = [re.sub(r"https?://[^/]+/|\?.*", "", url).strip("/").split("/") for url in urls]
    parts = []
    for place, letter in enumerate(letters.split("/") if letters else []):
        words = {row[place].removesuffix(dot + ending) for row in rows if place < len(row)}
        parts.append(re.escape(words.pop()) if letter == "W" and len(words) == 1 else _CLASSES[letter])
    path = "/".join(parts) + re.escape(dot + ending)
    query = "".join(rf"(?=.*[?&]{re.escape(name)}=\d)" for name in names.split("&") if name)
    return rf"^https?://[^/]+{query}/{path}/?(?:\?|$)"
