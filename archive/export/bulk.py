"""Exports articles as lines for the `_bulk` endpoint of OpenSearch or Elasticsearch: an action and its document, turn by turn.

The index is named in the address (`POST /news/_bulk`) and made before with `deploy/opensearch-index.json`, whose fields are those
written here: https://docs.opensearch.org/latest/api-reference/document-apis/bulk.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from archive.files.atomic import replace_file
from archive.index.columns import opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from archive.export.source import Source

FIELDS: Final = (
    "url", "site", "hostname", "title", "text", "date", "date_published", "date_modified", "section", "tags", "language", "description",
    "sitename", "source", "image", "is_accessible_for_free", "version", "is_latest", "fetched_at", "last_seen_at", "payload_digest",
    "warc_filename", "warc_record_offset", "warc_record_length",
)  # fmt: skip
"""Columns that a search server is given; `authors` is `author` as a list."""


def write_bulk(source: Source, target: Path) -> int:
    """Writes `target`; gives the number of articles."""
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for row in source.articles:
            count += 1
            yield _line({"index": {"_id": identity(row)}}) + _line(document(row))

    replace_file(target, lines())
    return count


def identity(row: Mapping[str, Any]) -> str:
    """The document's id: of the URL for the latest version, so that the next takes its place; of URL and text for an older one.

    It is the same in whatever shard the article lies, and shorter than the 512 bytes that are allowed.
    """
    name = row["url"] if row["is_latest"] else f"{row['url']}\n{row['text_digest']}"
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def document(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the article: fields that are empty are left out, for '' is no date."""
    values = opened(row)
    authors = [name for name in str(values.get("author") or "").split("; ") if name]
    chosen = {"authors": authors} | {name: values.get(name) for name in FIELDS}
    return {name: value for name, value in chosen.items() if value not in ("", None, [])}


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
