"""Read the entries of sites.toml, each as a frozen Site; report an error with its file, line, key and the correct form.

An entry is a table `[site.NAME]`; `warraq/template/sites.toml` shows every key. `scrapy addsite URL` writes one.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tomllib
from dataclasses import dataclass, fields
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from archive import UsageError, urls
from crawler.sites.keys import KEYS, WrongValueError, origin_of, web_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.settings import BaseSettings

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?!\d)")
# A first path segment that names an edition: `bbc.com/arabic` means that edition.
_EDITION = re.compile(
    r"/(?:[a-z]{2}(?:-[a-z]{2})?|arabic|english|french|francais|espanol|turkish|persian|urdu|hebrew|kurdish|russian|العربية)(?=/|$)",
    re.IGNORECASE,
)


_NOT_EDITORIAL = re.compile(
    r"(?:shop|store|account|accounts|login|auth|sso|id|mail|webmail|ads?|adserver|jobs?|careers?|help|support|cdn|static|img|images?|"
    r"media|assets|api|forum|forums|m|mobile|amp|[a-z]{2}|arabic|english|french|francais|espanol|turkish|persian|urdu|hebrew|kurdish|russian)"
)
"""First labels of subdomains that are not sections: services, copies of the site, and its editions in other languages."""


class SiteError(UsageError):
    """An invalid entry of sites.toml or URL to crawl; `line` is 0 if there is none."""

    def __init__(self, problem: str, *, path: Path | None = None, line: int = 0, key: str = "") -> None:
        place = f"{path}:{line}: " if path and line else f"{path}: " if path else ""
        super().__init__(f"{place}{f'{key}: ' if key else ''}{problem}")
        self.problem = problem
        self.path = path
        self.line = line
        self.key = key


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site: its seeds, scope, parsing hints and pace.

    URLs are canonical. `hosts` and `paths` are its scope: host names (`*.example.org` takes subdomains too) and path
    prefixes (all paths if empty). `articles` and `deny` are regular expressions, searched in the URL. `locale` is a
    BCP 47 tag for dates, `timezone` an IANA name. A field that is None does not override the corresponding setting.
    `is_closed`: only the hosts in the entry belong to the site. `is_guessed`: the site was made from a URL alone.
    """

    name: str
    seeds: tuple[str, ...]
    feeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    articles: tuple[re.Pattern[str], ...] = ()
    deny: tuple[re.Pattern[str], ...] = ()
    language: str = ""
    locale: str = ""
    timezone: str = ""
    delay: float | None = None
    concurrency: int | None = None
    max_pages: int | None = None
    depth: int | None = None
    user_agent: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    headers_file: str = ""
    proxy: str = ""
    cookies: tuple[tuple[str, str], ...] = ()
    cookies_file: str = ""
    requisites: str = ""
    render: str = ""
    fetch_intermediates: bool | None = None
    is_closed: bool = False
    is_guessed: bool = False

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the site that starts at `url`: its host, and the edition in its path; raises SiteError for an invalid URL."""
        text = url.strip()
        try:
            seed = web_address(text if _SCHEME.match(text) else f"https://{text}")
        except WrongValueError as error:
            raise SiteError(str(error)) from None
        edition = edition_of(seed)
        return cls(
            name=name_of(seed),
            seeds=(seed,),
            hosts=own_hosts(seed),
            paths=(edition,) if edition else (),
            is_guessed=True,
        )

    @property
    def own_hosts(self) -> tuple[str, ...]:
        """The hosts of the seeds, with and without `www.`."""
        return tuple(dict.fromkeys(host for seed in self.seeds for host in own_hosts(seed)))

    @property
    def has_session(self) -> bool:
        """Whether its entry names a file with a subscriber's session."""
        return bool(self.cookies_file or self.headers_file)

    @property
    def digest(self) -> str:
        """A digest of the entry, which changes with it."""
        said = [getattr(self, f.name) for f in fields(self)]
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]

    @property
    def domains(self) -> tuple[str, ...]:
        """The hosts of the seeds without `www.` that may have sections on subdomains, except public suffixes."""
        bare = (host for host in self.own_hosts if not host.startswith("www."))
        return tuple(host for host in bare if urls.may_have_subdomains(host))

    def in_scope(self, url: str, *, index: bool = False) -> bool:
        """Return whether the canonical `url` belongs to the site and is not denied.

        `index` is for feeds and sitemaps, which may be outside of `paths` even if their entries are not.
        """
        origin = origin_of(url)
        host = origin.partition("://")[2]
        if not host or not any(_host_matches(rule, host) for rule in self.hosts):
            return False
        if self.paths and not index and not any(_path_matches(prefix, url[len(origin) :]) for prefix in self.paths):
            return False
        return not self.is_denied(url)

    def section_host(self, url: str) -> str:
        """Return the subdomain of `url` if it may be a section of the site, else ''.

        It must not be in scope yet, a service, or an edition in another language.
        """
        host = origin_of(url).partition("://")[2]
        if not host or any(_host_matches(rule, host) for rule in self.hosts):
            return ""
        label = next((host.removesuffix(f".{bare}") for bare in self.domains if host.endswith(f".{bare}")), "")
        return host if label and not _NOT_EDITORIAL.fullmatch(label.rpartition(".")[2]) else ""

    def is_denied(self, url: str) -> bool:
        """Return whether the entry denies URLs like this one."""
        return any(pattern.search(url) for pattern in self.deny)

    def is_article(self, url: str, spelling: str = "") -> bool:
        """Return whether the entry declares URLs like this one articles, by either spelling; False means unknown."""
        return any(pattern.search(url) or (spelling and pattern.search(spelling)) for pattern in self.articles)

    def settings(self) -> dict[str, Any]:
        """The Scrapy settings that this site overrides."""
        wanted = {
            "DOWNLOAD_DELAY": self.delay,
            "CONCURRENT_REQUESTS_PER_DOMAIN": self.concurrency,
            "WARRAQ_MAX_PAGES": self.max_pages,
            "WARRAQ_MAX_DEPTH": self.depth,
            "USER_AGENT": self.user_agent or None,
            "WARRAQ_REQUISITES": self.requisites or None,
            "WARRAQ_RENDER": self.render or None,
            "WARRAQ_FETCH_INTERMEDIATES": self.fetch_intermediates,
        }
        return {name: value for name, value in wanted.items() if value is not None}


def name_of(url: str) -> str:
    """Return the name of the site of `url`, usable as a folder name: its host without `www.`, and its port if it has one.

    'site' for a host without letters and digits.
    """
    host = origin_of(url).partition("://")[2].removeprefix("www.")
    return re.sub(r"[^a-z0-9.-]+", "-", host).strip("-.")[:80] or "site"


def load_site(path: Path, name: str) -> Site:
    """Return the entry `name` of the file; raises SiteError if it is missing or invalid."""
    sites = load_sites(path)
    if name not in sites:
        known = ", ".join(sorted(sites)) or "none yet"
        raise SiteError(
            _("no site {name!r}{sites}; it has: {known}. `warraq add URL` adds one").format(
                name=name, sites=_meant(name, sites), known=known
            ),
            path=path,
        )
    return sites[name]


def chosen_site(settings: BaseSettings, name: str) -> Site:
    """Return the site `name`: from WARRAQ_SITE_ENTRY if that is set, else from the file WARRAQ_SITES; raises SiteError."""
    if entry := settings.get("WARRAQ_SITE_ENTRY"):
        return site_from_json(name, str(entry))
    return load_site(Path(settings["WARRAQ_SITES"]), name)


def site_of_page(settings: BaseSettings, url: str) -> Site:
    """Return the entry of sites.toml that a page belongs to, or a site made from its URL. Raises SiteError."""
    guessed = Site.from_url(url)
    path = Path(settings["WARRAQ_SITES"])
    entries = load_sites(path).values() if path.exists() else ()
    return next((one for one in entries if one.in_scope(guessed.seeds[0])), guessed)


def site_from_json(name: str, text: str) -> Site:
    """Return the site of an entry in the form of `entries_as_json`; raises SiteError."""
    source = _Source(Path("WARRAQ_SITE_ENTRY"), "")
    try:
        entry = json.loads(text)
    except ValueError as error:
        raise SiteError(_("is not JSON: {error}").format(error=error), path=source.path) from None
    return _site(source, name, entry)


def entries_as_json(path: Path) -> dict[str, str]:
    """Return each entry of the file as one line of JSON, to travel with a job; raises SiteError."""
    source, entries = _entries(path)
    for name, entry in entries.items():
        _site(source, name, entry)
    return {name: json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for name, entry in entries.items()}


def load_sites(path: Path) -> dict[str, Site]:
    """Return all entries of the file, in its order; raises SiteError with line and key for the first error."""
    source, entries = _entries(path)
    return {name: _site(source, name, entry) for name, entry in entries.items()}


def _entries(path: Path) -> tuple[_Source, dict[str, object]]:
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        raise SiteError(_("there is no such file; `warraq add URL` writes one"), path=path) from None
    except UnicodeDecodeError as error:
        raise SiteError(_("is not UTF-8 (byte {start})").format(start=error.start), path=path) from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        line = int(place.group(1)) if place else len(text.splitlines())
        raise SiteError(_("is not TOML: {error}").format(error=error), path=path, line=line) from None
    source = _Source(path, text)
    for key in document:
        if key != "site":
            source.fail("", key, f"unknown table or key; an entry is a table [site.NAME]{_meant(key, ['site'])}")
    entries = document.get("site", {})
    if not isinstance(entries, dict):
        source.fail("", "site", "an entry is a table [site.NAME]")
    return source, entries


class _Source:
    """The text of the file, to find the line of an error, which tomllib does not give."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self._lines = text.splitlines()

    def fail(self, name: str, key: str, problem: str, value: str = "") -> None:
        """Raise SiteError with the line of the value, the key or the table, whichever is found first."""
        start = self._find(rf"\s*\[\s*site\s*\.\s*[\"']?{re.escape(name)}[\"']?\s*\]", 0) if name else 0
        line = self._find(rf"\s*\[?\s*[\"']?{re.escape(key)}[\"']?\s*[=.\]]", start) if key else start
        if value and (exact := self._find(rf".*{re.escape(value)}", max(line, start) - 1)):
            line = exact
        full = ".".join(filter(None, ("site" if name else "", name, key)))
        raise SiteError(problem, path=self.path, line=line or start, key=full)

    def _find(self, pattern: str, after: int) -> int:
        wanted = re.compile(pattern)
        numbered = enumerate(self._lines[max(after, 0) :], max(after, 0) + 1)
        return next((number for number, line in numbered if wanted.match(line)), 0)


def _site(source: _Source, name: str, entry: object) -> Site:
    if not _NAME.fullmatch(name):
        source.fail(name, "", "a name is made of a-z, 0-9, '.', '_' and '-', as a folder's is")
    if not isinstance(entry, dict):
        source.fail("", name, f"is not a table; write [site.{name}]")
    values: dict[str, Any] = {}
    for key, value in _table(entry).items():
        if key not in KEYS:
            source.fail(name, key, f"unknown key{_meant(key, KEYS)}; allowed are: {', '.join(KEYS)}")
        try:
            values[key] = KEYS[key](value)
        except WrongValueError as error:
            source.fail(name, key, str(error), error.value)
    if not values.get("seeds"):
        source.fail(name, "", 'needs seeds = ["https://…"], the page or pages it starts from')
    if values.get("hosts"):
        values["is_closed"] = True
    else:
        values["hosts"] = tuple(dict.fromkeys(host for seed in values["seeds"] for host in own_hosts(seed)))
    return Site(name=name, **values)


def _table(entry: object) -> Mapping[str, object]:
    return entry if isinstance(entry, dict) else {}


def _meant(word: str, known: Mapping[str, Any] | list[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def edition_of(url: str) -> str:
    """Return the first path segment of a URL if it names an edition, else ''."""
    match = _EDITION.match(url[len(origin_of(url)) :])
    return match.group() if match else ""


def own_hosts(seed: str) -> tuple[str, ...]:
    """Return the host of a URL with and without `www.`."""
    host = origin_of(seed).partition("://")[2]
    bare = host.removeprefix("www.")
    return (bare, f"www.{bare}") if "." in bare and not re.fullmatch(r"[\d.]+(?::\d+)?|\[.*", bare) else (bare,)


def _host_matches(rule: str, host: str) -> bool:
    return host == rule or (rule.startswith("*.") and (host == rule[2:] or host.endswith(rule[1:])))


def _path_matches(prefix: str, path: str) -> bool:
    return path.startswith(prefix) and (prefix.endswith("/") or path[len(prefix) : len(prefix) + 1] in {"", "/", "?"})
