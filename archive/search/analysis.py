"""Turns words into search keys: an article row or a query word goes in, the tokens that FTS5 stores come out.

A key is a pure function of the word and of the language of its document. Words of Arabic script (Arabic, Persian, Urdu)
are folded and light-stemmed whatever the language says, so they need no mark. Words of other scripts get the Snowball
stem of their document's language, marked with it (`minist/fr`), because stems of two languages collide (`news` is `new`
in French): a query asks for the word as it stands and for its stem in every language the archive holds. The accents of
Latin and Greek letters go last, after stemming, which needs them.
"""

from __future__ import annotations

import hashlib
import re
import threading
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import Stemmer

from archive.arabic import fold, stem, without_article, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

KEY_VERSION: Final = 1
"""Raised with every change of what a key is; an index made with another version must be rebuilt."""

_LATIN: Final = "latin"
# Language (ISO 639) → its Snowball algorithm and the script that the algorithm is for.
_SNOWBALL: Final[Mapping[str, tuple[str, str]]] = {
    "ca": ("catalan", _LATIN),
    "da": ("danish", _LATIN),
    "de": ("german", _LATIN),
    "el": ("greek", "greek"),
    "en": ("english", _LATIN),
    "es": ("spanish", _LATIN),
    "fi": ("finnish", _LATIN),
    "fr": ("french", _LATIN),
    "hi": ("hindi", "devanagari"),
    "hu": ("hungarian", _LATIN),
    "id": ("indonesian", _LATIN),
    "it": ("italian", _LATIN),
    "nl": ("dutch", _LATIN),
    "no": ("norwegian", _LATIN),
    "pt": ("portuguese", _LATIN),
    "ro": ("romanian", _LATIN),
    "ru": ("russian", "cyrillic"),
    "sv": ("swedish", _LATIN),
    "tr": ("turkish", _LATIN),
}
_SAME_STEMMER: Final[Mapping[str, str]] = {"nb": "no", "nn": "no", "in": "id"}
_SCRIPTS: Final = (
    ("arabic", re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff]")),
    (_LATIN, re.compile("[a-z\u00df-\u024f\u1e00-\u1eff]")),
    ("cyrillic", re.compile("[\u0400-\u052f]")),
    ("greek", re.compile("[\u0370-\u03ff\u1f00-\u1fff]")),
    ("devanagari", re.compile("[\u0900-\u097f]")),
)
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
# Longer "words" are base64, hashes and tricks; two thirds of SQLite's own token limit would still be far too much.
_MAX_WORD: Final = 64

_stemmers = threading.local()  # PyStemmer objects must not be shared between threads


def stemming_language(language: str) -> str:
    """The language whose Snowball stemmer serves documents of that BCP 47 tag, '' for none."""
    primary = re.split("[-_]", language.strip().lower(), maxsplit=1)[0]
    primary = _SAME_STEMMER.get(primary, primary)
    return primary if primary in _SNOWBALL else ""


def _snowball(word: str, language: str) -> str:
    known: dict[str, Stemmer.Stemmer] = _stemmers.__dict__
    if language not in known:
        known[language] = Stemmer.Stemmer(_SNOWBALL[language][0], 0)
    stemmed: str = known[language].stemWord(word)
    return stemmed


def _script(folded: str) -> str:
    return next((name for name, letters in _SCRIPTS if letters.search(folded)), "")


def _without_accents(word: str) -> str:
    return (
        word if word.isascii() else unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", word)))
    )


@lru_cache(maxsize=1 << 18)
def word_key(word: str, language: str = "") -> str:
    """The key of one word as printed, in a document of that language (as `stemming_language` gives it; '' for none).

    Usually one token; ligatures that stand for several words give several, parted by spaces. '' when nothing is left.
    """
    folded = fold(word[:_MAX_WORD])
    script = _script(folded)
    if script == "arabic":
        return " ".join(stem(part) for part in folded.split())
    if language and script == _SNOWBALL[language][1]:
        return f"{_without_accents(_snowball(folded, language))}/{language}"
    return _without_accents(folded) if script in {_LATIN, "greek"} else folded


def text_keys(text: str, language: str = "") -> str:
    """The keys of a whole text, in order, parted by spaces."""
    language = stemming_language(language)
    return " ".join([word_key(match.group(), language) for match in words(text)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of an article's words, and the digest of the words that they were made of: keys of other words are of no use."""

    title: str
    text: str
    author: str
    section: str
    made_of: bytes


def digest_of(*, title: str, text: str, author: str, section: str, language: str) -> bytes:
    """16 bytes that tell whether keys belong to these words."""
    words = f"{title}\0{text}\0{author}\0{section}\0{language}"
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def make_keys(*, title: str, text: str, author: str, section: str, language: str) -> Keys:
    """The keys of an article. Pure, 1 to 7 ms for 600 words: what extracts the article in a worker process makes them there."""
    return Keys(
        title=text_keys(title, language),
        text=text_keys(text, language),
        author=text_keys(author),
        section=text_keys(section, language),
        made_of=digest_of(title=title, text=text, author=author, section=section, language=language),
    )


def word_variants(word: str, languages: Iterable[str]) -> tuple[str, ...]:
    """Every key that the word can have in an archive that holds documents of these languages; the plain one first."""
    return tuple(dict.fromkeys(key for language in ("", *languages) if (key := word_key(word, language))))


def prefix_variants(beginning: str) -> tuple[str, ...]:
    """The beginnings of keys that a beginning of a word stands for: as written, and without what may be the article."""
    folded = _without_accents(fold(beginning[:_MAX_WORD]))
    if _script(folded) != "arabic":
        return (folded,) if folded else ()
    bare = without_article(folded)  # the end of an unfinished word is no suffix yet
    return tuple(dict.fromkeys(form for form in (folded, bare) if form))


_FACET_CHARACTER: Final = re.compile(r"[^\w.:-]+")


def facet(name: str, value: str) -> str:
    """One token for a filter: `facet("site", "BBC.com")` → `site:bbc.com`; '' when the value holds nothing."""
    cleaned = _FACET_CHARACTER.sub("_", fold(value).strip())[:128].strip("_")
    return f"{name}:{cleaned}" if cleaned else ""


def site_facets(site: str, hostname: str) -> Iterator[str]:
    """The tokens that `site:` filters ask for: the site's name, its host, every domain above the host but the top."""
    if site:
        yield facet("site", site)
    labels = hostname.lower().strip(".").split(".")[-8:]
    for start in range(max(len(labels) - 1, 0)):
        yield facet("site", ".".join(labels[start:]))


def date_facets(date: str) -> Iterator[str]:
    """The tokens of a date YYYY-MM-DD (or shorter): its year, its month, its day."""
    for length in (4, 7, 10):
        if len(date) >= length:
            yield facet("date", date[:length])


def language_facets(language: str) -> Iterator[str]:
    """The tokens of a BCP 47 tag: `en-GB` → en, en-gb."""
    tag = language.strip().replace("_", "-").lower()
    if tag:
        yield facet("language", tag.split("-", maxsplit=1)[0])
        yield facet("language", tag)


def row_facets(row: Mapping[str, str]) -> str:
    """All filter tokens of an article row (`site`, `hostname`, `language`, `date`), each once, parted by spaces."""
    tokens = (
        *site_facets(row["site"], row["hostname"]),
        *language_facets(row["language"]),
        *date_facets(row["date"]),
    )
    return " ".join(dict.fromkeys(token for token in tokens if token))
