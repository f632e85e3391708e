"""Several archives searched as one, in Python and on the command line."""

import json

import pytest

from archive import Archive, ArchiveNotFoundError, Federation, UsageError
from tests.support.cli import warraq
from tests.support.shelf import Shelf

TITLES = {
    "2024": ["افتتاح المكتبة العامة", "مكتبة المدرسة", "نتائج المباراة"],
    "2025": ["المكتبات في القرى", "حالة الطقس", "مكتبات متنقلة"],
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The archives of two years, and one that holds the articles of both."""
    base = tmp_path_factory.mktemp("collections")
    whole = Shelf(base / "whole")
    for year, titles in TITLES.items():
        shelf = Shelf(base / year)
        for number, title in enumerate(titles, 1):
            for one in (shelf, whole):
                url, text = f"https://daftar.example/{year}/{number}", f"{title} كما جاء في الخبر"
                one.put(url, title, text, date_published=f"{year}-03-0{number}")
        shelf.store.close()
    whole.store.close()
    return base


def test_two_archives_answer_as_the_one_that_holds_both(folders):
    with Archive(folders / "whole") as whole, Federation([folders / "2024", folders / "2025"]) as both:
        for words in ("مكتبة", "مكتبة OR الطقس", "مكتبة from:2025", "المكتبة المباراة"):
            one, many = whole.search(words), both.search(words)
            assert [(hit.url, round(hit.score, 9)) for hit in many.hits] == [
                (h.url, round(h.score, 9)) for h in one.hits
            ]
            assert (many.total, many.relaxed) == (one.total, one.relaxed)
        found = both.search("مكتبة", only="site:daftar.example")
        assert found.total == 4
        for number, hit in enumerate(found.hits):
            assert both.archive_of(found, number).article(hit.id)["url"] == hit.url
            assert both.folder_of(found, number).name in hit.url


def test_a_folder_given_twice_counts_once_and_none_is_told(folders):
    with Federation([folders / "2024", folders / "2024"]) as one:
        assert one.search("مكتبة").total == 2
    with pytest.raises(UsageError):
        Federation([])
    with pytest.raises(ArchiveNotFoundError, match="nowhere"):
        Federation([folders / "2024", folders / "nowhere"])


def test_search_over_several_archives_pages_counts_and_names_them(folders, tmp_path):
    places = ["-A", folders / "2024", "--archive", folders / "2025"]
    first = warraq("search", *places, "--json", "-n", "3", "مكتبة")
    second = warraq("search", *places, "--json", "-n", "3", "--offset", "3", "مكتبة")
    rows = [json.loads(line) for line in (first.stdout + second.stdout).splitlines()]
    assert len({row["url"] for row in rows}) == 4
    assert all(row["archive"].endswith(row["date"][:4]) for row in rows)
    said = warraq("search", *places, "مكتبة")
    assert "4 found" in said.stderr
    assert str(folders / "2025") in said.stdout
    missing = warraq("search", "-A", folders / "2024", "-A", tmp_path, "مكتبة", code=3)
    assert str(tmp_path) in missing.stderr
    warraq("search", "--all", *places, "مكتبة", code=2)
