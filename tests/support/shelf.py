"""A small archive with everything that the reading room displays, including hostile pages, and an ASGI client for it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from archive import Article
from archive import search as searching
from archive.article import Dropped, Image
from archive.capture import Capture
from archive.collection import Collection
from archive.index import CaptureRow, articles, captures, open_store, runs
from archive.outcome import Outcome, OutcomeKind
from archive.urls.surt import surt
from archive.warc import WarcWriter, payload_digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
XSS = "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">\"'><svg/onload=alert(1)>"
HOSTILE_PAGE = (
    "<!doctype html><html><head><title>t</title><meta http-equiv=refresh content='0;url=/coverage'>"
    "<base href='http://elsewhere.example/'><script>parent.document.title='pwned';document.title='pwned'</script></head>"
    f"<body onload=\"document.title='pwned'\">{XSS}<form action=/search><button>x</button></form><p>نص الصفحة</p></body></html>"
)
LIBRARY = "https://daftar.example/2026/11/library"


class Shelf:
    """Writes articles into a collection as a crawl does: record, capture, version, index."""

    def __init__(self, folder: Path) -> None:
        self.collection = Collection(folder)
        self.collection.create()
        self.store = open_store(self.collection.database)
        self.writer = WarcWriter(self.collection.warcs, info={"software": "test"}, host="box")
        self.hours = 0

    def capture(
        self, url: str, body: str, *, head: str = "Content-Type: text/html; charset=utf-8", mime: str = "text/html"
    ) -> int:
        self.hours += 1
        at = NOON + timedelta(hours=self.hours)
        response = f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}".encode()
        capture = Capture(url=url, started=at, request=b"GET / HTTP/1.1\r\n\r\n", response=response)
        written = self.writer.write_capture(capture, payload_digest=payload_digest(capture), revisit_of=None)
        row = CaptureRow(
            record_id=written.record_id, record_type="response", url=url, urlkey=surt(url), site="daftar.example",
            timestamp=at.strftime("%Y%m%d%H%M%S"), captured_at=at.strftime("%Y-%m-%dT%H:%M:%SZ"), status=200, mime=mime,
            payload_digest=written.payload_digest, warc_filename=written.location.filename,
            warc_record_offset=written.location.offset, warc_record_length=written.location.length,
        )  # fmt: skip
        with self.store.atomic():
            captures.insert(self.store.db, row)
        stored = captures.of_record(self.store.db, written.record_id)
        assert stored is not None
        return stored["id"]

    def put(self, url: str, title: str, text: str, *, page: str = "", **more: object) -> int:
        identity = self.capture(url, page or f"<html dir=rtl><h1>{title}</h1><p>{text}</p></html>")
        article = Article(url=url, title=title, text=text, **{"language": "ar", **more})
        with self.store.atomic():
            row = captures.get(self.store.db, identity)
            stored = articles.insert_version(self.store.db, article, capture=row, conversion_id="")
            outcome = Outcome(kind=OutcomeKind.ARTICLE)
            captures.record_outcome(self.store.db, row["record_id"], outcome, stored.id, directives="noarchive")
            searching.index_articles(self.store.db.conn, [stored.id])
        return stored.id

    def quarantine(self, url: str, reason: str, detail: str) -> None:
        row = captures.get(self.store.db, self.capture(url, "<p>?</p>"))
        with self.store.atomic():
            outcome = Outcome(kind=OutcomeKind.QUARANTINE, reason=reason, detail=detail)
            captures.record_outcome(self.store.db, row["record_id"], outcome, None)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path / "news")
    more = {
        "section": "محليات",
        "authors": ("هالة البيطار",),
        "sitename": "صحيفة الدفتر",
        "provenance": {"title": "h1"},
    }
    shelf.put(
        LIBRARY, "مكتبة متنقلة تجوب القرى", "حملت الحافلة ألف كتاب.\nوفرح الأطفال بالمكتبة.",
        date_published="2026-11-21T17:20:00+03:00", dropped=(Dropped(line="اقرأ أيضاً", rule="phrase:read-also"),),
        images=(Image(url="https://daftar.example/bus.jpg", caption="الحافلة"),), tags=("كتب",), **more,
    )  # fmt: skip
    shelf.put(
        LIBRARY, "مكتبة متنقلة تجوب القرى", "حملت الحافلة ألفي كتاب.\nوفرح الأطفال بالمكتبة.",
        date_published="2026-11-21T17:20:00+03:00", **more,
    )  # fmt: skip
    shelf.put(
        "https://daftar.example/en/bus", "Night bus returns", "The night bus is back.",
        language="en", section="News", date_published="2026-11-14",
    )  # fmt: skip
    shelf.put(
        "https://daftar.example/xss?<script>", f"خطر {XSS}", f"خطر {XSS}\nسطر", page=HOSTILE_PAGE, section=XSS,
        authors=(XSS,), sitename=XSS, provenance={"title": XSS}, dropped=(Dropped(line=XSS, rule=XSS),),
        images=(Image(url="javascript:document.title='pwned'", caption=XSS),), date_published="2026-11-20",
    )  # fmt: skip
    shelf.put("javascript:document.title='pwned'", "عنوان من برنامج", "نص خطر", date_published="2026-11-19")
    shelf.quarantine("https://daftar.example/wall", "challenge", XSS)
    with shelf.store.atomic():
        run = runs.begin(shelf.store.db, kind="crawl", site="daftar.example", at="2026-11-24T12:00:00Z")
        summary = {"pages_fetched": 7, "articles_new": 5, "problem": XSS}
        runs.end(shelf.store.db, run, at="2026-11-24T13:00:00Z", result="finished", summary=summary)
    yield shelf
    shelf.writer.close()
    shelf.store.close()


class Client:
    """A client of an ASGI application; each request runs in its own event loop."""

    def __init__(self, app: object) -> None:
        self._app = app

    def get(self, path: str, *, method: str = "GET", follow: bool = True, **headers: str) -> httpx.Response:
        """Return the response, after redirects unless `follow` is false."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send(method, path, headers=given, follow_redirects=follow)

    def post(self, path: str, **body: Any) -> httpx.Response:
        """Return the response to a POST; the body is given as in httpx (`json`, `data`, `content`, with `headers`)."""
        return self.send("POST", path, **body)

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:
        """Return the response to one request, in its own event loop."""
        import httpx

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=None) as client:
                return await client.request(method, path, **how)

        return asyncio.run(ask())
