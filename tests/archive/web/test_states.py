"""The conditions of `is:`: gone, paywalled, changed, shared, from an agency."""

import pytest

from archive.archive import Archive
from archive.federation import Federation
from tests.support.shelf import LIBRARY


@pytest.fixture
def states(shelf):
    """An archive in which each state holds for one article; ids by state, and the open archive."""
    ids = {"changed": 2}  # the second version of the library
    for state in ("gone", "paywalled", "shared", "wire", "twin"):
        source = "وكالة" if state == "wire" else ""
        ids[state] = shelf.put(f"https://daftar.example/{state}", f"جسر {state}", "نص عن جسر", source=source)
    shelf.put("https://daftar.example/retitled", "عنوان أول", "نص")
    ids["retitled"] = shelf.put("https://daftar.example/retitled", "عنوان آخر", "نص")
    with shelf.store.atomic():
        db = shelf.store.db.conn
        db.execute("UPDATE articles SET gone_at = '2026-11-25T00:00:00Z' WHERE id = ?", [ids["gone"]])
        db.execute("UPDATE articles SET paywalled_at = '2026-11-25T00:00:00Z' WHERE id = ?", [ids["paywalled"]])
        rows = [(ids["shared"], 7), (ids["twin"], 7), (ids["gone"], 8)]
        db.executemany("INSERT INTO families (article_id, family) VALUES (?, ?)", rows)
    with Archive(shelf.collection.folder) as archive:
        yield archive, ids


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("is:gone", {"gone"}),
        ("حال:محذوف", {"gone"}),
        ("جسر is:gone", {"gone"}),
        ("is:paywalled", {"paywalled"}),
        ("is:changed", {"changed", "retitled"}),
        ("جسر is:changed", set()),
        ("is:retitled", {"retitled"}),
        ("حال:معدل-العنوان", {"retitled"}),
        ("is:changed -is:retitled", {"changed"}),
        ("is:shared", {"shared", "twin"}),
        ("is:wire", {"wire"}),
        ("جسر -is:gone -is:shared", {"paywalled", "wire"}),
        ("جسر is:gone is:wire", set()),
    ],
)
def test_a_state_narrows_hits_counts_facets_and_exports(states, query, names):
    archive, ids = states
    wanted = {ids[name] for name in names}
    for order in ("relevance", "newest", "oldest"):
        found = archive.search(query, order=order)
        assert {hit.id for hit in found.hits if not hit.is_partial} == wanted, order
        assert found.complete == len(wanted)
    assert archive.facets(archive.search(query).query).counted == len(wanted)
    assert set(archive.matching(query)) == wanted


def test_a_state_narrows_the_answer_of_several_archives_too(states):
    archive, ids = states
    with Federation([archive.collection.folder]) as archives:
        assert [hit.id for hit in archives.search("is:gone").hits] == [ids["gone"]]


def test_a_state_that_there_is_none_of_is_left_out_and_named(states):
    archive, _ = states
    found = archive.search("جسر is:'; DROP TABLE articles")
    assert [one.code for one in found.problems] == ["no_state"]
    assert found.total == 5


@pytest.mark.parametrize(
    ("language", "message"), [("en", "the star of جس*: the beginning"), ("ar", "النجمة في جس*: بداية")]
)
def test_the_room_says_that_a_beginning_is_too_short(states, room, language, message):
    assert message in room.get(f"/?q=جس*&lang={language}").text
    assert room.get("/api/search?q=جس*").json()["problems"][0].startswith("the star of جس*")


def test_the_room_takes_states_as_a_filter(states, room):
    _, ids = states
    answer = room.get("/api/search?is=gone").json()
    assert [hit["id"] for hit in answer["hits"]] == [ids["gone"]]
    assert LIBRARY in [hit["url"] for hit in room.get("/api/search?is=changed").json()["hits"]]
