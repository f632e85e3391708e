"""Compile a Query to FTS5 expressions.

Every word is passed to FTS5 as a quoted string of letters and digits, so no text can be taken for its syntax.
"""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

from archive.search.analysis import date_facets, phrase_readings, prefix_variants, word_variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archive.search.query import Phrase, Query


def date_tokens(date_from: str, date_to: str) -> tuple[str, ...]:
    """Return the fewest date tokens (years, months, days) that cover the days from `date_from` to `date_to`, both included.

    An open end becomes 1900 or 2100. At most two partial months and two partial years are added to whole years.
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
    """Return the FTS5 expression of the query for an archive with these stemming languages; '' for an empty query.

    It is also '' for negated clauses alone, which FTS5 does not support.
    """
    groups = [_any(_phrase(phrase, languages) for phrase in clause.phrases) for clause in query.wanted]
    groups += [_any(map(_quoted, tokens)) for tokens in query.facets]
    if query.date_from or query.date_to:
        # A range that ends before it begins must match nothing: no article has this token.
        groups.append(_any(map(_quoted, date_tokens(query.date_from, query.date_to) or ("date:none",))))
    wanted = " AND ".join(group for group in groups if group)
    unwanted = unwanted_expression(query, languages)
    return f"({wanted}) NOT {unwanted}" if wanted and unwanted else wanted


def term_expressions(query: Query, languages: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the phrases of `match_expression`, each as an FTS5 expression of its own, as often as it occurs there."""
    return tuple(
        term
        for clause in query.wanted
        for phrase in {_phrase(phrase, languages): phrase for phrase in clause.phrases}.values()
        for term in _terms(phrase, languages)
    )


def unwanted_expression(query: Query, languages: Sequence[str] = ()) -> str:
    """Return the FTS5 expression for what the query excludes; '' when it excludes nothing."""
    phrases = [_phrase(phrase, languages) for clause in query.clauses if clause.negated for phrase in clause.phrases]
    return _any([*phrases, *map(_quoted, query.excluded)])


def _any(parts: Iterable[str]) -> str:
    distinct = [part for part in dict.fromkeys(parts) if part]
    return f"({' OR '.join(distinct)})" if distinct else ""


def _quoted(tokens: str) -> str:
    return '"' + tokens.replace('"', '""') + '"'


def _phrase(phrase: Phrase, languages: Sequence[str]) -> str:
    return _any(_terms(phrase, languages))


def _terms(phrase: Phrase, languages: Sequence[str]) -> Iterator[str]:
    """Yield each form in which the phrase may be stored, as an expression of its own."""
    for keys, prefix in dict.fromkeys(_forms(phrase, languages)):
        if keys:
            # The tokens of filters begin with letters too: `dat*` is not every article with a date.
            column = f"{{{phrase.column}}} : " if phrase.column else "- {facets} : " if prefix else ""
            yield column + _quoted(" ".join(keys)) + (" *" if prefix else "")


def _forms(phrase: Phrase, languages: Sequence[str]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield each form in which the phrase may be stored: its keys, and whether the last one is only a prefix."""
    if phrase.keys:
        yield from (((key,), False) for key in phrase.keys)
    elif len(phrase.words) == 1:
        for key in word_variants(phrase.words[0], languages):
            yield (key,), False
    else:
        # A document has one language, so a phrase never has keys of two.
        for language in ("", *languages):
            yield from ((keys, False) for keys in phrase_readings(phrase.words, language))
    if phrase.prefix:
        *before, last = phrase.words
        for language in ("", *languages) if before else ("",):
            for start in phrase_readings(before, language):
                yield from (((*start, form), True) for form in prefix_variants(last))
