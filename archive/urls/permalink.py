"""Build and parse the permanent URL of a version of an article: `/a/TIME/URL`, in the form of replay URLs, without a row id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_ADDRESS = re.compile(r"(?:^|/)a/(\d{14})/([a-z][a-z0-9+.-]*):/+(\S+)", re.IGNORECASE)
_SAFE = "/:?&=+,;@!$'()*~%[]#"
"""Characters of a URL that need no escape."""


def permalink(row: Mapping[str, Any], room: str = "") -> str:
    """Return the permanent URL of a version (a row of `articles`) below `room`, the URL of its reading room.

    Its time is that of the first capture of the version (UTC, 14 digits), which stays the same after `reindex`, `merge` and an import.
    """
    return f"{room.rstrip('/')}/a/{timestamp(row['fetched_at'])}/{quote(row['url'], safe=_SAFE)}"


def read_permalink(address: str) -> tuple[str, str] | None:
    """Return the URL as written, and the time (14 digits), of a permanent URL; None for any other text."""
    found = _ADDRESS.search(address)
    return (f"{found[2]}://{found[3]}", found[1]) if found else None


def timestamp(moment: str) -> str:
    """Return a time from the database as 14 digits."""
    return re.sub(r"\D", "", moment)[:14]
