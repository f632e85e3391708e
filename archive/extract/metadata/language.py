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
"""Letters of two words: with fewer, any language is a guess."""
_FEW = 25
"""Letters below which what the page declares is more likely than what its words look like."""
_FEW_WORDS = 2
_LIKELY = 0.8
_ARABIC_SCRIPT = frozenset({"ar", "fa", "ur", "ps", "ug"})
_LETTERS = re.compile(r"[^\W\d_]+")
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")

# Letters that one language of Arabic script has and the others have not.
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
_ARABIC_ONLY = re.compile("[\u0629\u0649\u0643\u064a\u0625\u0623]")
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
_ANY_SCRIPT = re.compile(f"[{''.join(script.pattern[1:-1] for script, _ in _SCRIPTS)}]")


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def primary(tag: str) -> str:
    """Return the language of a BCP 47 or POSIX tag (`ar-EG`, `ar_AR`), lower case; '' when it is none."""
    match = re.match(r"\s*([a-zA-Z]{2,3})(?:[-_]|\s*$|;|,)", tag[:40])
    return match[1].lower() if match else ""


def identify(text: str, declared: Sequence[str] = ()) -> str:
    """Return the ISO 639 code of the text's language (`ar`, `fa`, `ckb`, `en` …); '' for too little text, nothing declared.

    Scripts with one news language are read off the letters; py3langid distinguishes languages that share a script, on at most
    3,000 characters, and by letters of their own. `declared` are language tags of the page, best first; they decide what the text
    leaves open, and what is only a few words.
    """
    return _identify(text[:_SAMPLE], tuple(filter(None, map(primary, declared))))


@lru_cache(maxsize=8)
def _identify(sample: str, hints: tuple[str, ...]) -> str:
    """Do what `identify` does for a sample; several readers ask for that of one page."""
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
            return code
    # The first lines identify most texts; py3langid walks each byte in Python.
    found, probability = _identifier().classify(sample[:_QUICK])
    if probability < _SURE:
        found, probability = _identifier().classify(sample)
    if hints and found != hints[0] and (probability < 0.9 or letters < 80):
        return hints[0]
    return str(found)


def _of_arabic_script(sample: str, arabic: int, hints: tuple[str, ...]) -> str:
    def share(letters: re.Pattern[str]) -> float:
        return len(letters.findall(sample)) / arabic

    # A quoted name or two of a neighbour language does not make the text one; the shares are those of running text,
    # halved.
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
