"""Query and write the table `files`: where each closed WARC file is stored. Never begins or ends a transaction."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One closed file.

    `storage` is the URL of the storage that holds a verified copy ('' for none), `local` tells whether the file is in `archive/` as well.
    """

    filename: str
    bytes: int
    sha256: str
    closed_at: str
    storage: str = ""
    uploaded_at: str = ""
    verified_at: str = ""
    proof: str = ""
    local: bool = True


_NAMES = tuple(field.name for field in fields(FileRow))
_SELECT = f"SELECT {', '.join(_NAMES)} FROM files"  # noqa: S608 - our own names


def put(db: Database, row: FileRow) -> None:
    """Insert the row, or replace the one of the same file."""
    marks = ", ".join("?" * len(_NAMES))
    values = [getattr(row, name) for name in _NAMES]
    db.conn.execute(f"INSERT OR REPLACE INTO files ({', '.join(_NAMES)}) VALUES ({marks})", values)  # noqa: S608


def get(db: Database, filename: str) -> FileRow | None:
    """Return the row of this file, None when there is none."""
    return _row(db.conn.execute(f"{_SELECT} WHERE filename = ?", (filename,)).fetchone()) if _is_there(db) else None


def rows(db: Database) -> dict[str, FileRow]:
    """Return all rows by filename; {} for a read-only database of an earlier version, which lacks the table."""
    if not _is_there(db):
        return {}
    found = map(_row, db.conn.execute(f"{_SELECT} ORDER BY filename"))
    return {row.filename: row for row in found if row}


def last_storage(db: Database) -> str:
    """Return the URL of the storage that the last file was uploaded to, '' when none was."""
    row = db.conn.execute("SELECT storage FROM files WHERE storage <> '' ORDER BY uploaded_at DESC LIMIT 1").fetchone()
    return str(row[0]) if row else ""


def _row(values: tuple[object, ...] | None) -> FileRow | None:
    if values is None:
        return None
    named = dict(zip(_NAMES, values, strict=True))
    return FileRow(**named | {"local": bool(named["local"])})  # type: ignore[arg-type]


def _is_there(db: Database) -> bool:
    return bool(db.conn.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'files'").fetchone())
