"""Several databases are searched as one: the same hits, order, scores and counts."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.search import search, search_shards
from tests.archive.search.conftest import Shelf

pytestmark = pytest.mark.slow

WORDS = "وزارة الوزارات انتخابات المغرب زلزال تركيا رياضة مدرسة المدارس كتاب سوق المطر ministers ministry minister running élection".split()  # noqa: SIM905 - nothing but words
QUERIES = (
    "وزارة",
    "زلزال تركيا",
    "زلزال OR المطر OR سوق",
    '"الدار البيضاء"',
    "مدر*",
    "وزارة -رياضة",
    "وزارة وزارة كتاب",
    "title:زلزال سوق",
    "minister running",
    "وزارة site:site1",
    "سوق from:2024-02 to:2024-04",
    "كتاب section:رياضة",
    "élection OR ministry",
    "زلزال nowhere المغرب",
    "site:site2",
    "-رياضة",
    "",
)


def articles(count, seed, *, words=WORDS):
    """Texts in which each word is rarer than the one before, more so in some years than in others."""
    pick = random.Random(seed)
    for number in range(count):
        day = date(2022, 1, 1) + timedelta(days=number * 1000 // count)
        weights = [1 / (1 + (at + day.year) % len(words)) for at in range(len(words))]
        text = " ".join(pick.choices(words, weights, k=pick.randrange(5, 60)))
        yield {
            "url": f"https://www.site{number % 3}.example/{number}",
            "site": f"site{number % 3}",
            "hostname": f"www.site{number % 3}.example",
            "title": " ".join(pick.choices(words, k=3)) + (" الدار البيضاء" if number % 7 == 0 else ""),
            "text": text,
            "section": pick.choice(("رياضة", "ثقافة", "")),
            "language": pick.choice(("ar", "ar", "en", "fr")),
            "date": "" if number % 31 == 0 else str(day),
            "fetched_at": f"{day}T12:00:00Z",
        }


def shelves(rows, of):
    """One shelf with all rows, and as many as `of` gives numbers, each with its own."""
    whole, parts = Shelf(), {}
    for row in rows:
        whole.put(**row)
        parts.setdefault(of(row), Shelf()).put(**row)
    for one in (whole, *parts.values()):
        one.db.commit()  # FTS5 keeps its totals to itself until then
    return whole, [parts[key] for key in sorted(parts)]


def by_year(row):
    return row["fetched_at"][:4]


def plain(results):
    return [(hit.url, hit.score) for hit in results.hits]


def said(results):
    return (results.total, results.total_is_exact, results.relaxed, results.query)


@pytest.fixture(scope="module")
def library():
    return shelves(articles(600, seed=1), by_year)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("order", ["relevance", "newest", "oldest"])
def test_shards_by_year_answer_as_one_database(library, query, order):
    whole, parts = library
    assert len(parts) == 3
    for offset in (0, 15):
        one = search(whole.db, query, limit=15, offset=offset, order=order)
        many = search_shards([part.db for part in parts], query, limit=15, offset=offset, order=order)
        assert said(many) == said(one)
        assert _up_to_ties(many, one)


def _up_to_ties(many, one):
    """The same scores in the same order; where several articles share one, ids decide, and those are each database's own."""
    scores = [hit.score for hit in one.hits]
    if scores and scores[0]:
        assert [hit.score for hit in many.hits] == pytest.approx(scores, rel=1e-9)
        tied = {round(score, 9) for score in scores if sum(abs(score - other) < 1e-9 for other in scores) > 1}
        tied.add(round(scores[-1], 9))
        firm = [(a.url, b.url) for a, b in zip(many.hits, one.hits, strict=True) if round(b.score, 9) not in tied]
        assert all(ours == theirs for ours, theirs in firm)
        return True
    return [hit.date for hit in many.hits] == [hit.date for hit in one.hits]


def test_a_word_that_one_year_is_full_of_does_not_drown_its_articles(library):
    """Each database alone would call the word common there and rare elsewhere; the order of all together must not."""
    rows = [
        {"text": f"كورونا خبر {n}", "date": f"2020-01-{n % 28 + 1:02}", "fetched_at": "2020-01-01T00:00:00Z"}
        for n in range(60)
    ]
    rows += [
        {"text": f"طقس خبر {n}", "date": f"2019-01-{n % 28 + 1:02}", "fetched_at": "2019-01-01T00:00:00Z"}
        for n in range(60)
    ]
    rows += [{"text": "كورونا طقس جديد", "date": "2019-05-01", "fetched_at": "2019-05-01T00:00:00Z"}]
    for number, row in enumerate(rows):
        row["url"] = f"https://a.example/{number}"
    whole, parts = shelves(rows, by_year)
    one = search(whole.db, "كورونا OR طقس", limit=5)
    many = search_shards([part.db for part in parts], "كورونا OR طقس", limit=5)
    assert [hit.score for hit in many.hits] == pytest.approx([hit.score for hit in one.hits], rel=1e-9)
    assert many.hits[0].url == one.hits[0].url == "https://a.example/120"


def test_hits_say_in_which_database_they_lie(library):
    _, parts = library
    found = search_shards([part.db for part in parts], "وزارة", limit=30)
    assert len(found.shards) == len(found.hits) == 30
    for hit, shard in zip(found.hits, found.shards, strict=True):
        assert parts[shard].db.execute("SELECT url FROM articles WHERE id = ?", (hit.id,)).fetchone() == (hit.url,)


def test_an_article_that_two_databases_hold_is_shown_once_as_it_was_fetched_last():
    old, new = Shelf(), Shelf()
    old.put(title="زلزال", text="خبر قديم", fetched_at="2023-01-01T00:00:00Z")
    new.put(title="زلزال", text="خبر جديد", fetched_at="2024-01-01T00:00:00Z")
    old.db.commit()
    new.db.commit()
    for databases in ([old.db, new.db], [new.db, old.db]):
        found = search_shards(databases, "زلزال")
        assert [hit.snippet.text for hit in found.hits] == ["خبر جديد"]
        assert found.total == 1


def test_an_empty_database_among_them_changes_nothing(library):
    _, parts = library
    databases = [part.db for part in parts]
    empty = Shelf()
    with_empty = search_shards([empty.db, *databases], "زلزال تركيا")
    assert plain(with_empty) == plain(search_shards(databases, "زلزال تركيا"))


def test_too_many_matches_are_chosen_from_as_in_one_database(monkeypatch):
    monkeypatch.setattr("archive.search.candidates.BUDGET", 40)
    monkeypatch.setattr("archive.search.candidates.STRETCH", 20)
    whole, parts = shelves(articles(400, seed=3), lambda row: row["site"])
    for query in ("وزارة", "وزارة OR كتاب", "minister OR زلزال OR كتاب", "سوق -رياضة", "وزارة زلزال غائب", ""):
        for offset in (0, 35):
            one = search(whole.db, query, limit=10, offset=offset)
            many = search_shards([part.db for part in parts], query, limit=10, offset=offset)
            assert said(many) == said(one)
            assert _up_to_ties(many, one)


texts = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join), min_size=2, max_size=25)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    texts=texts,
    query=st.lists(st.sampled_from([*WORDS, "OR", "مدر*", '"كتاب سوق"']), min_size=1, max_size=4).map(" ".join),
)
def test_any_texts_parted_in_any_way_score_as_in_one(texts, query):
    rows = [
        {"url": f"https://a.example/{n}", "text": text, "title": text[:9], "language": ("ar", "en")[n % 2]}
        for n, text in enumerate(texts)
    ]
    whole, parts = shelves(rows, lambda row: hash(row["text"]) % 3)
    one = search(whole.db, query, limit=50)
    many = search_shards([part.db for part in parts], query, limit=50)
    assert said(many) == said(one)
    assert sorted((hit.url, round(hit.score, 9)) for hit in many.hits) == sorted(
        (hit.url, round(hit.score, 9)) for hit in one.hits
    )
