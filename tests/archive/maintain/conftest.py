"""A small collection after a crawl: two articles, one served twice with different text, one again with the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from archive.article import Article
from archive.capture import Capture
from archive.collection import Collection
from archive.index import Candidate, open_store
from archive.ingest import open_writer
from archive.ingest.commit import Disposition
from archive.outcome import Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.index import Store
    from archive.ingest import ArchiveWriter

MOMENT = datetime(2026, 11, 24, 5, 30, 0, tzinfo=UTC)
FIRST, SECOND = "https://news.example/first", "https://news.example/second"
MIRROR = "https://mirror.example/first"


def served(text: str) -> bytes:
    body = f"<html><title>عنوان</title><p>{text}</p></html>".encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def keep(ingest: ArchiveWriter, url: str, text: str, *, hours: int = 0, article: str = "") -> None:
    """One visit of a crawl: the capture, and the article read from it."""
    capture = Capture(
        url=url,
        started=MOMENT + timedelta(hours=hours),
        request=f"GET / HTTP/1.1\r\nHost: {url.split('/')[2]}\r\nUser-Agent: test\r\n\r\n".encode(),
        response=served(text),
        via="https://news.example/feed",
    )
    row = ingest.record(capture, site="news.example")
    page = Article(url=article or url, title="عنوان", text=text)
    announced = Candidate(url=url, site="news.example", host=url.split("/")[2], kind="article", by="feed")
    ingest.finish(Disposition(row=row, outcome=Outcome(kind=OutcomeKind.ARTICLE), article=page, announced=(announced,)))


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    made = Collection(tmp_path / "news")
    ingest = open_writer(made, info={"software": "test"}, clock=lambda: MOMENT)
    keep(ingest, FIRST, "أعلن الوزير عن الخطة السرية صباح اليوم")
    keep(ingest, SECOND, "افتتح المتحف أبوابه للزوار")
    ingest.commit()
    ingest.writer.close()
    keep(ingest, FIRST, "أعلن الوزير عن الخطة السرية مساء اليوم", hours=5)
    keep(ingest, MIRROR, "أعلن الوزير عن الخطة السرية صباح اليوم", hours=6)
    keep(ingest, SECOND, "افتتح المتحف أبوابه للزوار", hours=7)
    ingest.close()
    return made


@pytest.fixture
def store(collection: Collection) -> Iterator[Store]:
    with open_store(collection.database) as opened:
        yield opened


def urls_in_frontier(store: Store) -> dict[str, tuple[str | None, str]]:
    return {row["url"]: (row["due_at"], row["outcome"]) for row in store.db.query("SELECT * FROM urls")}
