"""Ingest: a bad page does not affect others, and a wrong canonical URL does not merge them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from archive import Archive
from archive.collection import Collection
from archive.errors import NotWritableError
from archive.index import site_lines
from archive.ingest import open_writer
from archive.ingest.commit import disposition_of
from archive.parse.parse import ParseTask, parse_task
from archive.warc import read_records
from tests.support.pages import capture, page

CANONICAL = b'<link rel=canonical href="https://news.example/2026/11/always-this-one"><article>'
PAID = b'<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false}</script><article>'


def settle(ingest, one):
    row = ingest.record(one, site="paper")
    ingest.finish(
        disposition_of(row, parse_task(ParseTask(url=one.url, response=one.response, fetched_at=one.started)))
    )


@pytest.fixture
def ingest(tmp_path):
    first = capture("/2026/11/1", page("x"))
    ingest = open_writer(Collection(tmp_path / "c"), info={"software": "test"}, clock=lambda: first.started)
    yield ingest
    ingest.close()


def articles(ingest):
    with Archive(ingest.collection.folder) as archive:
        return sorted((row["url"].rsplit("/", 1)[1], row["title"]) for row in archive.newest())


def story(title, word):
    """An article whose words are its own."""
    paragraphs = "".join(f"<p>{' '.join(f'{word}{number}{n}ة' for n in range(25))}.</p>" for number in range(5))
    html = f"<html lang=ar><head><title>{title}</title></head><body><article><h1>{title}</h1>{paragraphs}</article></body></html>"
    return html.encode()


def templated(number):
    """An article of a series: six of ten words are those of every other one."""
    lines = "".join(
        f"<p>The council of town {number} decided on the bridge over arm {number}{n} of the river, which {number}{n} cars and "
        f"{number}{n}x carts cross each day, and the mayor said that repairs will end in {number}{n}y weeks.</p>"
        for n in range(5)
    )
    title = f"Bridge {number} closes for repairs"
    html = f"<html lang=en><head><title>{title}</title></head><body><article><h1>{title}</h1>{lines}</article></body></html>"
    return html.encode()


def test_articles_of_one_template_that_share_a_wrong_canonical_url_are_no_versions_of_one(ingest):
    for number, path in enumerate(("1", "2", "always-this-one", "3")):
        settle(ingest, capture(f"/2026/11/{path}", templated(number).replace(b"<article>", CANONICAL), number))
        ingest.commit()
    assert [path for path, _ in articles(ingest)] == ["1", "2", "3", "always-this-one"]


STORIES = (("فيضان النهر الكبير", "ماء"), ("مباراة الذهاب", "كرة"), ("سعر القمح", "خبز"), ("افتتاح المسرح", "ستار"))


def outcomes(ingest):
    with Archive(ingest.collection.folder) as archive:
        rows = archive.db.query("SELECT url, reason, detail FROM captures ORDER BY captured_at")
        return [(row["url"].rsplit("/", 1)[1], row["reason"], row["detail"].rsplit("/", 1)[-1]) for row in rows]


@pytest.mark.parametrize("at_once", [True, False])
def test_pages_with_one_wrong_canonical_url_stay_apart(ingest, at_once):
    for number, (title, word) in enumerate(STORIES):
        settle(ingest, capture(f"/2026/11/{number}", story(title, word).replace(b"<article>", CANONICAL), number))
        if not at_once:
            ingest.commit()
    ingest.commit()
    assert articles(ingest) == [(str(number), title) for number, (title, _) in enumerate(STORIES)]
    assert outcomes(ingest) == [(str(number), "false-canonical", "always-this-one") for number in range(len(STORIES))]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_the_article_at_the_url_that_every_page_names_as_canonical_has_it_alone(ingest, place, at_once):
    paths = [str(number) for number in range(len(STORIES))]
    paths[place] = "always-this-one"
    for number, (path, (title, word)) in enumerate(zip(paths, STORIES, strict=True)):
        settle(ingest, capture(f"/2026/11/{path}", story(title, word).replace(b"<article>", CANONICAL), number))
        if not at_once:
            ingest.commit()
    ingest.commit()
    assert articles(ingest) == sorted(zip(paths, (title for title, _ in STORIES), strict=True))
    wrong = "false-canonical", "always-this-one"
    assert outcomes(ingest) == [(path, *(wrong if path != "always-this-one" else ("", ""))) for path in paths]


@pytest.mark.parametrize("at_once", [True, False])
def test_two_articles_that_name_each_other_as_canonical_keep_their_own_urls(ingest, at_once):
    for number, (title, word) in enumerate(STORIES[:2]):
        other = CANONICAL.replace(b"always-this-one", str(1 - number).encode())
        settle(ingest, capture(f"/2026/11/{number}", story(title, word).replace(b"<article>", other), number))
        if not at_once:
            ingest.commit()
    ingest.commit()
    assert articles(ingest) == [("0", STORIES[0][0]), ("1", STORIES[1][0])]
    assert outcomes(ingest) == [("0", "false-canonical", "1"), ("1", "false-canonical", "0")]


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("names", [("always-this-one", "always-this-one"), ("1", "0")])
def test_what_was_missing_of_a_page_is_still_said_beside_its_wrong_canonical_url(ingest, names, at_once):
    for number, (title, word) in enumerate(STORIES[:2]):
        body = story(title, word).replace(b"<article>", CANONICAL.replace(b"always-this-one", names[number].encode()))
        one = capture(f"/2026/11/{number}", body, number)
        row = ingest.record(one, site="paper")
        answer = parse_task(ParseTask(url=one.url, response=one.response, fetched_at=one.started))
        outcome = replace(answer.outcome, detail=f"page {number} is missing")
        ingest.finish(disposition_of(row, replace(answer, outcome=outcome)))
        if not at_once:
            ingest.commit()
    ingest.commit()
    found = [(reason, detail) for _, reason, detail in outcomes(ingest)]
    assert found == [("false-canonical", f"{names[number]}; page {number} is missing") for number in range(2)]


def test_an_article_whose_page_took_on_a_wrong_canonical_url_keeps_its_history_apart_from_the_article_there(ingest):
    first, second = (story(*one) for one in STORIES[:2])
    served = (("0", first), ("0", first.replace(b"<article>", CANONICAL)), ("always-this-one", second), ("0", first))
    for number, (path, body) in enumerate(served):
        settle(ingest, capture(f"/2026/11/{path}", body, number))
        ingest.commit()
    assert articles(ingest) == [("0", STORIES[0][0]), ("always-this-one", STORIES[1][0])]
    with Archive(ingest.collection.folder) as archive:
        for path in ("0", "always-this-one"):
            assert len(archive.versions(f"https://news.example/2026/11/{path}")) == 1
        assert not list(archive.db.query("SELECT * FROM joins"))
        assert [hit.url.rsplit("/", 1)[1] for hit in archive.search("النهر").hits] == ["0"]


def test_a_canonical_url_of_the_same_article_is_believed_and_its_versions_are_one_article(ingest):
    amended = story("فيضان النهر الكبير يهدأ", "ماء")
    for number, (path, body) in enumerate(
        (("a", story("فيضان النهر الكبير", "ماء")), ("b", amended), ("a", story("خبر آخر تماما", "قمر")))
    ):
        settle(ingest, capture(f"/2026/11/{path}", body.replace(b"<article>", CANONICAL), number))
        ingest.commit()
    assert articles(ingest) == [("always-this-one", "خبر آخر تماما")]


@pytest.mark.parametrize("pages", [("always-this-one", "amp"), ("amp", "always-this-one")])
def test_a_page_for_telephones_with_another_title_and_fewer_paragraphs_is_no_article_of_its_own(ingest, pages):
    whole = story("فيضان النهر الكبير", "ماء")
    shorter = story("النهر يفيض", "ماء").partition("<p>ماء2".encode())[0]
    bodies = {"always-this-one": whole, "amp": shorter.replace(b"<article>", CANONICAL)}
    for number, path in enumerate(pages):
        settle(ingest, capture(f"/2026/11/{path}", bodies[path], number))
        ingest.commit()
    assert [path for path, _ in articles(ingest)] == ["always-this-one"]
    assert {reason for _, reason, _ in outcomes(ingest)} == {""}


@pytest.mark.parametrize("order", [("always-this-one", "copy"), ("copy", "always-this-one")])
def test_a_copy_that_names_it_as_canonical_is_not_the_latest_version(ingest, order):
    own, copy = (
        story("فيضان النهر الكبير", "ماء"),
        story("قسم الأخبار: فيضان النهر", "ماء").replace(b"<article>", CANONICAL),
    )
    bodies = {"always-this-one": own, "copy": copy}
    for number, path in enumerate((*order, "copy")):
        settle(ingest, capture(f"/2026/11/{path}", bodies[path], number))
        ingest.commit()
        if number:
            assert articles(ingest) == [("always-this-one", "فيضان النهر الكبير")]
    shared = own.replace("فيضان النهر الكبير".encode(), "قسم الأخبار: فيضان النهر".encode())
    settle(
        ingest, capture("/2026/11/always-this-one", shared, 5)
    )  # its own page has the copy's text now: it is no copy any more
    ingest.commit()
    assert articles(ingest) == [("always-this-one", "قسم الأخبار: فيضان النهر")]


def test_the_copy_goes_on_with_the_article_when_its_own_page_is_gone(ingest):
    settle(ingest, capture("/2026/11/always-this-one", story("فيضان النهر الكبير", "ماء"), 0))
    settle(ingest, capture("/2026/11/copy", story("فيضان النهر ينحسر", "ماء").replace(b"<article>", CANONICAL), 1))
    gone = capture("/2026/11/always-this-one", b"gone", 2)
    settle(ingest, replace(gone, response=gone.response.replace(b"200 OK", b"404 Not Found")))
    ingest.commit()
    settle(ingest, capture("/2026/11/copy", story("فيضان النهر انتهى", "ماء").replace(b"<article>", CANONICAL), 3))
    settle(
        ingest,
        replace(
            gone, response=gone.response.replace(b"200 OK", b"404 Not Found"), started=gone.started + timedelta(hours=1)
        ),
    )
    ingest.commit()
    assert articles(ingest) == [("always-this-one", "فيضان النهر انتهى")]


def test_an_own_page_that_redirects_to_its_other_scheme_has_not_ended(ingest):
    own, copy = (
        story("فيضان النهر الكبير", "ماء"),
        story("قسم الأخبار: فيضان النهر", "ماء").replace(b"<article>", CANONICAL),
    )
    plain = capture("/2026/11/always-this-one", own, 0)
    settle(ingest, replace(plain, url=plain.url.replace("https:", "http:")))
    head = b"HTTP/1.1 301 Moved Permanently\r\nLocation: https://news.example/2026/11/always-this-one\r\nContent-Length: 0\r\n\r\n"
    settle(ingest, replace(capture("/x", b"", 1), url=plain.url.replace("https:", "http:"), response=head))
    settle(ingest, capture("/2026/11/always-this-one", own, 2))
    settle(ingest, capture("/2026/11/copy", copy, 3))
    ingest.commit()
    assert articles(ingest) == [("always-this-one", "فيضان النهر الكبير")]


def test_a_copy_in_full_is_the_latest_version_of_an_article_whose_own_page_gives_a_teaser(ingest):
    whole = story("فيضان النهر الكبير", "ماء")
    teaser = whole.partition("<p>ماء2".encode())[0].replace(b"<article>", PAID) + b"</article></body></html>"
    settle(ingest, capture("/2026/11/always-this-one", teaser, 0))
    settle(ingest, capture("/2026/11/copy", whole.replace(b"<article>", CANONICAL), 1))
    ingest.commit()
    with Archive(ingest.collection.folder) as archive:
        (row,) = archive.newest()
    assert "ماء4" in row["text"]


def test_a_second_page_that_names_the_first_one_does_not_replace_it(ingest):
    for number, (path, word) in enumerate((("always-this-one", "ماء"), ("always-this-one?page=2", "خبز"))):
        body = story("فيضان النهر الكبير", word).replace(b"<article>", CANONICAL)
        settle(ingest, capture(f"/2026/11/{path}", body, number))
        ingest.commit()
    assert [path for path, _ in articles(ingest)] == ["always-this-one", "always-this-one?page=2"]
    assert [reason for _, reason, _ in outcomes(ingest)] == ["", "false-canonical"]


def test_an_entry_that_cannot_be_written_costs_one_row_with_a_reason_and_not_the_group(ingest, monkeypatch):
    learn = site_lines.count_lines

    def fails_on_one(db, host, lines):
        if any("الثاني" in line for line in lines):
            raise ValueError("a bug of ours")
        learn(db, host, lines)

    monkeypatch.setattr(site_lines, "count_lines", fails_on_one)
    for number, name in enumerate(("الأول", "الثاني", "الثالث")):
        settle(ingest, capture(f"/2026/11/{number}", page(f"عنوان الخبر {name} في الاختبار"), number))
    ingest.commit()
    assert [path for path, _ in articles(ingest)] == ["0", "2"]
    with Archive(ingest.collection.folder) as archive:
        (row,) = archive.db.query("SELECT * FROM captures WHERE outcome = 'failed'")
    assert "a bug of ours" in row["detail"]


def conversions(collection):
    return [
        record
        for path in sorted(collection.warcs.glob("*.warc.gz*"))
        for record in read_records(path)
        if record.type == "conversion" and record.get("Content-Type") == "text/plain"
    ]


def test_a_commit_that_is_tried_again_after_a_full_disk_writes_each_text_once(ingest, monkeypatch):
    settle(ingest, capture("/2026/11/1", page("عنوان الخبر الأول في الاختبار")))

    def full(*_):
        raise NotWritableError(ingest.store.path, OSError("full"))

    with monkeypatch.context() as disk:
        disk.setattr(site_lines, "count_lines", full)
        for _ in range(2):
            with pytest.raises(NotWritableError):
                ingest.commit()
    assert [change for _, change in ingest.commit().articles] == ["new"]
    assert len(conversions(ingest.collection)) == 1


def test_the_same_article_at_two_urls_of_one_group_has_one_text_record(ingest):
    body = story("فيضان النهر الكبير", "ماء").replace(b"<article>", CANONICAL)
    for number, path in enumerate("ab"):
        settle(ingest, capture(f"/2026/11/{path}", body, number))
    ingest.commit()
    assert len(conversions(ingest.collection)) == 1
    assert articles(ingest) == [("always-this-one", "فيضان النهر الكبير")]
