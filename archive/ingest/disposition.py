"""What became of a capture: the answer to a response in, what is to be committed of it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import urls

if TYPE_CHECKING:
    from archive.article import Article
    from archive.index.rows import Candidate, CaptureRow, FetchStatus
    from archive.outcome import Outcome
    from archive.parse.result import Parsed
    from archive.search import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """What became of a capture, to be committed with everything that follows from it.

    `row` is None when an exchange left no record. `same_as` is the article that was served again; `repeats` leaves it to
    the commit to find the one that was read from this payload at this URL. `note` are fields of the outcome that reading the
    response does not give (`Outcome.note`).
    """

    row: CaptureRow | None
    outcome: Outcome
    directives: str = ""
    note: tuple[tuple[str, str], ...] = ()
    article: Article | None = None
    keys: Keys | None = None
    same_as: int | None = None
    repeats: bool = False
    visit: FetchStatus | None = None
    announced: tuple[Candidate, ...] = ()
    host: str = ""
    lines: tuple[str, ...] = ()
    headlines: tuple[tuple[str, str], ...] = ()


def disposition_of(
    row: CaptureRow | None,
    answer: Parsed,
    *,
    visit: FetchStatus | None = None,
    announced: tuple[Candidate, ...] = (),
    note: tuple[tuple[str, str], ...] = (),
) -> Disposition:
    """What an answer means for the archive, whoever asked: its outcome, and of one that has a row the article, its keys, its lines."""
    article = answer.article if answer.outcome.kind.has_row else None
    return Disposition(
        row=row,
        outcome=answer.outcome,
        directives=" ".join(answer.directives),
        note=note,
        article=article,
        keys=answer.keys if article else None,
        visit=visit,
        announced=announced,
        host=urls.host_of(row.url) if row else "",
        lines=answer.lines if article else (),
        headlines=answer.headlines,
    )
