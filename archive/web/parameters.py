"""Parse the query parameters of a search into valid values, and list what was ignored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlencode

from archive.search import problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archive.search import Order, Problem

PAGE: Final = 20
"""Articles on a page of the reading room."""
MOST: Final = 100
"""The most articles in a response of the API."""
DEEPEST: Final = 10_000_000
"""The largest offset, which allows paging through everything; slow queries are stopped by their time limit."""
_LONGEST: Final = 1000
_ORDERS: Final[Mapping[str, Order]] = {"relevance": "relevance", "newest": "newest", "oldest": "oldest"}
_FILTERS: Final = ("site", "section", "author", "language", "tag", "source", "is", "from", "to")
_QUOTES: Final = dict.fromkeys(map(ord, '"«»“”„'), " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchParameters:
    """The parameters of a search: words, given filters (name and value), order (None for the default), search by meaning, range of hits."""

    words: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    order: Order | None = None
    semantic: bool = False
    limit: int = PAGE
    offset: int = 0
    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, parameters: Mapping[str, str], *, limit: int = PAGE) -> Self:
        """Parse q, order, semantic, page, limit, offset and the filters (`_FILTERS`); other parameters are ignored."""
        problems: list[Problem] = []
        size = number(parameters, "limit", limit, least=1, most=MOST, problems=problems)
        page = number(parameters, "page", 1, least=1, most=DEEPEST // size, problems=problems)
        offset = number(parameters, "offset", (page - 1) * size, least=0, most=DEEPEST, problems=problems)
        wish = parameters.get("order", "")
        if wish and wish not in _ORDERS:
            problems.append(problem("orders", orders=", ".join(_ORDERS)))
        return cls(
            words=_clean(parameters.get("q", "")),
            filters=tuple((name, value) for name in _FILTERS if (value := _clean(parameters.get(name, "")))),
            order=_ORDERS.get(wish),
            semantic=parameters.get("semantic") == "1",
            limit=size,
            offset=offset,
            problems=tuple(problems),
        )

    @property
    def only(self) -> str:
        """Return the filters in the query language."""
        return " ".join(f'{name}:"{value.translate(_QUOTES)}"' for name, value in self.filters)

    @property
    def fitting_order(self) -> Order:
        """Return the requested order; by default relevance if there are words, otherwise newest first."""
        return self.order or ("relevance" if self.words else "newest")

    @property
    def page(self) -> int:
        """Return the number of the page, from 1."""
        return self.offset // self.limit + 1

    def value(self, name: str) -> str:
        """Return the value of a filter, '' when it is not set."""
        return dict(self.filters).get(name, "")

    def filtered(self, **filters: str) -> SearchParameters:
        """Return the same search with filters set, or removed by '', from its first page. `from_` stands for `from`."""
        merged = dict(self.filters) | {name.rstrip("_"): value for name, value in filters.items()}
        ordered = tuple((name, merged[name]) for name in _FILTERS if merged.get(name))
        return replace(self, filters=ordered, offset=0, problems=())

    def asking(self, words: str) -> SearchParameters:
        """Return the same filters with other words, from the first page."""
        return replace(self, words=words, offset=0, problems=())

    def on_page(self, page: int) -> SearchParameters:
        """Return the same search on another page."""
        return replace(self, offset=(page - 1) * self.limit, problems=())

    def parameters(self) -> dict[str, str]:
        """Return the parameters that `of` parses to this search, without defaults."""
        found = ({"q": self.words} if self.words else {}) | dict(self.filters)
        if self.order:
            found["order"] = self.order
        if self.semantic:
            found["semantic"] = "1"
        if self.page > 1:
            found["page"] = str(self.page)
        return found

    def query_string(self) -> str:
        """Return the parameters as the query string of a URL."""
        return urlencode(self.parameters())


def _clean(text: str) -> str:
    """Return one line of bounded length, without NUL and lone surrogates, which SQLite does not accept."""
    kept = text[: _LONGEST + 1].encode("utf-8", "ignore").decode("utf-8").replace("\0", " ")
    return " ".join(kept.split())


def number(
    parameters: Mapping[str, str], name: str, default: int, *, least: int, most: int, problems: list[Problem]
) -> int:
    """Return a parameter as a number within bounds, by default `default`; a value out of bounds is added to `problems`."""
    text = parameters.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9:
        problems.append(problem("bounds", field=name, least=least, most=most))
        return default
    value = int(text)
    if not least <= value <= most:
        problems.append(problem("bounds", field=name, least=least, most=most))
    return max(least, min(value, most))
