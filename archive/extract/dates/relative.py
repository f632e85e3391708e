"""Reads times told from now («منذ ٣ ساعات», `2 days ago`): a folded line and the page's context come in, a Moment goes out."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING

from archive.extract.dates.context import written_offset
from archive.extract.dates.daytime import time_near
from archive.extract.dates.moment import Moment, plausible
from archive.extract.dates.words import AFTER, BEFORE, DUALS, ONES, TODAY, UNITS, YESTERDAY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archive.extract.dates.context import DateContext


def _any(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_NUMBER = rf"(?:(\d{{1,3}})|({_any(ONES)}))\s?"
_UNIT = rf"({_any(UNITS)})(?!\w)"
_DUAL = rf"({_any(DUALS)})(?!\w)"
_ABOUT = r"(?:حوالي|نحو|اكثر من|about|environ|etwa|circa|cerca de)\s"
_RELATIVE_BEFORE = re.compile(rf"(?<!\w)(?:{_any(BEFORE)})\s(?:{_ABOUT})?(?:{_DUAL}|(?:{_NUMBER})?{_UNIT})")
_RELATIVE_AFTER = re.compile(rf"(?<!\w){_NUMBER}{_UNIT}\s(?:{_any(AFTER)})(?!\w)")
_DAY_WORD = re.compile(
    r"^\W*(?:[\w\s]{0,30}[:|,،-]\s*)?"
    rf"(?:(?P<today>{_any(TODAY)})|(?P<yesterday>{_any(YESTERDAY)}))(?:['’]hui)?"
    r"(?:\s*[,،|@-]?\s*(?:at|a|um|a las|as|alle|الساعه|ساعت|saat)?\s*\d{1,2}[:h.]\d\d.{0,20})?\W*$"
)
_MAX_RELATIVE = 80


def parse_relative(folded: str, context: DateContext) -> Moment | None:
    """A time told from now («منذ ٣ ساعات», `2 days ago`, «أمس 14:05»); only in a line that says little else."""
    if len(folded) > _MAX_RELATIVE:
        return None
    if match := _RELATIVE_BEFORE.search(folded):
        dual, count, _, unit = match.groups()
        return _back(context, 2, DUALS[dual]) if dual else _back(context, int(count or 1), UNITS[unit])
    if match := _RELATIVE_AFTER.search(folded):
        count, _, unit = match.groups()
        return _back(context, int(count or 1), UNITS[unit])
    if match := _DAY_WORD.match(folded):
        day = context.local_now().date() - timedelta(days=1 if match["yesterday"] else 0)
        time, zone = time_near(folded, 0, 0, match.end("yesterday" if match["yesterday"] else "today"), folded)
        return Moment(day=day, clock=time, zone=zone)
    return None


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
