"""Merge: several archives become the one that a single machine would have made."""

from __future__ import annotations

import json
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from archive import Archive
from archive.collection import Collection
from archive.index import open_store
from archive.maintain import reindex, verify
from archive.merge import merge
from archive.parse.parse import parse_task
from tests.archive.merge.machines import BEGIN, Machine, Served, contents
from tests.support.cli import warraq
from tests.support.pages import page

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

A, B = "https://a.example/{}", "https://b.example/{}"
DAY = 24.0
HISTORY = [
    Served(url=A.format(1), hours=0, text="قال الوزير إن الخطة جاهزة. اقرأ أيضا"),
    Served(url=B.format(1), hours=0.5, text="افتتح المتحف أبوابه. اشترك معنا"),
    Served(url=A.format(2), hours=1, text="فاز الفريق بالمباراة. اقرأ أيضا", author="ليلى"),
    Served(url=A.format(1), hours=5, text="قال الوزير إن الخطة مؤجلة. اقرأ أيضا"),
    Served(url=B.format(2), hours=6, text="قال الوزير إن الطريق مفتوحة. اشترك معنا"),
    Served(url=A.format(2), hours=7, text="فاز الفريق بالمباراة. اقرأ أيضا", author="ليلى"),
    Served(url=A.format(2), hours=8, text="فاز الفريق بالمباراة. اقرأ أيضا", author="ليلى حسن"),
    Served(url=B.format(1), hours=DAY, status=404),
    Served(url=B.format(1), hours=3 * DAY, status=404),
    Served(url=B.format(1), hours=5 * DAY, status=410),
    Served(url=A.format(1), hours=6 * DAY, text="قال الوزير إن الخطة جاهزة. اقرأ أيضا"),
]  # fmt: skip


class Here:
    """A pool that reads in this process."""

    def submit(self, task):
        done = Future()
        done.set_result(parse_task(task))
        return done


def no_pool():
    raise AssertionError("nothing was left unread: no worker is needed")


def run(shards, into, **options):
    return merge(shards, Collection(into), no_pool, clock=lambda: datetime(2026, 4, 1, tzinfo=UTC), **options)


def crawled(folder: Path, history, **how) -> Path:
    machine = Machine(folder, **how)
    for site in sorted({event.site for event in history}):
        machine.log(site, BEGIN, BEGIN + timedelta(days=7))
    machine.crawl(history)
    return folder


def of(site: str) -> list[Served]:
    return [event for event in HISTORY if event.site == site]


def problems(folder: Path) -> list[str]:
    collection = Collection(folder)
    with open_store(collection.database) as store:
        found = verify(collection, store, clock=lambda: datetime.now(UTC)).problems
        with store.atomic():
            store.db.conn.execute("DELETE FROM runs WHERE kind = 'verify'")
    return [str(problem) for problem in found]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One machine that crawled everything, and two that crawled a site each."""
    folder = tmp_path_factory.mktemp("made")
    return {
        "one": crawled(folder / "one", HISTORY),
        "a": crawled(folder / "a", of("a.example")),
        "b": crawled(folder / "b", of("b.example")),
    }


def test_a_merged_archive_equals_the_one_that_one_machine_made_in_every_table(made, tmp_path):
    done = run([made["a"], made["b"]], tmp_path / "m")
    assert (done.captures, done.looked_at, done.waiting) == (len(HISTORY), len(HISTORY), 0)
    merged, one = contents(Collection(tmp_path / "m")), contents(Collection(made["one"]))
    for table, rows in one.items():
        assert merged[table] == rows, table
    assert any("'gone_reason': 'http-410'" in row for row in merged["articles"])
    assert problems(tmp_path / "m") == []


def test_merging_in_any_order_one_by_one_through_another_and_again_gives_the_same(made, tmp_path):
    run([made["a"], made["b"]], tmp_path / "ab")
    run([made["b"], made["a"]], tmp_path / "ba")
    run([made["b"]], tmp_path / "step")
    run([made["a"]], tmp_path / "step")
    run([tmp_path / "ab", made["a"], tmp_path / "step"], tmp_path / "through")
    expected = contents(Collection(tmp_path / "ab"), own_ids=True)
    for other in ("ba", "step", "through"):
        assert contents(Collection(tmp_path / other), own_ids=True) == expected, other
    before = dump(tmp_path / "ab")
    done = run([made["b"], tmp_path / "through", made["a"]], tmp_path / "ab")
    assert not done.changed
    assert dump(tmp_path / "ab") == before


def dump(folder: Path) -> str:
    """Everything in the database, ids included, and what lies beside it; not what ids stood for in each archive that was taken in."""
    with open_store(folder / "warraq.db", read_only=True) as store:
        names = store.db.conn.execute(
            "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE%' AND name <> 'former_ids' ORDER BY 1"
        ).fetchall()
        rows = [f"{name} {row}" for (name,) in names for row in store.db.conn.execute(f"SELECT * FROM [{name}]")]
    files = sorted((str(path.relative_to(folder)), path.stat().st_size) for path in (folder / "archive").iterdir())
    return "\n".join([*rows, str(files), (folder / "indexes/index.cdxj").read_text()])


def test_the_files_are_the_shards_own_not_copies_of_them(made, tmp_path):
    run([made["a"]], tmp_path / "m")
    for path in (tmp_path / "m" / "archive").glob("*.warc.gz"):
        assert path.samefile(made["a"] / "archive" / path.name)


def test_search_finds_the_articles_of_all_shards(made, tmp_path):
    run([made["a"], made["b"]], tmp_path / "m")
    with Archive(tmp_path / "m") as archive:
        assert {hit.url for hit in archive.search("الوزير").hits} == {A.format(1), B.format(2)}
        assert archive.search("متحف site:b.example").total == 1


def test_a_merged_archive_gives_the_same_tables_when_it_is_rebuilt_from_its_files(tmp_path):
    titles = [
        "عنوان الخبر الأول في هذا الاختبار",
        "عنوان الخبر الثاني في هذا الاختبار",
        "عنوان الخبر الثاني بعد التصحيح",
    ]
    pages = [(A, 1, 0), (B, 1, 1), (A, 2, 1), (A, 1, 0), (B, 1, 2), (A, 2, 2)]
    history = [
        Served(url=url.format(f"2026/11/{path}"), hours=hours, page=page(titles[title]), text="-")
        for hours, (url, path, title) in enumerate(pages)
    ]
    shards = [
        crawled(tmp_path / site, [event for event in history if event.site == site], reads=True)
        for site in ("a.example", "b.example")
    ]
    run(shards, tmp_path / "m")
    collection = Collection(tmp_path / "m")
    before = contents(collection, own_ids=True)
    assert len(before["articles"]) == 5
    reindex(collection, Here(), clock=lambda: datetime(2026, 4, 1, tzinfo=UTC))
    after = contents(collection, own_ids=True)
    for table in before:
        assert after[table] == before[table], table


def test_the_command_says_what_came_in_and_a_second_time_nothing(made, tmp_path):
    said = json.loads(warraq("merge", "--dry-run", "--json", made["a"], made["b"], tmp_path / "m").stdout)
    done = json.loads(warraq("merge", "--json", made["a"], made["b"], tmp_path / "m").stdout)
    assert (said["captures"], said["files"], said["urls"]) == (done["captures"], done["files"], done["urls"])
    assert done["captures"] == len(HISTORY)
    again = warraq("merge", made["a"], made["b"], tmp_path / "m").stdout
    assert again.startswith(f"0 captures of {len(HISTORY)}, 0 versions of articles and 0 URLs were merged into")
    warraq("--archive", tmp_path / "m", "verify")
    warraq("merge", made["a"], made["a"], code=2)
    warraq("merge", tmp_path / "nothing", tmp_path / "m", code=3)
    warraq("--archive", tmp_path / "m", "merge", made["a"], tmp_path / "m", code=2)
