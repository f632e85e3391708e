"""What search servers and data frames are given: the documented shapes, and that our index files name the fields that are written.

Neither OpenSearch nor Quickwit could be had to try them on; these tests hold the export to what their documentation says.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from archive.export import FORMATS
from archive.export.bulk import FIELDS, identity
from archive.index import select
from tests.archive.test_federation import folders  # noqa: F401 - the fixture
from tests.support.cli import warraq

DEPLOY = Path(__file__).parents[3] / "deploy"
SCALE = DEPLOY.parent / "docs" / "scale.md"


@pytest.fixture(scope="module")
def rows(folders):  # noqa: F811
    from archive import Archive

    with Archive(folders / "2024") as archive:
        return list(select.articles(archive.db, select.ArticleFilter()))


def test_bulk_lines_are_actions_and_documents_in_turn_and_the_last_line_is_ended(rows, collection, tmp_path):
    target = tmp_path / "x.ndjson"
    assert FORMATS["ndjson-bulk"].write(collection.source(articles=rows), target) == 3
    written = target.read_bytes()
    assert written.endswith(b"\n")
    lines = [json.loads(line) for line in written.splitlines()]
    assert len(lines) == 6
    for action, document, row in zip(lines[::2], lines[1::2], rows, strict=True):
        assert list(action) == ["index"]
        assert len(action["index"]["_id"].encode()) <= 512
        assert (document["url"], document["title"], document["is_latest"]) == (row["url"], row["title"], True)
        assert "" not in document.values()


def test_the_next_version_takes_the_place_of_the_one_before(rows):
    first, second = rows[0], {**rows[0], "version": 2, "text_digest": "sha256:2"}
    assert identity(first) == identity(second)
    assert identity({**first, "is_latest": 0}) != identity(second)
    assert identity({**first, "is_latest": 0}) != identity({**second, "is_latest": 0})


def test_the_index_file_of_opensearch_maps_what_is_written():
    index = json.loads((DEPLOY / "opensearch-index.json").read_text("utf-8"))
    properties = index["mappings"]["properties"]
    assert set(properties) == {"authors", *FIELDS}
    assert properties["text"]["analyzer"] in index["settings"]["analysis"]["analyzer"]


def test_the_index_file_of_quickwit_maps_columns_that_jsonl_has(rows, collection, tmp_path):
    yaml = pytest.importorskip("yaml", reason="needs PyYAML, which comes with datasette of the dev group")
    index = yaml.safe_load((DEPLOY / "quickwit-index.yaml").read_text("utf-8"))
    FORMATS["jsonl"].write(collection.source(articles=rows), tmp_path / "x.jsonl")
    document = json.loads((tmp_path / "x.jsonl").read_text("utf-8").splitlines()[0])
    kinds = {"text": str, "datetime": str, "bool": bool, "u64": int, "array<text>": list}
    fields = {field["name"]: field["type"] for field in index["doc_mapping"]["field_mappings"]}
    assert {name: isinstance(document[name], kinds[kind]) for name, kind in fields.items()} == dict.fromkeys(
        fields, True
    )
    assert index["doc_mapping"]["timestamp_field"] in fields
    assert set(index["search_settings"]["default_search_fields"]) <= set(fields)


def test_shards_lie_side_by_side_in_folders_by_month_and_duckdb_reads_them_as_one(folders, tmp_path, monkeypatch):  # noqa: F811
    duckdb = pytest.importorskip("duckdb", reason="needs duckdb, of the dev group")
    pytest.importorskip("pyarrow", reason="needs pyarrow, of the parquet extra")
    lake = tmp_path / "lake"
    for year in ("2024", "2025"):
        warraq("-A", folders / year, "export", "-f", "parquet", "--by", "month", "-o", lake)
    assert {str(path.relative_to(lake)) for path in lake.rglob("*.parquet")} == {
        "year=2024/month=03/2024.parquet",
        "year=2025/month=03/2025.parquet",
    }
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r'^duckdb -c "(.*)"$', SCALE.read_text("utf-8"), re.MULTILINE)
    assert len(commands) == 3
    assert all(duckdb.connect().execute(command).fetchall() for command in commands)
    table = f"read_parquet('{lake}/**/*.parquet', hive_partitioning = true)"
    found = duckdb.connect().execute(f"SELECT year, month, count(*) FROM {table} GROUP BY ALL ORDER BY 1").fetchall()
    assert [(int(year), int(month), count) for year, month, count in found] == [(2024, 3, 3), (2025, 3, 3)]


def test_periods_are_refused_where_they_make_no_sense(folders, tmp_path):  # noqa: F811
    warraq("-A", folders / "2024", "export", "-f", "warc", "--by", "year", "-o", tmp_path, code=2)
    warraq("-A", folders / "2024", "export", "-f", "jsonl", "--by", "year", code=2)
    assert "--by year" in warraq("-A", folders / "2024", "export", "-f", "jsonl", "-o", tmp_path, code=2).stderr
