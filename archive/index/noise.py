"""Tell changes of an article from what servers and templates change by themselves."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, Final

from archive import urls
from archive.urls.pictures import picture_key

RELATIVE: Final = ":relative"
"""The end of a date's origin in `provenance`, where the page only says how long ago it was."""

_PICTURE = re.compile(r"\.(?:avif|gif|jpe?g|png|svg|webp)$", re.IGNORECASE)
_SHARD = re.compile(r"(?<=[a-z])\d{1,2}(?=\.)", re.IGNORECASE)
"""The number of one of several servers with the same files: `i2.news.example`."""

_NUMBER = re.compile(r"\d+")


def is_same_but_for_numbers(one: str, other: str) -> bool:
    """Return whether two texts differ in numbers only, as those of a page with a counter or the time do at every visit."""
    return _NUMBER.sub("0", one) == _NUMBER.sub("0", other)


def is_same(field: str, held: str, given: str) -> bool:
    """Return whether two values of a column say the same: in another order, spelling, size, zone, or less precisely.

    The order of pictures counts, because the first one is the lead picture.
    """
    if held == given or not (held and given):
        return held == given
    if field in {"author", "tags"}:
        return _labels(field, held) == _labels(field, given)
    if field in {"images", "body"}:
        return bool(_steady(json.loads(held)) == _steady(json.loads(given)))
    if field in {"date_published", "date_modified"}:
        return held.startswith(f"{given}T") or _is_same_time(held, given)
    return " ".join(held.split()) == " ".join(given.split())


def _labels(field: str, value: str) -> set[str]:
    values: list[str] = json.loads(value) if field == "tags" else value.split("; ")
    return {" ".join(label.casefold().split()) for label in values}


def _is_same_time(one: str, other: str) -> bool:
    """Return whether two times with a zone are the same; times without one are compared as they are written."""
    try:
        times = datetime.fromisoformat(one), datetime.fromisoformat(other)
    except ValueError:
        return False
    return all(time.tzinfo is not None for time in times) and times[0] == times[1]


def _steady(value: Any) -> Any:
    """Return a JSON value in which each address is that of its page or picture: without tracking, size and server's number."""
    if isinstance(value, dict):
        return {name: _steady(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_steady(inner) for inner in value]
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return value
    page = urls.untracked(value)
    if not _PICTURE.search(page.partition("?")[0]):
        return page
    host, slash, path = picture_key(page).partition("?")[0].partition("/")
    return f"{_SHARD.sub('', host)}{slash}{path}"
