"""Learned boilerplate lines of a host."""

import pytest

from archive.index import open_store, site_lines


@pytest.fixture
def db(tmp_path):
    with open_store(tmp_path / "warraq.db") as store, store.atomic():
        yield store.db


def seen(db, pages, *, with_line):
    for number in range(pages):
        lines = [f"a sentence of page {number}", *(["Follow us"] if number < with_line else [])]
        site_lines.count_lines(db, "a.example", lines)
    return site_lines.boilerplate_of(db, "a.example")


@pytest.mark.parametrize(("with_line", "boilerplate"), [(6, True), (5, False), (1, False)])
def test_a_line_on_three_pages_of_ten_is_boilerplate(db, with_line, boilerplate):
    assert seen(db, 20, with_line=with_line) == (frozenset({"Follow us"}) if boilerplate else frozenset())


def test_few_pages_teach_nothing(db):
    assert seen(db, site_lines.LEAST_PAGES - 1, with_line=site_lines.LEAST_PAGES - 1) == frozenset()


def test_of_a_host_that_is_learned_the_lines_that_repeat_stay(db):
    most = site_lines.LEARNING_PAGES
    assert seen(db, most - 1, with_line=20) == {"Follow us"}
    assert len(site_lines.counts_of(db, "a.example")) == most
    site_lines.count_lines(db, "a.example", ["the last sentence"])
    assert site_lines.counts_of(db, "a.example") == [("Follow us", 20)]
    assert site_lines.boilerplate_of(db, "a.example") == {"Follow us"}
