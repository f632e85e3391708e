"""Changes of a page become versions, metadata changes or walls."""

import json
import zlib
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from archive import Archive
from archive.collection import Collection
from archive.index import articles, joins, reports
from archive.ingest import open_writer
from archive.ingest.commit import disposition_of
from archive.maintain.redact import redact
from archive.maintain.reindex import reindex
from archive.parse.parse import ParseTask, parse_task
from archive.parse.workers import parse_pool
from archive.warc import read_records
from tests.archive.test_import import capture

pytestmark = pytest.mark.slow

URL = "https://news.example/2026/11/1"
LINES = [
    f"Sentence {n} tells what the engineers found at pillar {n} of the old bridge. It was worse than {n * 7} reports said."
    for n in range(9)
]
UNPAID = '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false}</script>'


def page(
    lines=LINES,
    *,
    author="Layla Mansour",
    date="2026-11-20T08:00:00Z",
    head="",
    title="The old bridge is closed for good",
):
    meta = f'<meta name=author content="{author}"><meta property="article:published_time" content="{date}">{head}'
    text = "".join(f"<p>{line}</p>" for line in lines)
    return f"<html lang=en><head><title>{title}</title>{meta}</head><body><article><h1>{title}</h1>{text}</article></body></html>".encode()


@pytest.fixture
def writer(tmp_path):
    first = capture("/2026/11/1", page())
    writer = open_writer(
        Collection(tmp_path / "c"), info={"software": "warraq", "isPartOf": "news.example"}, clock=lambda: first.started
    )
    yield writer
    writer.close()


def serve(writer, *bodies):
    """Serves the bodies at one URL, a minute after another; returns what each did to the article."""
    changes = []
    for minute, body in enumerate(bodies):
        one = capture("/2026/11/1", body, minute)
        row = writer.record(one, site="news.example")
        writer.finish(
            disposition_of(row, parse_task(ParseTask(url=one.url, response=one.response, fetched_at=one.started)))
        )
        changes += [change for _, change in writer.commit().articles] or ["-"]
    return changes


@pytest.fixture
def archive(writer):
    with Archive(writer.collection.folder) as archive:
        yield archive


def test_another_byline_and_date_update_the_row_and_are_recorded(writer, archive):
    later = page(author="Omar Saadi", date="2026-11-23T12:00:00Z")
    assert serve(writer, page(), later) == ["new", "updated"]
    (row,) = archive.versions(URL)
    assert (row["author"], row["date_published"], row["date"]) == (
        "Omar Saadi",
        "2026-11-23T12:00:00+00:00",
        "2026-11-23",
    )
    assert json.loads(row["provenance"])["authors"]
    found = [(one["field"], one["before"], one["after"]) for one in archive.changes(row)]
    assert found == [
        ("author", "Layla Mansour", "Omar Saadi"),
        ("date_published", "2026-11-20T08:00:00+00:00", "2026-11-23T12:00:00+00:00"),
    ]
    assert {one["seen_at"] for one in archive.changes(row)} == {"2026-11-24T12:01:00.000000Z"}
    assert archive.search("author:Saadi").total == 1
    assert archive.search("from:2026-11-23").total == 1


def test_a_day_is_reported_as_its_pages_were_read_then(writer, archive):
    assert serve(writer, page(), page(author="Omar Saadi"), page(author="")) == ["new", "updated", "unchanged"]
    today = date(2026, 11, 24)
    (day,) = reports.days(archive.db, first=today, last=today)
    assert (day.read, day.without_author, day.without_date) == (1, 0, 0)


def test_a_byline_that_came_later_was_missing_on_the_day_before(writer, archive):
    assert serve(writer, page(author=""), page()) == ["new", "updated"]
    today = date(2026, 11, 24)
    (day,) = reports.days(archive.db, first=today, last=today)
    assert (day.read, day.without_author) == (1, 1)


def test_what_a_page_does_not_say_this_time_stays_as_it_is_known(writer, archive):
    silent = page(author="", head='<meta name=keywords content="bridge">')
    assert serve(writer, page(), silent) == ["new", "updated"]
    row = archive.article(URL)
    assert (row["author"], json.loads(row["tags"])) == ("Layla Mansour", ["bridge"])
    assert {"authors", "tags"} <= json.loads(row["provenance"]).keys()
    assert [one["field"] for one in archive.changes(row)] == ["tags"]
    assert archive.search("author:Layla").total == 1


def test_keywords_and_a_time_of_change_are_recorded(writer, archive):
    head = '<meta name=keywords content="bridge,correction"><meta property="article:modified_time" content="2026-11-23T13:00:00Z">'
    assert serve(writer, page(), page(head=head)) == ["new", "updated"]
    row = archive.article(URL)
    assert json.loads(row["tags"]) == ["bridge", "correction"]
    assert [one["field"] for one in archive.changes(row)] == ["date_modified", "tags"]


def test_a_page_whose_bytes_alone_differ_is_unchanged(writer, archive):
    assert serve(writer, page(), page(head="<meta name=generator content=2>")) == ["new", "unchanged"]
    assert archive.changes(archive.article(URL)) == []


def test_an_older_capture_does_not_bring_old_metadata_back(writer, archive):
    newer, older = capture("/2026/11/1", page(author="Omar Saadi"), 9), capture("/2026/11/1", page(), 1)
    for one in (newer, older):
        row = writer.record(one, site="news.example")
        writer.finish(
            disposition_of(row, parse_task(ParseTask(url=one.url, response=one.response, fetched_at=one.started)))
        )
        writer.commit()
    assert archive.article(URL)["author"] == "Omar Saadi"


def test_a_text_and_its_metadata_in_one_group_are_indexed_once(writer, archive):
    for minute, body in enumerate((page(), page(author="Omar Saadi"))):
        one = capture("/2026/11/1", body, minute)
        row = writer.record(one, site="news.example")
        writer.finish(
            disposition_of(row, parse_task(ParseTask(url=one.url, response=one.response, fetched_at=one.started)))
        )
    assert [change for _, change in writer.commit().articles] == ["new", "updated"]
    assert [archive.search(f"author:{name}").total for name in ("Saadi", "Mansour")] == [1, 0]


@pytest.mark.parametrize(
    "teaser",
    [
        page([LINES[0].split(". ")[0] + ".", "To read on, choose one of our offers.", "Subscribe"], head=UNPAID),
        page([LINES[0], LINES[1], "Sentence 2 tells what the engineers…"]),
    ],
    ids=["declared", "broken off"],
)
def test_a_teaser_does_not_replace_the_text_that_is_held(writer, archive, teaser):
    assert serve(writer, page(), teaser, teaser) == ["new", "-", "-"]
    (row,) = archive.versions(URL)
    assert row["paywalled_at"] == "2026-11-24T12:01:00.000000Z"
    assert archive.search('"pillar 8"').total == 1
    assert [one["reason"] for one in archive.quarantined()] == ["paywall", "paywall"]


TEASER = page(LINES[:1], head=UNPAID)
FERRIES = "Ferries go every hour from today on, as the harbour office says, and take bicycles along."
MOVED = "https://new.example/2026/11/1"


def exchange(url, body, minute):
    return replace(capture("/2026/11/1", body, minute), url=url)


def led(url, target, minute):
    """A permanent redirect."""
    head = f"HTTP/1.1 301 Moved Permanently\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
    return replace(capture("/2026/11/1", b"", minute), url=url, response=head)


def take(writer, *exchanges, site="news.example"):
    """Takes in exchanges as one group."""
    for one in exchanges:
        row = writer.record(one, site=site)
        writer.finish(
            disposition_of(row, parse_task(ParseTask(url=one.url, response=one.response, fetched_at=one.started)))
        )
    writer.commit()


def test_a_teaser_on_the_sites_new_host_belongs_to_the_article_of_the_old_one(writer, archive):
    take(writer, exchange(URL, page(), 0))
    take(writer, exchange(MOVED, TEASER, 1))
    for url in (URL, MOVED):
        (row,) = archive.versions(url)
        assert (row["url"], row["paywalled_at"]) == (URL, "2026-11-24T12:01:00.000000Z")
        assert "pillar 8" in row["text"]
    (join,) = joins.all_joins(archive.db)
    assert (join.reason, join.versions) == ("teaser", 0)
    assert [one["reason"] for one in archive.quarantined()] == ["paywall"]
    take(writer, exchange(MOVED, page(head="<meta name=generator content=2>"), 2))
    (row,) = archive.versions(MOVED)
    assert (row["paywalled_at"], row["last_seen_at"]) == (None, "2026-11-24T12:02:00.000000Z")


def test_articles_and_teasers_of_one_group_and_after_a_reindex_are_joined_too(writer, archive):
    take(writer, exchange(URL, page(), 0), exchange(MOVED, TEASER, 1))
    (row,) = archive.versions(MOVED)
    writer.close()
    with parse_pool(workers=1) as pool:
        reindex(writer.collection, pool, clock=writer.clock)
    with Archive(writer.collection.folder) as rebuilt:
        (again,) = rebuilt.versions(MOVED)
    assert (
        (row["url"], row["paywalled_at"])
        == (again["url"], again["paywalled_at"])
        == (URL, "2026-11-24T12:01:00.000000Z")
    )


def test_a_teaser_to_which_the_old_address_redirects_belongs_to_its_article_whatever_it_is_called(writer, archive):
    moved = "https://new.example/plus/bridge"
    teaser = page(LINES[:1], head=UNPAID, title="Closed for good: the old bridge")
    take(writer, exchange(URL, page(), 0), led(URL, moved, 1), exchange(moved, teaser, 2))
    for url in (URL, moved):
        (row,) = archive.versions(url)
        assert (row["paywalled_at"], "pillar 8" in row["text"]) == ("2026-11-24T12:02:00.000000Z", True)


@pytest.mark.parametrize(
    ("url", "body", "site"),
    [
        (MOVED, page([FERRIES], head=UNPAID), "news.example"),
        (MOVED, page(LINES[:1], head=UNPAID, title="Another title of this page"), "news.example"),
        (MOVED, page(LINES[:1]), "news.example"),
        (f"{MOVED}0", TEASER, "news.example"),
        (MOVED, TEASER, "new.example"),
    ],
    ids=["another text", "another title", "a short text without a wall", "another path", "another site"],
)  # fmt: skip
def test_a_short_page_that_is_another_article_is_not_joined(writer, archive, url, body, site):
    take(writer, exchange(URL, page(), 0))
    take(writer, exchange(url, body, 1), site=site)
    assert [[row["url"] for row in archive.versions(one)] for one in (URL, url)] == [[URL], [url]]
    assert (archive.article(URL)["paywalled_at"], list(joins.all_joins(archive.db))) == (None, [])


def test_a_redirect_to_a_short_page_of_another_article_joins_nothing(writer, archive):
    other = page([FERRIES], head=UNPAID)
    take(writer, exchange(URL, page(), 0), led(URL, MOVED, 1), exchange(MOVED, other, 2))
    assert [[row["url"] for row in archive.versions(one)] for one in (URL, MOVED)] == [[URL], [MOVED]]
    assert archive.article(URL)["paywalled_at"] is None


PLUS = "https://new.example/plus/bridge"
TEASER_THERE = page(LINES[:1], head=UNPAID, title="Closed for good: the old bridge")


@pytest.mark.parametrize(
    "hops", [(), ("https://news.example/short/1",), ("https://a.example/1", "https://b.example/1")]
)
def test_a_teaser_that_was_taken_for_an_article_is_joined_when_the_redirect_to_it_is_seen(writer, archive, hops):
    take(writer, exchange(URL, page(), 0))
    take(writer, exchange(PLUS, TEASER_THERE, 1))
    assert [row["url"] for row in archive.versions(PLUS)] == [PLUS]
    chain = [URL, *hops, PLUS]
    take(writer, *(led(one, other, 2) for one, other in pairwise(chain)))
    for url in (URL, PLUS):
        (row,) = archive.versions(url)
        assert (row["url"], row["is_latest"], "pillar 8" in row["text"]) == (URL, 1, True)
        assert row["paywalled_at"] == "2026-11-24T12:01:00.000000Z"
    assert archive.search('"closed for good: the old bridge"').total == 0
    assert [one["reason"] for one in archive.quarantined()] == ["paywall"]
    (join,) = joins.all_joins(archive.db)
    with writer.store.atomic():
        (back,) = joins.part(writer.store.db, join.id)
    assert [[row["url"], row["paywalled_at"]] for url in (URL, PLUS) for row in archive.versions(url)] == [
        [URL, None],
        [PLUS, None],
    ]
    assert (archive.article(PLUS)["id"], list(archive.quarantined())) == (back, [])


def test_a_redirect_seen_after_a_short_page_of_its_own_joins_nothing(writer, archive):
    take(writer, exchange(URL, page(), 0))
    take(writer, exchange(PLUS, page([FERRIES], head=UNPAID), 1))
    take(writer, led(URL, PLUS, 2))
    assert [[row["url"] for row in archive.versions(one)] for one in (URL, PLUS)] == [[URL], [PLUS]]


def test_an_older_archive_that_comes_in_after_the_redirect_is_joined_too(writer, archive):
    take(
        writer,
        led(URL, PLUS, 2),
        exchange(PLUS, TEASER_THERE, 3),
        led(URL + "b", PLUS + "b", 2),
        exchange(PLUS + "b", page(), 3),
    )
    take(writer, exchange(URL, page(), 0), exchange(URL + "b", page(), 1))
    for url in (URL, PLUS):
        (row,) = archive.versions(url)
        assert (row["url"], row["paywalled_at"]) == (URL, "2026-11-24T12:03:00.000000Z")
    assert len(archive.versions(URL + "b")) == len(archive.versions(PLUS + "b")) == 1


def test_a_page_that_names_a_canonical_address_and_shows_its_teaser_is_no_address_of_the_article(writer, archive):
    today = "https://news.example/today"
    teaser = page(LINES[:1], head=f'{UNPAID}<link rel=canonical href="{URL}">')
    take(writer, exchange(URL, page(), 0))
    take(writer, exchange(today, teaser, 1))
    assert (articles.versions(archive.db, today), list(joins.all_joins(archive.db))) == ([], [])
    assert archive.article(URL)["paywalled_at"] == "2026-11-24T12:01:00.000000Z"


def test_the_mark_of_a_wall_goes_when_the_article_is_served_whole_again(writer, archive):
    teaser = page([LINES[0], LINES[1], "Sentence 2 tells what the engineers…"])
    assert serve(writer, page(), teaser, page(head="<meta name=generator content=2>")) == ["new", "-", "unchanged"]
    assert archive.article(URL)["paywalled_at"] is None


def test_an_article_that_was_made_shorter_is_a_version(writer, archive):
    assert serve(writer, page(), page(LINES[:4])) == ["new", "changed"]
    assert archive.article(URL)["paywalled_at"] is None


def test_a_text_that_first_was_behind_a_wall_is_followed_by_the_whole_one(writer, archive):
    teaser = page([*LINES[:2], "Sentence 2 tells what the engineers…"], head=UNPAID)
    assert serve(writer, teaser, page(), teaser + b" ") == ["new", "changed", "-"]
    assert "pillar 8" in archive.article(URL)["text"]


def test_a_text_that_is_changed_back_stands_for_two_spells(writer, archive):
    other = page([*LINES[:8], "The last sentence is another one now, and says so plainly."])
    assert serve(writer, page(), other, other + b" ", page(head="<meta name=generator content=2>")) == [
        "new",
        "changed",
        "unchanged",
        "unchanged",
    ]
    spells = archive.version_spans(archive.article(URL))
    assert [(one["version"], one["first_at"][14:16], one["last_at"][14:16], one["captures"]) for one in spells] == [
        (1, "00", "00", 1),
        (2, "01", "02", 2),
        (1, "03", "03", 1),
    ]


def test_captures_of_an_article_are_its_own_whatever_its_canonical_address_is(writer, archive):
    canonical = '<link rel=canonical href="https://news.example/2026/11/1/index.htm">'
    serve(writer, page(head=canonical), page(author="Omar Saadi", head=canonical))
    row = archive.article(f"{URL}/index.htm")
    assert [one["url"] for one in archive.captures_of(row)] == [URL, URL]
    assert archive.captures(row["url"]) == []


def test_the_blocks_are_stored_and_written_beside_the_text(writer, archive):
    serve(writer, page())
    row = archive.article(URL)
    assert [block["kind"] for block in json.loads(row["body"])] == ["paragraph"] * 9
    (packed,) = writer.store.db.conn.execute("SELECT body FROM articles").fetchone()
    assert len(packed) < len(row["body"]) / 4
    assert zlib.decompressobj(zdict=row["text"].encode()).decompress(packed) == row["body"].encode(), "docs/queries.md"
    kinds = {
        record.get("Content-Type"): record
        for path in writer.collection.warcs.iterdir()
        for record in read_records(path)
        if record.type == "conversion"
    }
    assert kinds["text/plain"].id == row["conversion_id"]
    if "application/json" in kinds:  # of an extraction that gives blocks
        assert json.loads(kinds["application/json"].block)["body"] == json.loads(row["body"])


def test_reindex_gives_bodies_changes_and_walls_again(writer, archive):
    teaser = page([*LINES[:2], "Sentence 2 tells what the engineers…"])
    serve(writer, page(), page(author="Omar Saadi"), teaser)
    before = dict(archive.article(URL)), archive.changes(archive.article(URL))
    writer.close()
    with parse_pool(workers=1) as pool:
        reindex(writer.collection, pool, clock=writer.clock)
    with Archive(writer.collection.folder) as again:
        row = again.article(URL)
        assert (dict(row), again.changes(row)) == before


def test_what_changed_of_a_redacted_article_is_forgotten(writer, archive):
    serve(writer, page(), page(author="Omar Saadi"))
    writer.writer.close()
    redact(writer.collection, writer.store, url=URL, reason="asked", who="editor", clock=writer.clock)
    assert archive.db.conn.execute("SELECT count(*) FROM changes").fetchone() == (0,)


FIGURE = '<figure><img src="{}" width=800 height=450><figcaption>The bridge</figcaption></figure>'


def ld(**fields):
    node = {"@type": "NewsArticle", "headline": "The old bridge is closed for good", **fields}
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


def keywords(words):
    return page(head=f'<meta name=keywords content="{words}">')


def under_title(markup, **values):
    return page(**values).replace(b"</h1>", f"</h1>{markup}".encode())


def lead(address):
    return page(head=f'<meta property="og:image" content="{address}">')


def linked(target):
    return page().replace(
        b"engineers found at pillar 3", f'<a href="{target}">engineers</a> found at pillar 3'.encode()
    )


NOISE = {
    "tags in another order": (keywords("bridge,port,steel"), keywords("steel,Bridge,port")),
    "authors in another order": (page(head=ld(author=["Ann Lee", "Bo Ray"])), page(head=ld(author=["Bo Ray", "Ann Lee"]))),
    "a linked byline": (
        under_title("<p class=byline>By Ann Lee</p>", author=""),
        under_title("<p class=byline>By <a href=/authors/ann>Ann Lee</a></p>", author=""),
    ),
    "a picture's size": (lead("https://i.example/b-800x450.jpg"), lead("https://i.example/b-1200x675.jpg")),
    "a picture's query": (lead("https://i.example/b.jpg?w=800&s=abc"), lead("https://i.example/b.jpg?v=2")),
    "a picture's server": (lead("https://i1.example.org/b.jpg"), lead("https://i2.example.org/b.jpg")),
    "a figure's size": (
        under_title(FIGURE.format("https://i.example/b.jpg?w=800")),
        under_title(FIGURE.format("https://i.example/b.jpg?w=600")),
    ),
    "a tracked link": (linked("/team?utm_source=a"), linked("/team?utm_source=b")),
    "the zone": (page(date="2026-11-20T08:00:00Z"), page(date="2026-11-20T11:00:00+03:00")),
    "a less precise time": (page(date="2026-11-20T08:00:00Z"), page(date="2026-11-20")),
    "a time counted back": (
        under_title("<span class=date>1 hour ago</span>", date=""),
        under_title("<span class=date>1 hour ago</span>", date=""),
    ),
    "white space": (page(head="<meta name=description content='All of it'>"), page(head="<meta name=description content='All  of it'>")),
}  # fmt: skip


@pytest.mark.parametrize("name", NOISE)
def test_what_servers_and_templates_change_by_themselves_is_not_recorded(writer, archive, name):
    first, second = NOISE[name]
    assert serve(writer, first, second) == ["new", "unchanged"]
    assert archive.changes(archive.article(URL)) == []


CHANGES = {
    "a tag": (keywords("bridge,port"), keywords("bridge,port,steel"), ["tags"]),
    "an author": (page(head=ld(author=["Ann Lee"])), page(head=ld(author=["Ann Lee", "Bo Ray"])), ["author"]),
    "the lead picture": (lead("https://i.example/b.jpg"), lead("https://i.example/tower.jpg"), ["images"]),
    "a picture by its number": (lead("https://i.example/p?id=1"), lead("https://i.example/p?id=2"), ["images"]),
    "a caption": (
        under_title(FIGURE.format("https://i.example/b.jpg")),
        under_title(FIGURE.format("https://i.example/b.jpg").replace("The bridge", "The bridge in May")),
        ["body", "images"],  # it is a figure of the body as well
    ),
    "a link": (linked("/team"), linked("/office"), ["body"]),
    "a paragraph that became a list": (page(), page().replace(b"<p>Sentence 3", b"<ul><li>Sentence 3"), ["body"]),
    "the day": (page(date="2026-11-20"), page(date="2026-11-21"), ["date_published"]),
    "a more precise time": (page(date="2026-11-20"), page(date="2026-11-20T08:00:00Z"), ["date_published"]),
    "a time after one counted back": (
        under_title("<span class=date>1 hour ago</span>", date=""), page(date="2026-11-20T08:00:00Z"), ["date_published"],
    ),
    "the section": (
        page(head='<meta property="article:section" content="Ports">'),
        page(head='<meta property="article:section" content="Sea">'),
        ["section"],
    ),
    "a wall": (page(head=ld(isAccessibleForFree=True)), page(head=ld(isAccessibleForFree=False)), ["is_accessible_for_free"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_recorded_as_what_it_is(writer, archive, name):
    first, second, fields = CHANGES[name]
    assert serve(writer, first, second) == ["new", "updated"]
    assert [one["field"] for one in archive.changes(archive.article(URL))] == fields


def test_a_value_that_is_kept_keeps_its_origin_when_another_changes(writer, archive):
    counted = under_title("<span class=date>1 hour ago</span>", date="", author="Omar Saadi")
    assert serve(writer, page(), counted) == ["new", "updated"]
    row = archive.article(URL)
    assert (row["author"], row["date_published"]) == ("Omar Saadi", "2026-11-20T08:00:00+00:00")
    assert not json.loads(row["provenance"])["date_published"].endswith(":relative")
