"""Find the archived requisites of a page."""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Final

from archive.capture import Location
from archive.errors import DamagedFileError, StorageError
from archive.http import BadCoding, NotHttp, TooLarge, decode, parse_response
from archive.index import captures, renderings
from archive.parse import MAX_REPLAYED, Prepared, ReplayTask
from archive.parse.workers import WorkerKilledError, WorkerPool
from archive.warc import read_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.archive import Archive
    from archive.index.rows import StoredCapture

MOST: Final = 2_000
"""Maximum requisites of one page and its style sheets; a page has some hundreds."""
UNREADABLE: Final = (DamagedFileError, StorageError, NotHttp, TooLarge, BadCoding, OSError)
STYLE: Final = "text/css"


def replay_pool(*, workers: int = 1) -> WorkerPool[ReplayTask, Prepared]:
    """Start worker processes that prepare pages and style sheets, with the limits of extraction workers."""
    return WorkerPool(prepared, workers=workers, preload=("archive.parse.replaying",))


def prepared(task: ReplayTask) -> Prepared:
    """Prepare a body in this process."""
    from archive.parse.replaying import prepare

    return prepare(task)


def decoded_body(archive: Archive, capture: StoredCapture) -> tuple[bytes, str]:
    """Return the rendered DOM of a capture, or else the decoded body of it or of its original; and the Content-Type.

    Raises one of UNREADABLE.
    """
    if dom := renderings.of_response(archive.db, capture["record_id"]).get("dom"):
        return archive.rendering(dom).block, dom["mime"]
    row = captures.payload_of(archive.db, capture)
    place = Location(filename=row["warc_filename"], offset=row["warc_record_offset"], length=row["warc_record_length"])
    response = parse_response(read_at(archive.files, place).response)
    return decode(response, MAX_REPLAYED), response.get("Content-Type")


def _loaded_in_browser(archive: Archive, capture: StoredCapture) -> list[str]:
    """Return the URLs that a browser loaded when it rendered a page; [] for a page that was not rendered."""
    info = renderings.of_response(archive.db, capture["record_id"]).get("pageinfo")
    if info is None:
        return []
    try:
        return [str(url) for url in json.loads(archive.rendering(info).block)["urls"]]
    except (*UNREADABLE, ValueError, KeyError, TypeError, RecursionError):
        return []


def loaded_by(
    archive: Archive, capture: StoredCapture, pool: WorkerPool[ReplayTask, Prepared]
) -> Iterator[StoredCapture]:
    """Yield the captures of a page's requisites, including redirects, each nearest in time to the page.

    Missing ones are skipped.
    """
    moment, seen = capture["captured_at"], set[str]()
    waiting = deque([(capture, False)])
    while waiting and len(seen) < MOST:
        holder, is_style = waiting.popleft()
        try:
            body, content_type = decoded_body(archive, holder)
            task = ReplayTask(url=holder["url"], body=body, content_type=content_type, is_style=is_style)
            named = pool.submit(task).result().urls
        except (*UNREADABLE, WorkerKilledError):
            continue
        named = (*named, *_loaded_in_browser(archive, holder))
        fresh = [url for url in named if url not in seen][: MOST - len(seen)]
        seen.update(fresh)
        for chain in captures.nearest(archive.db, fresh, moment).values():
            yield from chain
            if chain[-1]["mime"] == STYLE:
                waiting.append((chain[-1], True))
