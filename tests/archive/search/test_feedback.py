"""The effect of the first hit of a long query on its result."""

import pytest

from archive.search import search, search_shards
from tests.archive.search.conftest import Shelf

HEADLINE = "فيضانات عارمة تغرق شوارع العاصمة"
STORY = "غمرت مياه وادي بومرقد أحياء سيدي مومن وقال القبطان زيطوني إن سد تامسنا فاض"


def ids(shelf, query, **options):
    return [hit.id for hit in search(shelf.db, query, **options).hits]


def fill(shelf, count=80):
    for number in range(count):
        shelf.put(text=f"خبر عادي رقم {number} وقال المتحدث إن العمل جار", date="2024-01-01")


@pytest.fixture
def papers(shelf):
    fill(shelf)
    own = shelf.put(title=HEADLINE, text=STORY, date="2024-01-01", site="one.example")
    other = shelf.put(title="السيول تجتاح البيضاء", text=STORY, date="2024-01-02", site="two.example")
    return shelf, own, other


def test_an_article_of_the_story_with_no_word_of_the_headline_is_found_and_marked(papers):
    shelf, own, other = papers
    results = search(shelf.db, HEADLINE)
    assert [(hit.id, hit.is_partial) for hit in results.hits] == [(own, False), (other, True)]
    assert (results.total, results.complete) == (2, 1)


def test_it_stands_below_all_articles_that_have_all_the_words(papers):
    shelf, own, other = papers
    long = shelf.put(text="كلام آخر " * 300 + HEADLINE, date="2010-01-01")
    assert ids(shelf, HEADLINE) == [own, long, other]


def test_the_filters_of_the_query_hold_for_it(papers):
    shelf, own, other = papers
    assert ids(shelf, f"{HEADLINE} site:one.example") == [own]
    assert ids(shelf, f"{HEADLINE} -السيول") == [own]
    assert ids(shelf, f"{HEADLINE} to:2024-01-01") == [own]
    assert other in ids(shelf, f"{HEADLINE} title:العاصمة OR title:السيول")


def test_an_alternative_in_one_column_holds_for_it_too(papers):
    shelf, own, _ = papers
    assert ids(shelf, f"{HEADLINE} كرة OR title:العاصمة") == [own]


def test_the_versions_and_states_that_are_asked_for_hold_for_it(shelf):
    fill(shelf)
    own = shelf.put(title=HEADLINE, text=STORY, source="وكالة")
    older = shelf.put(title="السيول", text=STORY, is_latest=0, source="وكالة", url="https://example.org/b")
    sent = shelf.put(title="أمطار", text=STORY, source="وكالة", url="https://example.org/c")
    reported = shelf.put(title="غيوم", text=STORY, url="https://example.org/d")
    assert set(ids(shelf, HEADLINE)) == {own, sent, reported}
    assert set(ids(shelf, HEADLINE, all_versions=True)) == {own, older, sent, reported}
    assert set(ids(shelf, f"{HEADLINE} is:wire")) == {own, sent}


def test_a_first_hit_of_any_length_costs_a_bounded_number_of_questions(shelf):
    fill(shelf)
    many = " ".join(f"كلمة{number}" for number in range(20_000))
    own = shelf.put(title=f"{HEADLINE} {many}", text=many)
    asked = []
    shelf.db.set_trace_callback(asked.append)
    assert ids(shelf, HEADLINE)[0] == own
    assert len(asked) < 3000


@pytest.mark.parametrize("text", ["", "زلزال", "\x00 \ud800 \" ' * ) NEAR(", "م" * 100_000])
def test_a_first_hit_of_any_text_is_read(shelf, text):
    fill(shelf)
    own = shelf.put(title=HEADLINE, text=text.encode("utf-8", "replace").decode())
    assert ids(shelf, HEADLINE) == [own]


@pytest.mark.parametrize("options", [{"relax": False}, {"order": "newest"}, {"order": "oldest"}])
def test_nothing_is_added_where_it_is_not_asked_for(papers, options):
    shelf, own, _ = papers
    assert ids(shelf, HEADLINE, **options) == [own]


def test_nothing_is_added_to_a_query_of_few_words(papers):
    shelf, own, _ = papers
    assert ids(shelf, "فيضانات عارمة تغرق شوارع") == [own]


def test_words_that_many_articles_have_lead_nowhere(shelf):
    fill(shelf)
    own = shelf.put(title=HEADLINE, text="خبر عادي وقال المتحدث إن العمل جار")
    assert ids(shelf, HEADLINE) == [own]


def test_an_article_of_the_same_words_rises(shelf):
    fill(shelf)
    own = shelf.put(title=HEADLINE, text=STORY)
    other = shelf.put(text="خبر عادي عن شوارع المدينة وسكانها")
    same = shelf.put(text=f"{STORY} فقطعت شوارع كثيرة منذ الصباح الباكر وتوقفت الحافلات")
    assert ids(shelf, HEADLINE) == [own, same, other]


def test_several_databases_answer_as_one_that_holds_all():
    whole, *parts = (Shelf() for _ in range(3))
    for number in range(80):
        for shelf in (whole, parts[number % 2]):
            shelf.put(url=f"https://example.org/{number}", text=f"خبر عادي رقم {number} وقال المتحدث إن العمل جار")
    for url, title, part in (("own", HEADLINE, 0), ("same", "السيول تجتاح البيضاء", 1), ("again", "أمطار", 0)):
        for shelf in (whole, parts[part]):
            shelf.put(url=f"https://example.org/{url}", title=title, text=STORY, fetched_at="2024-01-01T00:00:00Z")
    for shelf in (whole, *parts):
        shelf.db.commit()
    one, many = search(whole.db, HEADLINE), search_shards([part.db for part in parts], HEADLINE)
    assert [hit.url for hit in many.hits] == [hit.url for hit in one.hits]
    assert [hit.score for hit in many.hits] == pytest.approx([hit.score for hit in one.hits], rel=1e-9)
    assert (len(many.hits), many.total, many.complete) == (3, one.total, one.complete)


def test_an_article_of_several_databases_is_shown_once_whichever_words_its_copies_have():
    first, second = Shelf(), Shelf()
    half = len(STORY) // 2
    for shelf, text, day in ((first, STORY[:half], 1), (second, STORY[half:], 2)):
        fill(shelf)
        shelf.put(url="https://example.org/own", title=HEADLINE, text=STORY, fetched_at="2024-01-01T00:00:00Z")
        shelf.put(url="https://example.org/same", text=text, fetched_at=f"2024-01-0{day}T00:00:00Z")
        shelf.db.commit()
    found = search_shards([first.db, second.db], HEADLINE)
    assert sorted(hit.url for hit in found.hits) == ["https://example.org/own", "https://example.org/same"]
    assert next(hit.fetched_at for hit in found.hits if hit.url.endswith("same")) == "2024-01-02T00:00:00Z"
