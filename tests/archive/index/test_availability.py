"""When an article counts as gone."""

import pytest

from archive.article import Article
from archive.index import articles, availability, captures, open_store
from archive.index.columns import text_digest
from archive.index.rows import CaptureRow
from archive.outcome import Outcome, OutcomeKind

URL = "https://a.example/story"


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "warraq.db") as store, store.atomic():
        yield store


def capture(store, day, outcome, reason="", detail="", hour=12):
    at = f"2026-03-{day:02}T{hour:02}:00:00Z"
    stamp = "".join(filter(str.isdigit, at))
    row = CaptureRow(
        record_id=f"{at}{outcome}", record_type="response", url=URL, urlkey="example,a)/story", site="a", timestamp=stamp, captured_at=at,
        status=200, mime="text/html", payload_digest="sha1:A", warc_filename="f", warc_record_offset=0, warc_record_length=1,
    )  # fmt: skip
    captures.insert(store.db, row)
    article_id = None
    if outcome == "article":
        article = Article(url=URL, title="T", text="text")
        digest = text_digest("T", "text")
        held = articles.find_version(store.db, URL, digest)
        stored = (
            articles.mark_seen(store.db, held, at=at)
            if held
            else articles.insert_version(store.db, article, capture=captures.of_record(store.db, row.record_id), conversion_id="")
        )  # fmt: skip
        article_id = stored.id
        availability.clear(store.db, article_id, at=at)
    captures.record_outcome(
        store.db, row.record_id, Outcome(kind=OutcomeKind(outcome), reason=reason, detail=detail), article_id
    )
    availability.update_from_capture(store.db, row.record_id)


def fate(store):
    (row,) = articles.versions(store.db, URL)
    return row["gone_at"], row["gone_reason"], row["paywalled_at"]


def test_three_answers_over_three_days_mark_the_article_since_the_first(store):
    capture(store, 1, "article")
    for day in (2, 3):
        capture(store, day, "gone", "http-404")
        assert fate(store) == (None, "", None)
    capture(store, 5, "gone", "http-410")
    assert fate(store) == ("2026-03-02T12:00:00Z", "http-410", None)


def test_many_answers_on_one_day_are_an_outage(store):
    capture(store, 1, "article")
    for hour in range(13, 24):
        capture(store, 1, "gone", "http-404", hour=hour)
    assert fate(store)[0] is None


def test_trouble_between_the_answers_says_nothing_and_the_page_itself_says_all(store):
    capture(store, 1, "article")
    capture(store, 2, "gone", "http-404")
    capture(store, 3, "failed", "http-503")
    capture(store, 4, "gone", "http-404")
    capture(store, 5, "article")
    capture(store, 6, "gone", "http-404")
    assert fate(store)[0] is None
    capture(store, 7, "gone", "http-404")
    capture(store, 9, "gone", "http-404")
    assert fate(store)[0] == "2026-03-06T12:00:00Z"


def test_a_redirect_to_the_front_page_and_a_soft_404_count_and_one_elsewhere_does_not(store):
    capture(store, 1, "article")
    capture(store, 2, "redirect", "http-302", "https://a.example/elsewhere/story")
    capture(store, 3, "redirect", "http-302", "https://a.example/")
    capture(store, 5, "quarantine", "soft-404")
    capture(store, 6, "redirect", "http-301", "https://a.example/ar/")
    assert fate(store) == ("2026-03-03T12:00:00Z", "redirect-home", None)


def test_an_article_that_is_served_again_is_not_gone(store):
    capture(store, 1, "article")
    for day in (2, 3, 5):
        capture(store, day, "gone", "http-404")
    capture(store, 6, "article")
    assert fate(store) == (None, "", None)


def test_a_wall_in_front_of_an_article_is_noted_at_once_and_goes_with_it(store):
    capture(store, 1, "article")
    capture(store, 2, "quarantine", "login")
    capture(store, 3, "refused", "http-402")
    assert fate(store)[2] == "2026-03-02T12:00:00Z"
    capture(store, 4, "article")
    assert fate(store)[2] is None


def test_a_page_that_never_was_an_article_has_no_fate(store):
    for day in (2, 3, 5):
        capture(store, day, "gone", "http-404")
    assert articles.versions(store.db, URL) == []


def test_two_answers_are_too_few_however_far_apart(store):
    capture(store, 1, "article")
    capture(store, 2, "gone", "http-404")
    capture(store, 9, "gone", "http-404")
    assert fate(store)[0] is None
    capture(store, 10, "gone", "http-404")
    assert fate(store)[0] == "2026-03-02T12:00:00Z"
