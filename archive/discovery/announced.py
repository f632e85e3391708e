"""What a feed or sitemap says of a page it announces, and the times it says it in; text in, values out."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from archive.extract.dates import parse_moment

MAX_TITLE: Final = 500
"""Characters kept of a title."""

_TAG = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>|<[a-zA-Z/!][^<>]*>", re.IGNORECASE | re.DOTALL)
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
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
    """Time of `text` in UTC: RFC 822 as in RSS, ISO 8601 / W3C as in Atom and sitemaps, and what people write; else None.

    `zone` is where the clock hangs that wrote a time without a zone; a date without a time is its midnight. A zone that
    is not understood counts as UTC (RFC 2822, section 4.3), never as `zone`.
    """
    text = " ".join(text[:100].translate(_DIGITS).split())
    moment = parse_moment(text)
    if moment is None or moment.day.year not in _YEARS:
        return None
    clock = f"T{moment.clock}{moment.zone}" if moment.clock else "T00:00"
    try:
        time = datetime.fromisoformat(f"{moment.day.isoformat()}{clock}")
        return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def plain(text: str | None) -> str:
    """`text` without tags and character references, white space folded, at most `MAX_TITLE` characters."""
    text = (text or "")[: 4 * MAX_TITLE]
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    return " ".join(text.split())[:MAX_TITLE]
