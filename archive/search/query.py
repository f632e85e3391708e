"""Parse a search text into a Query; never raises.

"exact phrase"   «عبارة»          words in this order
word*                              words with this beginning (three letters or more; a shorter one is the word itself)
a OR b                             either word; binds closer than spaces, which mean AND
-word   NOT word   -"a phrase"     without
site: section: author: language: tag: source:   filters; a value of several words is quoted; the same filter twice means either
is:gone is:paywalled is:changed is:retitled is:shared is:wire   what became of the page, who else has it (see `states`)
from: to: (after: since: before: until:) on:   YYYY, YYYY-MM or YYYY-MM-DD, both ends included
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from archive.arabic import fold, is_unspaced
from archive.locale import N_
from archive.search.analysis import ELISION, facet, prefix_variants, tokens
from archive.search.states import conditions, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archive.search.states import State

MAX_CHARACTERS: Final = 1000
MAX_WORDS: Final = 24
"""The most words of a query; further ones are ignored: every word costs a pass over its postings, and people do not type more."""
_FIELDS: Final = {
    "site": ("site", "host", "موقع"),
    "section": ("section", "قسم"),
    "author": ("author", "by", "كاتب"),
    "title": ("title", "عنوان"),
    "language": ("language", "lang", "لغه"),
    "tag": ("tag", "keyword", "وسم"),
    "source": ("source", "agency", "مصدر"),
    "is": ("is", "حال"),
    "from": ("from", "after", "since", "من"),
    "to": ("to", "before", "until", "الي"),
    "on": ("on", "date", "تاريخ"),
}
_FIELD_NAMES: Final = {alias: field for field, aliases in _FIELDS.items() for alias in aliases}
_OPEN: Final = '"«“„'
_CLOSE: Final = '"»”'
_TOKEN: Final = re.compile(
    rf"""(?P<minus>[-−](?=\S))?
    (?:(?P<field>[^\W\d_]+):(?=\S))?
    (?:[{_OPEN}](?P<quoted>[^{_CLOSE}]*)(?:[{_CLOSE}]|$)(?P<star>\*)?
      |(?P<bare>[^\s{_OPEN}]+))""",
    re.VERBOSE,
)
_MODEL: Final = re.compile(r"([A-Za-z]{1,8})([-‐‑]?)(\d{1,4})")
"""Letters and a number that papers print with a hyphen or without: F-16, COVID19."""
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words that must occur in this order (usually one word); `prefix`: the last one is only a prefix.

    `column` restricts it to one column of the index ('' for all). `keys` replace those of a single word (see
    `archive.search.spelling`).
    """

    words: tuple[str, ...]
    keys: tuple[str, ...] = ()
    prefix: bool = False
    column: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One condition: any of its phrases or, if `negated`, none of them."""

    phrases: tuple[Phrase, ...]
    negated: bool = False

    @property
    def has_column(self) -> bool:
        """Return whether at least one of its phrases is restricted to a column of the index."""
        return any(phrase.column for phrase in self.phrases)


Code = Literal[
    "no_value",
    "no_date",
    "short_prefix",
    "too_many_words",
    "too_long",
    "bounds",
    "orders",
    "stale_index",
    "no_state",
    "no_vectors",
    "not_semantic",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A part of a query that was ignored: a code, and the values for its message in any language."""

    code: Code
    values: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return _SENTENCES[self.code].format(**dict(self.values))


def problem(code: Code, **values: object) -> Problem:
    """Return the problem with this code and these values."""
    return Problem(code=code, values=tuple((name, str(value)) for name, value in values.items()))


_SENTENCES: Final[Mapping[str, str]] = {
    "no_value": N_("{field}: needs a value"),
    "no_state": N_("{text} is not known: write is:gone, is:paywalled, is:changed, is:retitled, is:shared or is:wire"),
    "no_date": N_("{text} is not a date: write YYYY, YYYY-MM or YYYY-MM-DD"),
    "short_prefix": N_("the star of {text}: the beginning of a word is three letters or more"),
    "too_many_words": N_("only the first {count} words were used"),
    "too_long": N_("only the first {count} characters were used"),
    "bounds": N_("{field} is a number from {least} to {most}"),
    "orders": N_("order is one of {orders}"),
    "no_vectors": N_("no article has a vector yet, so nothing was searched by meaning: run `warraq embed`"),
    "not_semantic": N_("this reading room does not search by meaning: `warraq serve --semantic` does"),
    "stale_index": N_(
        "the index was made by another version of warraq and may miss words: rebuild it with `warraq reindex`"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A parsed query.

    `facets` are groups of filter tokens: an article must have one of each group, and none of `excluded`.
    `states` and `not_states` are conditions on the rows. `date_from` and `date_to` are YYYY-MM-DD, both included ('' for open).
    `problems` lists the ignored parts.
    """

    clauses: tuple[Clause, ...] = ()
    facets: tuple[tuple[str, ...], ...] = ()
    excluded: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    not_states: tuple[State, ...] = ()
    date_from: str = ""
    date_to: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def wanted(self) -> tuple[Clause, ...]:
        """Return the clauses that are not negated."""
        return tuple(clause for clause in self.clauses if not clause.negated)

    @property
    def free(self) -> tuple[Clause, ...]:
        """Return the wanted clauses that any part of an article may meet."""
        return tuple(clause for clause in self.wanted if not clause.has_column)

    @property
    def bound(self) -> tuple[Clause, ...]:
        """Return the other clauses: those restricted to a column, and the negated ones."""
        return tuple(clause for clause in self.clauses if clause.negated or clause.has_column)

    @property
    def conditions(self) -> str:
        """Return the SQL condition of the states on a row `a` of `articles`, with `AND` before each part."""
        return conditions(self.states, self.not_states)


class _Reader:
    """Collects the parts of a query while its tokens are read from left to right."""

    def __init__(self) -> None:
        self.clauses: list[Clause] = []
        self.facets: dict[str, list[str]] = {}
        self.excluded: list[str] = []
        self.states: dict[bool, list[State]] = {False: [], True: []}
        self.dates = {"from": "", "to": ""}
        self.problems: list[Problem] = []
        self.room = MAX_WORDS
        self.negate_next = False
        self.join_next = False

    def token(self, match: re.Match[str]) -> None:
        bare = match["bare"] or ""
        field = _FIELD_NAMES.get(fold(match["field"] or ""), "")
        if not match["field"] and not match["minus"] and self.operator(bare):
            return
        if (
            bare.endswith(":") and _FIELD_NAMES.get(fold(bare[:-1])) == "site"
        ):  # other such words are also headlines' own
            self.problems.append(problem("no_value", field="site"))
            return
        negated = bool(match["minus"]) or self.negate_next
        self.negate_next = False
        value = match["quoted"] if match["quoted"] is not None else bare
        if field in {"site", "language", "tag", "source"}:
            self.filter(field, value, negated=negated)
        elif field == "is":
            self.state(value, negated=negated)
        elif field in {"from", "to", "on"}:
            self.date(field, value)
        else:
            # An unknown field name is text like any other: 10:30, http://…
            text = value if field or not match["field"] else f"{match['field']} {value}"
            text = ELISION.sub("", text)
            self.phrase(text, column=field, prefix=bool(match["star"]) or bare.endswith("*"), negated=negated)
        self.join_next = False

    def operator(self, bare: str) -> bool:
        if bare == "AND":
            return True
        if bare in {"OR", "|"}:
            self.join_next = True
            return True
        if bare == "NOT":
            self.negate_next = True
            return True
        return False

    def state(self, value: str, *, negated: bool) -> None:
        state = state_of(value)
        if state is None:
            self.problems.append(problem("no_state", text=f"is:{value[:20]}"))
        else:
            self.states[negated].append(state)

    def filter(self, field: str, value: str, *, negated: bool) -> None:
        token = facet(field, _filtered(field, value))
        if not token:
            self.problems.append(problem("no_value", field=field))
        elif negated:
            self.excluded.append(token)
        elif len(self.facets.setdefault(field, [])) < MAX_WORDS:
            self.facets[field].append(token)

    def date(self, field: str, value: str) -> None:
        span = date_span(value)
        if not span:
            self.problems.append(problem("no_date", text=f"{field}:{value[:20]}"))
            return
        first, last = span
        if field in {"from", "on"}:
            self.dates["from"] = max(self.dates["from"], first)
        if field in {"to", "on"}:
            self.dates["to"] = min(self.dates["to"] or last, last)

    def phrase(self, text: str, *, column: str, prefix: bool, negated: bool) -> None:
        found = tuple(match.group() for match in tokens(text))
        if len(found) > self.room:
            self.problems.append(problem("too_many_words", count=MAX_WORDS))
        found = found[: self.room]
        if not found:
            return
        self.room -= len(found)
        if prefix and not prefix_variants(found[-1]):
            prefix = False
            if not is_unspaced(found[-1]):
                self.problems.append(problem("short_prefix", text=f"{found[-1]}*"))
        phrases = [Phrase(words=found, prefix=prefix, column=column)]
        if not prefix and (model := _MODEL.fullmatch(text)):
            letters, hyphen, number = model.groups()
            phrases.append(Phrase(words=(letters + number,) if hyphen else (letters, number), column=column))
        last = self.clauses[-1] if self.clauses else None
        if self.join_next and last and last.negated == negated:
            self.clauses[-1] = Clause(phrases=(*last.phrases, *phrases), negated=negated)
        else:
            self.clauses.append(Clause(phrases=tuple(phrases), negated=negated))


def _filtered(field: str, value: str) -> str:
    if field == "site":
        return _host(value)
    return value.replace("_", "-") if field == "language" else value


def _host(value: str) -> str:
    """Return the host in a value of `site:`, which may be a URL."""
    return re.sub(r"^https?://", "", value.strip()).split("/", maxsplit=1)[0]


def date_span(value: str) -> tuple[str, str] | None:
    """Return the first and last day (YYYY-MM-DD) of a year, month or day in any script's digits; None when it is not a date."""
    match = _DATE.match(fold(value.strip().replace("/", "-")))
    if not match:
        return None
    year, month, day = (int(part) if part else 0 for part in match.groups())
    if not 1 <= year <= 9999 or (match[2] and not 1 <= month <= 12):
        return None
    if match[3]:
        if not 1 <= day <= calendar.monthrange(year, month)[1]:
            return None
        return (f"{year:04}-{month:02}-{day:02}",) * 2
    first_month, last_month = (month, month) if match[2] else (1, 12)
    last_day = calendar.monthrange(year, last_month)[1]
    return f"{year:04}-{first_month:02}-01", f"{year:04}-{last_month:02}-{last_day:02}"


def parse(text: str) -> Query:
    """Parse a search text; invalid parts are ignored and named in `problems`."""
    reader = _Reader()
    if len(text) > MAX_CHARACTERS:
        reader.problems.append(problem("too_long", count=MAX_CHARACTERS))
    for match in _TOKEN.finditer(text[:MAX_CHARACTERS]):
        reader.token(match)
    return Query(
        clauses=tuple(reader.clauses),
        facets=tuple(tuple(dict.fromkeys(tokens)) for tokens in reader.facets.values()),
        excluded=tuple(dict.fromkeys(reader.excluded))[:MAX_WORDS],
        states=tuple(dict.fromkeys(reader.states[False])),
        not_states=tuple(dict.fromkeys(reader.states[True])),
        date_from=reader.dates["from"],
        date_to=reader.dates["to"],
        problems=tuple(dict.fromkeys(reader.problems)),
    )


def any_word(query: Query) -> Query:
    """Return the query for any one of the words; conditions on fields, filters and exclusions are kept."""
    if len(query.free) < 2:
        return query
    phrases = tuple(dict.fromkeys(phrase for clause in query.free for phrase in clause.phrases))
    return replace(query, clauses=(Clause(phrases=phrases), *query.bound))


def both(query: Query, other: Query) -> Query:
    """Return the query that requires both queries."""
    return Query(
        clauses=(*query.clauses, *other.clauses),
        facets=(*query.facets, *other.facets),
        excluded=(*query.excluded, *other.excluded),
        states=tuple(dict.fromkeys((*query.states, *other.states))),
        not_states=tuple(dict.fromkeys((*query.not_states, *other.not_states))),
        date_from=max(query.date_from, other.date_from),
        date_to=min(filter(None, (query.date_to, other.date_to)), default=""),
        problems=(*query.problems, *other.problems),
    )
