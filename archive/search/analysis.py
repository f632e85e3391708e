"""Turn the words of articles and queries into search keys, the tokens that FTS5 stores.

A key is a pure function of the word and of the language of its document. Words of Arabic script are spelled one way and
light-stemmed as Arabic unless the document says that it is Persian or Urdu, so they need no mark. All others get the stem
of their document's language, marked with it (`minist/fr`), because stems of two languages collide (`news` is `new` in
French): a query asks for the word as it stands and for its stem in every language the archive holds. The accents of
Latin and Greek letters go last, after stemming, which needs them.

A key is made of a token: a word, split where Arabic letters meet digits or Latin letters (لـCNN, 2015م, whose particle is
dropped), or a number with its thousands separators removed (1,500 is 1500).
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from typing import TYPE_CHECKING, Final

import Stemmer

from archive.arabic import fold, spell, stem, without_article, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

KEY_VERSION: Final = 6
"""Incremented with every change of the keys; an index of another version must be rebuilt."""

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
_PERSO_ARABIC: Final[Mapping[str, re.Pattern[str]]] = {
    "fa": re.compile("(?<=...)(?:هاي(?:ي|م|ت|ش|مان|تان|شان)?|ها|ترين|تر|ي)$"),
    "ur": re.compile("(?<=..)(?:يوں|ياں|ئیں|وں|يں|ي|ه|ا)$"),
}
"""Languages in Arabic script that are not stemmed as Arabic: the endings (folded) that their words lose."""
_PERSIAN_PRESENT: Final = re.compile("^ن?مي(?=...)")
_SAME_STEMMER: Final[Mapping[str, str]] = {"nb": "no", "nn": "no", "in": "id"}
_SCRIPTS: Final = (
    ("arabic", re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff]")),
    (_LATIN, re.compile("[a-z\u00df-\u024f\u1e00-\u1eff]")),
    ("cyrillic", re.compile("[\u0400-\u052f]")),
    ("greek", re.compile("[\u0370-\u03ff\u1f00-\u1fff]")),
    ("devanagari", re.compile("[\u0900-\u097f]")),
)
# Longer "words" are base64, hashes and tricks; two thirds of SQLite's own token limit would still be far too much.
_MAX_WORD: Final = 64
_PLAIN_ARABIC: Final = re.compile(f"[\u0621-\u063a\u0641-\u064a]{{1,{_MAX_WORD}}}")
_TURKISH: Final = str.maketrans({"I": "ı", "İ": "i"})
_ACCENTS: Final = re.compile("[\u0300-\u036f]")

_stemmers = threading.local()  # PyStemmer objects must not be shared between threads


def stemming_language(language: str) -> str:
    """Return the language whose Snowball stemmer serves documents of that BCP 47 tag, '' for none."""
    primary = re.split("[-_]", language.strip().lower(), maxsplit=1)[0]
    primary = _SAME_STEMMER.get(primary, primary)
    return primary if primary in _SNOWBALL or primary in _PERSO_ARABIC else ""


def _snowball(word: str, language: str) -> str:
    known: dict[str, Stemmer.Stemmer] = _stemmers.__dict__
    if language not in known:
        known[language] = Stemmer.Stemmer(_SNOWBALL[language][0], 0)
    stemmed: str = known[language].stemWord(word)
    return stemmed


def _script(folded: str) -> str:
    return next((name for name, letters in _SCRIPTS if letters.search(folded)), "")


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", word))).replace("ı", "i")


@lru_cache(maxsize=1 << 18)
def word_key(word: str, language: str = "") -> str:
    """Return the key of one word as printed, in a document of that language (as `stemming_language` gives it; '' for none).

    Usually one token; ligatures of several words give several, separated by spaces. '' if nothing is left.
    """
    if language not in _PERSO_ARABIC and _PLAIN_ARABIC.fullmatch(word):  # most words: nothing of the following applies
        return stem(spell(word), feminine=word.endswith("ة"))
    printed = word[:_MAX_WORD].translate(_TURKISH) if language == "tr" else word[:_MAX_WORD]
    folded = fold(printed)
    if folded[:1].isdigit() and _NUMBER.fullmatch(folded):
        return re.sub("[,٬]", "", folded)
    script = _script(folded)
    if script == "arabic":
        if language in _PERSO_ARABIC:
            return f"{_perso_arabic(folded, language)}/{language}"
        feminine = _TEH_MARBUTA.search(printed) is not None
        return " ".join(stem(part, feminine=feminine) for part in spell(printed).split())
    if language in _SNOWBALL and script == _SNOWBALL[language][1]:
        return f"{_without_accents(_snowball(folded, language))}/{language}"
    return _without_accents(folded) if script in {_LATIN, "greek"} else folded


_TEH_MARBUTA: Final = re.compile("[\u0629\ufe93\ufe94][^\\w]*$")
"""At the end of a printed word, vowel signs behind it: keys tell it from the possessive ه."""

_ELIDING: Final = frozenset({"fr", "it", "ca"})
ELISION: Final = re.compile(
    r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|dall|dell|nell|sull)['’](?=[^\W\d_]{2})", re.IGNORECASE
)
"""Elided articles in French, Italian and Catalan (l'élection), which are not searched as words."""


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _perso_arabic(folded: str, language: str) -> str:
    word = _PERSIAN_PRESENT.sub("", folded) if language == "fa" else folded
    return _PERSO_ARABIC[language].sub("", word, count=1)


_NUMBER: Final = re.compile(r"(?<!\d)\d{1,3}(?:[,٬]\d{3})+(?!\d)")
_has_thousands: Final = re.compile(r"[,٬]\d{3}").search
"""Finds a comma of a number in a fraction of the time of `_NUMBER`."""
_MIXED: Final = re.compile("[0-9A-Za-z\u00c0-\u024f\u0660-\u0669\u06f0-\u06f9]")
_ARABIC_LETTER: Final = re.compile("[\u0621-\u064a\u066e-\u06d3]")
_RUN: Final = re.compile(
    "[0-9A-Za-z\u00c0-\u024f\u0660-\u0669\u06f0-\u06f9]+|[^0-9A-Za-z\u00c0-\u024f\u0660-\u0669\u06f0-\u06f9]+"
)
_PARTICLES: Final = frozenset("ب ل ك و ف وب ول فب فل ال بال لل وال كال م ه هـ".replace("ـ", "").split())
"""Particles right before or after a number or a Latin name: بـ500, لـCNN, 2015م, 1436هـ."""


def tokens(text: str) -> Iterator[re.Match[str]]:
    """Return the tokens of the ORIGINAL text as matches, in order; `match.span()` counts characters of the text as given."""
    if _MIXED.search(text) is None:  # most Arabic sentences: nothing to split
        return words(text)
    numbers = list(_NUMBER.finditer(text)) if _has_thousands(text) else []
    is_mixed = not text.isascii() and _ARABIC_LETTER.search(text)
    return _parted(text, numbers) if numbers or is_mixed else words(text)


def _parted(text: str, numbers: list[re.Match[str]]) -> Iterator[re.Match[str]]:
    for match in words(text):
        while numbers and numbers[0].end() <= match.start():
            numbers.pop(0)
        if numbers and match.start() >= numbers[0].start():
            if match.end() == numbers[0].end():
                yield numbers[0]
            elif match.end() > numbers[0].end():  # a letter is joined to the last digits
                yield numbers[0]
                yield from _parts(text, numbers[0].end(), match.end())
            continue
        word = match.group()
        if not word.isascii() and _MIXED.search(word) and _ARABIC_LETTER.search(word):
            yield from _parts(text, match.start(), min(match.end(), numbers[0].start()) if numbers else match.end())
        else:
            yield match


def _parts(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    """Yield the pieces of a word of two scripts, without particles."""
    for part in _RUN.finditer(text, start, end):
        for match in words(part.group()):
            if fold(match.group()) not in _PARTICLES:
                yield part
                break


def text_keys(text: str, language: str = "") -> str:
    """Return the keys of a whole text, in order, separated by spaces."""
    language = stemming_language(language)
    text = ELISION.sub(_blank, text) if language in _ELIDING else text
    # by lines, because most have nothing that `tokens` would have to split
    return " ".join([word_key(match.group(), language) for line in text.split("\n") for match in tokens(line)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of an article's words, and the digest of those words, to detect keys of other words."""

    title: str
    text: str
    author: str
    section: str
    made_of: bytes


def digest_of(*, title: str, text: str, author: str, section: str, language: str) -> bytes:
    """Return a digest of 16 bytes of these words."""
    words = f"{title}\0{text}\0{author}\0{section}\0{language}"
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def make_keys(*, title: str, text: str, author: str, section: str, language: str) -> Keys:
    """Return the keys of an article. Pure; takes 1 to 7 ms for 600 words, so workers make them."""
    return Keys(
        title=text_keys(title, language),
        text=text_keys(text, language),
        author=text_keys(author),
        section=text_keys(section, language),
        made_of=digest_of(title=title, text=text, author=author, section=section, language=language),
    )


def word_readings(word: str, language: str = "") -> tuple[str, ...]:
    """Return the keys that a word of a query can have in a document of that language: as it is typed first.

    Many type ه for ة, so a word that ends in it stands for both.
    """
    spellings = (word, f"{word[:-1]}ة") if word.endswith("ه") else (word,)
    return tuple(dict.fromkeys(key for one in spellings if (key := word_key(one, language))))


_MOST_READINGS: Final = 16
"""Of a phrase: four of its words may have two."""


def phrase_readings(phrase: Iterable[str], language: str = "") -> Iterator[tuple[str, ...]]:
    """Yield the keys that the words of a phrase can have, in their order, in a document of that language: as they are typed first."""
    return islice(product(*filter(None, (word_readings(word, language) for word in phrase))), _MOST_READINGS)


def word_variants(word: str, languages: Iterable[str]) -> tuple[str, ...]:
    """Return every key that the word can have in an archive with documents in these languages; the plain one first."""
    return tuple(dict.fromkeys(key for language in ("", *languages) for key in word_readings(word, language)))


_MIN_PREFIX: Final = 3
"""The fewest letters of a prefix: a shorter one would make FTS5 merge the postings of a large part of all words."""


def prefix_variants(beginning: str) -> tuple[str, ...]:
    """Return the prefixes of keys for a prefix of a word: as written, and without a possible article; () if it is too short."""
    folded = _without_accents(fold(beginning[:_MAX_WORD]))
    if _script(folded) != "arabic":
        return (folded,) if len(folded) >= _MIN_PREFIX else ()
    bare = without_article(spell(beginning[:_MAX_WORD]))  # the end of an unfinished word is not a suffix yet
    return tuple(dict.fromkeys(form for form in (spell(beginning[:_MAX_WORD]), bare) if len(form) >= _MIN_PREFIX))


_MOST_TAGS: Final = 50
"""Maximum number of tags: more are a site's whole vocabulary, not the topics of an article."""
_FACET_CHARACTER: Final = re.compile(r"[^\w.:-]+")


@lru_cache(maxsize=1024)  # the same sites, languages and days recur
def facet(name: str, value: str) -> str:
    """Return the token of a filter: `facet("site", "BBC.com")` → `site:bbc.com`; '' for an empty value."""
    cleaned = _FACET_CHARACTER.sub("_", fold(value).strip())[:128].strip("_")
    return f"{name}:{cleaned}" if cleaned else ""


def title_tokens(keys: str) -> str:
    """Return the tokens that say of each of these keys that it is in the title.

    Their postings are a tenth as long as those of the keys, most of which are of texts. No beginning of a word that is typed has the colon.
    """
    return " ".join(f":{key}" for key in keys.split())


def site_facets(site: str, hostname: str) -> Iterator[str]:
    """Yield the tokens for `site:` filters: the site's name, its host, and every domain above the host except the top."""
    if site:
        yield facet("site", site)
    labels = hostname.lower().strip(".").split(".")[-8:]
    for start in range(max(len(labels) - 1, 0)):
        yield facet("site", ".".join(labels[start:]))


def date_facets(date: str) -> Iterator[str]:
    """Yield the tokens of a date YYYY-MM-DD (or shorter): its year, its month, its day."""
    for length in (4, 7, 10):
        if len(date) >= length:
            yield facet("date", date[:length])


def language_facets(language: str) -> Iterator[str]:
    """Yield the tokens of a BCP 47 tag: `en-GB` → en, en-gb."""
    tag = language.strip().replace("_", "-").lower()
    if tag:
        yield facet("language", tag.split("-", maxsplit=1)[0])
        yield facet("language", tag)


def tag_facets(tags: str) -> Iterator[str]:
    """Yield the tokens of an article's tags, a JSON list."""
    try:
        read = json.loads(tags or "[]")
    except ValueError:
        return
    for tag in read[:_MOST_TAGS] if isinstance(read, list) else ():
        yield facet("tag", str(tag))


def row_facets(row: Mapping[str, str]) -> str:
    """Return all filter tokens of an article row, each once, separated by spaces."""
    tokens = (
        *site_facets(row["site"], row["hostname"]),
        *language_facets(row["language"]),
        *date_facets(row["date"]),
        *tag_facets(row["tags"]),
        facet("source", row["source"]),
    )
    return " ".join(dict.fromkeys(token for token in tokens if token))
