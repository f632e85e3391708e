"""Parse the query parameters of a search into a value that is always within bounds, and list what was ignored."""

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
"""Articles in an answer of the API."""
DEEPEST: Final = 10_000_000
"""How far down one may page: through everything; what takes too long is stopped by its time."""
_LONGEST: Final = 1000
_ORDERS: Final[Mapping[str, Order]] = {"relevance": "relevance", "newest": "newest", "oldest": "oldest"}
_FILTERS: Final = ("site", "section", "author", "language", "tag", "source", "is", "from", "to")
_QUOTES: Final = dict.fromkeys(map(ord, '"«»“”„'), " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchParameters:
    """Words, filters (name and value, only those given), order (None for the fitting one), by meaning too or not, which hits."""

    words: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    order: Order | None = None
    semantic: bool = False
    limit: int = PAGE
    offset: int = 0
    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, parameters: Mapping[str, str], *, limit: int = PAGE) -> Self:
        """Read q, order, semantic, page, limit, offset and the filters (`_FILTERS`); other parameters are not looked at."""
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
        """The filters in the language of queries."""
        return " ".join(f'{name}:"{value.translate(_QUOTES)}"' for name, value in self.filters)

    @property
    def fitting_order(self) -> Order:
        """The order asked for; else by relevance where there are words, newest first where there are none."""
        return self.order or ("relevance" if self.words else "newest")

    @property
    def page(self) -> int:
        """The number of the page, from 1."""
        return self.offset // self.limit + 1

    def value(self, name: str) -> str:
        """Return what a filter asks for, '' when it is not set."""
        return dict(self.filters).get(name, "")

    def filtered(self, **filters: str) -> SearchParameters:
        """Return the same question with filters set, or taken off by ''; from its first page. `from_` is written for from."""
        merged = dict(self.filters) | {name.rstrip("_"): value for name, value in filters.items()}
        ordered = tuple((name, merged[name]) for name in _FILTERS if merged.get(name))
        return replace(self, filters=ordered, offset=0, problems=())

    def asking(self, words: str) -> SearchParameters:
        """Return the same filters with other words; from the first page."""
        return replace(self, words=words, offset=0, problems=())

    def on_page(self, page: int) -> SearchParameters:
        """Return the same question, another page of its answer."""
        return replace(self, offset=(page - 1) * self.limit, problems=())

    def parameters(self) -> dict[str, str]:
        """Return what `of` would read to this question, without what is as it is by default."""
        found = ({"q": self.words} if self.words else {}) | dict(self.filters)
        if self.order:
            found["order"] = self.order
        if self.semantic:
            found["semantic"] = "1"
        if self.page > 1:
            found["page"] = str(self.page)
        return found

    def query_string(self) -> str:
        """Return the parameters as they stand in an address."""
        return urlencode(self.parameters())


def _clean(text: str) -> str:
    """Return one line of bounded length, without NUL and lone surrogates, which no database takes."""
    kept = text[: _LONGEST + 1].encode("utf-8", "ignore").decode("utf-8").replace("\0", " ")
    return " ".join(kept.split())


def number(
    parameters: Mapping[str, str], name: str, default: int, *, least: int, most: int, problems: list[Problem]
) -> int:
    """Return a parameter as a number within bounds, the default where there is none; what was out of bounds is added to `problems`."""
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
