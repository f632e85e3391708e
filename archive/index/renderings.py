"""Query and write the table `renderings`: the records that a browser made of captured pages. Never ends a transaction."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlite_utils import Database

RenderingKind = Literal[
    "dom",  # the document after its scripts have run, as HTML
    "view",  # a picture of the whole page
    "thumbnail",  # a small picture of its top
    "pageinfo",  # what it loaded, as JSON
]
"""The records of a rendered page; each is a `resource` record with the URI `urn:KIND:URL`, as Browsertrix names them."""
KINDS: Final = frozenset(get_args(RenderingKind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """The location of one record that a browser made of the response `response_id`."""

    record_id: str
    response_id: str
    kind: RenderingKind
    url: str
    captured_at: str
    mime: str
    warc_filename: str
    warc_record_offset: int
    warc_record_length: int


def uri_of(kind: RenderingKind, url: str) -> str:
    """Return the URI under which the record of a page is written."""
    return f"urn:{kind}:{url}"


def parse_uri(uri: str) -> tuple[RenderingKind, str] | None:
    """Return the kind and the page URL of such a URI; None for any other URI."""
    scheme, _, rest = uri.partition(":")
    kind, _, url = rest.partition(":")
    if scheme != "urn" or kind not in KINDS or not url.startswith(("http://", "https://")):
        return None
    return cast("RenderingKind", kind), url


def put_rendering(db: Database, one: Rendering) -> bool:
    """Insert a row unless the record has one; return whether it is new."""
    values = asdict(one)
    sql = f"INSERT OR IGNORE INTO renderings ({', '.join(values)}) VALUES ({', '.join(f':{name}' for name in values)})"  # noqa: S608
    return bool(db.conn.execute(sql, values).rowcount)


def of_response(db: Database, response_id: str) -> dict[RenderingKind, dict[str, Any]]:
    """Return the newest row of each kind for a response."""
    sql = "SELECT * FROM renderings WHERE response_id = ? ORDER BY captured_at, record_id"
    return {row["kind"]: row for row in db.query(sql, [response_id])}


def of_responses(db: Database, ids: Iterable[str]) -> list[dict[str, Any]]:
    """Return all rows of these responses."""
    sql = "SELECT * FROM renderings WHERE response_id IN (SELECT value FROM json_each(?)) ORDER BY captured_at"
    return list(db.query(sql, [json.dumps(list(ids))]))


def of_article(db: Database, article_id: int) -> dict[str, Any] | None:
    """Return the row of the DOM that a version of an article was read from; None when it was read from the response itself."""
    sql = """
        SELECT r.* FROM renderings AS r JOIN captures AS c ON c.record_id = r.response_id JOIN articles AS a ON a.id = c.article_id
        WHERE a.id = ? AND r.kind = 'dom' AND c.warc_filename = a.warc_filename AND c.warc_record_offset = a.warc_record_offset LIMIT 1
        """
    return next(db.query(sql, [article_id]), None)


def is_rendered(db: Database, url: str) -> bool:
    """Return whether the page at this URL was rendered before, so that its served bytes alone do not tell whether it has changed."""
    return (
        db.conn.execute("SELECT 1 FROM renderings WHERE url = ? AND kind = 'dom' LIMIT 1", (url,)).fetchone()
        is not None
    )


def yields(db: Database, *, site: str, most: int) -> list[bool]:
    """Return whether each of the last `most` rendered pages of a site gave an article, newest first."""
    sql = """
        SELECT c.article_id IS NOT NULL OR c.outcome = 'listing' FROM renderings AS r JOIN captures AS c ON c.record_id = r.response_id
        WHERE r.kind = 'dom' AND c.site = ? ORDER BY r.captured_at DESC LIMIT ?
        """
    return [bool(row[0]) for row in db.conn.execute(sql, (site, most))]


def copy(source: Database, target: Database, response_ids: Sequence[str], names: Mapping[str, str]) -> None:
    """Copy the rows of another archive whose files are held here; `names` maps the file names there to those here."""
    for row in of_responses(source, response_ids):
        if row["warc_filename"] in names:
            put_rendering(target, Rendering(**{**row, "warc_filename": names[row["warc_filename"]]}))


def forget(db: Database, url: str) -> None:
    """Delete the rows of a page's URL."""
    db.conn.execute("DELETE FROM renderings WHERE url = ?", (url,))


def in_file(db: Database, filename: str) -> list[dict[str, Any]]:
    """Return the rows whose record is in the file."""
    sql = "SELECT *, warc_record_offset AS offset FROM renderings WHERE warc_filename = ? ORDER BY warc_record_offset"
    return list(db.query(sql, [filename]))
