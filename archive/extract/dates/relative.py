"""Parse relative times («منذ ٣ ساعات», `2 days ago`): a folded line and the page's context give a Moment."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING

from archive.extract.dates.moment import Moment, plausible, time_near, written_offset
from archive.extract.dates.words import (
    AFTER,
    BEFORE,
    COUNTS,
    DAY,
    DUALS,
    HALF_HOURS,
    HOUR,
    JUST_NOW,
    LABEL_WORDS,
    MINUTE,
    MONTH,
    TODAY,
    UNITS,
    WEEK,
    YEAR,
    YESTERDAY,
    fold_date,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archive.extract.dates.moment import DateContext


def any_of(words: Iterable[str]) -> str:
    """Return a pattern for any of the words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_NUMBER = rf"(?:(\d{{1,3}})|({any_of(COUNTS)}))\s?"
_UNIT = rf"({any_of(UNITS)})(?!\w)"
_DUAL = rf"({any_of(DUALS)})(?!\w)"
_ABOUT = r"(?:حوالي|نحو|اكثر من|about|environ|etwa|circa|cerca de)\s"
_RELATIVE_BEFORE = re.compile(rf"(?<!\w)(?:{any_of(BEFORE)})\s(?:{_ABOUT})?(?:{_DUAL}|(?:{_NUMBER})?{_UNIT})")
_PART = rf"{_NUMBER}{_UNIT}"
_AND = r"[\s,،]{0,3}(?:و|and|et|und|y|e|ve)?\s?"
_RELATIVE_AFTER = re.compile(rf"(?<!\w){_PART}(?:{_AND}{_PART})?\s(?:{any_of(AFTER)})(?!\w)")
_SECOND_PART = re.compile(rf"{_AND}(\d{{1,2}})\s?{_UNIT}")
_HALF_HOUR = re.compile(rf"(?<!\w)(?:{any_of(HALF_HOURS)})(?!\w)")
_AGO = re.compile(rf"(?<!\w)(?:{any_of(BEFORE | AFTER)})(?!\w)")
_HALF = 30
_NO_PART = (0, 0)
_JUST_NOW = re.compile(rf"\W*(?:[\w\s]{{0,30}}[:|,،-]\s*)?(?:{any_of(JUST_NOW)})\W*")
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
    rf"(?<!\w)(\d{{1,3}})\s?({any_of(_JOINED_UNITS)})\s?(?:之?前|전|{fold_date('ที่แล้ว')}|{fold_date('ที่ผ่านมา')})"
)
"""Relative times in languages that write a number, its unit and «ago» as one word."""
_DAY_WORD = re.compile(
    r"^\W*(?:[\w\s]{0,30}[:|,،-]\s*)?"
    rf"(?:(?P<today>{any_of(TODAY)})|(?P<yesterday>{any_of(YESTERDAY)}))(?:['’]hui)?"
    r"(?:\s*[,،|@-]?\s*(?:at|a|um|a las|as|alle|الساعه|ساعت|saat|в|о|у|v|kl|klo|o|pukul|בשעה|στις|las|à)?\s*\d{1,2}[:h.]\d\d.{0,20})?\W*$"
)
_MAX_RELATIVE = 80
_MAX_ALONE = 30
"""Maximum characters of a relative time's line in a script without spaces."""


def parse_relative(folded: str, context: DateContext) -> Moment | None:
    """Return a relative time («منذ ٣ ساعات», `2 days ago`, «أمس 14:05»), only from a line with little else."""
    if len(folded) > _MAX_RELATIVE:
        return None
    if _JUST_NOW.fullmatch(folded):
        return _back(context, 0, MINUTE)
    if _HALF_HOUR.search(folded) and _AGO.search(folded):
        return _back(context, _HALF, MINUTE)
    return _counted_back(folded, context) or _joined_or_named(folded, context)


def _counted_back(folded: str, context: DateContext) -> Moment | None:
    if match := _RELATIVE_BEFORE.search(folded):
        dual, count, word, unit = match.groups()
        rest = _SECOND_PART.match(folded, match.end())
        less = (int(rest[1]), UNITS[rest[2]]) if rest else _NO_PART
        if dual:
            return _back(context, 2, DUALS[dual], less)
        return _counted(context, match, (count, word, unit), less)
    if match := _RELATIVE_AFTER.search(folded):
        count, word, unit, fewer, in_words, smaller = match.groups()
        less = (int(fewer) if fewer else COUNTS[in_words], UNITS[smaller]) if smaller else _NO_PART
        return _counted(context, match, (count, word, unit), less)
    return None


def _joined_or_named(folded: str, context: DateContext) -> Moment | None:
    if len(folded) <= _MAX_ALONE and (match := _RELATIVE_JOINED.search(folded)):
        return _back(context, int(match[1]), _JOINED_UNITS[match[2]])
    if match := _DAY_WORD.match(folded):
        day = context.local_now().date() - timedelta(days=1 if match["yesterday"] else 0)
        time, zone = time_near(folded, 0, 0, match.end("yesterday" if match["yesterday"] else "today"), folded)
        return Moment(day=day, clock=time, zone=zone)
    return None


def _counted(
    context: DateContext, match: re.Match[str], parts: tuple[str | None, str | None, str], less: tuple[int, int]
) -> Moment | None:
    """Return the time that many units ago; without figures, only if it ends the line, and is alone there or one unit ago.

    «قبل شهر رمضان» (before Ramadan) is no time; «مفقود منذ شهر» (missing for a month) may be a headline, and counts only after
    a label or a mark, unlike «… منذ ساعة».
    """
    figures, word, unit = parts
    count = int(figures) if figures else COUNTS[word] if word else 1
    before, behind = match.string[: match.start()].split(), match.string[match.end() :].split()
    is_last = all(_ONE.match(word) for word in behind)
    is_marked = not before or before[-1][-1] in _LABEL_SIGNS or LABEL_WORDS.issuperset(before)
    if figures or (is_last and (not before or (count == 1 and (is_marked or 0 < UNITS[unit] < DAY)))):
        return _back(context, count, UNITS[unit], less)
    return None


_ONE = re.compile(r"\W*(?:واحده?)?\W*$")
"""The number that Arabic may put after its unit: «منذ ساعة واحدة»."""
_LABEL_SIGNS = "|:,،-–—·•/"


def _back(context: DateContext, count: int, unit: int, less: tuple[int, int] = _NO_PART) -> Moment | None:
    """Return the time that many units ago, and `less`: a number of a smaller unit («two days and three hours ago»)."""
    now = context.local_now()
    if unit > 0:
        try:
            then = now - timedelta(seconds=count * unit + (less[0] * less[1] if 0 < less[1] < unit else 0))
        except OverflowError:
            return None
        # Minutes and hours give the time; days and longer units only the day.
        time = then.strftime("%H:%M") if unit < 86_400 else ""
        moment = Moment(day=then.date(), clock=time, zone=written_offset(then) if time else "")
    else:
        year, month = divmod(now.year * 12 + now.month - 1 + count * unit, 12)
        if year < 1:
            return None
        moment = Moment(day=date(year, month + 1, min(now.day, monthrange(year, month + 1)[1])))
    return moment if plausible(moment.day, context.now) else None
