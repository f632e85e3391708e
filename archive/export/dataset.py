"""Write a dataset folder for research: selected articles as Parquet files, n-grams, and a card that describes them.

`datasets.load_dataset(FOLDER, "articles")` and DuckDB read it as it is.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from gettext import gettext as _
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING, Any, Final

from archive.arabic import fold, words
from archive.archive import require_site
from archive.errors import NotFoundError, NotWritableError, UsageError
from archive.export import chosen_rows
from archive.export.tables import schema_of, typed
from archive.files import replace_file, replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from archive.archive import Archive
    from archive.export import ExportOptions

COLUMNS: Final = (
    "id", "url", "site", "hostname", "version", "title", "text", "author", "date", "published_at", "date_modified", "section", "tags",
    "language", "description", "sitename", "source", "is_accessible_for_free", "gone_at", "paywalled_at", "text_digest", "fetched_at",
    "last_seen_at", "payload_digest", "warc_filename", "warc_record_offset", "warc_record_length",
)  # fmt: skip
"""Columns of `articles`, without extraction's internal ones and without maps, which some readers of Parquet lack."""
ADDED: Final = ("family", "directives", "archive")
_FAMILIES: Final = """
    SELECT article_id, family FROM families AS f WHERE article_id IN (SELECT value FROM json_each(?))
    AND EXISTS (SELECT 1 FROM families AS o WHERE o.family = f.family AND o.article_id <> f.article_id)
    """
_DIRECTIVES: Final = "SELECT id, directives FROM captures WHERE id IN (SELECT value FROM json_each(?))"
BATCH: Final = 1000
ONE_OF_EACH: Final = (
    "SELECT * FROM articles QUALIFY family IS NULL OR row_number() OVER (PARTITION BY family ORDER BY published_at) = 1"
)
MOST_GRAMS: Final = 2_000_000
"""N-grams counted at once, some 500 MB. Beyond that, n-grams with one occurrence are dropped, and the card says so."""
_SIZES: Final = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass(slots=True)
class Tally:
    """The figures of the card, counted while the articles are written."""

    articles: int = 0
    sites: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    directives: Counter[str] = field(default_factory=Counter)
    days: list[str] = field(default_factory=lambda: ["", ""])
    archives: Counter[str] = field(default_factory=Counter)
    families: set[int] = field(default_factory=set)
    in_families: int = 0
    grams: dict[tuple[str, str, int, str], list[int]] = field(default_factory=dict)
    is_pruned: bool = False

    def add(self, row: Mapping[str, Any]) -> None:
        """Count an article."""
        self.articles += 1
        self.archives[row["archive"]] += 1
        self.sites[row["site"]] += 1
        self.languages[row["language"] or "und"] += 1
        self.directives.update((row["directives"] or "").split())
        if day := row["date"]:
            self.days = [min(self.days[0] or day, day), max(self.days[1], day)]
        if row["family"] is not None:
            self.families.add(row["family"])
            self.in_families += 1
        self._count(row)

    def _count(self, row: Mapping[str, Any]) -> None:
        said = [fold(match.group()) for match in words(f"{row['title']}\n{row['text']}")]
        for size, grams in ((1, said), (2, [f"{one} {other}" for one, other in pairwise(said)])):
            for gram, times in Counter(grams).items():
                counted = self.grams.setdefault(((row["date"] or "")[:7], row["language"] or "und", size, gram), [0, 0])
                counted[0] += times
                counted[1] += 1
        if len(self.grams) > MOST_GRAMS:
            self.grams = {gram: counted for gram, counted in self.grams.items() if counted[0] > 1}
            self.is_pruned = True


def export_dataset(
    archive: Archive, folder: Path, options: ExportOptions, *, created: datetime, others: Sequence[Archive] = ()
) -> int:
    """Write data/articles.parquet, ngrams/ngrams.parquet and README.md with the selection from the archive and `others`.

    Returns the number of articles.

    Raises:
        UsageError: pyarrow is not installed, or a day is invalid.
        UnknownSiteError: none of the archives has anything of the site.
        NotFoundError: nothing matches; the folder's content stays.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UsageError(_("a dataset needs pyarrow: pip install 'warraq[parquet]'")) from None
    archives = (archive, *others)
    if options.site:
        require_site(archives, options.site)
    rows = _with_own_families(_with_more(one, chosen_rows(one, options)) for one in archives)
    first = list(islice(rows, 1))
    if not first:
        raise NotFoundError(options.name or _("articles of that selection"))
    for name in ("data", "ngrams"):
        try:
            (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NotWritableError(folder / name, error) from error
    tally = Tally()
    schema = schema_of(pa, (*COLUMNS, *ADDED), family="integer")
    with (
        replacing(folder / "data" / "articles.parquet") as half,
        parquet.ParquetWriter(half, schema, compression="zstd") as writer,
    ):
        for batch in _batches(_counted(chain(first, rows), tally)):
            writer.write_table(pa.Table.from_pylist([typed(row) for row in batch], schema=schema))
    _write_grams(pa, parquet, folder / "ngrams" / "ngrams.parquet", tally)
    replace_file(folder / "README.md", [card(options, tally, created).encode()])
    return tally.articles


def _write_grams(pa: Any, parquet: Any, target: Path, tally: Tally) -> None:
    schema = pa.schema(
        [
            ("month", pa.string()),
            ("language", pa.string()),
            ("n", pa.int8()),
            ("ngram", pa.string()),
            ("count", pa.int64()),
            ("articles", pa.int64()),
        ]
    )
    rows = (
        dict(zip(schema.names, (month or None, language, size, gram, times, articles), strict=True))
        for (month, language, size, gram), (times, articles) in sorted(tally.grams.items())
    )
    with replacing(target) as half, parquet.ParquetWriter(half, schema, compression="zstd") as writer:
        for batch in _batches(rows):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _with_more(archive: Archive, rows: Iterator[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows with their group of near-copies, and the directives about reuse of their capture."""
    for batch in _batches(rows):
        family = _pairs(archive, _FAMILIES, [row["id"] for row in batch])
        said = _pairs(archive, _DIRECTIVES, [row["capture_id"] for row in batch])
        for row in batch:
            more = {"family": family.get(row["id"]), "directives": said.get(row["capture_id"], "")} | {
                "archive": archive.collection.name
            }
            yield {**{name: row[name] for name in COLUMNS}, **more}


def _with_own_families(parts: Iterable[Iterator[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of each archive in turn, with their families renumbered, because each archive numbers from 1."""
    numbers: dict[tuple[int, int], int] = {}
    for place, rows in enumerate(parts):
        for row in rows:
            if row["family"] is not None:
                row["family"] = numbers.setdefault((place, row["family"]), len(numbers) + 1)
            yield row


def _pairs(archive: Archive, sql: str, ids: list[int]) -> dict[int, Any]:
    return dict(archive.db.execute(sql, [json.dumps(ids)]).fetchall())


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _counted(rows: Iterable[dict[str, Any]], tally: Tally) -> Iterator[dict[str, Any]]:
    for row in rows:
        tally.add(row)
        yield row


def card(options: ExportOptions, tally: Tally, created: datetime) -> str:
    """Return the dataset card: metadata for Hugging Face's tools, then the description for readers."""
    size = next((name for most, name in _SIZES if tally.articles < most), "n>1M")
    languages = "\n".join(f"- {name}" for name in sorted(tally.languages) if name != "und") or "- und"
    choice = {
        "site": options.site, "from": options.first_day, "to": options.last_day, "query": options.query,
        "versions": "all" if options.all_versions else "latest",
    }  # fmt: skip
    chosen = ", ".join(f"{name} `{value}`" for name, value in choice.items() if value)
    rights = (
        _table(tally.directives, "directive")
        if tally.directives
        else "None of these pages states anything about reuse.\n"
    )
    pruned = " Memory did not hold all of them: of those met once, some are missing." if tally.is_pruned else ""
    return f"""---
language:
{languages}
license: other
size_categories:
- {size}
configs:
- config_name: articles
  data_files: data/*.parquet
  default: true
- config_name: ngrams
  data_files: ngrams/*.parquet
---
# {", ".join(tally.archives)}

{tally.articles} news articles, made by warraq on {created:%Y-%m-%d} ({chosen}).
Dates of publication run from {tally.days[0] or "?"} to {tally.days[1] or "?"}.

## Sources

{_table(tally.sites, "site")}
{_table(tally.languages, "language")}
## Rights

The texts belong to their publishers, and this folder gives no licence to them. What the pages said about reuse when they were captured
(robots meta, X-Robots-Tag, tdm-reservation) stands in `directives`:

{rights}
## Duplicates

{tally.in_families} articles are in {len(tally.families)} families of texts that say nearly the same (`warraq group`; null: like no
other in its archive, or not compared). One of each, in DuckDB:

    {ONE_OF_EACH}

## Columns

`data/articles.parquet` has those of warraq's `articles` (docs/schema.md), `family`, `directives` and `archive`, where an `id` is unique;
null is what is not known.
`ngrams/ngrams.parquet` has, by month of publication and language, how often a word (`n` 1) or two words in a row (`n` 2) stand in titles
and texts (`count`), and in how many articles (`articles`). Words are folded: no vowel signs, one form of each letter, lower case.{pruned}

## Rebuilding it

Each row names its record: `warc_filename`, `warc_record_offset` and `warc_record_length` point into the WARC files of the archive, and
`payload_digest` is the digest of what the server sent. `warraq reindex` extracts the articles from these files again; `warraq dataset` with
the choice above writes this folder again.
"""


def _table(counts: Counter[str], name: str) -> str:
    rows = "".join(f"| {value.replace('|', ' ')} | {count} |\n" for value, count in counts.most_common(200))
    return f"| {name} | articles |\n|---|---|\n{rows}"
