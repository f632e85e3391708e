"""Stems Arabic words lightly: a folded word goes in, the part that its inflected forms share comes out.

light10 (Larkey, Ballesteros and Connell, "Light Stemming for Arabic Information Retrieval", 2007) with these changes,
each measured by `bench/search.py`:

- the adjective keeps its ي: مصرية and مصريين become مصري, not مصر, for Egypt and the Egyptian are two questions;
- the possessives هم هما نا go too, and with an ending the ت that stood for ة (حكومته, شركتين), and the accusative's ا;
- by the lists in `lexicon`, words with a و, ان, ين or ون of their own keep it, names lose a ب or ل that stands before
  them, broken plurals find their singular.
"""

from __future__ import annotations

from typing import Final

from archive.arabic.letters import fold
from archive.arabic.lexicon import NAMES, PLURALS, WHOLE, WITH_WAW

_ARTICLES: Final = ("وال", "بال", "كال", "فال", "فلل", "لل", "ال")
_PREPOSITIONS: Final = ("ب", "ل", "ك", "ف")
_POSSESSIVES: Final = ("هما", "هم", "نا")
_ENDINGS: Final = ("ها", "ان", "ات", "ون", "ين", "ه")
_HIDES_TEH: Final = frozenset({"ها", "ان", "ين", "ه"})  # before these a teh marbuta is written ت


def _without_ending(word: str) -> str:
    if word in _WHOLE:
        return word
    ending = next((end for end in _POSSESSIVES if word.endswith(end) and len(word) - len(end) >= 3), "")
    word = word.removesuffix(ending)
    opened = bool(ending)
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            word = word.removesuffix(ending)
            opened = opened or ending in _HIDES_TEH
    if opened and word.endswith("ت") and len(word) >= 4:
        word = word[:-1]
    return word[:-1] if word.endswith("ا") and len(word) > 4 else word


_WHOLE: Final = frozenset(fold(WHOLE).split())
_NAMES: Final = frozenset(fold(NAMES).split())
_WITH_WAW: Final = frozenset(_without_ending(fold(word)) for word in WITH_WAW.split())
_SINGULARS: Final = {
    _without_ending(fold(plural)): _without_ending(fold(one))
    for one, plural in map(str.split, PLURALS.split("\n")[1:-1])
}


def without_article(word: str) -> str:
    """The folded word without conjunction and article (with ب, ك, ف or ل before it): the front half of `stem`."""
    if word.startswith("و") and len(word) >= 4:
        if _without_ending(word) in _WITH_WAW:
            return word
        word = word if word.startswith("وال") else word[1:]
    if word[:1] in _PREPOSITIONS and word[1:] in _NAMES:
        return word[1:]
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= 2:
            return word[len(article) :]
    return word


def stem(word: str) -> str:
    """The light stem of one folded word: conjunction, article and inflection off, at least two letters kept.

    Words of other scripts come back unchanged, so nobody needs to know a word's language.
    """
    stemmed = _without_ending(without_article(word))
    return _SINGULARS.get(stemmed, stemmed)
