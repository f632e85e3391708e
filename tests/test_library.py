"""The library: few names, typed, with the functions of the command line."""

import csv
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import archive
import warraq
from archive.collection import Collection
from archive.index import open_store
from archive.index.columns import COLUMNS
from archive.warc import closed_files
from tests.support.pages import capture, page, write_warc

ROOT = Path(__file__).parents[1]

PUBLIC = [
    "Archive", "ArchiveError", "ArchiveLockedError", "ArchiveNotFoundError", "Article", "ArticleRow", "CaptureFilter", "DamagedFileError",
    "Federation", "NotFoundError", "NotWritableError", "Page", "SchemaTooNewError", "SiteProfile", "UsageError", "embed", "group_similar",
    "import_files", "redact", "verify",
]  # fmt: skip


def test_the_names_for_users_are_these():
    assert archive.__all__ == PUBLIC
    assert len(archive.__all__) <= 20
    assert set(warraq.__all__) - {"__version__", "export", "extract"} == set(PUBLIC)
    assert all(getattr(warraq, name) is not None for name in warraq.__all__)
    assert all(getattr(archive, name) is getattr(warraq, name) for name in PUBLIC)


def test_what_is_not_for_users_is_not_there_by_accident():
    with pytest.raises(AttributeError, match="frontier"):
        archive.frontier  # noqa: B018
    with pytest.raises(AttributeError, match="nothing"):
        warraq.nothing  # noqa: B018


def test_the_version_is_that_of_the_distribution():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert archive.__version__ == warraq.__version__ == wanted


def test_a_row_of_articles_has_a_type_with_every_column():
    assert list(archive.ArticleRow.__annotations__) == [column.name for column in COLUMNS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("library")
    source = write_warc(
        base / "source", [capture(f"/2026/11/{n}", page(f"عنوان الخبر رقم {n} في هذا الاختبار"), n) for n in range(3)]
    )
    done = warraq.import_files(str(base / "a"), [str(source)], workers=1)
    assert done.articles["new"] == 3
    return base / "a"


@pytest.mark.slow
def test_folders_are_named_by_text_or_path(folder):
    with warraq.Archive(str(folder)) as one, warraq.Federation([str(folder)]) as several:
        assert len(list(one.articles())) == len(several.search("عنوان").hits) == 3
        assert [row["id"] for row in one.articles(all_versions=True)] == [1, 2, 3]


@pytest.mark.slow
def test_an_export_is_a_call(folder, tmp_path):
    assert warraq.export(str(folder), str(tmp_path / "all.csv"), columns=("url", "title")) == 3
    with (tmp_path / "all.csv").open(encoding="utf-8-sig") as file:
        assert [list(row) for row in csv.DictReader(file)] == [["url", "title"]] * 3
    assert warraq.export(folder, tmp_path / "one", format="jsonl", urls=["http://www.news.example/2026/11/1/"]) == 1
    with pytest.raises(warraq.UsageError, match="name a format"):
        warraq.export(folder, tmp_path / "unknown.xyz")


@pytest.mark.slow
def test_groups_checks_and_redactions_are_calls(folder, tmp_path):
    groups = warraq.group_similar(folder)
    assert {row["place"] for row in groups} == {1, 2, 3}
    assert warraq.verify(str(folder)).ok
    done = warraq.redact(folder, "http://www.news.example/2026/11/2/", reason="asked for", who="test")
    assert done.articles == 1
    assert warraq.verify(folder).ok
    assert closed_files(folder / "archive")


@pytest.mark.slow
def test_groups_have_titles_without_control_characters(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    with open_store(Collection(copy).database) as store, store.atomic():
        store.db.conn.execute("UPDATE articles SET title = title || char(27)")
    assert {row["title"].isprintable() for row in warraq.group_similar(copy)} == {True}


@pytest.mark.slow
def test_python_m_warraq_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "warraq", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "search" in done.stdout


@pytest.mark.slow
def test_the_wheel_holds_the_packages_and_says_that_they_are_typed(tmp_path):
    builder = pytest.importorskip("hatchling.builders.wheel").WheelBuilder(str(ROOT))
    (wheel,) = builder.build(directory=str(tmp_path))
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "archive/py.typed",
        "crawler/py.typed",
        "warraq/py.typed",
        "warraq/__init__.py",
        "archive/cli/__init__.py",
    } <= names
