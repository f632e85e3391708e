"""Correct the spelling of a query: replace its words by similar ones that the archive has.

Two things are done, both by asking the index for keys that are made up, so that no list of all words is read: a word
that (nearly) no article has is taken for each word one letter away that some article has; and a name from another
script is taken in the letters that other papers write it with (غوغل, جوجل, قوقل; مانشستر, مانشيستر).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from archive.arabic import spell
from archive.search.analysis import stemming_language, tokens, word_key, word_variants
from archive.search.candidates import Shards, count_matches
from archive.search.query import Clause, Phrase, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_ARABIC: Final = "ءابتثجحخدذرزسشصضطظعغفقكلمنهوي"
_LATIN: Final = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST: Final = 4
"""Letters of a word below which nearly every other word is one letter away."""
_LONGEST: Final = 20
"""Letters of a word above which it is none that anybody typed."""
_CORRECTED: Final = 3
"""Words of a query that are corrected at most: each costs some 500 to 1,000 questions of 15 µs."""
_G: Final = "غجق"
_VOWELS: Final = "اوي"
_LONG_NAME: Final = 6
"""Letters from which a long vowel more or less makes no other word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The query with other keys for what was mistyped, these words, and the spellings that they were taken for."""

    query: Query
    typed: tuple[str, ...]
    spellings: frozenset[str]


def correct(shards: Shards, query: Query, languages: Sequence[str]) -> Correction | None:
    """Return the query with each word that no article has taken for those one letter away; None when that changes nothing."""
    typed: list[str] = []
    spellings: set[str] = set()

    def near(phrase: Phrase) -> Phrase:
        if len(typed) >= _CORRECTED or count_matches(shards, _one(phrase), languages, limit=1):
            return phrase
        keys, forms = _near(shards, phrase.words[0], languages)
        typed.extend(phrase.words if keys else ())
        spellings.update(forms)
        return replace(phrase, keys=keys)

    corrected = _with_words(query, near)
    return Correction(query=corrected, typed=tuple(typed), spellings=frozenset(spellings)) if typed else None


def alternatives(shards: Shards, query: Query, languages: Sequence[str]) -> list[Correction]:
    """For two words that articles have: the queries that take one of them for the words one letter away, for it may be mistyped too."""
    single = [clause for clause in query.wanted if _is_word(clause.phrases[0]) and len(clause.phrases) == 1]
    if len(query.wanted) != 2 or len(single) != 2:
        return []
    found = []
    for clause in single:
        (phrase,) = clause.phrases
        keys, forms = _near(shards, phrase.words[0], languages, unknown=False)
        if keys:
            other = Clause(phrases=(replace(phrase, keys=keys),))
            clauses = tuple(other if one is clause else one for one in query.clauses)
            found.append(Correction(query=replace(query, clauses=clauses), typed=phrase.words, spellings=forms))
    return found


def _near(
    shards: Shards, word: str, languages: Sequence[str], *, unknown: bool = True
) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the keys that the archive has of words one letter away, and their spellings.

    Of an `unknown` word, one that no article has, a hamza may have been left out too.
    """
    own = word_variants(word, languages)
    word = spell(word)
    edited = [form for form in _one_edit(word) if form != word]
    for forms in (_with_hamza([word]), [*edited, *_with_hamza(edited)]) if unknown else (edited,):
        keys = (key for form in forms for key in word_variants(form, languages) if key not in own)
        if known := _known(shards, keys):
            return known, frozenset(forms)
    return (), frozenset()


def _with_hamza(forms: Iterable[str]) -> list[str]:
    """Return the forms with a hamza in place of a ي or و that may have carried one: رييس for رئيس."""
    found = (
        spell(f"{form[:at]}ء{form[at + 1 :]}")
        for form in forms
        for at in range(1, len(form))
        if form[at] in "يو" and len(form) >= _SHORTEST
    )
    return list(dict.fromkeys(found))


def transliterated(shards: Shards, query: Query, languages: Sequence[str]) -> Query:
    """Return the query with names taken in their other spellings too, as far as the archive has them."""

    def spelled(phrase: Phrase) -> Phrase:
        own = phrase.keys or word_variants(phrase.words[0], languages)
        found = _known(shards, _other_letters(own[0])) if own and own[0] not in phrase.keys else ()
        return replace(phrase, keys=tuple(dict.fromkeys((*own, *found)))) if found else phrase

    return _with_words(query, spelled)


def surface(word: str, keys: Iterable[str], texts: Iterable[tuple[str, str]]) -> str:
    """Return how texts (each with its language) write what was found in place of a word; '' when they do not have it."""
    wanted = set(keys)
    written: Counter[str] = Counter()
    for text, language in texts:
        stemming = stemming_language(language)
        written.update(
            match.group()
            for match in tokens(text)
            if wanted & {word_key(match.group(), stemming), word_key(match.group())}
        )
    best = max(written, key=lambda form: (written[form], -abs(len(form) - len(word)), form), default="")
    return best if best != word else ""


def _with_words(query: Query, change: Callable[[Phrase], Phrase]) -> Query:
    """Return the query with each wanted single word of no field changed."""

    def changed(clause: Clause) -> Clause:
        if clause.negated:
            return clause
        phrases = (change(phrase) if _is_word(phrase) else phrase for phrase in clause.phrases)
        return replace(clause, phrases=tuple(phrases))

    return replace(query, clauses=tuple(changed(clause) for clause in query.clauses))


def _is_word(phrase: Phrase) -> bool:
    return len(phrase.words) == 1 and not phrase.column and not phrase.prefix


def _one(phrase: Phrase) -> Query:
    return Query(clauses=(Clause(phrases=(phrase,)),))


def _known(shards: Shards, keys: Iterable[str]) -> tuple[str, ...]:
    """Return those of the keys that some article has."""
    sql = "SELECT 1 FROM articles_search WHERE articles_search MATCH ? LIMIT 1"
    distinct = [key for key in dict.fromkeys(keys) if len(key) > 1 and '"' not in key]
    has = shards.each(lambda db: {key for key in distinct if db.execute(sql, (f'- {{facets}} : "{key}"',)).fetchone()})
    return tuple(key for key in distinct if any(key in known for known in has))


def _one_edit(word: str) -> Iterator[str]:
    """Yield every word one letter away: one left out, two swapped, one for another, one more."""
    letters = _ARABIC if any(letter in _ARABIC for letter in word) else _LATIN
    if not _SHORTEST <= len(word) <= _LONGEST or any(letter.isdigit() for letter in word):
        return
    for at in range(len(word) + 1):
        before, after = word[:at], word[at:]
        if after:
            yield before + after[1:]
            yield before + after[1:2] + after[:1] + after[2:]
            yield from (before + letter + after[1:] for letter in letters)
        yield from (before + letter + after for letter in letters)


def _other_letters(key: str) -> Iterator[str]:
    """Yield a name in the letters that other papers use for /g/, and with a long vowel more or less."""
    letters = [letter for letter in key if letter in _G]
    if len(key) >= _SHORTEST + (len(letters) < 2):
        for letter in dict.fromkeys(letters):
            yield from (key.replace(letter, other) for other in _G if other != letter)
    if _LONG_NAME <= len(key) <= _LONGEST and all(letter in _ARABIC for letter in key):
        for at in range(1, len(key)):
            if key[at] in _VOWELS:
                yield key[:at] + key[at + 1 :]
            yield from (key[:at] + vowel + key[at:] for vowel in _VOWELS)
