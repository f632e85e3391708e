"""What a feed or sitemap says of a page it announces, and the times it says it in; text in, values out."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from typing import Final

MAX_TITLE: Final = 500
"""Characters kept of a title."""

_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_ISO = re.compile(
    r"(\d{4})-(\d\d?)(?:-(\d\d?))?(?:[T ]+(\d\d?:\d\d(?::\d\d)?)(?:[.,]\d+)?\s*(Z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d)?)?",
    re.IGNORECASE,
)
_YEARS = range(1990, 2101)  # no feed is older than the web; later years are zeroes and typing errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A page that a feed or sitemap announces.

    `url` is canonical; `spelling` is as the source writes it, '' where that is the same. Times are aware, in UTC, None where the source is
    silent or unreadable; `updated` is a sitemap's `lastmod`. `title`, `language` (BCP 47), `publication` and `keywords` are '' or () where
    there are none.
    """

    url: str
    spelling: str = ""
    title: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    language: str = ""
    publication: str = ""
    keywords: tuple[str, ...] = ()


def parse_time(text: str, zone: tzinfo = UTC) -> datetime | None:
    """Time of `text` in UTC: RFC 822 as in RSS, ISO 8601 / W3C as in Atom and sitemaps; None when it is neither.

    `zone` is where the clock hangs that wrote a time without a zone; a date without a time is its midnight.
    """
    text = " ".join(text[:100].translate(_DIGITS).split())
    if not text:
        return None
    try:
        time = _iso(text) or parsedate_to_datetime(text)
        time = time if time.tzinfo else time.replace(tzinfo=zone)
        return time.astimezone(UTC) if time.year in _YEARS else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def plain(text: str | None) -> str:
    """`text` without tags and character references, white space folded, at most `MAX_TITLE` characters."""
    text = (text or "")[: 4 * MAX_TITLE]
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    return " ".join(text.split())[:MAX_TITLE]


def _iso(text: str) -> datetime | None:
    match = _ISO.fullmatch(text)
    if not match:
        return None
    year, month, day, clock, zone = match.groups()
    clock = (clock or "00:00").rjust(5, "0")
    zone = "+00:00" if zone and zone.upper() in {"Z", "UTC", "GMT"} else zone or ""
    return datetime.fromisoformat(f"{year}-{month:>02}-{day or '01':>02}T{clock}{zone}")
