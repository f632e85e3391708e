"""What a check of an archive says: counts of what was looked at, and each thing that is wrong, by file, byte, record and URL."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: in which file, at which byte, with which record, of which URL ('' and -1 where not known).

    `kind` is one of `damaged` (not readable), `block-digest`, `payload-digest`, `row` (a row without its record), `no-row` (a record
    without its row), `text` (an article and its text record differ), `manifest`, `index`, `missing` (a file),
    `storage` (a file that was uploaded is not there as it was, or cannot be had), `link` (a symbolic link in the place of a file).
    """

    kind: str
    file: str
    detail: str
    offset: int = -1
    record_id: str = ""
    url: str = ""

    def __str__(self) -> str:
        place = f"{self.file} at byte {self.offset}" if self.offset >= 0 else self.file
        return " ".join(part for part in (f"{place}: {self.detail}", self.record_id, self.url) if part)


@dataclass(slots=True, kw_only=True)
class Report:
    """What was looked at, counted, and what is wrong.

    `away` counts files in a storage that were not looked at, `noted` digests that were wrong when their file was imported and are as
    they were then.
    """

    files: int = 0
    away: int = 0
    records: int = 0
    size: int = 0
    rows: int = 0
    noted: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems
