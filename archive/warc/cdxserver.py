"""Build requests to CDX servers and parse their responses, without I/O.

The API is the one that OpenWayback, pywb and Common Crawl's index share (`url`, `matchType`, `from`, `to`, `output=json`, `page`,
`resumeKey`). Responses are a JSON list of lists (OpenWayback), one JSON object per line (pywb, Common Crawl), CDXJ lines, or
CDX with 11 fields.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode
from uuid import NAMESPACE_URL, uuid5

from archive.capture import Location
from archive.files.clock import warc_timestamp
from archive.terminal import printable
from archive.urls.surt import surt
from archive.warc import NotOneRecordError, Record, read_member
from archive.warc.record import member, sha1_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAMES = {"original": "url", "mimetype": "mime", "statuscode": "status"}
"""OpenWayback's names of fields, with pywb's."""
CDX_11 = (
    "urlkey",
    "timestamp",
    "url",
    "mime",
    "status",
    "digest",
    "redirect",
    "robotflags",
    "length",
    "offset",
    "filename",
)
MAX_UNPACKED = 64 << 20
"""The largest block of a record, in bytes: three times the largest body that a crawl keeps."""
_FILENAME = re.compile(r"(?!/)(?!.*(?:^|/)\.\.?(?:/|$))[^\x00-\x20\x7f\\?#]{1,1000}")
_TIMESTAMP = re.compile(r"\d{14}")
_DATE = re.compile(r"\d{4} \d\d:\d\d:\d\d")
_LABEL = re.compile(r"^sha1:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A capture that an index lists; `location` is None when the index does not give the location of its record."""

    url: str
    timestamp: str
    digest: str = ""
    status: str = ""
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A parsed response: its captures in order, the resume key ('' for none), and the number of invalid lines."""

    captures: tuple[Listed, ...] = ()
    resume_key: str = ""
    malformed: int = 0


class NotThatRecordError(ValueError):
    """The received bytes are not the record that the index lists; `reason` is the word under which the failure is counted."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def question(endpoint: str, url: str, *, match: str, first: str = "", last: str = "", **more: str | int) -> str:
    """Return the URL of a query for the captures of `url`, widened by `match` (prefix, host, domain), between two times."""
    asked = {"url": url, "matchType": match, "from": first, "to": last, "output": "json"} | more
    given = urlencode({name: value for name, value in asked.items() if value != ""})
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{given}"


def pages_of(body: bytes) -> int | None:
    """Return the number of pages that a server reports (`showNumPages=true`); None if it has no pages."""
    try:
        said = json.loads(body.decode("utf-8", "replace").strip() or "null")
    except ValueError:
        return None
    said = said.get("pages") if isinstance(said, dict) else said
    return said if isinstance(said, int) and not isinstance(said, bool) and said >= 0 else None


def read_listing(body: bytes) -> Listing:
    """Parse a response in any of the four formats; invalid lines are counted and left out."""
    text = body.decode("utf-8", "replace").strip()
    if text.startswith("[["):
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError):
            return Listing(malformed=1)
        return _of_table(rows)
    lines = text.splitlines()
    key = ""
    if len(lines) > 1 and not lines[-2].strip():
        key = lines.pop().strip()
    return _listing((_fields_of(line) for line in lines if line.strip()), key)


def record_url(base: str, location: Location) -> str:
    """Return the URL of the file with a record, below `base`."""
    return f"{base.rstrip('/')}/{quote(location.filename, safe='/%~+:=@,;()')}"


def replay_url(base: str, listed: Listed) -> str:
    """Return the URL at which a server replays a capture unmodified (`id_`)."""
    return f"{base.rstrip('/')}/{listed.timestamp}id_/{listed.url}"


def replayed_record(
    listed: Listed, address: str, body: bytes, headers: Mapping[str, str], fetched_at: datetime
) -> bytes:
    """Return a replayed body as a `resource` record with its time and the replaying server; no HTTP response is invented.

    A capture gets the same record id each time it is replayed. `headers` are those of the replay, with names in lower case.

    Raises:
        NotThatRecordError: the server replayed a capture of another time.
    """
    if moment := headers.get("memento-datetime", ""):
        given = parsedate_to_datetime(moment) if _DATE.search(moment) else None
        if given is None or given.strftime("%Y%m%d%H%M%S") != listed.timestamp:
            raise NotThatRecordError("other-time", f"{address} replays {moment}")
    record_id = uuid5(NAMESPACE_URL, f"{listed.timestamp}/{listed.url}")
    served_as = headers.get("x-archive-orig-content-type") or headers.get("content-type", "")
    return member(
        [
            ("WARC-Type", "resource"),
            ("WARC-Record-ID", f"<urn:uuid:{record_id}>"),
            ("WARC-Date", datetime.strptime(listed.timestamp, "%Y%m%d%H%M%S").strftime("%Y-%m-%dT%H:%M:%SZ")),  # noqa: DTZ007 - UTC
            ("WARC-Target-URI", listed.url),
            ("WARC-Source-URI", address),
            ("WARC-Creation-Date", fetched_at.strftime("%Y-%m-%dT%H:%M:%SZ")),
            ("WARC-Payload-Digest", sha1_digest(body)),
            ("Content-Type", printable(served_as[:200]) or "application/octet-stream"),
        ],
        body,
    )


def check_record(data: bytes, listed: Listed) -> Record:
    """Parse `data` as one complete gzip member, and check URL, time and payload of the record against the index.

    Raises:
        NotThatRecordError: it is another record, or not one complete record.
    """
    try:
        record = read_member(data, max_block=MAX_UNPACKED)
    except NotOneRecordError as error:
        raise NotThatRecordError("no-record", str(error)) from None
    if record.type not in {"response", "revisit", "resource"}:
        raise NotThatRecordError("other-type", f"a record of type {record.type}")
    if surt(record.url) != surt(listed.url) or warc_timestamp(record.date) != listed.timestamp:
        raise NotThatRecordError("other-record", f"it is {record.url} of {record.date}")
    promised = record.get("WARC-Block-Digest")
    if _LABEL.match(promised) and _bare(promised) != _bare(record.block_digest):
        raise NotThatRecordError("damaged", "its bytes do not match its WARC-Block-Digest")
    payload = record.get("WARC-Payload-Digest")
    if (
        record.type != "resource"  # a replay has its content codings removed
        and listed.digest
        and _LABEL.match(payload)
        and len(_bare(listed.digest)) == 32
        and _bare(payload) != _bare(listed.digest)
    ):
        raise NotThatRecordError("other-payload", f"its payload is {payload}, the index says {listed.digest}")
    return record


def _bare(digest: str) -> str:
    return _LABEL.sub("", digest).upper()


def _of_table(rows: Any) -> Listing:
    """Parse OpenWayback's table: a row of names, rows of values, and, if there is more, an empty row and one with the resume key."""
    if not all(isinstance(row, list) for row in rows):
        return Listing(malformed=1)
    names = [str(name) for name in rows[0]]
    key = ""
    if len(rows) > 2 and not rows[-2] and len(rows[-1]) == 1:
        key = str(rows[-1][0])
        rows = rows[:-2]
    return _listing((dict(zip(names, row, strict=False)) for row in rows[1:]), key)


def _fields_of(line: str) -> Mapping[str, Any]:
    """Return the fields of one line: a JSON object, CDXJ, or CDX."""
    start = line.find("{")
    if start >= 0:
        try:
            fields = json.loads(line[start:])
        except (ValueError, RecursionError):
            return {}
        before = line[:start].split()
        return ({"timestamp": before[1]} if len(before) == 2 else {}) | fields if isinstance(fields, dict) else {}
    parts = line.split()
    return dict(zip(CDX_11, parts, strict=True)) if len(parts) == len(CDX_11) else {}


def _listing(rows: Iterable[Mapping[str, Any]], key: str) -> Listing:
    read = [_listed({NAMES.get(name, name): str(value) for name, value in row.items()}) for row in rows]
    captures = tuple(one for one in read if one)
    return Listing(captures=captures, resume_key=key, malformed=len(read) - len(captures))


def _listed(fields: Mapping[str, str]) -> Listed | None:
    url, timestamp = fields.get("url", ""), fields.get("timestamp", "")
    if not _TIMESTAMP.fullmatch(timestamp) or not url.startswith(("http://", "https://")) or len(url) > 1 << 16:
        return None
    digest = fields.get("digest", "").removeprefix("-")
    return Listed(
        url=url, timestamp=timestamp, digest=digest, status=fields.get("status", ""), location=_location(fields)
    )


def _location(fields: Mapping[str, str]) -> Location | None:
    name, offset, length = (fields.get(field, "") for field in ("filename", "offset", "length"))
    numbers = all(text.isascii() and text.isdigit() and len(text) < 16 for text in (offset, length))
    if not numbers or not int(length) or not _FILENAME.fullmatch(name):
        return None
    return Location(filename=name, offset=int(offset), length=int(length))
