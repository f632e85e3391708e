"""Recognize labels by the form of a short line: dates, bylines, counters, menus, and rows of labels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.extract.dates.words import MODIFIED, fold_date
from archive.extract.model import ALL_LINK, is_long
from archive.extract.text.names import count_words, ends_sentence
from archive.extract.text.phrases import line_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

_HALF_LINK = 0.5
_MENU = 0.8
"""Minimum share of link text in a menu, with and without bars between its items."""
_FIGURE = re.compile(r"[^\w+(\[-]*\d{1,3}(?:[.,٬٫]?\d{1,3}){0,2}\W?")
"""A number of up to nine digits with other characters around it; one after a bracket, plus or minus is not a counter."""
LABEL_WORDS = 7
"""Maximum words of each label in a row, and of a link alone on its line."""
_COLUMNS = re.compile(r"[|•·»›]|\s/\s")
_BARS = re.compile(r"\s[|•·»›/←→–—]+\s|[|•·]")
_YEAR = re.compile(r"(?<!\d)(?:1[34]|19|20|25)\d\d(?!\d)")
"""A year of the Gregorian, Hijri, Iranian or Thai calendar."""
_CLOCK = re.compile(r"(?<!\d)[0-2]?\d[:h][0-5]\d(?!\d)")
_MOMENT = re.compile(rf"{_YEAR.pattern}|(?<!\d)[0-2]?\d[:.h][0-5]\d(?!\d)")
"""A year, or a time of day."""
_APART, _LIFE = 2, 120
"""Minimum and maximum years between birth and death; dates of publication and change are closer."""
DATE_LABEL = 60
_DATE_WORDS = 4
_CALENDARS = 500
"""Minimum difference of two years that are the same one by two calendars."""
_DATE_SIGNS = 16
_HAN = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_DATE_FIGURES = 2
"""Minimum numbers of a date, day and year: a sentence about the author may have only a year."""
_CHANGE_WORDS = 10
"""Maximum words of a line with two dates and their labels: `First published on … GMT, last modified on … GMT`."""
_CHANGE_LENGTH = 30
"""Maximum characters between blanks in such a line; a sentence of Thai, which has neither blanks nor a full stop, has more."""
_STAND = re.compile(r"(?<!\w)stand(?!\w)")
_BYLINE_WORDS = 3
"""Maximum words around the author's name in a byline («كتبت», "By", "Par … le"); a sentence about the author has more."""
LABEL = 60
SOURCE_LABEL = 40
SHORT_LINE = 80
"""Maximum characters of a label, of the name of a source, and of a line that may be boilerplate by its form."""
_GOES_ON = (",", "،", "，", "、", ";")
"""Punctuation at the end of greetings and verses."""
SENTENCE_WORDS = 5
_PARTICLES = frozenset(
    {"al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "ibn", "la", "le", "ten", "ter"}
    | {"van", "von", "y"}
)
"""Lower-case words within names: Ana de la Cruz, Jan van der Berg."""
_AND = "و"
_SIGNS = re.compile("[\u4e00-\u9fff]{3,5}")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the extracted text, its share of link text, and its position and markup on the page.

    `leads`: it has a link to the site, to a mail address or to a channel. `links`: the number of targets of its links. `emphatic`: all
    of it is emphasized. `beside`: it is a short paragraph next to the following one. `returns`: it is only a link to the
    site's front page or to a fragment of this page. `plain`: it is a paragraph or a box of its own. `written`: it has the
    markup of an editor's text, not of a theme's label. `timed`: all of it is in a `time` element.
    """

    text: str
    linked: float = 0.0
    heading: bool = False
    leads: bool = False
    links: int = 0
    emphatic: bool = False
    beside: bool = False
    returns: bool = False
    plain: bool = False
    written: bool = False
    timed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Facts about a page that decide on its lines. Keys are `line_key`s; `speaks` returns whether the page is in a language."""

    is_title: Callable[[str], bool]
    labels: Collection[str] = frozenset()  # section and tag names
    authors: Collection[str] = frozenset()
    learned: Collection[str] = frozenset()  # lines seen on many pages of the site
    sitename: str = ""
    is_titled: bool = False  # whether a heading of the page says its title
    speaks: Callable[[str], bool] = lambda _language: True


def is_text(line: Line) -> bool:
    """Return whether a line has the form of article text: a sentence, a long line, a heading, an item, a cell."""
    return (
        not line.plain or is_long(line.text) or (ends_sentence(line.text) and count_words(line.text) >= SENTENCE_WORDS)
    )


def is_lone(line: Line, words: int) -> bool:
    """Return whether a paragraph or box contains only a label of at most `words` words."""
    is_whole = line.text[0].isalnum() and not line.text.endswith(_GOES_ON)
    return line.plain and is_whole and is_label(line) and count_words(line.text) <= words


def is_greeting(line: Line) -> bool:
    """Return whether a short line ends with a comma, as a greeting or a verse does."""
    return len(line.text) <= LABEL and line.text.endswith(_GOES_ON)


def is_cased(text: str) -> bool:
    """Return whether a text is in a script that has capitals."""
    return text.lower() != text.upper()


def is_name(text: str) -> bool:
    """Return whether a short line looks like a person's name: several words, capitalized if the script has capitals.

    Three to five Chinese characters may be a name as well; an Arabic line that begins with «و» (and) is not a name.
    """
    if any(map(str.isdecimal, text)) or text.startswith(_AND) or ":" in text:
        return False
    words = [word for word in text.split() if word not in _PARTICLES]
    if is_cased(text) and not all(word[0].isupper() for word in words):
        return False
    return len(words) > 1 or _SIGNS.fullmatch(text) is not None


def is_label(line: Line) -> bool:
    """Return whether a line may be a label: short, not a heading, and not a sentence."""
    return len(line.text) <= LABEL and not line.heading and not line.text.endswith(":") and not ends_sentence(line.text)


def is_menu(line: Line) -> bool:
    """Return whether a line consists of several links, with or without bars between them."""
    if line.links < 2 or line.linked < _HALF_LINK:
        return False
    return _BARS.search(line.text) is not None or (line.plain and line.linked >= _MENU and not ends_sentence(line.text))


def is_lone_link(line: Line) -> bool:
    """Return whether a line consists only of a link of a few words."""
    is_short = line.plain and count_words(line.text) <= LABEL_WORDS
    return is_short and line.linked >= ALL_LINK and not ends_sentence(line.text)


def _holds_moment(text: str) -> bool:
    return _MOMENT.search(text if text.isascii() else fold_date(text)) is not None


def is_label_row(line: Line) -> bool:
    """Return whether a line is a row of labels with bars between them (author, date, views), one of them a date or number."""
    parts = [part.strip() for part in _COLUMNS.split(line.text) if part.strip()]
    if not line.plain or len(parts) < 2 or any(map(ends_sentence, parts)):
        return False
    keys = [line_key(part) for part in parts]
    is_telling = any(is_figure(part) or _holds_moment(part) for part in parts)
    return is_telling and all(sum(word != "0" for word in key.split()) <= LABEL_WORDS for key in keys)


def is_counted(lines: Sequence[Line]) -> bool:
    """Return whether a number is alone on its line between two sentences."""
    texts = [index for index, line in enumerate(lines) if is_text(line)]
    return bool(texts) and any(is_figure(line.text) for line in lines[texts[0] : texts[-1]])


def is_figure(text: str) -> bool:
    """Return whether a text is a number, perhaps with a character before or after it: a counter of views or comments."""
    return _FIGURE.fullmatch(text) is not None


_COUNTER = re.compile(r"(\d{1,3})\s*(?:/|of|von|de|di|sur|van|из|من)\s*(\d{1,3})")


def find_counters(lines: Sequence[Line]) -> list[int]:
    """Return the lines that count the pictures of a gallery: 1/5, 2/5, 3/5."""
    counted: dict[str, list[tuple[int, int]]] = {}
    for index, line in enumerate(lines):
        if line.plain and len(line.text) <= LABEL and (found := _COUNTER.fullmatch(line.text)):
            counted.setdefault(found[2], []).append((index, int(found[1])))
    rows = [row for row in counted.values() if len(row) > 1]
    return [index for row in rows if _follow(number for _, number in row) for index, _ in row]


def _follow(numbers: Iterable[int]) -> bool:
    """Return whether each number is one more than the one before."""
    row = list(numbers)
    return row == list(range(row[0], row[0] + len(row)))


def is_byline(line: Line, rest: str) -> bool:
    """Return whether a line is a byline: `rest`, the line without the author's name, has only a few words, or these and a date."""
    words = rest.split()
    if len(words) <= _BYLINE_WORDS:
        return True
    if line.heading or line.text.endswith(":") or ends_sentence(line.text) or not _holds_moment(line.text):
        return False
    figures = sum(word.startswith("0") for word in words)
    return figures >= _DATE_FIGURES and len(words) - figures <= _BYLINE_WORDS + _DATE_WORDS


def is_date(line: Line, key: str) -> bool:
    """Return whether a line has little more than a date or time: a weekday, a month, a place."""
    if len(line.text) > DATE_LABEL or line.text.endswith(":") or not _holds_moment(line.text):
        return False
    if ends_sentence(line.text, asking=False) or _spans_years(line.text):
        return False
    most = 2 * _DATE_WORDS if _has_calendars(line.text) else _DATE_WORDS
    return sum(word != "0" for word in key.split()) <= most and len(_HAN.findall(key)) <= _DATE_SIGNS


def _has_calendars(text: str) -> bool:
    """Return whether a text gives the year by two calendars."""
    years = [int(found) for found in _YEAR.findall(fold_date(text))] if not text.isascii() else ()
    return len(years) > 1 and max(years) - min(years) > _CALENDARS


def is_change(line: Line, key: str) -> bool:
    """Return whether a line has little more than the labelled time of the last change, perhaps after that of publication."""
    text = fold_date(line.text)
    words = key.split()
    figures = sum(word.startswith("0") for word in words)
    if line.heading or len(text) > 2 * DATE_LABEL or figures < _DATE_FIGURES or len(words) - figures > _CHANGE_WORDS:
        return False
    if max(map(len, text.split())) > _CHANGE_LENGTH:
        return False
    is_labelled = any(word in text for word in MODIFIED) or _STAND.search(text) is not None
    is_sentence = ends_sentence(line.text.removesuffix("г."), asking=False)  # «5 мая 2025 г.» is a date
    return is_labelled and _YEAR.search(text) is not None and not is_sentence


def _spans_years(text: str) -> bool:
    """Return whether a text has two years of one calendar that may be those of birth and death."""
    years = [int(found) for found in _YEAR.findall(text if text.isascii() else fold_date(text))]
    return len(years) > 1 and _APART <= max(years) - min(years) <= _LIFE


def is_stamp(line: Line, key: str) -> bool:
    """Return whether a line gives the date of publication: a date with its year, or with a time of day in a line that is no sentence."""
    text = line.text if line.text.isascii() else fold_date(line.text)
    if not line.plain or _YEAR.search(text) is None:
        return False
    is_open = line.text.endswith(":") or ends_sentence(line.text, asking=False)
    return is_date(line, key) or (not is_open and _CLOCK.search(text) is not None)


_COMMENTS = re.compile(
    r"\bcomments\b|^join the (?:conversation|discussion)\W*$|^\W*comment\W*$|(?:\d|\b(?:a|to|your))\scomment\b"
    r"|\b(?:kommentare?|commentaires?|comentarios?|comentários?|commenti|reacties|yorumlar\w*|комментари\w*|коментар\w*"
    r"|komentar\w*|kommentarer|hozzászólás\w*|comentarii|bình luận|σχόλια)\b"
    r"|\b(?:readers?['’]?s?|reader) (?:views|opinions|reactions|responses|letters)|leser(?:stimmen|briefe|meinungen|reaktionen)"
    r"|(?:\d|vos) réactions|réactions des (?:lecteurs|internautes)|(?:opiniones|reacciones) de (?:los )?lectores|мнени[ея] читател"
    r"|oku(?:r|yucu) (?:görüş|tepki)"
    r"|تعليق|التعليقات|(?:ردود|آراء|اراء|مشاركات) القراء|نظرات|دیدگاه|تبصر|قارئین کی رائے|תגובות|评论|評論|留言|読者の声|コメント|댓글"
    r"|टिप्पणि|ความคิดเห็น",
    re.IGNORECASE,
)
_COMMENTS_LABEL = 60
_THOUGHTS = re.compile(
    r"(?:thoughts?|responses?|repl(?:y|ies)) (?:on|to)|gedanken? zu|réflexions? sur|pensier[oi] su|pensamentos? sobre"
    r"|pensamientos? (?:en|sobre)|gedachten? over|мысл[ьией]+ (?:о|на)|(?:فكرة|أفكار|فكرتان|فكرتين|رأي|آراء)(?: واحدة?)? (?:عن|على|حول)",
    re.IGNORECASE,
)
"""How WordPress titles comments if it names the article: `3 thoughts on “…”`."""
_QUOTED = re.compile('[“„«"].+[”“»"]')


_PUBLISHER = re.compile(
    r"about (?:us|(?:the|this|our) (?:company|(?:news)?paper|site|website|publisher|magazine|project))|who we are|über uns|wer wir sind"
    r"|qui sommes[- ]nous|à propos(?: de nous)?|quiénes somos|(?:sobre|acerca de) nosotros|quem somos|sobre nós|chi siamo|over ons|о нас"
    r"|о (?:газете|компании|проекте|редакции)|hakkımızda|biz kimiz|من نحن|عن (?:الصحيفة|الجريدة|الموقع|الشركة|المؤسسة|المجلة)"
    r"|درباره (?:ما|روزنامه|سایت)|ہمارے بارے میں|אודות(?:ינו)?|מי אנחנו|关于我们|關於我們|私たちについて|当社について|회사 ?소개",
    re.IGNORECASE,
)


def names_publisher(text: str) -> bool:
    """Return whether a heading is that of a text about the publisher."""
    return _PUBLISHER.fullmatch(text.strip(" :：؟?!.")) is not None


def names_comments(text: str) -> bool:
    """Return whether a heading may be that of readers' comments, which may quote the article's title."""
    label = _QUOTED.sub("", text)
    if len(label) > _COMMENTS_LABEL:
        return False
    return _COMMENTS.search(label) is not None or (label != text and _THOUGHTS.search(label) is not None)
