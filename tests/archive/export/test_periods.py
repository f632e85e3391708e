"""Exports by period: one file per year or month, beside those of other shards."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.archive.test_federation import folders  # noqa: F401 - the fixture
from tests.support.cli import warraq

SCALE = Path(__file__).parents[3] / "docs" / "scale.md"


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
    commands = re.findall(r'^\$ duckdb -c "(.*)"$', SCALE.read_text("utf-8"), re.MULTILINE)
    assert len(commands) == 3
    assert all(duckdb.connect().execute(command).fetchall() for command in commands)
    table = f"read_parquet('{lake}/**/*.parquet', hive_partitioning = true)"
    found = duckdb.connect().execute(f"SELECT year, month, count(*) FROM {table} GROUP BY ALL ORDER BY 1").fetchall()
    assert [(int(year), int(month), count) for year, month, count in found] == [(2024, 3, 3), (2025, 3, 3)]


def test_periods_are_refused_where_they_make_no_sense(folders, tmp_path):  # noqa: F811
    warraq("-A", folders / "2024", "export", "-f", "warc", "--by", "year", "-o", tmp_path, code=2)
    warraq("-A", folders / "2024", "export", "-f", "jsonl", "--by", "year", code=2)
    assert "--by year" in warraq("-A", folders / "2024", "export", "-f", "jsonl", "-o", tmp_path, code=2).stderr
