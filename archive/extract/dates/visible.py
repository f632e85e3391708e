"""Parse dates as people write them, relative to the time of the fetch and the context of the page."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from archive.extract.dates.moment import Moment, from_hijri, from_jalali, plausible, time_near, written_offset
from archive.extract.dates.words import (
    AFTER,
    BEFORE,
    COUNTS,
    DAY,
    DUALS,
    ERAS,
    FILLERS,
    HIJRI_MARKS,
    HOUR,
    LABEL_WORDS,
    MINUTE,
    MODIFIED,
    MONTH,
    MONTHS,
    ORDINALS,
    THAI_MONTHS,
    TODAY,
    UNITS,
    WEEK,
    WEEKDAYS,
    YEAR,
    YESTERDAY,
    Calendar,
    fold_date,
    months_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archive.extract.dates.moment import DateContext, Order

# Read relative times («منذ ٣ ساعات», `2 days ago`): a folded line and the page's context give a Moment
# out.


def _any(words: Iterable[str]) -> str:
    """Return a pattern for any of the words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_NUMBER = rf"(?:(\d{{1,3}})|({_any(COUNTS)}))\s?"
_UNIT = rf"({_any(UNITS)})(?!\w)"
_DUAL = rf"({_any(DUALS)})(?!\w)"
_ABOUT = r"(?:حوالي|نحو|اكثر من|about|environ|etwa|circa|cerca de)\s"
_RELATIVE_BEFORE = re.compile(rf"(?<!\w)(?:{_any(BEFORE)})\s(?:{_ABOUT})?(?:{_DUAL}|(?:{_NUMBER})?{_UNIT})")
_RELATIVE_AFTER = re.compile(rf"(?<!\w){_NUMBER}{_UNIT}\s(?:{_any(AFTER)})(?!\w)")
_JOINED_UNITS = {
    fold_date(name): unit
    for unit, names in (
        (MINUTE, "分钟|分鐘|分|분|นาที"),
        (HOUR, "小时|小時|个小时|個小時|時間|시간|ชั่วโมง"),
        (DAY, "天|日|일|วัน"),
        (WEEK, "周|週間|週|주|สัปดาห์"),
        (MONTH, "个月|個月|か月|ヶ月|カ月|개월|เดือน"),
        (YEAR, "年|년|ปี"),
    )
    for name in names.split("|")
}
_RELATIVE_JOINED = re.compile(
    rf"(?<!\w)(\d{{1,3}})\s?({_any(_JOINED_UNITS)})\s?(?:之?前|전|{fold_date('ที่แล้ว')}|{fold_date('ที่ผ่านมา')})"
)
"""Relative times of languages that write a number, its unit and «ago» as one word."""
_DAY_WORD = re.compile(
    r"^\W*(?:[\w\s]{0,30}[:|,،-]\s*)?"
    rf"(?:(?P<today>{_any(TODAY)})|(?P<yesterday>{_any(YESTERDAY)}))(?:['’]hui)?"
    r"(?:\s*[,،|@-]?\s*(?:at|a|um|a las|as|alle|الساعه|ساعت|saat|в|о|у|v|kl|klo|o|pukul|בשעה|στις|las|à)?\s*\d{1,2}[:h.]\d\d.{0,20})?\W*$"
)
_MAX_RELATIVE = 80
_MAX_ALONE = 30
"""Characters of a line that says little else in a script without spaces."""


def parse_relative(folded: str, context: DateContext) -> Moment | None:
    """Return a relative time («منذ ٣ ساعات», `2 days ago`, «أمس 14:05»); only in a line that says little else."""
    if len(folded) > _MAX_RELATIVE:
        return None
    if match := _RELATIVE_BEFORE.search(folded):
        dual, count, word, unit = match.groups()
        return _back(context, 2, DUALS[dual]) if dual else _counted(context, folded, match[0], (count, word, unit))
    if match := _RELATIVE_AFTER.search(folded):
        count, word, unit = match.groups()
        return _counted(context, folded, match[0], (count, word, unit))
    if len(folded) <= _MAX_ALONE and (match := _RELATIVE_JOINED.search(folded)):
        return _back(context, int(match[1]), _JOINED_UNITS[match[2]])
    if match := _DAY_WORD.match(folded):
        day = context.local_now().date() - timedelta(days=1 if match["yesterday"] else 0)
        time, zone = time_near(folded, 0, 0, match.end("yesterday" if match["yesterday"] else "today"), folded)
        return Moment(day=day, clock=time, zone=zone)
    return None


def _counted(context: DateContext, folded: str, said: str, parts: tuple[str | None, str | None, str]) -> Moment | None:
    """Return the time that many units ago; with a number in words, from two, only where nothing else is said («vor zwei Jahren»)."""
    figures, word, unit = parts
    count = int(figures) if figures else COUNTS[word] if word else 1
    return _back(context, count, UNITS[unit]) if figures or count == 1 or said == folded.strip() else None


def _back(context: DateContext, count: int, unit: int) -> Moment | None:
    now = context.local_now()
    if unit > 0:
        try:
            then = now - timedelta(seconds=count * unit)
        except OverflowError:
            return None
        # Minutes and hours tell the time; days and more only the day.
        time = then.strftime("%H:%M") if unit < 86_400 else ""
        moment = Moment(day=then.date(), clock=time, zone=written_offset(then) if time else "")
    else:
        year, month = divmod(now.year * 12 + now.month - 1 + count * unit, 12)
        if year < 1:
            return None
        moment = Moment(day=date(year, month + 1, min(now.day, monthrange(year, month + 1)[1])))
    return moment if plausible(moment.day, context.now) else None


MAX_TEXT = 400
"""Longer texts are cut: a date line is short, and a sentence that mentions a date is not a date line."""

# The vowel signs of India and Thailand are not letters to Python, but parts of words.
_TOKEN = re.compile(r"\d+|(?:[^\W\d_]|[\u0900-\u0dff\u0e00-\u0e7f])+|[^\w\s]|_")
_ORDINAL = re.compile(rf"(?<!\w)({'|'.join(sorted(ORDINALS, key=len, reverse=True))})\s(?=([^\W\d]+))")
_ERA = re.compile(rf"({_any(ERAS)})\s?(\d{{1,2}}|元)\s?年")
_THAI_MONTH = re.compile(_any(THAI_MONTHS))
_TIME_OF_DAY = re.compile(r"\d{1,2}\s?[:٫]\s?\d\d(?::\d\d)?\s?(?:[ap]\.?m\.?(?!\w))?")
_IRANIAN = frozenset({"fa", "ps", "ckb", "prs"})
_MAX_YEARLESS = 60
_YEARS_BACK = 6
_SEPARATORS = frozenset("/\\-–—.,،()|:؛;~·•*[]'’年月日년월일")
_BETWEEN_FIGURES = frozenset("/\\-–.")
_UNIT_SIGNS = frozenset("年月日") | set(fold_date("년월일"))


class WrittenDate(NamedTuple):
    """A date as written, whether a word before it says that it is the time of a change, and whether it has a year."""

    moment: Moment
    modified: bool
    has_year: bool = True


class _Token(NamedTuple):
    kind: str  # n number, m month, s separator, f filler, w other word
    text: str
    value: int
    calendar: Calendar
    end: int


def parse_written(text: str, context: DateContext) -> Moment | None:
    """Return the first plausible date of a line, absolute before relative, Gregorian first; None for none or in doubt."""
    return next((written.moment for written in parse_all(text, context)), None)


def parse_all(text: str, context: DateContext) -> list[WrittenDate]:
    """Return every date of a short text in the order of trust of `parse`; relative ones only when there is no absolute one."""
    folded = fold_date(text[:MAX_TEXT])
    if not folded.isascii():
        folded = _ORDINAL.sub(lambda match: f"{ORDINALS[match[1]]} " if match[2] in MONTHS else match[0], folded)
        folded = _ERA.sub(lambda match: f"{ERAS[match[1]] + (1 if match[2] == '元' else int(match[2]))}年", folded)
        folded = _THAI_MONTH.sub(lambda match: f" {THAI_MONTHS[match[0]]} ", folded)
    has_figures = any(character.isdigit() for character in folded)
    if has_figures and (found := list(_absolute(folded, text, context))):
        return [written for calendar in ("gregorian", "jalali", "hijri") for name, written in found if name == calendar]
    if relative := parse_relative(folded, context):
        return [WrittenDate(relative, _labelled(folded, len(folded)))]
    yearless = _without_year(folded, text, context) if has_figures and len(folded) <= _MAX_YEARLESS else None
    return [WrittenDate(yearless, _labelled(folded, len(folded)), has_year=False)] if yearless else []


def _without_year(folded: str, original: str, context: DateContext) -> Moment | None:
    """Return a day and month in a line that says nothing else (`Fri, 20 Nov, 08:15`): the latest such day, on that weekday."""
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
    last = context.local_now().date().year - (_JALALI_BEHIND if calendar == "jalali" else 0)
    for year in range(last, last - _YEARS_BACK, -1):
        day = _day(calendar, year, month, days[0].value)
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
            yield (
                calendar,
                WrittenDate(Moment(day=day, clock=time, zone=zone), _labelled(folded[last:start], start - last)),
            )


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
        return _named(tokens, [at, *_parts(tokens, at, 2)], "mdy", context)
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
    short = len(year.text) == 2 and month.calendar == "jalali" and context.language in _IRANIAN
    if (
        year.kind != "n"
        or day.kind != "n"
        or month.kind != "m"
        or len(day.text) > 2
        or not (len(year.text) == 4 or short)
    ):
        return None
    until = parts[-1] + 1
    found = _day(month.calendar, _iranian_year(year.value, context) if short else year.value, month.value, day.value)
    # Iranian and Islamic years overlap, and both share some names: a mark decides.
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
    elif len(a.text) <= 2 and len(b.text) <= 2 and len(c.text) == 4:
        year, (month, day) = c.value, _ordered(a.value, b.value, "dmy" if dotted else context.order)
    elif len(a.text) == 2 and len(b.text) <= 2 and len(c.text) == 2 and not dotted and context.language in _IRANIAN:
        year, month, day = _iranian_year(a.value, context), b.value, c.value
    elif len(a.text) <= 2 and len(b.text) <= 2 and len(c.text) == 2 and dotted and context.order != "mdy":
        century = context.now.year - context.now.year % 100
        year, month, day = century + c.value - 100 * (century + c.value > context.now.year), b.value, a.value
    return _with_calendar(tokens, (year, month, day), parts[2] + 1, context) if year and month else None


def _iranian_year(figures: int, context: DateContext) -> int:
    """Return the latest Iranian year that ends in two figures: `05` is 1405 in 2026, `98` is 1398."""
    this = context.now.year - _JALALI_BEHIND
    return this - (this - figures) % 100


def _ordered(a: int, b: int, order: Order) -> tuple[int, int]:
    """Return month and day of two figures; (0, 0) when both orders are possible and the page does not tell."""
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


_MOST_GREGORIAN, _BUDDHIST = 2_400, 543
"""The last year that is of our calendar, and by how many the Thai year is ahead of it."""


def _labelled(before: str, length: int) -> bool:
    """Return whether the last label before a date, at most 60 characters back, speaks of a change."""
    return any(word in before[max(0, length - 60) :] for word in MODIFIED)
