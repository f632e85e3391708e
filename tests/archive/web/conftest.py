"""A small archive with everything the reading room must show, hostile pages among it, and a client that asks it over ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archive import Dropped, Image
from archive.index import runs
from tests.archive.web.shelf import HOSTILE_PAGE, LIBRARY, XSS, Client, Shelf

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shelf(tmp_path: Path):
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
        "https://daftar.example/xss?<script>", f"خطر {XSS}", f"خطر {XSS}\nسطر", body=HOSTILE_PAGE, section=XSS,
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


@pytest.fixture
def room(shelf):
    from archive.web import create_app

    return Client(create_app(shelf.collection.folder, hosts=("localhost",)))
