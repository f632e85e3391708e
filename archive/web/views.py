"""Renders pages: a request, a template's name and values in; a response out. Also opens the archive for the length of one request."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from archive import urls
from archive.archive import Archive, Federation
from archive.body import direction
from archive.collection import Collection
from archive.web.i18n import Wording, choose, day, moment, timestamp, wording
from archive.web.parameters import SearchParameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

PATIENCE_S: Final = 2.0
"""How long a request waits for a locked database, before it says so."""
TIME_LIMIT_S: Final = 5.0
"""How long the database may work for one request; a search of a million articles takes a tenth of a second."""


ROOMS: Final = "/archives"
"""Below it each of several archives has its room, by its name."""


@contextmanager
def open_archive(request: Request) -> Iterator[Archive]:
    """The archive, for one request: opened anew each time (1 ms), so that it may be replaced, repaired or reindexed meanwhile."""
    with open_archives(request) as archives:
        yield archives.archives[0]


@contextmanager
def open_archives(request: Request) -> Iterator[Federation]:
    """The archive, or all of them where the room has several, for one request."""
    with Federation(request.app.state.folders, patience=PATIENCE_S) as archives:
        archives.limit_time(TIME_LIMIT_S)
        yield archives


def room_of(request: Request, archives: Federation, archive: Archive) -> str:
    """Where the pages of an archive lie: what comes before `/articles/ID`."""
    name = archives.name_of(archive)
    return f"{request.scope.get('root_path', '')}{f'{ROOMS}/{quote(name)}' if name else ''}"


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
        "timestamp": timestamp,
        "web_link": _web_link,
    }
    environment.globals |= {"static": _static}
    return environment


def _web_link(url: str) -> str:
    """The URL where it is one of the web, '' for `javascript:` and its like, which must not become a link."""
    return url if urlsplit(url).scheme in {"http", "https"} else ""


@cache
def _static(name: str) -> str:
    """The address of a static file; it changes with the content, so browsers may keep it for good."""
    content = files("archive.web").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


class View:
    """What templates may call: messages, dates and links in the language of the request."""

    def __init__(self, request: Request) -> None:
        wish = request.query_params.get("lang", "")
        self.wording: Wording = wording(choose(wish, request.headers.get("accept-language", "")))
        self.language = self.wording.language
        self.direction = self.wording.direction
        self.say = self.wording.say
        self.name = self.wording.name
        self._explicit = {"lang": wish} if wish == self.language else {}
        self._path = request.url.path
        self.root = str(request.scope.get("root_path", ""))
        folders = request.app.state.folders
        self.rooms = tuple(Collection(folder).name for folder in folders) if len(folders) > 1 else ()
        self._parameters = dict(request.query_params)

    def day(self, text: str) -> str:
        """A date, without its time."""
        return day(self.wording, text)

    def moment(self, text: str) -> str:
        """A date with its time and zone, as far as they are known."""
        return moment(self.wording, text)

    def link(self, path: str, **parameters: object) -> str:
        """An address within the reading room; it keeps the language when the reader chose one; empty parameters are left out."""
        path = path if path.startswith(f"{ROOMS}/") else f"{self.root}{path}"
        given = {name.rstrip("_"): value for name, value in parameters.items() if value not in {"", None}}
        query = urlencode(given | self._explicit)
        return f"{path}?{query}" if query else path

    def search(self, asked: SearchParameters) -> str:
        """The address of a search."""
        return self.link("/search", **asked.parameters())

    def in_other_language(self) -> str:
        """This page in the other language of the interface."""
        other = "en" if self.language == "ar" else "ar"
        return f"{self._path}?{urlencode(self._parameters | {'lang': other})}"

    @property
    def kept(self) -> dict[str, str]:
        """What a form must send along as it is."""
        return self._explicit


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The template as a page; `view` and `asked` are always among its values."""
    values.setdefault("asked", SearchParameters())
    view = View(request)
    html = _environment().get_template(template).render(view=view, **values)
    return HTMLResponse(html, status, headers={"Content-Language": view.language, "Vary": "Accept-Language"})
