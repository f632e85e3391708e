"""Define the exit codes and the tree of errors that lead to them: a message says what, which, and what to do.

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
├── UnknownSiteError       no site of that name
├── StorageError           the storage of uploaded files fails
├── WorkerKilledError      (archive.parse.workers) a page was not read within its limits
├── NoWorkerError          (archive.parse.workers) no worker process can be started
└── UsageError             the request is not valid
"""

from __future__ import annotations

from enum import IntEnum
from gettext import gettext as _
from typing import TYPE_CHECKING, Protocol

from archive.locale import N_
from archive.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# The exit codes of `warraq` and `scrapy`: one table, from which every --help and docs/operations.md are
# rendered.


class ExitCode(IntEnum):
    """An exit code: its number, its meaning, and what to do about it."""

    meaning: str
    advice: str

    DONE = 0, "done, or nothing was due", ""
    ERROR = 1, "an error without its own code", "read the message"
    USAGE = 2, "wrong usage, or a mistake in a configuration file", "correct what the message names"
    NO_ARCHIVE = 3, "no archive in that folder", "name another with `--archive`"
    LOCKED = 4, "in use by another process", "nothing; the next run carries on"
    TOO_NEW = 5, "the archive was made by a newer warraq", "upgrade warraq"
    NOT_WRITABLE = 6, "cannot write: permission, disk full", "free space; what was committed is safe, the rest is due"
    DAMAGED = 7, "a file is damaged", "`warraq verify` locates the damage, `warraq repair` and `warraq reindex` fix it"
    NOT_FOUND = 8, "nothing found by that name", "`warraq list` and `warraq search` show what is there"
    UNREACHABLE = 9, "a start page or CDX server is unreachable", "nothing at first; `warraq health` says if it lasts"
    BROKEN = 10, "a crawl was aborted by an internal error", "read the log and report it"
    STOPPED = (
        11,
        "stopped by a signal (SIGTERM, SIGINT) or because its lease ended",
        "nothing; what was done is safe, the rest is due",
    )
    ALARM = 12, "`warraq health` raised an alarm", "read it"
    NODE_SILENT = 13, "a cluster node does not answer or refused a job", "`scrapy cluster status` names the node"
    STORAGE = 14, "a storage does not answer or lacks a file", "read the message; the next upload tries again"
    NO_ARTICLES = 15, "the crawl found no article on the site", "read the reason in the summary; check the site's entry"
    INCOMPLETE = (
        16,
        "a backfill or an export is incomplete",
        "run a backfill again, it fetches only what is missing; import the originals that an export names",
    )
    SESSION_EXPIRED = 17, "a site's session has expired", "renew its cookies_file or headers_file"
    NO_WORKERS = (
        18,
        "no worker process can be started",
        "free memory, allow more processes; what was not read is due",
    )
    INTERRUPTED = 130, "interrupted by Ctrl-C", "nothing; the same command carries on"

    def __new__(cls, number: int, meaning: str, advice: str) -> ExitCode:
        """Return an integer with its two texts."""
        code = int.__new__(cls, number)
        code._value_ = number
        code.meaning = meaning
        code.advice = advice
        return code


CRAWL = (
    ExitCode.DONE,
    ExitCode.USAGE,
    ExitCode.LOCKED,
    ExitCode.TOO_NEW,
    ExitCode.NOT_WRITABLE,
    ExitCode.UNREACHABLE,
    ExitCode.BROKEN,
    ExitCode.STOPPED,
    ExitCode.NO_ARTICLES,
    ExitCode.SESSION_EXPIRED,
    ExitCode.NO_WORKERS,
)
"""The codes of a crawl, of one site or of several."""

BACKFILL = (*CRAWL[:-3], ExitCode.INCOMPLETE, ExitCode.NO_WORKERS)
"""The codes of `scrapy backfill`."""

ADDSITE = (ExitCode.DONE, ExitCode.USAGE, ExitCode.NOT_WRITABLE, ExitCode.UNREACHABLE, ExitCode.NO_WORKERS)
"""The codes of `scrapy addsite`."""

CLUSTER = (ExitCode.DONE, ExitCode.USAGE, ExitCode.LOCKED, ExitCode.NOT_WRITABLE, ExitCode.NODE_SILENT)
"""The codes of `scrapy cluster`."""

WARRAQ = tuple(ExitCode)
"""The codes of `warraq`."""

WORST_FIRST = (
    ExitCode.BROKEN,
    ExitCode.ERROR,
    ExitCode.NOT_WRITABLE,
    ExitCode.NO_WORKERS,
    ExitCode.TOO_NEW,
    ExitCode.USAGE,
    ExitCode.STOPPED,
    ExitCode.LOCKED,
    ExitCode.SESSION_EXPIRED,
    ExitCode.UNREACHABLE,
    ExitCode.NO_ARTICLES,
    ExitCode.DONE,
)
"""The order in which one code is chosen for several crawls: our errors, then those of sites, then temporary ones."""


def describe_codes(codes: tuple[ExitCode, ...]) -> str:
    """Return one paragraph for a --help: each code with its meaning."""
    return _("Exit codes: ") + "; ".join(f"{code.value} {_(code.meaning)}" for code in codes) + "."


class Named(Protocol):
    """A file that an error can name, local or stored."""

    @property
    def name(self) -> str:
        """Its name, without folders."""


class ArchiveError(Exception):
    """Root of every error that the archive raises deliberately; `exit_code` is the exit code of a command."""

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
            N_(
                "no archive in {path}: crawl one with `warraq crawl URL`, import one with `warraq import "
                "FILE.warc.gz`, or name another folder with --archive"
            ).format(path=path)
        )
        self.path = path


class ArchiveLockedError(ArchiveError):
    """Another process is writing to the archive."""

    exit_code = ExitCode.LOCKED

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(
            N_(
                "{path} is being written by {holder}: wait for it to end, or give this job another folder; reading "
                "needs no lock"
            ).format(path=path, holder=holder)
        )
        self.path = path
        self.holder = holder


class SchemaTooNewError(ArchiveError):
    """The database was made by a later version of warraq."""

    exit_code = ExitCode.TOO_NEW

    def __init__(self, path: Path, unknown: tuple[str, ...]) -> None:
        super().__init__(
            N_(
                "{path} was made by a newer warraq (it has the unknown schema steps {unknown}): upgrade warraq, or "
                "rebuild the database elsewhere with `warraq reindex`"
            ).format(path=path, unknown=", ".join(unknown))
        )
        self.path = path
        self.unknown = unknown


class NotWritableError(ArchiveError):
    """A folder or file cannot be written (permission, read-only file system, disk full)."""

    exit_code = ExitCode.NOT_WRITABLE

    def __init__(self, path: Path, cause: OSError) -> None:
        super().__init__(
            N_("cannot write to {path} ({cause}): free space, change its permissions, or name another folder").format(
                path=path, cause=cause.strerror or cause
            )
        )
        self.path = path
        self.cause = cause


class DatabaseLockedError(NotWritableError):
    """Another program, which is not warraq, holds the write lock of the database."""

    exit_code = ExitCode.LOCKED

    def __init__(self, path: Path) -> None:
        ArchiveError.__init__(
            self,
            N_(
                "{path} is locked by another program (a database browser with an unsaved edit?): close it there and "
                "repeat the command, which continues from here; what a crawl captured is in the WARC"
            ).format(path=path),
        )
        self.path, self.cause = path, OSError(N_("database is locked"))


class DamagedFileError(ArchiveError):
    """A file is damaged: a truncated gzip member, a wrong digest, bytes that are not WARC.

    `offset` is 0 if the problem is the file as a whole.
    """

    exit_code = ExitCode.DAMAGED

    def __init__(self, path: Named, offset: int, problem: str, *, kept: str = "") -> None:
        if offset:
            message = N_("{path}: {problem} at byte {offset}; {kept}").format(
                path=path, problem=problem, offset=offset, kept=kept or N_("records before it are good")
            )
        else:
            message = f"{path}: {problem}; {kept}" if kept else f"{path}: {problem}"
        super().__init__(message)
        self.path = path
        self.offset = offset
        self.problem = problem
        self.kept = kept

    def inside(self, package: Path) -> DamagedFileError:
        """Return the same of a file that was unpacked from this package."""
        return DamagedFileError(package / self.path.name, self.offset, self.problem, kept=self.kept)


class LinkedFileError(DamagedFileError):
    """A file of the archive is a symbolic link, which is not followed because it may lead anywhere."""

    def __init__(self, path: Named) -> None:
        ArchiveError.__init__(
            self,
            N_(
                "{path} is a symbolic link, which is not followed: put the file itself there, or keep closed files "
                "on another disk with `warraq upload --to FOLDER --remove-local`"
            ).format(path=path),
        )
        self.path, self.offset, self.problem = path, 0, N_("a symbolic link, which is not followed")


class IrregularFileError(DamagedFileError):
    """A file of the archive is a folder, FIFO, socket or device, which is not opened."""

    def __init__(self, path: Named) -> None:
        ArchiveError.__init__(
            self, N_("{path} is not a regular file: remove it, or put the file itself there").format(path=path)
        )
        self.path, self.offset, self.problem = path, 0, N_("not a regular file")


class ForeignDatabaseError(DamagedFileError):
    """A database that warraq did not make: it has views or triggers in place of tables."""

    def __init__(self, path: Named, problem: str, *, advice: str = "") -> None:
        ArchiveError.__init__(
            self,
            N_("{path}: {problem}: {advice}").format(
                path=path,
                problem=problem,
                advice=advice or N_("rebuild the database from the WARCs with `warraq reindex`"),
            ),
        )
        self.path, self.offset, self.problem = path, 0, problem


class NotFoundError(ArchiveError):
    """Nothing in the archive has that id or URL."""

    exit_code = ExitCode.NOT_FOUND

    def __init__(self, wanted: str) -> None:
        super().__init__(
            N_(
                "the archive has nothing for {wanted!r}: `warraq list` shows what is there, `warraq search` finds it "
                "by words"
            ).format(wanted=wanted)
        )
        self.wanted = wanted


class NoArticleError(NotFoundError):
    """The archive has captures of that URL, but none of them is an article; `outcome` is that of the last one, with its reason."""

    def __init__(self, wanted: str, outcome: str) -> None:
        super().__init__(wanted)
        self.outcome = outcome
        said = N_("the archive has no article at {wanted}, only other captures ({outcome}): `warraq stats` counts them")
        self.args = (said.format(wanted=wanted, outcome=outcome),)


class ArticleGoneError(NotFoundError):
    """The archive no longer holds the article of an id; `url` is its page, '' if that is unknown."""

    def __init__(self, wanted: str, url: str) -> None:
        super().__init__(wanted)
        self.url = url
        said = (
            N_("the archive no longer holds article {wanted}, which was at {url}")
            if url
            else N_("the archive no longer holds article {wanted}: `warraq search` may find another version of it")
        )
        self.args = (said.format(wanted=wanted, url=url),)


class UnknownSiteError(ArchiveError):
    """The archive holds nothing of a site of that name; `near` are similar names."""

    exit_code = ExitCode.NOT_FOUND

    def __init__(self, site: str, near: Sequence[str]) -> None:
        hint = (
            N_("did you mean {near}?").format(near=" or ".join(near)) if near else N_("`warraq stats` names its sites")
        )
        super().__init__(N_("the archive has nothing of a site {site!r}: {hint}").format(site=site, hint=hint))


class StorageError(ArchiveError):
    """The storage of an archive's uploaded files (an object store, another folder) does not answer, refuses, or answers wrongly.

    `transient`: a retry may help, as when a server is down.
    """

    exit_code = ExitCode.STORAGE

    def __init__(self, url: str, problem: str, *, advice: str, transient: bool = False) -> None:
        super().__init__(f"{url}: {problem}: {advice}")
        self.url = url
        self.problem = problem
        self.transient = transient
