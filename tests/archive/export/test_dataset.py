"""Dataset folders, read with DuckDB, pyarrow and the tools that read a card."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

pytest.importorskip("pyarrow")

import duckdb

from archive import Archive
from archive.errors import NotFoundError
from archive.export import ExportOptions
from archive.export import dataset as dataset_
from archive.export.dataset import export_dataset
from archive.library import group_similar

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
COPY = " ".join(f"كلمة{n} قال الوزير{n} إن" for n in range(60))


@pytest.fixture
def made(shelf, tmp_path):
    shelf.put("https://a.example/1", "خبر الوكالة", COPY, date_published="2026-10-01")
    shelf.put("https://b.example/2", "خبر الوكالة", COPY, date_published="2026-10-02")
    group_similar(shelf.collection.folder)
    with Archive(shelf.collection.folder) as archive:
        count = export_dataset(archive, tmp_path / "set", ExportOptions(), created=NOW)
    return tmp_path / "set", count


def test_duckdb_reads_types_nulls_lists_and_families(made):
    folder, count = made
    articles = f"'{folder}/data/*.parquet'"
    assert duckdb.sql(f"SELECT count(*) FROM {articles}").fetchall() == [(count,)]
    types = dict(duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE FROM {articles})").fetchall())
    assert (types["date"], types["published_at"], types["tags"]) == ("DATE", "TIMESTAMP WITH TIME ZONE", "VARCHAR[]")
    ((families,),) = duckdb.sql(f"SELECT count(DISTINCT family) FROM {articles} WHERE family IS NOT NULL").fetchall()
    assert families == 1
    assert duckdb.sql(f"SELECT count(*) FROM {articles} WHERE author = ''").fetchall() == [(0,)]
    assert dataset_.ONE_OF_EACH in (folder / "README.md").read_text()
    kept = duckdb.sql(dataset_.ONE_OF_EACH.replace("FROM articles", f"FROM {articles}")).fetchall()
    assert len(kept) == count - 1


def test_ngrams_count_words_and_pairs_by_month(made):
    folder, _ = made
    grams = f"'{folder}/ngrams/ngrams.parquet'"
    asked = f"SELECT month, n, count, articles FROM {grams} WHERE ngram = 'خبر الوكاله'"
    assert duckdb.sql(asked).fetchall() == [("2026-10", 2, 2, 2)]
    asked = f"SELECT sum(articles) FROM {grams} WHERE ngram = 'قال' AND month = '2026-10'"
    assert duckdb.sql(asked).fetchall() == [(2,)]


def test_the_card_tells_sources_dates_rights_duplicates_and_how_to_rebuild(made):
    folder, count = made
    card = (folder / "README.md").read_text()
    head = card.split("---")[1]
    assert "config_name: articles" in head
    assert "- ar" in head
    assert f"{count} news articles" in card
    assert "2026-10-01" in card
    assert "| noarchive |" in card
    assert "2 articles are in 1 families" in card
    assert "warc_record_offset" in card


def test_the_choice_is_kept_to_and_nothing_chosen_leaves_what_was_there(made, shelf):
    folder, _ = made
    before = (folder / "README.md").read_bytes()
    with Archive(shelf.collection.folder) as archive:
        with pytest.raises(NotFoundError):
            export_dataset(archive, folder, ExportOptions(query="لا-شيء-كهذا"), created=NOW)
        assert (folder / "README.md").read_bytes() == before
        assert export_dataset(archive, folder, ExportOptions(query="الوكالة"), created=NOW) == 2
    assert duckdb.sql(f"SELECT count(*) FROM '{folder}/data/*.parquet'").fetchall() == [(2,)]


def test_more_grams_than_memory_holds_are_pruned_and_the_card_says_so(shelf, tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_, "MOST_GRAMS", 10)
    with Archive(shelf.collection.folder) as archive:
        export_dataset(archive, tmp_path / "set", ExportOptions(), created=NOW)
    assert "Memory did not hold all of them" in (tmp_path / "set" / "README.md").read_text()


def test_datasets_loads_the_folder_as_it_is(made):
    datasets = pytest.importorskip("datasets")
    folder, count = made
    loaded = datasets.load_dataset(str(folder), "articles", split="train")
    assert loaded.num_rows == count
