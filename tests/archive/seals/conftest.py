"""A small collection of two closed files, and a folder for keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from archive.capture import Capture
from archive.collection import Collection
from archive.ingest import open_writer
from archive.seals.checking import check_seals
from archive.seals.sealing import Custody, seal_files

if TYPE_CHECKING:
    from pathlib import Path

    from archive.seals import Seal
    from archive.seals.checking import SealReport

MOMENT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
LATER = MOMENT + timedelta(hours=12)


def crawl(collection: Collection, *paths: str, at: datetime = MOMENT) -> None:
    """One crawl: a file with a capture of each path."""
    ingest = open_writer(collection, info={"software": "test"}, clock=lambda: at)
    for path in paths:
        body = f"<p>{path}: أعلن الوزير عن الخطة</p>".encode()
        capture = Capture(
            url=f"https://news.example/{path}",
            started=at,
            request=b"GET / HTTP/1.1\r\nHost: news.example\r\nUser-Agent: test\r\n\r\n",
            response=b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
        )
        ingest.record(capture, site="news.example")
    ingest.commit()
    ingest.close()


class Sealed:
    """An archive, its keys, and what is done to it."""

    def __init__(self, folder: Path) -> None:
        self.collection, self.keys = Collection(folder / "news"), folder / "keys"

    @property
    def seals(self) -> Path:
        return self.collection.folder / "seals"

    def seal(self, *, at: datetime = LATER, rotate: bool = False) -> Seal | None:
        return seal_files(
            self.collection, keys=self.keys, clock=lambda: at, custody=Custody(operator="desk"), rotate=rotate
        )

    def check(self, **more: object) -> SealReport:
        return check_seals(self.collection, roots=[], **more)

    def kinds(self, **more: object) -> list[str]:
        return sorted({problem.kind for problem in self.check(**more).problems})

    @property
    def first(self) -> Path:
        return next(path for path in sorted(self.collection.warcs.glob("NEWS-*.warc.gz")))


@pytest.fixture
def sealed(tmp_path: Path) -> Sealed:
    made = Sealed(tmp_path)
    crawl(made.collection, "first", "second", "third")
    made.seal()
    return made
