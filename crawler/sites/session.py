"""Send what a site requires beyond a plain GET: cookies, the headers and the proxy of its entry. A downloader middleware.

Cookies that hosts set are kept for a run and sent by their own rules (to the host that set them, or the hosts of its domain), if they are
enabled there: on all hosts with `COOKIES_ENABLED`, otherwise on hosts that redirect requests without cookies in a loop. Cookies and headers
of the entry go only to the site's own hosts.
Cookies and the headers of `headers_file` are redacted in the WARC, like other credentials.
"""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from gettext import gettext as _
from http.cookiejar import LoadError, MozillaCookieJar
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http.cookies import CookieJar, WrappedRequest
from scrapy.utils.misc import load_object

from archive import UsageError, urls
from crawler.sites.keys import HEADER_NAME

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from crawler.sites import Site

LOGIN = frozenset({
    "login", "log-in", "logon", "signin", "sign-in", "sign_in", "signup", "sign-up", "register", "registration", "account", "accounts",
    "my-account", "auth", "oauth", "oauth2", "authorize", "sso", "anmelden", "anmeldung", "connexion", "accedi", "acceso",
    "subscribe", "subscription", "paywall", "abo", "تسجيل-الدخول", "دخول",
})  # fmt: skip
"""Words of a path, or first labels of a host, to which a site redirects pages that need a session."""

MOST_COOKIES = 50  # sent to one host; browsers keep 180, whose header servers would reject
MOST_KEPT = 5000


def is_login(url: str) -> bool:
    """Return whether a URL is a login page, by a word of its path or the first label of its host."""
    parts = urlsplit(urls.display(url).lower())
    words = {word.partition(".")[0] for word in parts.path.split("/")}
    return bool(LOGIN & (words | {(parts.hostname or "").partition(".")[0]}))


class SessionMiddleware:
    """Keeps the cookies that hosts set; `switch_on` enables sending them."""

    def __init__(self, site: Site | None, *, everywhere: bool, now: datetime | None = None) -> None:
        """`everywhere`: send cookies to every host that sets them. Raises UsageError for an invalid file."""
        self._everywhere = everywhere
        self._site = site
        now = now or datetime.now(UTC)
        self._given = load_cookies(Path(site.cookies_file), now=now) if site and site.cookies_file else None
        self._secret = load_headers(Path(site.headers_file)) if site and site.headers_file else ()
        self._enabled: set[str] = set()  # hosts that are sent their cookies
        self._jar = CookieJar()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read COOKIES_ENABLED and the site's entry."""
        return cls(
            getattr(crawler.spider, "site", None),
            everywhere=crawler.settings.getbool("COOKIES_ENABLED"),
            now=load_object(crawler.settings["WARRAQ_CLOCK"])(),
        )

    def switch_on(self, url: str, sent: str) -> bool:
        """Send cookies to the URL's host from now on; return False if the last request for the URL had them all.

        `sent` is the Cookie field of that request, which may have been sent before a concurrent one got the cookies.
        """
        if self._names(url) <= _names_in(sent):
            return False
        self._enabled.add(urls.host_of(url))
        return True

    def process_request(self, request: Request) -> None:
        """Add the headers, cookies and proxy for the request's host."""
        parts: list[str] = []
        if self._site is not None and self._site.in_scope(urls.canonicalise(request.url), index=True):
            for name, value in (*self._site.headers, *self._secret):
                request.headers[name] = value
            if self._secret:
                request.meta["credentials"] = tuple(name.lower() for name, _ in self._secret)
            if self._site.proxy:
                request.meta.setdefault("proxy", self._site.proxy)
            parts += [f"{name}={value}" for name, value in self._site.cookies]
            parts += [_header(self._given, request)] if self._given is not None else []
        if self._everywhere or urls.host_of(request.url) in self._enabled:
            parts.append(_header(self._jar.jar, request))
        if cookies := "; ".join(filter(None, parts)):
            request.headers["Cookie"] = cookies

    def process_response(self, request: Request, response: Response) -> Response:
        """Keep the cookies that a host sets for itself or for its registrable domain."""
        if not response.headers.getlist("Set-Cookie") or len(self._jar.jar) >= MOST_KEPT:
            return response
        room = MOST_COOKIES - len(self._names(request.url))
        for cookie in self._jar.make_cookies(response, request)[: max(room, 0)]:
            if not cookie.domain_specified or urls.may_have_subdomains(cookie.domain.lstrip(".")):
                self._jar.set_cookie_if_ok(cookie, request)
        return response

    def _names(self, url: str) -> set[str]:
        """Return the names of the cookies for a URL."""
        return _names_in(_header(self._jar.jar, Request(url)))


def load_cookies(path: Path, *, now: datetime) -> MozillaCookieJar:
    """Return the cookies of a private Netscape `cookies.txt`; raises UsageError, also if all have expired."""
    check_private(path)
    try:
        jar = MozillaCookieJar(str(path))
        jar.load(ignore_discard=True, ignore_expires=True)
    except LoadError as error:
        raise UsageError(
            _("{path}: is not a cookies.txt in Netscape format: {error}").format(path=path, error=error)
        ) from None
    expired = [cookie for cookie in jar if cookie.is_expired(int(now.timestamp()))]
    if expired and len(expired) == len(jar):
        raise UsageError(
            _("{path}: all its cookies have expired; export them again from a browser that is logged in").format(
                path=path
            )
        )
    for cookie in expired:
        jar.clear(cookie.domain, cookie.path, cookie.name)
    return jar


def load_headers(path: Path) -> tuple[tuple[str, str], ...]:
    """Return the headers of a private file of lines `Name: value`; raises UsageError."""
    check_private(path)
    found = []
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        name, colon, value = line.partition(":")
        if not line.strip() or line.startswith("#"):
            continue
        if not colon or not HEADER_NAME.fullmatch(name.strip()):
            raise UsageError(
                _("{path}:{number}: is not a header; write `Name: value`").format(path=path, number=number)
            )
        found.append((name.strip(), value.strip()))
    return tuple(found)


def check_private(path: Path) -> None:
    """Raise UsageError for a file that is missing or readable by others."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    if mode & 0o077:
        raise UsageError(
            _("{path}: other users can read it, and it contains credentials; run `chmod 600 {path}`").format(path=path)
        )


def cookies_of(request: Request) -> str:
    """Return the Cookie field of a request, '' for none."""
    return (request.headers.get("Cookie") or b"").decode("latin-1")


def _names_in(field: str) -> set[str]:
    """Return the names of the cookies in a Cookie field."""
    return {pair.partition("=")[0] for pair in field.split("; ") if pair}


def _header(jar: object, request: Request) -> str:
    """Return the Cookie header of a jar for a request."""
    asked = request.copy()
    asked.headers.pop("Cookie", None)
    jar.add_cookie_header(WrappedRequest(asked))  # type: ignore[attr-defined]
    return cookies_of(asked)
