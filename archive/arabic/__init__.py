"""Normalise words in Arabic script: fold letters, stem lightly, find word spans.

Arabic newspapers write one word in many ways: with or without vowel signs (tashkeel) and stretching (tatweel), with any
of four alefs, with ى for ي, ه for ة, with Persian letters from a Persian keyboard, with presentation forms from old
systems, with two sets of digits. Everything here is a pure function of the text, for Persian and Urdu letters too.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from archive.arabic.lexicon import (
    MORE_PLURALS,
    NAMES,
    NOT_JOINED,
    PLURALS,
    SPELLINGS,
    VERBS,
    WHOLE,
    WITH_ARTICLE,
    WITH_WAW,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["fold", "spell", "stem", "without_article", "words"]


def _characters(*ranges: tuple[int, int]) -> list[int]:
    return [code for first, last in ranges for code in range(first, last + 1)]


# Quranic and vowel signs, U+0640 tatweel; the presentation forms of lone vowel signs too, since NFKC would turn those
# into a space and a sign and so cut the word in two.
_SIGNS: Final = _characters(
    (0x0610, 0x061A),
    (0x0640, 0x0640),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06DC),
    (0x06DF, 0x06E8),
    (0x06EA, 0x06ED),
    (0x08CA, 0x08E1),
    (0x08E3, 0x08FF),
    (0xFC5E, 0xFC63),
    (0xFCF2, 0xFCF4),
    (0xFE70, 0xFE72),
    (0xFE74, 0xFE74),
    (0xFE76, 0xFE7F),
)
# Joiners, bidi controls and invisible marks (general category Cf, those that occur in news pages).
_FORMAT: Final = _characters(
    (0x00AD, 0x00AD),
    (0x061C, 0x061C),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x2064),
    (0x2066, 0x2069),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
)
_LETTERS: Final[Mapping[str, str]] = {
    "ا": "أإآٱٲٳٵ",
    "و": "ؤٶ",
    "ي": "ىئیېےێۍؽؾؿٸ",
    "ك": "کڪګ",
    "ه": "ةۀەہۂۃھ",
}


def _deletions(codes: Iterable[int]) -> dict[int, str | None]:
    return dict.fromkeys(codes)


_BEFORE: Final = _deletions(_SIGNS + _FORMAT)
_AFTER: Final[dict[int, str | None]] = {
    **_deletions(_SIGNS),  # NFKC brings some back out of ligatures
    **{ord(form): letter for letter, forms in _LETTERS.items() for form in forms},
    **{zero + value: str(value) for zero in (0x0660, 0x06F0) for value in range(10)},
}
_CARRIED: Final = _AFTER | dict.fromkeys(map(ord, "ؤئٶ"), "ء")
# `translate` looks up every letter in Python; most texts have no letter of the first table, and texts in other scripts none
# of the second.
_in_before: Final = re.compile(f"[{''.join(map(re.escape, map(chr, _BEFORE)))}]").search
_in_after: Final = re.compile(f"[{''.join(map(re.escape, map(chr, _AFTER)))}]").search


def fold(text: str, *, carriers: bool = False) -> str:
    """Return the text in one spelling, lower case: compatibility forms resolved (NFKC), signs and format characters removed.

    Alef, yeh, kaf, heh and hamza carriers become one letter each, Arabic and Persian digits ASCII. Latin accents
    stay. With `carriers`, a hamza on و or ي becomes one on the line, because newspapers differ in the letter that carries it
    (مسؤول, مسئول). Folding twice changes nothing; the length may change, so take spans from the original (`words`).
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text.translate(_BEFORE) if _in_before(text) else text)
    folded = (folded.translate(_CARRIED if carriers else _AFTER) if _in_after(folded) else folded).lower()
    # Lower case of a few letters, and letters folded beside a mark, can leave text that NFKC would still join.
    return folded if unicodedata.is_normalized("NFKC", folded) else unicodedata.normalize("NFKC", folded)


def _marks() -> str:
    r"""Return every combining mark of the Basic Multilingual Plane, for a character class: Python's `\w` excludes them."""
    # The loop over 65,536 characters takes 5 ms once; a manual list would become outdated with each Unicode version.
    codes = [code for code in range(0x300, 0xFE30) if unicodedata.category(chr(code))[0] == "M"]
    return "".join(f"\\u{code:04x}" for code in codes)


_MARKS: Final = _marks() + "\u0640"
_JOINERS: Final = "\u00ad\u061c\u200c-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufe70-\ufe7f"
# Han, kana, Thai, Lao, Khmer and Burmese are written without spaces: each letter (with its marks) counts as a word, and
# a real word is a phrase.
_UNSPACED: Final = (
    "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD: Final = re.compile(
    rf"(?=[{_UNSPACED}])[^\W_{_MARKS}][{_MARKS}]*"
    rf"|(?![{_UNSPACED}])[^\W_{_MARKS}](?:[{_JOINERS}]*(?![{_UNSPACED}])(?:[^\W_]|[{_MARKS}]))*"
)
_PLAIN_WORD: Final = re.compile(r"[^\W_]+")
_is_special: Final = re.compile(f"[{_UNSPACED}{_MARKS}{_JOINERS}]").search


def words(text: str) -> Iterator[re.Match[str]]:
    """Return the words of the ORIGINAL text as matches, in order: vowel signs, tatweel and joiners inside a word belong to it.

    A run of signs or tatweel alone is not a word. Punctuation, underscores and spaces separate words; `match.span()` counts
    characters of the text as given.
    """
    is_plain = text.isascii() or not _is_special(text)
    return (_PLAIN_WORD if is_plain else _WORD).finditer(text)


def is_unspaced(word: str) -> bool:
    """Return whether the word begins in a script that is written without spaces, where each letter counts as a word."""
    return re.match(f"[{_UNSPACED}]", word) is not None


# Light stemming: the part that the inflected forms of a word share.
#
# light10 (Larkey, Ballesteros and Connell, "Light Stemming for Arabic Information Retrieval", 2007) with these
# changes, each measured by `bench/search.py`:
#
# - Words are first unified in spelling (`spell`): the letter that carries a hamza, مائة or مئة, داوود or داود.
# - The adjective keeps its ي: مصرية and مصريين become مصري, not مصر, because Egypt and the Egyptian are two queries.
# - The possessives هم هما نا are removed too, with an ending also the ت that replaced ة (حكومته, شركتين), and the accusative's ا.
# - A verb is reduced to its past tense: by its pattern if only verbs have that pattern (يعتبر, يستخدم), otherwise by the list.
# - A short noun in ة stays separate from the word without it, and only words of a possible form are looked up as broken plurals.
# - With the lists in `lexicon`, words whose ال, و, ان, ين or ون belongs to the word keep it, and broken plurals become singular.
# - ب and ل are removed without an article too: before a name, before a noun of the lists (بسبب, لعام), and before a pattern
#   with which no word begins (بتوقيت, لتنفيذ, لاستخدام, بمشاركة).

_ARTICLES: Final = ("وال", "بال", "كال", "فال", "فلل", "لل", "ال")
_PREPOSITIONS: Final = ("ب", "ل", "ك", "ف")
_POSSESSIVES: Final = ("هما", "هم", "نا")
_ENDINGS: Final = ("ها", "ان", "ات", "ون", "ين", "ه")
_OF_PLURALS: Final = ("هما", "هم", "ها", "نا", "ه", "ا")
_HIDES_TEH: Final = frozenset({"ها", "ان", "ين", "ه"})  # before these a teh marbuta is written ت
_ACCUSATIVE: Final = re.compile("^(?:.{4,}|..[^وي]|.+ء)ا$")
"""Words that may lose a final ا: سببا comes from سبب, but دنيا and عليا are complete."""
_TEH_OF_ROOT: Final = re.compile("^ت..يت$")  # توقيته is of توقيت
_HUNDRED: Final = re.compile("^([وفبكل]*(?:ال|لل)?(?:ثلاث|اربع|خمس|ست|سبع|ثمان|تسع)?م)اء(ه|ت[اي]ن?)$")


def spell(word: str) -> str:
    """Return one word in the spelling used for stemming: folded, with one hamza, one spelling of "hundred", no doubled و."""
    folded = fold(word, carriers=True)
    if "ء" in folded:
        folded = _HUNDRED.sub(r"\1ء\2", folded).replace("يء", "ء") if folded[:2] != "يء" else folded
    return f"{folded[0]}{folded[1:].replace('وو', 'و')}" if "وو" in folded[1:] else folded


def _without_ending(word: str, *, feminine: bool = False) -> str:
    """Return the word without inflection; `feminine`: it is printed with ة, so its ending is not a possessive ه."""
    if word in _WHOLE:
        return word
    if feminine:
        return _without_accusative(_feminine(word[:-1]))
    word = word[:-1] if word.endswith("انا") and len(word) >= 5 else word  # مكانا is مكان with the accusative's ا
    possessive = _possessive(word)
    word = word.removesuffix(possessive)
    if word in _WHOLE:
        return word
    opened = bool(possessive)
    for ending in _ENDINGS if word.endswith(_ENDINGS) else ():
        if word in _WHOLE:
            return word
        if ending == "ات" and opened and len(word) < 5:  # حياتهم comes from حياة: its ا is not an ending
            continue
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            word = word.removesuffix(ending)
            if ending == "ات" and (short := _feminine(word)) != word:
                return short
            opened = opened or ending in _HIDES_TEH
    if opened and word.endswith("ت") and len(word) >= 3 and word not in _WHOLE and not _TEH_OF_ROOT.match(word):
        word = f"{word[:-1]}ه" if len(word) == 3 else word[:-1]
    return _without_accusative(word)


def _possessive(word: str) -> str:
    if not word.endswith(_POSSESSIVES):
        return ""
    return next((end for end in _POSSESSIVES if word.endswith(end) and len(word) - len(end) >= 3), "")


def _feminine(root: str) -> str:
    """Return the stem of a noun in ة: a short one stays whole, as خطة (plan) is not خط (line), nor حملة (campaign) حمل (carried)."""
    return f"{root}ه" if len(root) == 2 or (len(root) == 3 and root in _VERBS) else root


def _without_accusative(word: str) -> str:
    return word[:-1] if _ACCUSATIVE.match(word) else word


def _spelled(text: str) -> list[str]:
    return [spell(word) for word in text.split()]


_VERBS: Final = frozenset(_spelled(VERBS))
_NAMES: Final = frozenset(_spelled(NAMES))
_WHOLE: Final = frozenset(_spelled(WHOLE)) | {
    word for word in _NAMES | _VERBS if word.endswith(("ا", "ان", "ون", "ين"))
}
"""سوريا keeps its ا: without it "Syria" would become "Syrian"."""


def _stems(text: str) -> frozenset[str]:
    return frozenset(_without_ending(spell(word), feminine=word.endswith("ة")) for word in text.split())


_NOT_JOINED: Final = _stems(NOT_JOINED)
_WITH_WAW: Final = _stems(WITH_WAW)
_WITH_ARTICLE: Final = _stems(WITH_ARTICLE)
_SPELLINGS: Final = {other: one for one, other in (_spelled(line) for line in SPELLINGS.strip().split("\n"))}


def _pairs() -> dict[str, str]:
    lines = [*PLURALS.strip().split("\n"), *re.split(r"[·\n]", MORE_PLURALS.strip())]
    pairs = (line.split() for line in lines)
    return {spell(many): _without_ending(spell(one), feminine=one.endswith("ة")) for one, many in pairs}


_SINGULARS: Final = _pairs()
_NOUNS: Final = frozenset(_SINGULARS.values())


def _singular(word: str, *, feminine: bool) -> str:
    """Return the stem of a broken plural's singular, '' for other words. Such a plural takes possessives, but never ة or ات."""
    if word in _SINGULARS or feminine:
        return _SINGULARS.get(word, "")
    bare = word
    if word.endswith(_OF_PLURALS):
        bare = next(word.removesuffix(end) for end in _OF_PLURALS if word.endswith(end))
    return _SINGULARS.get(bare) or (_SINGULARS.get(f"{bare[:-1]}ه", "") if bare.endswith("ت") else "")


_JOINED: Final = re.compile(
    "[بل](?:ا.ت.ا..*|ات[^ا]ا..*|ا[نس]ت?..ا.+|ا[^ل]ا.[هت].*|ا[^ل].ا[^اتنء].{0,3}|ت[^ا].ي..*|ت.ا...*|م.ا...*|م..و.+)$"
)
"""A ب or ل before a verbal noun or participle, a pattern with which no other word begins: باعتبار, لاتخاذ,
بانتظار, لإقامة, لإصدار, بتسليم, بتعاون, لمكافحة, بمشروع."""


def _present(past: str) -> str:
    """Return what follows the ي of a verb's present tense: أعلن gives علن, قال gives قول, أضاف gives ضيف."""
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
    # if two verbs share a present tense, the one that contains its letters
    past: past
    for past in _VERBS
    if past[0] != "ا"
}
# [prefix of the present tense] + a pattern that nouns never have: يستخدم, يعتبر, يصطدم, ينفجر, يتحدث, يتعاون
_TENTH: Final = re.compile("^[يتن](ست..+)$")
_EIGHTH: Final = re.compile("^[يتن]([^اويتن]ت[^ايو].|[^اويتن]ت[اق].|[صض]ط[^اي].)$")
_SEVENTH: Final = re.compile("^[يت](ن[^اتوي][^ايو].)$")
_FIFTH: Final = re.compile("^[يت](ت[^تو][^يو].|ت.ا..?)$")
_PAST_FEMININE: Final = re.compile("^(?:است..+[^ا]|ا[^او]ت..|ان...|ت[^ايو][^ايو].)ت$")


def _verb(word: str) -> str:
    """Return the past tense of a verb in any person and tense; '' for an unknown one."""
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


def without_article(word: str, *, feminine: bool = False) -> str:
    """Return the word from `spell` without conjunction and article (with ب, ك, ف or ل before it): the first half of `stem`."""
    if word.startswith("و") and len(word) >= 4:
        if _without_ending(word, feminine=feminine) in _WITH_WAW or (not feminine and _verb(word)):
            return word
        word = word if word.startswith("وال") else word[1:]
    if _is_joined(word, feminine=feminine):
        return word[1:]
    if not word.startswith(_ARTICLES) or _without_ending(word, feminine=feminine) in _WITH_ARTICLE:
        return word
    article = next((start for start in _ARTICLES if word.startswith(start) and len(word) - len(start) >= 2), "")
    return word.removeprefix(article)


def _is_joined(word: str, *, feminine: bool) -> bool:
    """Return whether the first letter is a preposition before a word without an article."""
    rest = word[1:]
    if word[:1] not in _PREPOSITIONS or len(rest) < 3 or word in _WHOLE or word in _NAMES:
        return False
    stemmed = _without_ending(word, feminine=feminine)
    if stemmed in _NOUNS or stemmed in _NOT_JOINED or _singular(word, feminine=feminine):
        return False
    if rest in _NAMES:
        return True
    if word[:1] not in {"ب", "ل"}:
        return False
    bare = _without_ending(rest, feminine=feminine)
    if rest.startswith("ال"):
        return bare in _WITH_ARTICLE
    return rest in _WHOLE or bare in _NOUNS or bool(_singular(rest, feminine=feminine) or _JOINED.match(word))


def stem(word: str, *, feminine: bool = False) -> str:
    """Return the light stem of a word from `spell`: conjunction, article and inflection removed, at least two letters kept.

    `feminine`: the word is printed with ة, which `spell` does not distinguish from ه. Words in other scripts are unchanged.
    """
    bare = without_article(word, feminine=feminine)
    if bare in _SPELLINGS:
        bare, feminine = _SPELLINGS[bare], False
    if one := _singular(bare, feminine=feminine):
        return one
    stemmed = _without_ending(bare, feminine=feminine)
    if len(word) - len(bare) < 2 and not feminine:  # no article, no ة: a verb never has one
        return _verb(bare) or _verb(stemmed) or stemmed
    return stemmed
