"""Provide the batch as datatrove pipeline steps: one Document per capture, one task per rank.

    [ReadWarcs(folder), Extract(folder), WriteParquet(folder)]

datatrove's own filters can be inserted between `Extract` and a writer: `text` is the article's, '' without an article, and the
metadata are the columns of `archive.batch.parquet`.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from archive.batch import parquet
from archive.batch.parquet import columns
from archive.batch.plan import read_plan
from archive.batch.task import TaskPlace, entries, open_shard_writer
from archive.ingest.copying import RejectedRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class ReadWarcs(PipelineStep):  # type: ignore[misc]
    """Reads the files of the rank: a Document without text for each record, with its `entry` and location."""

    name = "WARC records with their places"
    type = "📖 - READER"

    def __init__(self, folder: str, on_progress: Callable[[int], None] | None = None) -> None:
        """`folder` is the batch's; `on_progress` receives the number of bytes read so far."""
        super().__init__()
        self.folder = folder
        self.on_progress = on_progress

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:  # noqa: ARG002 - its interface
        """Yield the incoming Documents, then one for each record of the rank's files."""
        plan = read_plan(Path(self.folder))
        if data:
            yield from data
        on_progress = self.on_progress or (lambda _: None)
        for entry in entries(plan, TaskPlace(folder=Path(self.folder), rank=rank), on_progress=on_progress):
            self.stat_update("damages" if isinstance(entry.what, RejectedRecord) else "records")
            record_id = entry.what.record_id if isinstance(entry.what, RejectedRecord) else entry.what.id
            yield Document(text="", id=record_id, metadata={"entry": entry})


class Extract(PipelineStep):  # type: ignore[misc]
    """Parses the records in killable workers, into the archive of the rank; then yields a Document for each capture."""

    name = "articles"
    type = "🛢 - EXTRAC"

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = folder

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:  # noqa: ARG002
        """Consume all Documents of `ReadWarcs`, then yield one for each capture and damage."""
        plan = read_plan(Path(self.folder))
        with open_shard_writer(plan, TaskPlace(folder=Path(self.folder), rank=rank)) as shard:
            for document in data:
                shard.take(document.metadata["entry"])
            with self.track_time():
                shard.finish()
            for row in shard.rows():
                self.stat_update(row["outcome"] if row["text"] is None else "articles")
                yield Document(text=row["text"] or "", id=row["record_id"], metadata=row)


class WriteParquet(PipelineStep):  # type: ignore[misc]
    """Writes the rows of the rank as its Parquet file, if the plan wants one; it is the last step, since it keeps the Documents."""

    name = "Parquet"
    type = "💽 - WRITER"

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = folder

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:  # noqa: ARG002
        """Consume all Documents of `Extract`."""
        rows = (document.metadata for document in data)
        if read_plan(Path(self.folder)).parquet:
            written = parquet.write(rows, columns(), TaskPlace(folder=Path(self.folder), rank=rank).parquet)
            self.stat_update("rows", value=written, unit="file")
        else:
            deque(rows, maxlen=0)
