"""What each WARC file says of the crawl that wrote it: the crawl's settings in, the fields of the warcinfo record out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import scrapy

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

SHAPING = (
    "ROBOTSTXT_OBEY", "CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN", "DOWNLOAD_DELAY", "DOWNLOAD_TIMEOUT",
    "DEFAULT_REQUEST_HEADERS", "COOKIES_ENABLED", "REDIRECT_ENABLED", "RETRY_TIMES", "WARRAQ_MAX_PAGES", "WARRAQ_MAX_DEPTH",
    "WARRAQ_MAX_BODY_BYTES", "WARRAQ_FIRST_BYTE_TIMEOUT", "WARRAQ_TLS_FALLBACK", "WARRAQ_KEEP_CREDENTIALS", "WARRAQ_OPEN_NETWORKS",
)  # fmt: skip
"""The settings that decide what is asked for, how, and what of the answer is kept. None of them holds a secret: see `_public`."""

PUBLIC_HEADERS = frozenset({"accept", "accept-encoding", "accept-language"})
"""Request headers that are told; any other may prove who somebody is."""


def warcinfo(settings: BaseSettings, *, site: str) -> dict[str, str]:
    """The fields; `settings` becomes one of them, a JSON object of those that shape the crawl and are set."""
    return {
        "software": f"warraq (Scrapy {scrapy.__version__})",
        "operator": settings["WARRAQ_OPERATOR"],
        "http-header-user-agent": settings["USER_AGENT"],
        "robots": "obey" if settings.getbool("ROBOTSTXT_OBEY") else "ignore",
        "isPartOf": site,
        "settings": json.dumps(
            {name: _public(settings[name]) for name in SHAPING if settings[name] is not None}, sort_keys=True
        ),
    }


def _public(value: object) -> object:
    """A value as JSON takes it, of headers only the public ones."""
    if hasattr(value, "items"):
        return {str(key): str(one) for key, one in value.items() if str(key).lower() in PUBLIC_HEADERS}
    return [str(one) for one in value] if isinstance(value, list | tuple) else value
