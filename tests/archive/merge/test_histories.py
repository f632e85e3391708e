"""Joins survive a merge in any order and can be undone; a manual decision is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from archive import Archive
from archive.collection import Collection
from archive.index import joins, open_store
from archive.ingest import open_writer
from tests.archive.ingest.test_versions import (
    LINES,
    MOVED,
    PLUS,
    TEASER,
    TEASER_THERE,
    UNPAID,
    URL,
    exchange,
    led,
    page,
    take,
)
from tests.archive.merge.test_merge import dump, problems, run
from tests.support.cli import warraq

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SLUG = "https://news.example/2026/11/1-corrected"
OLD, LED, NEW = exchange(URL, page(), 0), led(URL, SLUG, 1), exchange(SLUG, page(head="<meta name=n content=1>"), 2)
LATER = exchange(SLUG, page([*LINES, "The mayor has answered since, in one sentence."]), 3)


def shard(folder: Path, *exchanges) -> Path:
    writer = open_writer(Collection(folder), info={"software": "warraq"}, clock=lambda: exchanges[0].started)
    for one in exchanges:
        take(writer, one)
    writer.close()
    return folder


def history(folder: Path, url: str) -> list[tuple[str, bool, str | None]]:
    with Archive(folder) as archive:
        return [(row["url"], bool(row["is_latest"]), row["paywalled_at"]) for row in archive.versions(url)]


def undo(folder: Path) -> int:
    """Undoes the one join; how many versions are back."""
    with open_store(folder / "warraq.db") as store, store.atomic():
        (join,) = joins.all_joins(store.db)
        return len(joins.part(store.db, join.id))


def captures(folder: Path) -> list[tuple[str, str]]:
    """The captures of articles, and the address of the article that each is of."""
    with Archive(folder) as archive:
        sql = "SELECT c.url, a.url AS article FROM captures AS c JOIN articles AS a ON a.id = c.article_id ORDER BY c.captured_at"
        return [(row["url"], row["article"]) for row in archive.db.query(sql)]


def test_what_a_shard_joined_is_joined_and_can_be_undone(tmp_path):
    one = shard(tmp_path / "one", OLD, LED, NEW, LATER)
    done = run([one], tmp_path / "m")
    assert (done.joins, done.conflicts) == (1, [])
    assert [url for url, *_ in history(tmp_path / "m", SLUG)] == [URL, SLUG]
    assert history(tmp_path / "m", SLUG) == history(tmp_path / "m", URL) == history(one, URL)
    before = dump(tmp_path / "m")
    assert not run([one], tmp_path / "m").changed
    assert dump(tmp_path / "m") == before
    assert undo(tmp_path / "m") == undo(one) == 1
    for url in (URL, SLUG):
        assert history(tmp_path / "m", url) == history(one, url)
    assert [url for url, *_ in history(tmp_path / "m", SLUG)] == [SLUG, SLUG]
    assert captures(tmp_path / "m") == captures(one) == [(URL, URL), (SLUG, SLUG), (SLUG, SLUG)]
    assert problems(tmp_path / "m") == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_only_two_shards_together_show_is_joined(tmp_path, order):
    shards = [shard(tmp_path / "one", OLD), shard(tmp_path / "two", LED, NEW)]
    done = run([shards[n] for n in order], tmp_path / "m")
    assert done.joins == 1
    assert [url for url, *_ in history(tmp_path / "m", SLUG)] == [URL]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("path", ["12345-bridge?sess=1 12345-bridge?sess=2", "12345-old-slug 12345-new-slug"])
def test_one_text_under_two_spellings_in_two_shards_is_one_article(tmp_path, order, path):
    one, two = (f"https://news.example/2026/11/{name}" for name in path.split())
    shards = [shard(tmp_path / "one", exchange(one, page(), 0)), shard(tmp_path / "two", exchange(two, page(), 1))]
    done = run([shards[n] for n in order], tmp_path / "m")
    assert done.joins == 1
    assert history(tmp_path / "m", one) == history(tmp_path / "m", two) == [(one, True, None)]
    assert problems(tmp_path / "m") == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(
    ("teaser", "where"), [(exchange(MOVED, TEASER, 2), MOVED), (exchange(PLUS, TEASER_THERE, 2), PLUS)]
)
def test_a_teaser_joined_there_does_not_become_the_article_here(tmp_path, order, teaser, where):
    shards = [shard(tmp_path / "one", OLD, led(URL, where, 1), teaser), shard(tmp_path / "two", teaser)]
    run([shards[n] for n in order], tmp_path / "m")
    assert history(tmp_path / "m", where) == history(tmp_path / "m", URL) == history(shards[0], URL)
    assert history(tmp_path / "m", URL) == [(URL, True, "2026-11-24T12:02:00.000000Z")]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_teaser_of_what_another_shard_holds_whole_is_a_wall_before_it(tmp_path, order):
    teaser = exchange(URL, page(LINES[:1], head=UNPAID), 2)
    shards = [shard(tmp_path / "one", OLD), shard(tmp_path / "two", teaser)]
    run([shards[n] for n in order], tmp_path / "m")
    assert history(tmp_path / "m", URL) == [(URL, True, "2026-11-24T12:02:00.000000Z")]
    whole = shard(tmp_path / "three", exchange(URL, page(), 4))
    run([shards[1], whole], tmp_path / "n")
    assert [latest for _, latest, _ in history(tmp_path / "n", URL)] == [False, True]


def test_what_a_person_parted_stays_so_and_is_said(tmp_path):
    one, two = (shard(tmp_path / name, OLD, LED, NEW) for name in ("one", "two"))
    undo(one)
    run([one], tmp_path / "m")
    assert [history(tmp_path / "m", url)[0][0] for url in (URL, SLUG)] == [URL, SLUG]
    said = warraq("merge", two, tmp_path / "m").stderr
    assert f"{SLUG} is joined with another URL in one archive and was separated from it by hand" in said
    assert [history(tmp_path / "m", url)[0][0] for url in (URL, SLUG)] == [URL, SLUG]
    run([two], tmp_path / "n")
    assert run([one], tmp_path / "n").conflicts
    assert [url for url, *_ in history(tmp_path / "n", SLUG)] == [URL]


def test_a_join_that_warraq_cannot_have_written_is_refused(tmp_path):
    one = shard(tmp_path / "one", OLD, LED, NEW)
    with open_store(one / "warraq.db") as store, store.atomic():
        removed = json.dumps([{"row": {"url": 1}, "captures": [[]]}])
        store.db.conn.execute("UPDATE joins SET removed = ?", (removed,))
    said = warraq("merge", one, tmp_path / "m", code=7).stderr
    assert "join 1 holds what warraq cannot have written" in said


NAMES = f'<link rel=canonical href="{URL}">'
OTHERS = [f"The theatre opens its season on evening {n} with play {n}, says manager {n}." for n in range(8)]
FOREIGN = "https://news.example/2026/11/7"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_article_that_only_named_the_url_of_another_shards_article_keeps_its_own(tmp_path, order):
    other = page(OTHERS, head=NAMES, title="The theatre opens")
    shards = [shard(tmp_path / "one", exchange(FOREIGN, other, 0)), shard(tmp_path / "two", exchange(URL, page(), 1))]
    assert [url for url, *_ in history(shards[0], FOREIGN)] == [URL]
    chosen = [shards[n] for n in order]
    for _ in range(2):
        run(chosen, tmp_path / "m")
        assert [url for url, *_ in history(tmp_path / "m", FOREIGN)] == [FOREIGN]
        assert [url for url, *_ in history(tmp_path / "m", URL)] == [URL]
        assert problems(tmp_path / "m") == []
        # the first shard goes on, and names the same version by the wrong URL again
        shard(
            tmp_path / "one",
            exchange(FOREIGN, page(OTHERS, head=NAMES, title="The theatre opens", author="Omar Saadi"), 5),
        )
    with Archive(tmp_path / "m") as archive:
        assert [hit.url for hit in archive.search("theatre").hits] == [FOREIGN]
