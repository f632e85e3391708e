"""Stems Arabic words lightly: a word goes in, the part that its inflected forms share comes out.

light10 (Larkey, Ballesteros and Connell, "Light Stemming for Arabic Information Retrieval", 2007) with these changes,
each measured by `bench/search.py`:

- one spelling first (`spell`): whichever letter carries a hamza, مائة or مئة, داوود or داود;
- the adjective keeps its ي: مصرية and مصريين become مصري, not مصر, for Egypt and the Egyptian are two questions;
- the possessives هم هما نا go too, and with an ending the ت that stood for ة (حكومته, شركتين), and the accusative's ا;
- a verb comes back to its past: by its pattern where the pattern is a verb's alone (يعتبر, يستخدم), else by the list;
- by the lists in `lexicon`, words with a و, ان, ين or ون of their own keep it, names lose a ب or ل that stands before
  them, broken plurals find their singular.
"""

from __future__ import annotations

import re
from typing import Final

from archive.arabic.letters import fold
from archive.arabic.lexicon import MORE_PLURALS, NAMES, PLURALS, SPELLINGS, VERBS, WHOLE, WITH_WAW

_ARTICLES: Final = ("وال", "بال", "كال", "فال", "فلل", "لل", "ال")
_PREPOSITIONS: Final = ("ب", "ل", "ك", "ف")
_POSSESSIVES: Final = ("هما", "هم", "نا")
_ENDINGS: Final = ("ها", "ان", "ات", "ون", "ين", "ه")
_HIDES_TEH: Final = frozenset({"ها", "ان", "ين", "ه"})  # before these a teh marbuta is written ت
_HUNDRED: Final = re.compile("^([وفبكل]*(?:ال|لل)?(?:ثلاث|اربع|خمس|ست|سبع|ثمان|تسع)?م)اء(ه|ت[اي]ن?)$")


def spell(word: str) -> str:
    """One word in the spelling that the stems are of: folded, with one hamza, one way to write a hundred, no letter و twice."""
    folded = fold(word, carriers=True)
    if "ء" in folded:
        folded = _HUNDRED.sub(r"\1ء\2", folded).replace("يء", "ء") if folded[:2] != "يء" else folded
    return f"{folded[0]}{folded[1:].replace('وو', 'و')}" if "وو" in folded[1:] else folded


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
    return word[:-1] if word.endswith("ا") and (len(word) > 4 or word.endswith("ءا")) else word


def _spelled(text: str) -> list[str]:
    return [spell(word) for word in text.split()]


_WHOLE: Final = frozenset(_spelled(WHOLE))
_NAMES: Final = frozenset(_spelled(NAMES))
_WITH_WAW: Final = frozenset(_without_ending(spell(word)) for word in WITH_WAW.split())
_SPELLINGS: Final = {other: one for one, other in (_spelled(line) for line in SPELLINGS.strip().split("\n"))}


def _pairs() -> dict[str, str]:
    lines = [*PLURALS.strip().split("\n"), *re.split(r"[·\n]", MORE_PLURALS.strip())]
    pairs = (_spelled(line) for line in lines)
    return {_without_ending(plural): _without_ending(one) for one, plural in pairs}


_SINGULARS: Final = _pairs()
_VERBS: Final = frozenset(_spelled(VERBS))


def _present(past: str) -> str:
    """What stands behind the ي of a verb's present: أعلن gives علن, قال gives قول, أضاف gives ضيف."""
    if past in _WITH_YEH:
        return f"{past[0]}ي{past[2]}"
    if past in _LOSES_WAW:
        return past[1:]
    if len(past) == 3 and past[1] == "ا":
        return f"{past[0]}و{past[2]}"
    body = past[1:] if past[0] == "ا" else past
    if past[0] == "ا" and body[-2:-1] == "ا" and (len(past) == 4 or past.startswith("است")):
        return f"{body[:-2]}ي{body[-1]}"
    return body


_WITH_YEH: Final = frozenset(_spelled("عاش باع سار زاد غاب طار مال ضاع صار"))
_LOSES_WAW: Final = frozenset(_spelled("وصل وجد وضع وعد وقف وصف وقع وثب"))
_PASTS: Final = {_present(past): past for past in sorted(_VERBS)} | {
    # where two verbs share a present, the one that has its letters
    past: past
    for past in _VERBS
    if past[0] != "ا"
}
# [prefix of the present] + what no noun looks like: يستخدم, يعتبر, يصطدم, ينفجر, يتحدث, يتعاون
_TENTH: Final = re.compile("^[يتن](ست..+)$")
_EIGHTH: Final = re.compile("^[يتن]([^اويتن]ت[^ايو].|[^اويتن]ت[اق].|[صض]ط[^اي].)$")
_SEVENTH: Final = re.compile("^[يت](ن[^اتوي][^ايو].)$")
_FIFTH: Final = re.compile("^[يت](ت[^تو][^يو].|ت.ا..?)$")
_PAST_FEMININE: Final = re.compile("^(?:است...+|ا[^او]ت..|ان...|ت[^ايو][^ايو].)ت$")


def _verb(word: str) -> str:
    """The past of a verb, whatever its person and tense; '' for what is none that we know."""
    bare = word.removesuffix("وا") if len(word) >= 5 else word
    if bare.endswith("ت") and (bare[:-1] in _VERBS or _PAST_FEMININE.match(bare)):
        return bare[:-1]
    if bare in _VERBS:
        return bare
    if bare[:1] == "س" and bare[1:2] in {"ي", "ت", "ن"} and len(bare) >= 4:
        return _present_to_past(bare[1:])
    return _present_to_past(bare)


def _present_to_past(word: str) -> str:
    body = word[1:]
    if word[:1] == "ي" or (word[:1] in {"ت", "ن"} and len(body) >= (2 if word[0] == "ت" else 4)):
        past = _PASTS.get(body, "")
        if past and not (word[0] == "ت" and (word in _VERBS or (len(body) == 3 and past == body))):
            return past
    for pattern in (_TENTH, _EIGHTH, _SEVENTH):
        if found := pattern.match(word):
            return f"ا{found[1]}"
    found = _FIFTH.match(word)
    return found[1] if found else ""


def without_article(word: str) -> str:
    """The spelled word without conjunction and article (with ب, ك, ف or ل before it): the front half of `stem`."""
    if word.startswith("و") and len(word) >= 4:
        if _without_ending(word) in _WITH_WAW or _verb(word):
            return word
        word = word if word.startswith("وال") else word[1:]
    if word[:1] in _PREPOSITIONS and word[1:] in _NAMES:
        return word[1:]
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= 2:
            return word[len(article) :]
    return word


def stem(word: str) -> str:
    """The light stem of one word as `spell` gives it: conjunction, article and inflection off, at least two letters kept.

    Words of other scripts come back unchanged.
    """
    bare = without_article(word)
    bare = _SPELLINGS.get(bare, bare)
    stemmed = _without_ending(bare)
    if stemmed in _SINGULARS:
        return _SINGULARS[stemmed]
    if len(word) - len(bare) < 2:  # no article: a verb never has one
        return _verb(bare) or _verb(stemmed) or stemmed
    return stemmed
