"""Index keys made by a worker are used if they are of the row's words, else made again."""

from dataclasses import replace
from datetime import UTC, datetime

from archive.parse.parse import ParseTask, parse_task
from archive.search import make_entry, make_keys

ROW = {
    "id": 7, "title": "افتتاح الجسر", "text": "افتتح الوزير الجسر الجديد أمس.", "author": "هالة البيطار", "section": "محليات",
    "site": "news.example", "hostname": "www.news.example", "language": "ar", "date": "2026-11-24",
}  # fmt: skip
WORDS = {name: ROW[name] for name in ("title", "text", "author", "section", "language")}


def test_keys_of_the_rows_words_give_the_entry_that_would_be_made_without_them():
    assert make_entry(ROW, make_keys(**WORDS)) == make_entry(ROW)


def test_keys_are_taken_and_not_made_twice():
    marked = replace(make_keys(**WORDS), text="taken")
    assert make_entry(ROW, marked).text == "taken"


def test_keys_of_other_words_are_not_taken():
    for name in WORDS:
        other = make_keys(**WORDS | {name: "شيء آخر"})
        assert make_entry(ROW, other) == make_entry(ROW), name


def test_the_worker_that_reads_an_article_makes_its_keys():
    line = "هذه الفقرة من خبر كتب للاختبار وفيه ما يكفي من الكلمات ليكون نصاً صحيحاً يقرأه القارئ. "
    page = f"<html lang=ar><title>عنوان</title><article><h1>عنوان الخبر الأول</h1><p>{line * 6}</p></article></html>".encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    fetched_at = datetime(2026, 11, 24, tzinfo=UTC)
    answer = parse_task(ParseTask(url="https://news.example/2026/11/a", response=head + page, fetched_at=fetched_at))
    article = answer.article
    words = {name: getattr(article, name) for name in ("title", "text", "author", "section", "language")}
    assert answer.keys == make_keys(**words)
