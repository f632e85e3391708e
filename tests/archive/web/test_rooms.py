"""A reading room of several archives: one search over all, and a room for each."""

from urllib.parse import quote

import pytest

from tests.support.shelf import Client, Shelf

pytest.importorskip("starlette", reason="needs starlette, of the web extra")

TEXT = (
    "اجتمع أعضاء المجلس صباح اليوم في قاعة المكتبة القديمة، وتحدثوا عن موسم القراءة في الأحياء البعيدة عن وسط المدينة."
)


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    from archive.web import create_app

    folders = [tmp_path_factory.mktemp("rooms") / name for name in ("first", "second")]
    for number, folder in enumerate(folders):
        shelf = Shelf(folder)
        shelf.put(
            f"https://{folder.name}.example/1", f"مكتبة {folder.name}", TEXT, date_published=f"2026-11-0{number + 1}"
        )
        shelf.writer.close()
        shelf.store.close()
    return Client(create_app(*folders, hosts=("localhost",)))


def test_each_room_and_what_lies_above_describe_the_api_that_they_have(rooms):
    above = rooms.get("/api/openapi.json").json()
    assert set(above["paths"]) == {"/api/search", "/api/words", "/api/openapi.json"}
    room = rooms.get("/archives/first/api/openapi.json").json()
    assert room["servers"] == [{"url": "/archives/first"}]
    for document in (above, room):
        for path in document["paths"]:
            if "{" not in path and path not in {"/api/diff", "/api/front/timeline"}:
                assert rooms.get(document["servers"][0]["url"].rstrip("/") + path).status_code == 200


def test_one_search_finds_the_articles_of_all_and_leads_into_their_rooms(rooms):
    found = rooms.get(f"/search?q={quote('مكتبة')}&lang=en").text
    for name in ("first", "second"):
        assert f'href="/archives/{name}/articles/1?' in found
        answer = rooms.get(f"/archives/{name}/articles/1?lang=en")
        assert answer.status_code == 200
        assert f"https://{name}.example/1" in answer.text
        assert f'href="/archives/{name}/articles/1.wacz"' in answer.text
        assert 'href="/">All archives' in answer.text


def test_a_room_searches_its_own_archive_only(rooms):
    home = rooms.get("/archives/first/?lang=en").text
    assert 'action="/archives/first/search"' in home
    found = rooms.get(f"/archives/first/search?q={quote('مكتبة')}").text
    assert "/archives/first/articles/1" in found
    assert "second" not in found


def test_every_page_of_a_room_is_there(rooms):
    for path in ("/coverage", "/help", "/articles/1/original", "/raw/1", "/articles/1.wacz", "/api/stats"):
        assert rooms.get(f"/archives/second{path}").status_code == 200, path
    assert rooms.get("/archives/third/").status_code == 404
    assert rooms.get("/coverage").status_code == 404


def test_the_home_of_all_names_the_archives_and_pasted_addresses_are_found(rooms):
    assert 'href="/archives/second/?' in rooms.get("/?lang=en").text
    known = rooms.get("/search?q=https://second.example/1&lang=en").text
    assert 'href="/archives/second/articles/1' in known


def test_the_api_says_where_each_hit_lies(rooms):
    hits = rooms.get(f"/api/search?q={quote('مكتبة')}").json()["hits"]
    assert {hit["article"] for hit in hits} == {"/archives/first/api/articles/1", "/archives/second/api/articles/1"}
    assert rooms.get(hits[0]["article"]).json()["links"]["versions"].startswith("/archives/")


def test_ids_timegates_and_timemaps_lead_into_the_room_that_has_the_article(rooms):
    url = "https://second.example/1"
    for kind in ("timegate", "timemap"):
        answer = rooms.get(f"/{kind}/{url}", follow=False)
        assert (answer.status_code, answer.headers["location"]) == (302, f"/archives/second/{kind}/{url}")
    shown = rooms.get(f"/timegate/{url}")
    assert shown.status_code == 200
    assert shown.headers["memento-datetime"]
    assert f"<http://localhost/archives/second/timegate/{url}>" in shown.headers["link"]
    moved = rooms.get("/archives/second/articles/1", follow=False).headers["location"]
    assert moved.startswith("http://localhost/archives/second/a/2026")
    assert rooms.get("/timegate/https://nobody.example/").status_code == 404
