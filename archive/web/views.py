"""Render pages from templates in the reader's language, and open the archive for the duration of one request."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from archive import urls
from archive.body import direction
from archive.collection import Collection
from archive.errors import NotFoundError
from archive.federation import Federation
from archive.web.parameters import SearchParameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.requests import Request

    from archive.archive import Archive
    from archive.index.columns import ArticleRow
    from archive.search import Results

# The messages of the interface, in Arabic and English, and the language of a request.
#
# The messages are in messages/LANGUAGE.toml. A message is a string with {named} fields, or a table of plural forms by
# the categories of Unicode CLDR (https://cldr.unicode.org/index/cldr-spec/plural-rules), selected by `n`.

LANGUAGES: Final = ("ar", "en")
"""The languages of the interface; the first is the default if the browser asks for none of them."""

Message = str | Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The messages of one language."""

    language: str
    messages: Mapping[str, Message]

    @property
    def direction(self) -> str:
        """Return the text direction, `rtl` or `ltr`."""
        return direction(self.language)

    def say(self, key: str, **values: object) -> str:
        """Return the message with this key and its fields filled in; numbers get thousands separators."""
        message = self.messages[key]
        if not isinstance(message, str):
            number = values["n"]
            forms = message
            message = forms.get(plural(self.language, int(str(number))), forms["other"])
        shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
        return message.format(**shown)

    def name(self, group: str, code: str) -> str:
        """Return the name of a code in a group (`languages`, `outcomes`, …), or the code itself when it has none."""
        message = self.messages.get(f"{group}.{code}", code)
        return message if isinstance(message, str) else code


def plural(language: str, number: int) -> str:
    """Return the CLDR plural category of a whole number."""
    if language != "ar":
        return "one" if number == 1 else "other"
    if number in {0, 1, 2}:
        return ("zero", "one", "two")[number]
    rest = number % 100
    return "few" if 3 <= rest <= 10 else "many" if rest >= 11 else "other"


@cache
def wording(language: str) -> Wording:
    """Return the messages of one of LANGUAGES."""
    text = files("archive.web").joinpath("messages", f"{language}.toml").read_text("utf-8")
    found: dict[str, Message] = {}
    for group, messages in tomllib.loads(text).items():
        found |= {f"{group}.{key}": message for key, message in messages.items()}
    return Wording(language=language, messages=found)


def choose(wish: str, accept: str) -> str:
    """Return the language of the interface: `?lang=` if supported, otherwise the browser's preference (RFC 9110, section 12.5.4)."""
    if wish in LANGUAGES:
        return wish
    weighed = [_weighed(part, place) for place, part in enumerate(accept[:500].split(","))]
    ours = sorted((rank, language) for rank, language in weighed if language in LANGUAGES and rank[0] < 0)
    return ours[0][1] if ours else LANGUAGES[0]


def _weighed(part: str, place: int) -> tuple[tuple[float, int], str]:
    name, _, weight = part.partition(";")
    try:
        quality = float(weight.strip().removeprefix("q=") or "1")
    except ValueError:
        quality = 0.0
    return (-quality, place), name.strip().lower().split("-", maxsplit=1)[0]


_MOMENT: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>[0-3]\d))?)?"
    r"(?:[T ](?P<time>\d\d:\d\d)(?::\d\d(?:\.\d+)?)?)?(?P<zone>Z|[+-]\d\d:?\d\d)?$"
)


def day(wording: Wording, text: str) -> str:
    """Return a date without time: `22 November 2026`, or `نوفمبر 2026` for a month; the text itself when it is not a date."""
    found = _MOMENT.match(text)
    if not found:
        return text
    month = wording.say("months." + str(int(found["month"]))) if found["month"] else ""
    return " ".join(part for part in (str(int(found["day"] or 0) or ""), month, found["year"]) if part)


def moment(wording: Wording, text: str) -> str:
    """Return date, time and zone, as far as the text has them: `22 November 2026, 09:45 (UTC+2)`."""
    found = _MOMENT.match(text)
    if not found or not found["time"]:
        return day(wording, text)
    at = wording.say("date.at", day=day(wording, text), time=found["time"])
    return f"{at} ({_zone(found['zone'])})" if found["zone"] else at


def _zone(zone: str) -> str:
    if zone == "Z" or not zone.strip("+-0:"):
        return "UTC"
    hours, minutes = zone[1:3], zone[-2:]
    return f"UTC{zone[0].replace('-', '−')}{int(hours)}{f':{minutes}' if minutes != '00' else ''}"


def readable_timestamp(text: str) -> str:
    """Return a WARC or CDX timestamp of 14 digits as ISO 8601."""
    return re.sub(r"^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$", r"\1-\2-\3T\4:\5:\6Z", text)


PATIENCE_S: Final = 2.0
"""Seconds that a request waits for a locked database before it is answered with an error."""
TIME_LIMIT_S: Final = 5.0
"""Seconds that the database may work for one request; a search of a million articles takes a tenth of a second."""


LONGEST_COMPARED: Final = 300_000
"""The most characters of two compared versions together: three times the longest articles, compared in half a second."""
LONGEST_ADDRESS: Final = 2_000
"""The most characters of a URL in a request."""
ROOMS: Final = "/archives"
"""The path below which each of several archives has its room, by name."""


@contextmanager
def open_archive(request: Request) -> Iterator[Archive]:
    """Open the archive for one request. It is opened each time (1 ms), so that it may be replaced, repaired or reindexed meanwhile."""
    with open_archives(request) as archives:
        yield archives.archives[0]


@contextmanager
def open_archives(request: Request) -> Iterator[Federation]:
    """Open the archive, or all archives of a room with several, for one request."""
    with Federation(request.app.state.folders, patience=PATIENCE_S) as archives:
        archives.limit_time(TIME_LIMIT_S)
        yield archives


def missing_originals(urls: Sequence[str]) -> dict[str, str]:
    """Return the header with the number of revisits in a WACZ whose originals the archives do not hold, {} when there are none.

    The `datapackage.json` of the WACZ has it too.
    """
    return {"Warraq-Missing-Originals": str(len(urls))} if urls else {}


def room_of(request: Request, archives: Federation, archive: Archive) -> str:
    """Return the URL prefix of an archive's pages, before `/articles/ID`."""
    name = archives.name_of(archive)
    return f"{request.scope.get('root_path', '')}{f'{ROOMS}/{quote(name)}' if name else ''}"


def rooms_of(request: Request, archives: Federation, found: Results) -> list[str]:
    """Return the URL prefix of the archive's pages for each hit."""
    return [room_of(request, archives, archives.archive_of(found, number)) for number in range(len(found.hits))]


def found_by(request: Request, archives: Federation, asked: SearchParameters) -> Results:
    """Return the results of a search, including by meaning if requested and offered by the room."""
    return archives.search(
        asked.words,
        only=asked.only,
        order=asked.fitting_order,
        limit=asked.limit,
        offset=asked.offset,
        semantic=asked.semantic and request.app.state.semantic,
    )


def room_root(request: Request) -> str:
    """Return the public URL of the room, without trailing slash."""
    return str(request.base_url).rstrip("/")


def room_here(request: Request) -> str:
    """Return the URL of the room of this archive; with several, the one below /archives/NAME."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("archive.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "direction": direction,
        "address": urls.display,
        "timestamp": readable_timestamp,
        "web_link": _web_link,
    }
    return environment


def _web_link(url: str) -> str:
    """Return the URL if it is http(s), '' for others such as `javascript:`, which must not become links."""
    return url if urlsplit(url).scheme in {"http", "https"} else ""


@cache
def _digest_of_static(name: str) -> str:
    return hashlib.sha256(files("archive.web").joinpath("static", name).read_bytes()).hexdigest()[:12]


class View:
    """The functions of templates: messages, dates and links in the language of the request."""

    def __init__(self, request: Request, *, path: str = "") -> None:
        """`path` is the path for the page's parameters if its own URL has none (the query of a permalink belongs to the article's URL)."""
        is_permalink = "moment" in request.scope.get("path_params", {})
        given = {} if is_permalink else dict(request.query_params)
        wish = given.get("lang", "")
        self.wording: Wording = wording(choose(wish, request.headers.get("accept-language", "")))
        self.language = self.wording.language
        self.direction = self.wording.direction
        self.say = self.wording.say
        self.name = self.wording.name
        self._explicit = {"lang": wish} if wish == self.language else {}
        self.root = str(request.scope.get("root_path", ""))
        self.front = str(request.scope.get("app_root_path", self.root))
        self._path = f"{self.root}{path or '/'}" if is_permalink else request.url.path
        folders = request.app.state.folders
        self.rooms = tuple(Collection(folder).name for folder in folders) if len(folders) > 1 else ()
        self.offers_meaning = bool(request.app.state.semantic)
        self.saves = request.app.state.saving is not None
        self._parameters = given

    def day(self, text: str) -> str:
        """Return a date, without its time."""
        return day(self.wording, text)

    def moment(self, text: str) -> str:
        """Return a date with its time and zone, as far as they are known."""
        return moment(self.wording, text)

    def span(self, first: str, last: str) -> str:
        """Return the days from the first to the last; a single day once."""
        return (
            self.day(first) if first == last else self.say("subject.span", first=self.day(first), last=self.day(last))
        )

    def missed(self, reason: str) -> str:
        """Return in words why an announced URL was not captured: an outcome, and its reason if it has one (`quarantine:challenge`)."""
        outcome, _, detail = reason.partition(":")
        return ": ".join([self.name("outcomes", outcome), *([self.name("reasons", detail)] if detail else [])])

    def link(self, path: str, **parameters: object) -> str:
        """Return a URL in the reading room, with the language if the reader chose one; empty parameters are left out."""
        if not (self.root and path.startswith(f"{self.root}/")):  # a path from `room_of` has the root already
            path = f"{self.front if path.startswith(f'{ROOMS}/') else self.root}{path}"
        given = {name.rstrip("_"): value for name, value in parameters.items() if value not in {"", None}}
        query = urlencode(given | self._explicit)
        return f"{path}?{query}" if query else path

    def static(self, name: str) -> str:
        """Return the URL of a static file, which changes with its content, so that browsers may cache it permanently."""
        return f"{self.front}/static/{name}?v={_digest_of_static(name)}"

    def search(self, asked: SearchParameters) -> str:
        """Return the URL of a search."""
        return self.link("/search", **asked.parameters())

    def subject(self, kind: str, name: str) -> str:
        """Return the URL of the page of an author, a tag or a site."""
        return self.link(f"/{kind}s/{quote(name, safe='')}")

    def in_other_language(self) -> str:
        """Return the URL of this page in the other language of the interface."""
        other = "en" if self.language == "ar" else "ar"
        return f"{self._path}?{urlencode(self._parameters | {'lang': other})}"

    @property
    def kept(self) -> dict[str, str]:
        """Return the parameters that a form must pass on."""
        return self._explicit


def page(request: Request, template: str, *, status: int = 200, path: str = "", **values: Any) -> HTMLResponse:
    """Return the template as a page; `view` (see it for `path`) and `asked` are always among its values."""
    values.setdefault("asked", SearchParameters())
    view = View(request, path=path)
    html = _environment().get_template(template).render(view=view, **values)
    return HTMLResponse(html, status, headers={"Content-Language": view.language, "Vary": "Accept-Language"})


def versions_to_compare(archive: Archive, old_id: str, new_id: str) -> tuple[ArticleRow, ArticleRow]:
    """Return the two versions of these ids; raises NotFoundError when they are not of one article."""
    old, new = archive.article(_identity(old_id)), archive.article(_identity(new_id))
    if old["article_key"] != new["article_key"]:
        raise NotFoundError(f"{old_id} and {new_id} as versions of one article")
    return old, new


def _identity(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise NotFoundError(text)
    return int(text)
