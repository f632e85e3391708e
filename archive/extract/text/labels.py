"""Tell by the shape of a short line whether it is a label: a date, a byline, a counter, a menu, a row of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.extract.model import is_long
from archive.extract.text.names import count_words, ends_sentence
from archive.extract.text.phrases import line_key

if TYPE_CHECKING:
    from collections.abc import Sequence

_HALF_LINK = 0.5
_MENU = 0.8
"""Share of link text from which a line with bars, and one without, is a menu."""
_ALL_LINK = 0.9
_FIGURE = re.compile(r"[^\w+(\[-]*\d{1,3}(?:[.,٬٫]?\d{1,3}){0,2}\W?")
"""A number of up to nine digits with a sign around it; one with a bracket, a plus or a minus says something else."""
LABEL_WORDS = 7
"""Words of each label in a row of them, and of a link that stands alone."""
_COLUMNS = re.compile(r"[|•·»›]|\s/\s")
_BARS = re.compile(r"\s[|•·»›/←→–—]+\s|[|•·]")
_MOMENT = re.compile(r"(?<!\d)(?:1[34]|19|20|25)\d\d(?!\d)|(?<!\d)[0-2]?\d[:.h][0-5]\d(?!\d)")
"""A year of our calendar, of the Hijri, the Persian or the Thai one, or a time of day."""
_FIGURES = {zero + value: str(value) for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xE50) for value in range(10)}
"""Arabic, Persian, Devanagari, Bengali and Thai figures."""
DATE_LABEL = 60
_DATE_WORDS = 4
_DATE_FIGURES = 2
"""A day and a year: a sentence about the author names a year alone."""
_BYLINE_WORDS = 3
"""Words that stand around the author's name in a byline («كتبت», "By", "Par … le"); a sentence about him has more."""
LABEL = 60
"""Characters of an unknown line that may be a label."""
_GOES_ON = (",", "،", "，", "、", ";")
"""Signs after which a line goes on: it is a greeting, or a verse."""
SENTENCE_WORDS = 5
_PARTICLES = frozenset(
    {"al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "ibn", "la", "le", "ten", "ter"}
    | {"van", "von", "y"}
)
"""Words within names that are written small: Ana de la Cruz, Jan van der Berg."""
_AND = "و"
_SIGNS = re.compile("[\u4e00-\u9fff]{3,5}")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the extracted text, the share of it that is link text on the page, and what it is there.

    `leads` says whether it has a link to the site or a mail address, `links` to how many places its links lead,
    `emphatic` whether all of it is emphasised, `beside` whether it is a short paragraph beside the next, `returns` whether it is
    nothing but a link to the site's front page or to a place on this page, `plain` whether it is a paragraph or a box of its own,
    `written` whether it is set as an editor's text is, not as a theme's label, `timed` whether it is all in a `time` element.
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


def is_text(line: Line) -> bool:
    """Tell whether a line is the story's by its shape: a sentence, a long line, a heading, an item, a cell."""
    return (
        not line.plain or is_long(line.text) or (ends_sentence(line.text) and count_words(line.text) >= SENTENCE_WORDS)
    )


def is_lone(line: Line, words: int) -> bool:
    """Tell whether a paragraph or a box holds nothing but a label of so many words."""
    is_whole = line.text[0].isalnum() and not line.text.endswith(_GOES_ON)
    return line.plain and is_whole and is_label(line) and count_words(line.text) <= words


def is_greeting(line: Line) -> bool:
    """Tell whether a short line ends with a comma, as a greeting or a verse does."""
    return len(line.text) <= LABEL and line.text.endswith(_GOES_ON)


def is_cased(text: str) -> bool:
    """Tell whether a text is in a script that has capitals."""
    return text.lower() != text.upper()


def is_name(text: str) -> bool:
    """Tell whether a short line reads as somebody's name: several words, each with a capital where the script has them.

    Three to five Chinese characters may be a name as well; an Arabic line that begins with «and» is a clause.
    """
    if any(map(str.isdecimal, text)) or text.startswith(_AND) or ":" in text:
        return False
    words = [word for word in text.split() if word not in _PARTICLES]
    if is_cased(text) and not all(word[0].isupper() for word in words):
        return False
    return len(words) > 1 or _SIGNS.fullmatch(text) is not None


def is_label(line: Line) -> bool:
    """Tell whether a line may be a label: short, no heading, and no sentence."""
    return len(line.text) <= LABEL and not line.heading and not line.text.endswith(":") and not ends_sentence(line.text)


def is_menu(line: Line) -> bool:
    """Tell whether a line is several links with bars between them, or nothing else."""
    if line.links < 2 or line.linked < _HALF_LINK:
        return False
    return _BARS.search(line.text) is not None or (line.plain and line.linked >= _MENU and not ends_sentence(line.text))


def is_lone_link(line: Line) -> bool:
    """Tell whether a line is nothing but a link of a few words."""
    is_short = line.plain and count_words(line.text) <= LABEL_WORDS
    return is_short and line.linked >= _ALL_LINK and not ends_sentence(line.text)


def _holds_moment(text: str) -> bool:
    return _MOMENT.search(text if text.isascii() else text.translate(_FIGURES)) is not None


def is_label_row(line: Line) -> bool:
    """Tell whether a line is labels with bars between them, one a date or a figure: the author, the day, the readers."""
    parts = [part.strip() for part in _COLUMNS.split(line.text) if part.strip()]
    if not line.plain or len(parts) < 2 or ends_sentence(line.text):
        return False
    keys = [line_key(part) for part in parts]
    is_telling = any(is_figure(part) or _holds_moment(part) for part in parts)
    return is_telling and all(sum(word != "0" for word in key.split()) <= LABEL_WORDS for key in keys)


def is_counted(lines: Sequence[Line]) -> bool:
    """Tell whether a figure stands alone between two sentences."""
    texts = [index for index, line in enumerate(lines) if is_text(line)]
    return bool(texts) and any(is_figure(line.text) for line in lines[texts[0] : texts[-1]])


def is_figure(text: str) -> bool:
    """Tell whether a text is a number, with a sign before or behind it: a counter of readers, of comments."""
    return _FIGURE.fullmatch(text) is not None


def is_byline(line: Line, rest: str) -> bool:
    """Tell whether `rest` of a line, the author's name taken out, is what stands around it in a byline, or that and a date."""
    words = rest.split()
    if len(words) <= _BYLINE_WORDS:
        return True
    if line.heading or line.text.endswith(":") or ends_sentence(line.text) or not _holds_moment(line.text):
        return False
    figures = sum(word.startswith("0") for word in words)
    return figures >= _DATE_FIGURES and len(words) - figures <= _BYLINE_WORDS + _DATE_WORDS


def is_date(line: Line, key: str) -> bool:
    """Tell whether a line is hardly more than a date or a time of day: a weekday, a month, a place beside the figures."""
    if len(line.text) > DATE_LABEL or line.text.endswith(":") or not _holds_moment(line.text):
        return False
    if ends_sentence(line.text, asking=False):
        return False
    return sum(word != "0" for word in key.split()) <= _DATE_WORDS
