"""The error tree of the archive: each class carries its evidence as attributes, its message says what, which, and what to do.

What a command ends with after each is in archive.exitcodes.

ArchiveError
├── ArchiveNotFoundError   no archive in that folder
├── ArchiveLockedError     another process writes to it
├── SchemaTooNewError      made by a later version of warraq
├── NotWritableError       folder or file cannot be written, disk full
├── DamagedFileError       a damaged WARC (or other) file
│   ├── LinkedFileError    a symbolic link in the place of one
│   ├── IrregularFileError a folder, FIFO, socket or device in the place of one
│   └── ForeignDatabaseError  views or triggers in the place of warraq's tables
├── NotFoundError          no article, capture or URL of that name
├── UnknownSiteError       nothing of a site of that name
├── StorageError           the storage of uploaded files fails
└── UsageError             the request is not valid
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from archive.exitcodes import ExitCode
from archive.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Named(Protocol):
    """A file that an error can name, wherever it lies."""

    @property
    def name(self) -> str:
        """Its name, without folders."""


class ArchiveError(Exception):
    """Root of every error that the archive raises on purpose; `exit_code` is what a command line ends with."""

    exit_code = ExitCode.ERROR

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class UsageError(ArchiveError):
    """The request is not valid (a malformed date, an unknown format)."""

    exit_code = ExitCode.USAGE


class ArchiveNotFoundError(ArchiveError):
    """There is no archive in that folder."""

    exit_code = ExitCode.NO_ARCHIVE

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"no archive in {path}: crawl one with `scrapy crawl news -a url=…`, "
            "bring one in with `warraq import FILE.warc.gz`, or name another folder with --archive"
        )
        self.path = path


class ArchiveLockedError(ArchiveError):
    """Another process is writing to the archive."""

    exit_code = ExitCode.LOCKED

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(
            f"{path} is being written by {holder}: wait for it to end, or give this job another folder; reading needs no lock"
        )
        self.path = path
        self.holder = holder


class SchemaTooNewError(ArchiveError):
    """The database was made by a later version of warraq."""

    exit_code = ExitCode.TOO_NEW

    def __init__(self, path: Path, unknown: tuple[str, ...]) -> None:
        super().__init__(
            f"{path} was made by a newer warraq (it has the unknown schema steps {', '.join(unknown)}): "
            "upgrade warraq, or rebuild the database elsewhere with `warraq reindex`"
        )
        self.path = path
        self.unknown = unknown


class NotWritableError(ArchiveError):
    """A folder or file cannot be written (permission, read-only file system, disk full)."""

    exit_code = ExitCode.NOT_WRITABLE

    def __init__(self, path: Path, cause: OSError) -> None:
        super().__init__(
            f"cannot write to {path} ({cause.strerror or cause}): free space, change its permissions, or name another folder"
        )
        self.path = path
        self.cause = cause


class DatabaseLockedError(NotWritableError):
    """Another program, which is not warraq, holds the write lock of the database."""

    exit_code = ExitCode.LOCKED

    def __init__(self, path: Path) -> None:
        ArchiveError.__init__(
            self,
            f"{path} is locked by another program (a database browser with an unsaved edit?): close it there; "
            "what was captured is in the WARC, and the next crawl takes it up",
        )
        self.path, self.cause = path, OSError("database is locked")


class DamagedFileError(ArchiveError):
    """A file is not whole: a torn gzip member, a digest that does not match, bytes that are not WARC."""

    exit_code = ExitCode.DAMAGED

    def __init__(self, path: Named, offset: int, problem: str, *, kept: str = "records before it are good") -> None:
        super().__init__(f"{path}: {problem} at byte {offset}; {kept}")
        self.path = path
        self.offset = offset
        self.problem = problem


class LinkedFileError(DamagedFileError):
    """A symbolic link stands where a file of the archive should: it may lead anywhere, and is not followed."""

    def __init__(self, path: Named) -> None:
        ArchiveError.__init__(
            self,
            f"{path} is a symbolic link, which is not followed: put the file itself there, or keep closed files on another disk with "
            "`warraq upload --to FOLDER --remove-local`",
        )
        self.path, self.offset, self.problem = path, 0, "a symbolic link, which is not followed"


class IrregularFileError(DamagedFileError):
    """A folder, FIFO, socket or device stands where a file of the archive should; it is not opened."""

    def __init__(self, path: Named) -> None:
        ArchiveError.__init__(self, f"{path} is not a regular file: remove it, or put the file itself there")
        self.path, self.offset, self.problem = path, 0, "not a regular file"


class ForeignDatabaseError(DamagedFileError):
    """A database that is not as warraq makes them: views or triggers in place of its tables."""

    def __init__(self, path: Named, problem: str) -> None:
        ArchiveError.__init__(self, f"{path}: {problem}: make the database anew from the WARCs with `warraq reindex`")
        self.path, self.offset, self.problem = path, 0, problem


class NotFoundError(ArchiveError):
    """Nothing in the archive has that id or URL."""

    exit_code = ExitCode.NOT_FOUND

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"the archive has nothing for {wanted!r}: `warraq list` shows what is there, `warraq search` finds it by words"
        )
        self.wanted = wanted


class UnknownSiteError(ArchiveError):
    """The archive holds nothing of a site of that name; `near` are names that are nearly it."""

    exit_code = ExitCode.NOT_FOUND

    def __init__(self, site: str, near: Sequence[str]) -> None:
        hint = f"did you mean {' or '.join(near)}?" if near else "`warraq stats` names its sites"
        super().__init__(f"the archive has nothing of a site {site!r}: {hint}")


class StorageError(ArchiveError):
    """The storage of an archive's uploaded files (an object store, another folder) does not answer, refuses, or answers wrongly.

    `transient`: asking again later may help, as it does when a server is down.
    """

    exit_code = ExitCode.STORAGE

    def __init__(self, url: str, problem: str, *, advice: str, transient: bool = False) -> None:
        super().__init__(f"{url}: {problem}: {advice}")
        self.url = url
        self.problem = problem
        self.transient = transient
