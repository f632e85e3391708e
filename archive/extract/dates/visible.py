"""Parse written dates by the conventions of the page."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from archive.extract.dates.moment import Moment, from_hijri, from_jalali, plausible, time_near
from archive.extract.dates.relative import any_of, parse_relative
from archive.extract.dates.words import (
    CHANGED,
    ERAS,
    FILLERS,
    HIJRI_MARKS,
    LABEL_WORDS,
    MODIFIED,
    MONTHS,
    ORDINALS,
    STAND,
    THAI_MONTHS,
    WEEKDAYS,
    Calendar,
    fold_date,
    months_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archive.extract.dates.moment import DateContext, Order

MAX_TEXT = 400
"""Longer texts are cut: a date line is short, and a sentence that mentions a date is not a date line."""

# Python does not count the vowel signs of Indic scripts and of Thai, Lao, Burmese and Khmer as letters, but they are parts of words.
_TOKEN = re.compile(r"\d+|(?:[^\W\d_]|[\u0900-\u0dff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])+|[^\w\s]|_")
_TIME_OF_DAY = re.compile(r"\d{1,2}\s?(?:[:٫]\s?|h)\d\d(?::\d\d)?\s?(?:[ap]\.?m\.?(?!\w)|h(?!\w))?")
_IRANIAN = frozenset({"fa", "ps", "ckb", "prs"})
_MAX_YEARLESS = 60
_YEARS_BACK = 6
_SEPARATORS = frozenset("/\\-–—.,،()|:؛;~·•*[]'’׳年月日년월일")
_BETWEEN_FIGURES = frozenset("/\\-–.|")
_UNIT_SIGNS = frozenset("年月日") | set(fold_date("년월일"))


_ORDINAL = re.compile(rf"(?<!\w)({any_of(ORDINALS)})\s(?=([^\W\d]+))")
_ERA = re.compile(rf"({any_of(ERAS)})\s?(\d{{1,2}}|元)\s?年")
_SAME_YEAR = re.compile(r"(\d{4}年)\(\d{4}年\)")
"""A year by both calendars: 2026年（令和8年）."""
_ERA_LETTERS = {"r": 2018, "h": 1988, "s": 1925}
_SHORT_ERA = re.compile(r"(?<!\w)([rhs])(\d{1,2})\.(?=\d{1,2}\.\d)")
"""A year of an era by its letter: R8.3.4."""
_SHORT_YEAR = re.compile(r"(?<=[^\W\d]\s)['’](?=\d\d(?!\d))")
"""The sign of a year without its century: 4 Mar ’26."""
_REPUBLIC = re.compile(r"民(?:國|国)\s?(\d{2,3})\s?年")
"""A year of Taiwan's calendar, which counts from 1912."""
_THAI_MONTH = re.compile(any_of(THAI_MONTHS))
_ROMAN = dict(
    zip(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"], range(1, 13), strict=True)
)
_ROMAN_MONTH = re.compile(rf"(?<=\d)([./\s-]{{1,2}})({any_of(_ROMAN)})(?=[./\s-]{{1,2}}\d)")
_DOTTED_TIME = re.compile(
    r"(?<!\w)(?:kl\.?|klo|klokken|ore|pukul|jam)\s(?:[01]?\d|2[0-3])\.[0-5]\d(?![\d.])"
    r"|(?<![\d.])(?:[01]?\d|2[0-3])\.[0-5]\d(?=\s?(?:gmt|utc|wib|wita|wit|bst|cet|cest|hrs)(?!\w))"
)
"""A time with a point, as in Scandinavia, Finland, Italy and Indonesia, beside a word that says that it is one."""
_LEBANESE_MONTH = re.compile(r"(?<!\w)(?:(تشرين|ت)|(كانون|ك))\s?([12])(?!\d)")
"""«ت2» and «تشرين2» are تشرين الثاني."""
_THAI_ERA = re.compile(r"(?<=\s)[พค]\.ศ\.\s?(?=\d)")
_CHINESE_DATE = re.compile(
    r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})[日号]"
)
_CHINESE_FIGURES = {sign: str(value) for value, sign in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0"}


class WrittenDate(NamedTuple):
    """A written date, whether a word before it labels it as a change, whether it has a year, and whether it is relative."""

    moment: Moment
    modified: bool
    has_year: bool = True
    relative: bool = False


class _Token(NamedTuple):
    kind: str  # n number, m month, s separator, f filler, w other word
    text: str
    value: int
    calendar: Calendar
    end: int


def parse_written(text: str, context: DateContext) -> Moment | None:
    """Return the first plausible date of a line, absolute before relative, Gregorian first; None without one or in doubt."""
    return next((written.moment for written in parse_all(text, context)), None)


def parse_all(text: str, context: DateContext) -> list[WrittenDate]:
    """Return every date of a short text, most trusted first as in `parse_written`; relative ones only without absolute ones."""
    folded = fold_date(text[:MAX_TEXT])
    folded = _in_figures(folded, context.language)
    has_figures = any(map(str.isdigit, folded))
    if has_figures and (found := list(_absolute(folded, text, context)) or list(_around_time(folded, text, context))):
        return [written for calendar in ("gregorian", "jalali", "hijri") for name, written in found if name == calendar]
    if relative := parse_relative(folded, context):
        return [WrittenDate(relative, _labelled(folded, len(folded)), relative=True)]
    yearless = _without_year(folded, text, context) if has_figures and len(folded) <= _MAX_YEARLESS else None
    return [WrittenDate(yearless, _labelled(folded, len(folded)), has_year=False)] if yearless else []


def _in_figures(folded: str, language: str = "") -> str:
    """Return a folded line with its days, months and years in figures."""
    if language == "ja":
        folded = _SHORT_ERA.sub(lambda match: f"{_ERA_LETTERS[match[1]] + int(match[2])}.", folded)
    if not folded.isascii():
        folded = _ORDINAL.sub(lambda match: f"{ORDINALS[match[1]]} " if match[2] in MONTHS else match[0], folded)
        folded = _ERA.sub(lambda match: f"{ERAS[match[1]] + (1 if match[2] == '元' else int(match[2]))}年", folded)
        folded = _SAME_YEAR.sub(r"\1", folded)
        folded = _REPUBLIC.sub(lambda match: f"{_BEFORE_REPUBLIC + int(match[1])}年", folded)
        folded = _THAI_MONTH.sub(lambda match: f" {THAI_MONTHS[match[0]]} ", _THAI_ERA.sub("", folded))
        folded = _CHINESE_DATE.sub(_chinese_date, folded)
        folded = _LEBANESE_MONTH.sub(_lebanese_month, folded)
    folded = _SHORT_YEAR.sub("20", folded)
    folded = _DOTTED_TIME.sub(lambda match: f"{match[0][:-3]}:{match[0][-2:]}", folded)
    return _ROMAN_MONTH.sub(lambda match: f"{match[1]}{_ROMAN[match[2]]}", folded)


def _chinese_date(match: re.Match[str]) -> str:
    """Return a Chinese date in words (二〇二六年十一月二十四日) in figures."""
    year = "".join(_CHINESE_FIGURES[sign] for sign in match[1])
    month, day = (_chinese_number(part) for part in (match[2], match[3]))
    return f"{year}年{month}月{day}日"


def _chinese_number(words: str) -> int:
    tens, ten, ones = words.rpartition("十")
    number = int(_CHINESE_FIGURES.get(ones[-1:], "0"))
    return number + 10 * int(_CHINESE_FIGURES.get(tens[-1:], "1")) if ten else number


def _lebanese_month(match: re.Match[str]) -> str:
    name = "تشرين" if match[1] else "كانون"
    return f" {fold_date(name)} {fold_date('الأول' if match[3] == '1' else 'الثاني')} "


def _without_year(folded: str, original: str, context: DateContext) -> Moment | None:
    """Return the latest day with this day and month (and weekday), from a line with nothing else (`Fri, 20 Nov, 08:15`)."""
    if match := _SIGNED_DAY.fullmatch(folded):
        weekday = _SIGNS_OF_WEEK.find(match["weekday"]) if match["weekday"] else None
        return _latest(folded, original, context, ("gregorian", int(match["month"]), int(match["day"])), weekday)
    tokens = _tokens(_TIME_OF_DAY.sub(" ", folded), context.language)
    days = [token for token in tokens if token.kind == "n"]
    months = {(token.value, token.calendar) for token in tokens if token.kind == "m"}
    others = {token.text for token in tokens if token.kind == "w"}
    weekday = next((WEEKDAYS[word] for word in others if word in WEEKDAYS), None)
    if len(days) != 1 or len(months) != 1 or len(days[0].text) > 2 or others - WEEKDAYS.keys() - LABEL_WORDS:
        return None
    ((month, calendar),) = months
    if calendar == "hijri":
        return None
    return _latest(folded, original, context, (calendar, month, days[0].value), weekday)


_SIGNS_OF_WEEK = "月火水木金土日"
_SIGNED_DAY = re.compile(
    rf"\W*(?:[^\W\d]{{1,6}}\s?:?\s*)?(?P<month>\d{{1,2}})\s?(?:[月{fold_date('월')}]|/(?=\d{{1,2}}\s?\([{_SIGNS_OF_WEEK}]\)))\s?"
    rf"(?P<day>\d{{1,2}})\s?[日号{fold_date('일')}]?\s?(?:\((?P<weekday>[{_SIGNS_OF_WEEK}])\)|\([^\W\d]\))?"
    r"\s*(?:(?:[^\W\d]{2}\s?)?\d{1,2}\s?[:時时点시]\s?\d{1,2}\s?[分분]?)?\s*[^\W\d]{0,4}\W*"
)
"""A day of East Asia without a year: `3月4日 8時15分`, `3/4(水) 8:15配信`."""


def _latest(
    folded: str, original: str, context: DateContext, which: tuple[Calendar, int, int], weekday: int | None
) -> Moment | None:
    """Return the latest day with this month and day of a calendar (`which`), and with this weekday if it is known."""
    calendar, month, number = which
    last = context.local_now().date().year - (_JALALI_BEHIND if calendar == "jalali" else 0)
    for year in range(last, last - _YEARS_BACK, -1):
        day = _day(calendar, year, month, number)
        if day and plausible(day, context.now) and weekday in {None, day.weekday()}:
            time, zone = time_near(folded, 0, 0, 0, original)
            return Moment(day=day, clock=time, zone=zone)
    return None


_JALALI_BEHIND = 621


def _absolute(folded: str, original: str, context: DateContext) -> Iterator[tuple[Calendar, WrittenDate]]:
    found = list(_spans(_tokens(folded, context.language), context))
    for index, (day, calendar, start, end) in enumerate(found):
        if plausible(day, context.now):
            last = found[index - 1][3] if index else 0
            following = found[index + 1][2] if index + 1 < len(found) else len(folded)
            time, zone = time_near(folded[:following], max(start - 40, last), start, end, original)
            last = max(last, _end_of_label(folded, last, start))
            modified = _labelled(folded[last:start], start - last) or _end_of_label(folded, end, following) > end
            yield calendar, WrittenDate(Moment(day=day, clock=time, zone=zone), modified)


def _around_time(folded: str, original: str, context: DateContext) -> Iterator[tuple[Calendar, WrittenDate]]:
    """Yield the date of a line whose time stands before the year: `Jan 04 09:34 2021`."""
    if _TIME_OF_DAY.search(folded):
        time, zone = time_near(folded, 0, 0, 0, original)
        for calendar, written in _absolute(_TIME_OF_DAY.sub(" ", folded), original, context):
            yield calendar, written._replace(moment=replace(written.moment, clock=time, zone=zone))


def _spans(tokens: Sequence[_Token], context: DateContext) -> Iterator[tuple[date, Calendar, int, int]]:
    """Yield every date with its calendar and the offsets where it starts and ends."""
    at = 0
    while at < len(tokens):
        if match := _date_at(tokens, at, context):
            day, calendar, until = match
            yield day, calendar, tokens[at].end - len(tokens[at].text), tokens[until - 1].end
            at = until
        else:
            at += 1


@lru_cache(maxsize=512)
def _tokens(folded: str, language: str) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    months = months_of(language)
    for match in _TOKEN.finditer(folded):
        word, end = match[0], match.end()
        if tokens and (name := f"{tokens[-1].text} {word}") in months:
            tokens[-1] = _Token("m", name, *months[name], end)
        elif word.isdecimal():
            tokens.append(_Token("n", word, int(word[:9]), "gregorian", end))
        elif word in months:
            tokens.append(_Token("m", word, *months[word], end))
        elif word in _SEPARATORS:
            tokens.append(_Token("s", word, 0, "gregorian", end))
        else:
            tokens.append(_Token("f" if word in FILLERS else "w", word, 0, "gregorian", end))
    return tuple(tokens)


def _date_at(tokens: Sequence[_Token], at: int, context: DateContext) -> tuple[date, Calendar, int] | None:
    """Return the date whose first part is at `at`, its calendar, and the index after its last part."""
    first = tokens[at]
    if first.kind == "m":
        parts = [at, *_parts(tokens, at, 2)]
        # `mar. 3 nov. 2026`: the first is a weekday
        is_weekday = len(parts) == 3 and any(token.kind == "m" for token in tokens[parts[1] : parts[2]])
        return None if is_weekday else _named(tokens, parts, "mdy", context)
    if first.kind != "n":
        return None
    parts = [at, *_parts(tokens, at, 2)]
    if len(parts) < 3:
        return None
    if tokens[parts[1]].kind == "m":
        return _named(tokens, parts, "ymd" if len(first.text) == 4 else "dmy", context)
    if tokens[parts[2]].kind == "m" and len(first.text) == 4:  # Latvian: `2026. gada 26. novembris`
        return _named(tokens, parts, "ydm", context)
    return _numeric(tokens, parts, context) if all(tokens[part].kind == "n" for part in parts) else None


def _parts(tokens: Sequence[_Token], at: int, wanted: int) -> list[int]:
    """Return the next `wanted` numbers or months after `at`, past separators, fillers and a month's second name."""
    found: list[int] = []
    between = 0
    months = tokens[at].kind == "m"
    for index in range(at + 1, min(at + 14, len(tokens))):
        token = tokens[index]
        if token.kind == "m" and months:
            if token.calendar != "gregorian":
                return found
            continue
        if token.kind in "nm":
            found.append(index)
            months = months or token.kind == "m"
            between = 0
            if len(found) == wanted:
                return found
        elif token.kind == "w" or (between := between + 1) > 3:
            return found
    return found


def _named(
    tokens: Sequence[_Token], parts: Sequence[int], order: str, context: DateContext
) -> tuple[date, Calendar, int] | None:
    if len(parts) < 3:
        return None
    place = {letter: tokens[part] for letter, part in zip(order, parts, strict=True)}
    year, month, day = place["y"], place["m"], place["d"]
    is_thai = context.language == "th" and month.calendar == "gregorian"
    short = len(year.text) == 2 and (is_thai or (month.calendar == "jalali" and context.language in _IRANIAN))
    if (
        year.kind != "n"
        or day.kind != "n"
        or month.kind != "m"
        or len(day.text) > 2
        or not (len(year.text) == 4 or short)
    ):
        return None
    until = parts[-1] + 1
    full = year.value if not short else _THAI_CENTURY + year.value if is_thai else _iranian_year(year.value, context)
    found = _day(month.calendar, full, month.value, day.value)
    # Iranian and Hijri years overlap, and the calendars share some names: a mark decides.
    return (found, month.calendar, until) if found else None


def _numeric(tokens: Sequence[_Token], parts: Sequence[int], context: DateContext) -> tuple[date, Calendar, int] | None:
    a, b, c = (tokens[part] for part in parts)
    if parts[1] - parts[0] != 2 or parts[2] - parts[1] != 2:
        return None
    signs = {tokens[parts[0] + 1].text, tokens[parts[1] + 1].text}
    if not (signs <= _UNIT_SIGNS or (len(signs) == 1 and signs <= _BETWEEN_FIGURES)):
        return None
    dotted = "." in signs
    year, month, day = 0, 0, 0
    if len(a.text) == 4 and len(c.text) <= 2:
        year, month, day = a.value, b.value, c.value
    elif len(a.text) == 3 and len(b.text) <= 2 and len(c.text) <= 2 and context.language == "zh":
        year, month, day = _BEFORE_REPUBLIC + a.value, b.value, c.value
    elif len(a.text) <= 2 and len(b.text) <= 2 and len(c.text) == 4:
        year, (month, day) = c.value, _ordered(a.value, b.value, "dmy" if dotted else context.order)
    elif len(a.text) == 2 and len(b.text) <= 2 and len(c.text) == 2 and not dotted and context.language in _IRANIAN:
        year, month, day = _iranian_year(a.value, context), b.value, c.value
    elif (
        len(a.text) == 2 and len(b.text) <= 2 and len(c.text) <= 2 and dotted and context.language in _YEAR_FIRST_DOTTED
    ):
        year, month, day = context.now.year - context.now.year % 100 + a.value, b.value, c.value
    elif len(a.text) <= 2 and len(b.text) <= 2 and len(c.text) == 2 and _ends_in_year(signs, context):
        century = context.now.year - context.now.year % 100
        year, month, day = century + c.value - 100 * (century + c.value > context.now.year), b.value, a.value
    return _with_calendar(tokens, (year, month, day), parts[2] + 1, context) if year and month else None


def _ends_in_year(signs: set[str], context: DateContext) -> bool:
    """Return whether three short figures are day, month and year: with points, or with slashes if the day comes first."""
    if "/" in signs:
        return context.order == "dmy" and bool(context.language) and context.language not in _YEAR_FIRST
    return "." in signs and context.order != "mdy"


_YEAR_FIRST_DOTTED = frozenset({"zh", "ja", "ko"})
_YEAR_FIRST = frozenset({"zh", "ja", "ko", "hu", "lt", "mn", "fa", "ps", "ckb", "prs"})
"""Languages in which three short figures begin with the year where points part them, and in which they may begin with it."""


def _iranian_year(figures: int, context: DateContext) -> int:
    """Return the latest Iranian year that ends in two figures: `05` is 1405 in 2026, `98` is 1398."""
    this = context.now.year - _JALALI_BEHIND
    return this - (this - figures) % 100


def _ordered(a: int, b: int, order: Order) -> tuple[int, int]:
    """Return month and day of two figures; (0, 0) if both orders are possible and the page's order is unknown."""
    if a > 12:
        return b, a
    if b > 12:
        return a, b
    if a == b or order == "dmy":
        return b, a
    return (a, b) if order == "mdy" else (0, 0)


def _with_calendar(
    tokens: Sequence[_Token], ymd: tuple[int, int, int], until: int, context: DateContext
) -> tuple[date, Calendar, int] | None:
    year = ymd[0]
    calendar: Calendar = "gregorian"
    if 1340 <= year <= 1500:
        marked = until < len(tokens) and tokens[until].text in HIJRI_MARKS
        if context.language in _IRANIAN and not marked:
            calendar = "jalali"
        elif marked or (context.language == "ar" and year > 1400):
            calendar = "hijri"
        else:
            return None
    found = _day(calendar, *ymd)
    return (found, calendar, until) if found else None


def _day(calendar: Calendar, year: int, month: int, day: int) -> date | None:
    if calendar == "hijri":
        return from_hijri(year, month, day)
    if calendar == "jalali":
        return from_jalali(year, month, day)
    try:
        return date(year - _BUDDHIST if year > _MOST_GREGORIAN else year, month, day)
    except ValueError:
        return None


_BEFORE_REPUBLIC = 1911
_THAI_CENTURY = 2_500
_MOST_GREGORIAN, _BUDDHIST = 2_400, 543
"""The last year that counts as Gregorian, and the offset of Thai years."""


def _labelled(before: str, length: int) -> bool:
    """Return whether the last label before a date, at most 60 characters back, is that of a change."""
    label = before[max(0, length - 60) :]
    return any(word in label for word in MODIFIED) or STAND.search(label) is not None


def _end_of_label(folded: str, start: int, end: int) -> int:
    """Return where a label after a date that names it as that of a change ends; `start` if there is none."""
    match = CHANGED.match(folded, start) if not folded.isascii() else None
    return match.end() if match and match.end() <= end else start
