"""Parse what a person typed into the search box into a Query or an FTS5 expression; nothing raises.

    "exact phrase"   «عبارة»          words in that order
    word*                              words that begin so (three letters or more)
    a OR b                             either; binds closer than the spaces, which mean AND
    -word   NOT word   -"a phrase"     without
    site: section: author: language: tag: source:   filters; a value of several words is quoted; the same filter twice means either
    is:gone is:paywalled is:changed is:shared is:wire   what became of the page, who else has it (see `states`)
    from: to: (after: since: before: until:) on:   YYYY, YYYY-MM or YYYY-MM-DD, both ends included

Every word reaches FTS5 as a quoted string of letters and digits, so no text can be read as its syntax.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from archive.arabic import fold
from archive.locale import N_
from archive.search.analysis import ELISION, date_facets, facet, phrase_readings, prefix_variants, tokens, word_variants
from archive.search.states import conditions, state_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archive.search.states import State

MAX_CHARACTERS: Final = 1000
MAX_WORDS: Final = 24
"""Longer queries are cut: every word costs a walk through its postings, and people do not type more."""
MIN_PREFIX: Final = 3
"""Shorter beginnings would make FTS5 merge the postings of a large part of all words."""

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
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words that must stand in this order (one word, most often); `prefix` says that the last one is only a beginning.

    `column` restricts it to one column of the index ('' for all). `keys`: what one word is taken for, instead of its own
    keys (see `archive.search.spelling`).
    """

    words: tuple[str, ...]
    keys: tuple[str, ...] = ()
    prefix: bool = False
    column: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One condition: any of its phrases (or, `negated`, none of them)."""

    phrases: tuple[Phrase, ...]
    negated: bool = False


Code = Literal[
    "no_value",
    "no_date",
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
    """Something of a question that was left out: a code, and the values that complete its sentence in any language."""

    code: Code
    values: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return _SENTENCES[self.code].format(**dict(self.values))


def problem(code: Code, **values: object) -> Problem:
    """Return the problem of that code with its values."""
    return Problem(code=code, values=tuple((name, str(value)) for name, value in values.items()))


_SENTENCES: Final[Mapping[str, str]] = {
    "no_value": N_("{field}: needs a value"),
    "no_state": N_("{text} is not known: write is:gone, is:paywalled, is:changed, is:shared or is:wire"),
    "no_date": N_("{text} is not a date: write YYYY, YYYY-MM or YYYY-MM-DD"),
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
    """What was asked for.

    `facets` are groups of filter tokens, of each group one must be there; `excluded` those that must not be there.
    `states` and `not_states` are conditions on the rows. `date_from` and `date_to` are YYYY-MM-DD, both included ('' for open).
    `problems` say what was left out.
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
        """The clauses that ask for words."""
        return tuple(clause for clause in self.clauses if not clause.negated)

    @property
    def conditions(self) -> str:
        """The SQL condition of its states on a row `a` of `articles`, `AND` before each part."""
        return conditions(self.states, self.not_states)


class _Reader:
    """Gathers the parts of a query while its tokens are read from left to right."""

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
        phrase = Phrase(words=found, prefix=prefix, column=column)
        last = self.clauses[-1] if self.clauses else None
        if self.join_next and last and last.negated == negated:
            self.clauses[-1] = Clause(phrases=(*last.phrases, phrase), negated=negated)
        else:
            self.clauses.append(Clause(phrases=(phrase,), negated=negated))


def _filtered(field: str, value: str) -> str:
    if field == "site":
        return _host(value)
    return value.replace("_", "-") if field == "language" else value


def _host(value: str) -> str:
    """Return a host out of what people paste after `site:`, a whole URL at times."""
    return re.sub(r"^https?://", "", value.strip()).split("/", maxsplit=1)[0]


def date_span(value: str) -> tuple[str, str] | None:
    """Return the first and last day (YYYY-MM-DD) of a year, month or day, in whatever digits; None when it is not a date."""
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
    """Return the query that a person's text means; parts that make no sense are left out and named in `problems`."""
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
    """Return the query that is content with any one of the words; conditions on a field, other filters and exclusions stay."""
    free = [clause for clause in query.wanted if not any(phrase.column for phrase in clause.phrases)]
    if len(free) < 2:
        return query
    phrases = tuple(dict.fromkeys(phrase for clause in free for phrase in clause.phrases))
    kept = tuple(clause for clause in query.clauses if clause not in free)
    return replace(query, clauses=(Clause(phrases=phrases), *kept))


def both(query: Query, other: Query) -> Query:
    """Return the query that asks for what the two ask for."""
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


def date_tokens(date_from: str, date_to: str) -> tuple[str, ...]:
    """Return the fewest date tokens (years, months, days) that cover the days from … to …, both included.

    An open end is closed at 1900 or 2100. At most two rests of a month and two of a year stand beside the whole years.
    """
    first, last = date_from or "1900-01-01", date_to or "2100-12-31"
    return tuple(_cover(first, last)) if first <= last else ()


def _cover(first: str, last: str) -> Iterator[str]:
    for year in range(int(first[:4]), int(last[:4]) + 1):
        low, high = max(first, f"{year:04}-01-01"), min(last, f"{year:04}-12-31")
        if (low[5:], high[5:]) == ("01-01", "12-31"):
            yield _last(date_facets(f"{year:04}"))
            continue
        for month in range(int(low[5:7]), int(high[5:7]) + 1):
            days = calendar.monthrange(year, month)[1]
            start = int(low[8:]) if month == int(low[5:7]) else 1
            end = int(high[8:]) if month == int(high[5:7]) else days
            if (start, end) == (1, days):
                yield _last(date_facets(f"{year:04}-{month:02}"))
            else:
                yield from (_last(date_facets(f"{year:04}-{month:02}-{day:02}")) for day in range(start, end + 1))


def _last(tokens: Iterable[str]) -> str:
    return [*tokens][-1]


def match_expression(query: Query, languages: Sequence[str] = ()) -> str:
    """Return the FTS5 expression of the query for an archive that holds these stemming languages; '' when it asks for nothing.

    Negated clauses alone give '' too: FTS5 can only take away from something.
    """
    groups = [_any(_phrase(phrase, languages) for phrase in clause.phrases) for clause in query.wanted]
    groups += [_any(map(_quoted, tokens)) for tokens in query.facets]
    if query.date_from or query.date_to:
        # A range that ends before it begins must find nothing: no article has this token.
        groups.append(_any(map(_quoted, date_tokens(query.date_from, query.date_to) or ("date:none",))))
    wanted = " AND ".join(group for group in groups if group)
    unwanted = unwanted_expression(query, languages)
    return f"({wanted}) NOT {unwanted}" if wanted and unwanted else wanted


def term_expressions(query: Query, languages: Sequence[str] = ()) -> tuple[str, ...]:
    """Return what `match_expression` asks words for, each phrase an FTS5 expression of its own, as often as it stands there."""
    return tuple(
        term
        for clause in query.wanted
        for phrase in {_phrase(phrase, languages): phrase for phrase in clause.phrases}.values()
        for term in _terms(phrase, languages)
    )


def unwanted_expression(query: Query, languages: Sequence[str] = ()) -> str:
    """Return the FTS5 expression of what the query excludes; '' when it excludes nothing."""
    phrases = [_phrase(phrase, languages) for clause in query.clauses if clause.negated for phrase in clause.phrases]
    return _any([*phrases, *map(_quoted, query.excluded)])


def _any(parts: Iterable[str]) -> str:
    distinct = [part for part in dict.fromkeys(parts) if part]
    return f"({' OR '.join(distinct)})" if distinct else ""


def _quoted(tokens: str) -> str:
    return '"' + tokens.replace('"', '""') + '"'


def _phrase(phrase: Phrase, languages: Sequence[str]) -> str:
    forms = _forms(phrase, languages)
    expression = _any(_quoted(" ".join(keys)) + (" *" if prefix else "") for keys, prefix in forms)
    return f"{{{phrase.column}}} : {expression}" if expression and phrase.column else expression


def _terms(phrase: Phrase, languages: Sequence[str]) -> Iterator[str]:
    """Yield each way in which the phrase may be stored, as an expression of its own."""
    column = f"{{{phrase.column}}} : " if phrase.column else ""
    for keys, prefix in dict.fromkeys(_forms(phrase, languages)):
        if keys:
            yield column + _quoted(" ".join(keys)) + (" *" if prefix else "")


def _forms(phrase: Phrase, languages: Sequence[str]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield each way in which the phrase may be stored: its keys, and whether the last of them is only a beginning."""
    if phrase.keys:
        yield from (((key,), False) for key in phrase.keys)
    elif len(phrase.words) == 1:
        for key in word_variants(phrase.words[0], languages):
            yield (key,), False
    else:
        # A document has one language, so a phrase is never stored in a mixture of two.
        for language in ("", *languages):
            yield from ((keys, False) for keys in phrase_readings(phrase.words, language))
    if phrase.prefix:
        *before, last = phrase.words
        beginnings = [form for form in prefix_variants(last) if len(form) >= MIN_PREFIX]
        for language in ("", *languages) if before else ("",):
            for start in phrase_readings(before, language):
                yield from (((*start, form), True) for form in beginnings)
