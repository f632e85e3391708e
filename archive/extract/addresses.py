"""Resolve and compare the URLs on a page."""

from __future__ import annotations

import re
from urllib.parse import unquote, urljoin, urlsplit

_MAX_URL = 2_000
_TRACKING = re.compile(r"(?:utm_|fbclid|gclid|amp(?:=|$)|ref=|srsltid|outputType=)", re.IGNORECASE)
# Public suffixes of two labels, enough to distinguish `a.com.eg` from `b.com.eg`.
_SECOND_LEVEL = frozenset(
    [
        "com",
        "co",
        "net",
        "org",
        "gov",
        "edu",
        "ac",
        "info",
        "news",
        "gob",
        "gov",
        "press",
        "media",
        "or",
        "ne",
        "go",
        "asn",
        "id",
        "nom",
        "sch",
    ]
)


def registrable(host: str) -> str:
    """Return the registrable domain (`bbc.co.uk` for `news.bbc.co.uk`), by a short rule instead of the public suffix list."""
    labels = host.lower().rstrip(".").split(".")
    keep = 3 if len(labels) > 2 and labels[-2] in _SECOND_LEVEL and len(labels[-1]) == 2 else 2
    return ".".join(labels[-keep:])


def absolute(base: str, href: str) -> str:
    """Return `href` resolved against `base` if that is an http or https URL of at most 2,000 characters, else ''."""
    href = "".join(href.split())
    if not href or len(href) > _MAX_URL or href.startswith(("#", "javascript:", "data:", "mailto:")):
        return ""
    try:
        url = urljoin(base, href)
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and host and "." in host and len(url) <= _MAX_URL else ""


def address_key(base: str, href: str) -> str:
    """Return the host and path of a URL for comparing pages, ignoring scheme, `www.`, fragment and AMP."""
    url = absolute(base, href)
    if not url:
        return ""
    parts = urlsplit(url)
    path = re.sub(r"(?:/amp|\.amp)?(?:\.html?)?/*$", "", unquote(parts.path))
    query = f"?{parts.query}" if parts.query and not _TRACKING.match(parts.query) else ""
    return f"{(parts.hostname or '').removeprefix('www.').removeprefix('m.').removeprefix('amp.')}{path or '/'}{query}"
