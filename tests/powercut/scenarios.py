"""The commands whose power is cut, each with the state before it and the conditions for every disk that a power cut leaves."""

from __future__ import annotations

import contextlib
import os
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from archive import Archive, import_files, warc
from archive.collection import Collection
from archive.collection.upload import upload
from archive.errors import DamagedFileError, NotFoundError
from archive.files import replace_file
from archive.index import open_store
from archive.ingest import open_writer
from archive.maintain import redact
from archive.maintain.backup import back_up
from archive.parse.parse import parse_task
from archive.parse.workers import WorkerPool
from archive.seals import numbers
from archive.seals.checking import check_seals
from archive.seals.sealing import Custody, seal_files
from tests.archive.maintain.conftest import MOMENT, keep
from tests.archive.maintain.test_repair import mend, problems
from tests.archive.merge.test_merge import crawled, of, run

if TYPE_CHECKING:
    from pathlib import Path

SECRET, OTHER = "https://news.example/secret", "https://news.example/other"
HIDDEN = "كلمة لا تعود"


def acknowledge(word: str) -> None:
    """Declare something safe: from now on no power cut may lose it."""
    os.write(2, f"{word}\n".encode())


class Scenario(ABC):
    """One command on an archive in `base`/news."""

    name: ClassVar[str]

    def __init__(self, base: Path) -> None:
        self.base = base
        self.collection = Collection(base / "news")

    def prepare(self) -> None:
        """Make the state before the command, which is safe on the disk."""
        return

    @abstractmethod
    def act(self) -> None:
        """Run the command, in a process of its own that calls `acknowledge`."""

    @abstractmethod
    def wrong(self, said: frozenset[str]) -> list[str]:
        """Return the problems of the disk in `base`, on which everything in `said` must be safe."""

    def mended(self) -> list[str]:
        """Return the rows without their record before any repair, and the problems that `repair` leaves."""
        found = []
        if self.collection.exists() and not self._was_being_made():
            with Archive(self.collection.folder) as archive:
                rows = list(archive.db.query("SELECT * FROM captures")) if archive.db["captures"].exists() else []
                found = [f"row without its record: {row['url']}" for row in rows if not _has_record(archive, row)]
        mend(self.collection)
        return found + problems(self.collection)

    def _was_being_made(self) -> bool:
        """Return whether the cut was during the creation of the database: only a writer can roll back its journal."""
        return self.collection.database.with_name("warraq.db-journal").exists()

    def held(self) -> set[str]:
        """Return the URLs of all captures."""
        return held_by(self.collection)


def held_by(collection: Collection) -> set[str]:
    with open_store(collection.database) as store:
        return {row["url"] for row in store.db.query("SELECT url FROM captures")}


def _has_record(archive: Archive, row: dict[str, object]) -> bool:
    try:
        return archive.record(row).id == row["record_id"]
    except (DamagedFileError, FileNotFoundError):
        return False


class Capturing(Scenario):
    """Captures are written and committed in pairs; a file is closed and another one is opened."""

    name = "crawl: captures, commits, a rotation"

    def act(self) -> None:
        writer = open_writer(self.collection, info={"software": "test"}, clock=lambda: MOMENT)
        for number in range(6):
            urls = [f"https://news.example/{number}/{more}" for more in range(2)]
            for url in urls:
                keep(writer, url, f"نص الخبر {url} " + "كلمة " * 300)
            writer.commit()
            for url in urls:
                acknowledge(url)
            if number == 2:
                writer.writer.close()
        writer.close()

    def wrong(self, said: frozenset[str]) -> list[str]:
        found = self.mended()
        return found + [f"lost: {url}" for url in sorted(said - self.held())]


class Importing(Scenario):
    """The WARC files of another archive are imported."""

    name = "import"

    def prepare(self) -> None:
        crawled(self.base / "other", of("a.example"))

    def act(self) -> None:
        import_files(self.collection.folder, sorted((self.base / "other" / "archive").glob("*.warc.gz")), workers=1)
        acknowledge("imported")

    def wrong(self, said: frozenset[str]) -> list[str]:
        found = self.mended()
        if said:
            expected = {event.url for event in of("a.example") if event.status == 200}
            found += [f"lost: {url}" for url in sorted(expected - self.held())]
        return found


class Merging(Scenario):
    """Two shards are merged; a second merge gives the same archive as an uninterrupted one."""

    name = "merge"

    def prepare(self) -> None:
        for site in "ab":
            crawled(self.base / site, of(f"{site}.example"))

    def act(self) -> None:
        run([self.base / site for site in "ab"], self.collection.folder)
        acknowledge("merged")

    def wrong(self, said: frozenset[str]) -> list[str]:
        found = self.mended() if said or self.collection.exists() else []
        expected = {event.url for site in "ab" for event in of(f"{site}.example")}
        if said:
            found += [f"lost: {url}" for url in sorted(expected - self.held())]
        run([self.base / site for site in "ab"], self.collection.folder)
        return found + [f"not merged: {url}" for url in sorted(expected - self.held())] + problems(self.collection)


class Redacting(Scenario):
    """A page is redacted; a second redaction removes it, and the other page is intact."""

    name = "redact"

    def prepare(self) -> None:
        writer = open_writer(self.collection, info={"software": "test"}, clock=lambda: MOMENT)
        keep(writer, SECRET, HIDDEN)
        keep(writer, OTHER, "خبر آخر يبقى كما هو")
        writer.close()

    def act(self) -> None:
        self._redact()
        acknowledge("redacted")

    def _redact(self) -> None:
        with self.collection.lock(), open_store(self.collection.database) as store:
            redact(self.collection, store, url=SECRET, reason="court order", who="editor", clock=lambda: MOMENT)

    def wrong(self, said: frozenset[str]) -> list[str]:
        found = [] if not said else self._left()
        with contextlib.suppress(NotFoundError):
            self._redact()
        found += [f"after redacting again: {where}" for where in self._left()] + self.mended()
        return found + ([] if OTHER in self.held() else [f"lost: {OTHER}"])

    def _left(self) -> list[str]:
        """Return the places that still have the text: a record or a row."""
        files = warc.closed_files(self.collection.warcs)
        records = [record for path in files for record in warc.read_records(path)]
        left = [f"in {record.location.filename}" for record in records if HIDDEN.encode() in record.block]
        with open_store(self.collection.database) as store:
            rows = store.db.query("SELECT url FROM articles WHERE text LIKE ?", [f"%{HIDDEN}%"])
            return left + [f"in the row of {row['url']}" for row in rows]


class Uploading(Scenario):
    """Closed files are uploaded to a storage and removed from the archive."""

    name = "upload and removal"

    def prepare(self) -> None:
        Redacting.prepare(self)  # type: ignore[arg-type]  # the same two pages

    def act(self) -> None:
        upload(self.collection, to=str(self.base / "store"), clock=lambda: MOMENT, remove_after_days=0)
        acknowledge("uploaded")

    def wrong(self, said: frozenset[str]) -> list[str]:
        files = {path.name for path in self.base.rglob("*.warc.gz") if path.stat().st_size}
        if not files:
            return ["no copy of a WARC file is left"]
        with Archive(self.collection.folder) as archive:
            rows = [row for row in archive.db.query("SELECT * FROM captures") if not _has_record(archive, row)]
        return [f"row without its record: {row['url']}" for row in rows]


class BackingUp(Scenario):
    """An archive is backed up, gets another page, and is backed up again; a further backup gives the same as an uninterrupted one."""

    name = "backup and update of an earlier backup"

    def prepare(self) -> None:
        writer = open_writer(self.collection, info={"software": "test"}, clock=lambda: MOMENT)
        keep(writer, OTHER, "خبر قديم في النسخة الأولى")
        writer.close()

    def act(self) -> None:
        self._back_up()
        acknowledge(OTHER)
        writer = open_writer(self.collection, info={"software": "test"}, clock=lambda: MOMENT)
        keep(writer, SECRET, "خبر جديد في النسخة الثانية", hours=1)
        writer.close()
        self._back_up()
        acknowledge(SECRET)

    def _back_up(self) -> None:
        with WorkerPool(parse_task, workers=1, preload=("archive.parse.parse",)) as pool:
            back_up(self.collection, self._copy.folder, pool, clock=lambda: MOMENT)

    @property
    def _copy(self) -> Collection:
        return Collection(self.base / "copy")

    def wrong(self, said: frozenset[str]) -> list[str]:
        found = self.mended()
        if said:
            found += [f"lost from the copy: {url}" for url in sorted(said - held_by(self._copy))]
            found += [f"the copy: {problem}" for problem in problems(self._copy)] if said == {OTHER, SECRET} else []
        self._back_up()
        return found + [f"the copy after another backup: {problem}" for problem in problems(self._copy)]


class Sealing(Scenario):
    """An archive is sealed with a new key, gets a page and is sealed again; acknowledged seals are valid, a partial one is ignored."""

    name = "seals, the first with a new key"

    def act(self) -> None:
        for number, url in enumerate((OTHER, SECRET), 1):
            writer = open_writer(self.collection, info={"software": "test"}, clock=lambda: MOMENT)
            keep(writer, url, f"خبر رقم {number} تحت الختم", hours=number)
            writer.close()
            self._seal()
            acknowledge(str(number))

    def _seal(self) -> None:
        seal_files(self.collection, keys=self.base / "keys", clock=lambda: datetime.now(UTC), custody=Custody())

    def wrong(self, said: frozenset[str]) -> list[str]:
        for key in (self.base / "keys").glob("*.pem"):
            key.chmod(0o600)  # the disks that are made here hold no permissions
        if not self.collection.exists():
            return ["the archive is not there"] if said else []
        found = [f"before repair: {one}" for one in check_seals(self.collection, roots=[]).problems] if said else []
        found += self.mended()
        sealed = numbers(self.collection.folder / "seals")
        found += [f"seal {one} is lost" for one in sorted(said) if int(one) not in sealed]
        self._seal()
        report = check_seals(self.collection, roots=[])
        return found + [f"sealed again: {one}" for one in (*report.problems, *report.unsealed)]


class Replacing(Scenario):
    """A file is replaced; afterwards there is the complete old file or the complete new one."""

    name = "a file replaced"
    OLD, NEW = b"old" * 5000, b"new" * 7000

    def prepare(self) -> None:
        (self.base / "manifest").write_bytes(self.OLD)

    def act(self) -> None:
        replace_file(self.base / "manifest", [self.NEW])
        acknowledge("replaced")

    def wrong(self, said: frozenset[str]) -> list[str]:
        expected = {self.NEW} if said else {self.OLD, self.NEW}
        path = self.base / "manifest"
        return [] if path.is_file() and path.read_bytes() in expected else ["neither the old file nor the new one"]


SCENARIOS: tuple[type[Scenario], ...] = (
    Capturing,
    Importing,
    Merging,
    Redacting,
    Uploading,
    BackingUp,
    Sealing,
    Replacing,
)
