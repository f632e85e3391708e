"""Correct the spelling of a query: replace its words by similar ones that the archive has.

Both corrections query the index for generated keys, so that no list of all words is needed. A word that (nearly) no
article has is replaced by the words one letter away that some article has. A transliterated name is also searched for in
the spellings of other papers (غوغل, جوجل, قوقل; مانشستر, مانشيستر), a word without its hamza with it, and a name in two words also
in one (فيس بوك, فيسبوك).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final

from archive.arabic import fold, spell, without_article
from archive.search.analysis import stemming_language, tokens, word_key, word_variants
from archive.search.candidates import Shards, count_matches
from archive.search.query import Clause, Phrase, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_ARABIC: Final = "ءابتثجحخدذرزسشصضطظعغفقكلمنهوي"
_LATIN: Final = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST: Final = 4
"""The fewest letters of a word that is corrected: nearly all shorter words are one letter away from others."""
_ACRONYM: Final = 5
"""The most letters of a word in capitals that is taken for an acronym, which is not corrected: NASA is no misspelt "casa"."""
_LONGEST: Final = 20
"""The most letters of a word that is corrected: longer ones are not typed words."""
_CORRECTED: Final = 3
"""The most words of a query that are corrected: each costs 500 to 1,000 lookups of 15 µs."""
_MOST_FORMS: Final = 2500
"""Forms with a hamza that one word is taken for, more than a word of eleven letters has; twenty times ي would have 25,000."""
_G: Final = "غجق"
_BARE_CARRIER: Final = re.compile("(?<=ا)ي(?=.)|(?<=.)و(?=و)|(?<=.)ي(?=ي)")
_VOWELS: Final = "اوي"
_LONG_NAME: Final = 6
"""The fewest letters of a name in which an additional or missing long vowel does not make another word."""

_SHORTEST_PARTS: Final = (3, 2)
"""The fewest letters of two words that may be one: with shorter ones, particles and a word make another word (ان شاء, انشاء)."""
_SHORTEST_JOINED: Final = 6
_COMPARED: Final = 1000
"""The most articles of a word that are counted to see whether it is more frequent than its parts in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The query with other keys for mistyped words, these words, and the spellings that replace them."""

    query: Query
    typed: tuple[str, ...]
    spellings: frozenset[str]


def correct(shards: Shards, query: Query, languages: Sequence[str]) -> Correction | None:
    """Return the query with each word that no article has replaced by those one letter away; None when nothing changes."""
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
    """Return, for two words that articles have, the queries in which one is replaced by words one letter away: it may be mistyped too."""
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
    """Return the keys of words one letter away that the archive has, and their spellings.

    In an `unknown` word, which no article has, a hamza may also be missing.
    """
    if word.isupper() and len(word) <= _ACRONYM:
        return (), frozenset()
    own = word_variants(word, languages)
    word = spell(word)
    edited = [form for form in _one_edit(word) if form != word]
    for forms in (_with_hamza([word]), [*edited, *_with_hamza(edited)]) if unknown else (edited,):
        keys = (key for form in forms for key in word_variants(form, languages) if key not in own)
        if known := _known(shards, keys):
            return known, frozenset(forms)
    return (), frozenset()


def _with_hamza(forms: Iterable[str]) -> list[str]:
    """Return the forms with a hamza on each ي or و that may carry one: رئيس for رييس."""
    found = (
        spell(f"{form[:at]}ء{form[at + 1 :]}")
        for form in forms
        for at in range(1, len(form))
        if form[at] in "يو" and len(form) >= _SHORTEST
    )
    return list(dict.fromkeys(islice(found, _MOST_FORMS)))


def _with_carrier(word: str) -> Iterator[str]:
    """Yield the word with a hamza that is often left out, where its letter shows the place: عائلة for عايلة, مسؤول for مسوول."""
    word = fold(word)
    for found in _BARE_CARRIER.finditer(word) if _SHORTEST <= len(word) <= _LONGEST else ():
        yield spell(f"{word[: found.start()]}ء{word[found.end() :]}")


def transliterated(shards: Shards, query: Query, languages: Sequence[str], *, join: bool) -> Query:
    """Return the query with the other spellings of words that the archive has; with `join` also of two words as one."""
    joined = _joined(shards, query, languages) if join else {}

    def spelled(phrase: Phrase) -> Phrase:
        own = phrase.keys or word_variants(phrase.words[0], languages)
        if not own or phrase.keys:
            return phrase
        carried = (key for form in _with_carrier(phrase.words[0]) for key in word_variants(form, languages))
        found = _known(shards, (*_other_letters(own[0]), *(key for key in carried if key not in own)))
        found += joined.get(phrase, ())
        return replace(phrase, keys=tuple(dict.fromkeys((*own, *found)))) if found else phrase

    return _with_words(query, spelled)


def _joined(shards: Shards, query: Query, languages: Sequence[str]) -> Mapping[Phrase, tuple[str, ...]]:
    """Return, for words that the archive more often writes as one with the word before or after them, the keys of both as one."""
    words = [clause.phrases[0] for clause in query.wanted if len(clause.phrases) == 1 and _is_word(clause.phrases[0])]
    found: dict[Phrase, tuple[str, ...]] = {}
    for pair in pairwise(words):
        first, second = (spell(phrase.words[0]) for phrase in pair)
        known = _known(shards, _as_one(first, second, languages))
        if not known:
            continue
        as_one, as_two = (
            count_matches(shards, _one(phrase), languages, limit=_COMPARED)
            for phrase in (Phrase(words=(first + second,), keys=known), Phrase(words=(first, second)))
        )
        if as_one > as_two:
            found |= {phrase: (*found.get(phrase, ()), *known) for phrase in pair}
    return found


def _as_one(first: str, second: str, languages: Sequence[str]) -> Iterator[str]:
    """Yield the keys of two Arabic words written as one, unless stemming takes the second for an ending."""
    whole = without_article(first + second)
    if len(whole) > _LONGEST or not all(letter in _ARABIC for letter in whole):
        return
    if len(first) >= _SHORTEST_PARTS[0] and len(second) >= _SHORTEST_PARTS[1]:
        for key in word_variants(first + second, languages):
            if len(key) >= _SHORTEST_JOINED and key.startswith(whole[:-1]):
                yield key


def surface(word: str, keys: Iterable[str], texts: Iterable[tuple[str, str]]) -> str:
    """Return the spelling in these texts (each with its language) of the replacement of a word; '' when they do not have it."""
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
    """Return the query with `change` applied to each wanted single word without a field."""

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
    """Return the keys that some article has."""
    sql = "SELECT 1 FROM articles_search WHERE articles_search MATCH ? LIMIT 1"
    distinct = [key for key in dict.fromkeys(keys) if len(key) > 1 and '"' not in key]
    has = shards.each(lambda db: {key for key in distinct if db.execute(sql, (f'- {{facets}} : "{key}"',)).fetchone()})
    return tuple(key for key in distinct if any(key in known for known in has))


def _one_edit(word: str) -> Iterator[str]:
    """Yield all words one edit away: a letter deleted, two swapped, one replaced, or one inserted."""
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
    """Yield a name with the other letters used for /g/, and with a long vowel added or removed."""
    letters = [letter for letter in key if letter in _G]
    if len(key) >= _SHORTEST + (len(letters) < 2):
        for letter in dict.fromkeys(letters):
            yield from (key.replace(letter, other) for other in _G if other != letter)
    if _LONG_NAME <= len(key) <= _LONGEST and all(letter in _ARABIC for letter in key):
        for at in range(1, len(key)):
            if key[at] in _VOWELS:
                yield key[:at] + key[at + 1 :]
            yield from (key[:at] + vowel + key[at:] for vowel in _VOWELS)
