"""Identify the language of a text, as a two- or three-letter code, from the text and what the page declares."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from py3langid.langid import MODEL_FILE, LanguageIdentifier

if TYPE_CHECKING:
    from collections.abc import Sequence

_SAMPLE = 3_000
_QUICK = 600
_SURE = 0.999
_LEAST = 6
"""Minimum letters to identify a language at all, about two words."""
_FEW = 25
"""With fewer letters, the declared language is more reliable than identification."""
_FEW_WORDS = 2
_LIKELY = 0.8
_CLEAR = 0.9
_SHORT = 80
"""With fewer letters, or a probability below `_CLEAR`, the declared language decides if it is possible."""
_UNLIKELY, _IMPOSSIBLE = 0.001, 1e-9
"""Probabilities below which a declared language is wrong, for a text and for a short one."""
_ARABIC_SCRIPT = frozenset({"ar", "fa", "ur", "ps", "ug"})
_LETTERS = re.compile(r"[^\W\d_]+")
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")

# Letters used by only one of the languages in Arabic script.
_URDU = re.compile("[\u0679\u0688\u0691\u06ba\u06be\u06c1\u06d2\u06d3]")
_KURDISH = re.compile("[\u06b5\u0695\u06ce\u06c6\u06d5]")
_PASHTO = re.compile("[\u067c\u0681\u0685\u0689\u0693\u0696\u069a\u06ab\u06bc\u06d0\u06cd]")
_SINDHI = re.compile(
    "[\u067a\u067b\u067d\u067f\u0680\u0683\u0684\u0687\u068a\u068c\u068d\u068f\u0699\u06a6\u06aa\u06b1\u06b3\u06bb\u06fd\u06fe]"
)
_UYGHUR = re.compile("[\u06c7\u06c8\u06cb\u06ad]")
_AE = re.compile("\u06d5")
_KURDISH_ONLY = re.compile("[\u06b5\u0695\u06ce\u06c6\u06a9\u06cc]")
_PERSIAN = re.compile("[\u067e\u0686\u0698\u06af]")
_PERSIAN_WORDS = re.compile(r"(?<!\w)(?:است|این|که|از|را|با|برای|شد|می|های|به|در|یک|آن|کرد)(?!\w)")
_ARABIC_WORDS = re.compile(r"(?<!\w)(?:في|من|على|إلى|أن|عن|التي|الذي|هذا|هذه|كان|مع|ما|لا|قال)(?!\w)|(?<!\w)ال\w{2}")
_SCRIPTS = (
    (re.compile("[\u0590-\u05ff]"), "he"),
    (re.compile("[\u0370-\u03ff]"), "el"),
    (re.compile("[\u0530-\u058f]"), "hy"),
    (re.compile("[\u10a0-\u10ff]"), "ka"),
    (re.compile("[\u0e00-\u0e7f]"), "th"),
    (re.compile("[\u3040-\u30ff]"), "ja"),
    (re.compile("[\uac00-\ud7af]"), "ko"),
    (re.compile("[\u4e00-\u9fff]"), "zh"),
    (re.compile("[\u0980-\u09ff]"), "bn"),
    (re.compile("[\u0b80-\u0bff]"), "ta"),
    (re.compile("[\u0c00-\u0c7f]"), "te"),
    (re.compile("[\u1200-\u137f]"), "am"),
)
# Languages that share a script with the one that it stands for, by words or letters of their own, and how many are needed.
_SIBLINGS = {
    "he": ("yi", re.compile(r"(?<!\w)(?:און|דער|די|פון|פֿון|איז|האט|מיט|נישט|וועט|וואס)(?!\w)"), 2),
    "am": ("ti", re.compile(r"(?<!\w)(?:ኣብ|ናይ|እዩ|እቲ|እታ|እቶም|ምስ|ድሕሪ|ካብ|ከምዝ\w+|ምዃኑ|ነቶም)(?!\w)"), 2),
    "bn": ("as", re.compile("[\u09f0\u09f1]"), 1),
}
# Serbian in Latin letters has `e` where Croatian and Bosnian have `je` or `ije`.
_EKAVIAN = re.compile(
    r"(?<!\w)(?:gde|ovde|nigde|mest[oau]|vreme|posle|uvek|dec[aue]|deo|del[ou]|reč\w*|sneg\w*|nedelj\w+|ponedelj\w+|sred[aue]|predsedni\w+"
    r"|zahtev\w*|bezbedn\w+|primer\w*|promen\w+|pobed\w+|rešenj\w+|vredn\w+|tel[oau]|čovek\w*|dve|ceo|cel[aou]|sveta?|svetsk\w+)(?!\w)",
    re.IGNORECASE,
)
_IJEKAVIAN = re.compile(
    r"(?<!\w)(?:gdje|ovdje|nigdje|mjest\w+|vrijeme|poslije|uvijek|djec\w+|dio|djel\w+|riječ\w*|snijeg\w*|nedjelj\w+|ponedjelj\w+|srijed\w+"
    r"|predsjedni\w+|zahtjev\w*|primjer\w*|promjen\w+|pobjed\w+|rješenj\w+|vrijedn\w+|tijel\w+|čovjek\w*|dvije|cijel\w+|svijet\w*)(?!\w)",
    re.IGNORECASE,
)
_ANY_SCRIPT = re.compile(f"[{''.join(script.pattern[1:-1] for script, _ in _SCRIPTS)}]")


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def primary(tag: str) -> str:
    """Return the language of a BCP 47 or POSIX tag (`ar-EG`, `ar_AR`) in lower case; '' for an invalid tag."""
    match = re.match(r"\s*([a-zA-Z]{2,3})(?:[-_]|\s*$|;|,)", tag[:40])
    code = match[1].lower() if match else ""
    return _FORMER.get(code, code)


_FORMER = {"iw": "he", "in": "id", "ji": "yi", "mo": "ro"}
"""Codes that ISO 639 has replaced."""


def identify(text: str, declared: Sequence[str] = ()) -> str:
    """Return the ISO 639 code of the text's language (`ar`, `fa`, `ckb`, `en` …); '' if the text is too short and none is declared.

    A script with only one news language identifies it. Languages that share a script are distinguished by their own letters
    and by py3langid, on at most 3,000 characters. `declared` are the page's language tags, best first; they decide for short
    texts and uncertain results.
    """
    return _identify(text[:_SAMPLE], tuple(filter(None, map(primary, declared))))


@lru_cache(maxsize=8)
def _identify(sample: str, hints: tuple[str, ...]) -> str:
    """Do what `identify` does for a sample; cached, because several callers pass the same sample."""
    letters = sum(map(len, _LETTERS.findall(sample)))
    if letters < _FEW and hints:
        return hints[0]
    if letters < _LEAST:
        return ""
    arabic = len(_ARABIC.findall(sample))
    if arabic > letters * 0.4:
        return _of_arabic_script(sample, arabic, hints)
    for script, code in _SCRIPTS if _ANY_SCRIPT.search(sample) else ():
        if len(script.findall(sample)) > letters * (0.1 if code == "ja" else 0.4):
            other, pattern, least = _SIBLINGS.get(code, (code, script, 0))
            return other if least and len(pattern.findall(sample)) >= least else code
    return _by_model(sample, hints, letters)


def _by_model(sample: str, hints: tuple[str, ...], letters: int) -> str:
    # The first lines identify most texts; py3langid walks each byte in Python.
    found, probability = _identifier().classify(sample[:_QUICK])
    if probability < _SURE:
        found, probability = _identifier().classify(sample)
    if (
        hints
        and found != hints[0]
        and (probability < _CLEAR or letters < _SHORT)
        and _may_be(hints[0], sample, letters)
    ):
        return hints[0]
    if found in {"hr", "bs", "sr"} and len(_EKAVIAN.findall(sample)) > len(_IJEKAVIAN.findall(sample)):
        return "sr"
    return str(found)


def _may_be(code: str, sample: str, letters: int) -> bool:
    """Return whether a text may be in the declared language: not in another script, nor clearly in one of two other languages.

    Many templates declare English whatever the text.
    """
    ranks = dict(_identifier().rank(sample))
    return code not in ranks or ranks[code] > (_IMPOSSIBLE if letters < _SHORT else _UNLIKELY)


def _of_arabic_script(sample: str, arabic: int, hints: tuple[str, ...]) -> str:
    def share(letters: re.Pattern[str]) -> float:
        return len(letters.findall(sample)) / arabic

    # The thresholds are half the shares in running text, so that a few quoted names do not decide.
    if share(_UYGHUR) > 0.05 or (share(_AE) > 0.03 and not _KURDISH_ONLY.search(sample)):
        return "ug"
    for letters, code, least in (
        (_SINDHI, "sd", 0.04),
        (_PASHTO, "ps", 0.02),
        (_KURDISH, "ckb", 0.05),
        (_URDU, "ur", 0.03),
    ):
        if share(letters) > least:
            return code
    persian = len(_PERSIAN_WORDS.findall(sample)) + 3 * share(_PERSIAN) * 20
    arab = len(_ARABIC_WORDS.findall(sample))
    if abs(persian - arab) <= _FEW_WORDS:
        found, probability = _identifier().classify(sample[:_QUICK])
        if probability > _LIKELY and found in _ARABIC_SCRIPT and not hints:
            return str(found)
    if persian > arab:
        return hints[0] if hints and hints[0] in {"fa", "prs"} else "fa"
    if arab > persian:
        return hints[0] if hints and hints[0] in {"arz", "ary", "ar"} else "ar"
    return hints[0] if hints and hints[0] in {"ar", "fa", "ur", "ckb", "ps"} else "ar"
