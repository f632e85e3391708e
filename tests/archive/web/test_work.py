"""Features of the reading room: subjects, words over time, the calendar, health, exports, comparing."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from archive.web import create_app, download
from tests.support.shelf import XSS, Client

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("path", "title"),
    [
        (f"/authors/{quote('هالة البيطار')}", "مكتبة متنقلة تجوب القرى"),
        (f"/tags/{quote('كتب')}", "مكتبة متنقلة تجوب القرى"),
        ("/sites/daftar.example", "Night bus returns"),
    ],
)
def test_an_author_a_tag_and_a_site_have_pages(shelf, room, path, title):
    shelf.put("https://daftar.example/tagged", "مكتبة متنقلة تجوب القرى", "نص", tags=("كتب",))
    answer = room.get(path)
    assert answer.status_code == 200
    assert title in answer.text
    assert "/export.csv?" in answer.text
    assert room.get(path, accept_language="en").status_code == 200


def test_each_of_two_authors_has_a_page(shelf, room):
    number = shelf.put("https://daftar.example/two", "تحقيق", "نص", authors=("هالة البيطار", "سامر عبد النور"))
    found = room.get(f"/api/search?q={quote('تحقيق')}").json()
    assert found["facets"]["author"] == {"هالة البيطار": 1, "سامر عبد النور": 1}
    for page in (f"/search?q={quote('تحقيق')}", f"/articles/{number}"):
        text = room.get(page).text
        assert f'href="/authors/{quote("سامر عبد النور")}"' in text
        assert quote(";") not in text.split("/authors/")[1].split('"')[0]
    assert "تحقيق" in room.get(f"/authors/{quote('سامر عبد النور')}").text


@pytest.mark.parametrize("path", ["/authors/nobody", "/tags/", "/tags/%20", "/sites/%00"])
def test_what_there_is_none_of_has_no_page(room, path):
    assert room.get(path).status_code == 404


def test_a_hostile_author_is_shown_as_text(room):
    answer = room.get(f"/authors/{quote(XSS, safe='')}")
    assert answer.status_code in {200, 404}
    assert "<svg/onload" not in answer.text


def test_words_are_counted_by_day_and_site(room):
    found = room.get(f"/api/words?q={quote('مكتبة، خطر , nothing')}").json()
    assert [(one["words"], one["articles"]) for one in found["series"]] == [("مكتبة", 1), ("خطر", 2), ("nothing", 0)]
    assert found["series"][1]["days"] == {"2026-11-19": 1, "2026-11-20": 1}
    assert found["series"][1]["sites"] == {"daftar.example": 2}
    assert found["articles_by_day"]["2026-11-14"] == 1


def test_the_page_of_words_draws_a_line_for_each_and_has_the_figures_as_a_table(room):
    text = room.get(f"/words?q={quote('مكتبة، خطر')}").text
    assert text.count("<polyline") == 2
    assert text.count("<table") == 2
    assert "1000.0‰" in text


@pytest.mark.parametrize("q", ["", ",,,", "-خطر", '"', "a" * 3000, ",".join("abcdefghij"), "\0", "site:x"])
def test_nothing_that_is_typed_for_words_fails(room, q):
    assert room.get(f"/words?q={quote(q)}").status_code == 200
    assert len(room.get(f"/api/words?q={quote(q)}").json()["series"]) <= 6


def test_the_calendar_leads_to_the_captures_of_a_day(room):
    year = room.get("/calendar")
    assert year.status_code == 200
    assert "/calendar?day=2026-11-24#day" in year.text
    day = room.get("/calendar?day=2026-11-24&site=daftar.example")
    assert "/articles/1" in day.text
    assert "/articles/1" not in room.get("/calendar?day=2026-11-23").text


@pytest.mark.parametrize(
    "query", ["year=0", "year=x", "day=2026-99-99", "site=nowhere.example", "page=99999", "day=%00"]
)
def test_nothing_that_is_asked_of_the_calendar_fails(room, query):
    assert room.get(f"/calendar?{query}").status_code == 200


def test_the_calendar_names_the_days_of_its_weeks_from_the_one_with_which_they_begin(room):
    assert '<thead><tr><th scope="col">سبت</th>' in room.get("/calendar").text
    assert '<thead><tr><th scope="col">Mon</th>' in room.get("/calendar?lang=en").text


def test_a_version_served_once_has_one_moment(shelf, room):
    page = room.get("/articles/1?lang=en").text
    assert "served on 24 November 2026" in page
    assert "served from" not in page


def test_health_says_in_words_why_an_article_was_missed(shelf, room):
    today = datetime.now(UTC).date().isoformat()
    urls = [("quarantine", "challenge", 1), ("", "", 0)]
    with shelf.store.atomic():
        for number, (outcome, reason, visits) in enumerate(urls):
            shelf.store.db["urls"].insert(
                {
                    "url": f"https://daftar.example/missed/{number}", "site": "daftar.example", "host": "daftar.example",
                    "kind": "article", "priority": 1, "outcome": outcome, "reason": reason, "visits": visits,
                    "announced_at": f"{today}T00:00:01Z", "announced_by": "feed",
                }
            )  # fmt: skip
    page = room.get("/health?lang=en").text
    assert "quarantine: anti-robot check" in page
    assert "not requested yet" in page
    assert "quarantine:challenge" not in page


def test_health_has_a_page_in_both_languages(room):
    assert "إنذارات" in room.get("/health").text
    assert "Ledger" in room.get("/health?lang=en").text


def test_a_result_is_taken_along_whole(shelf, room):
    for number in range(30):
        shelf.put(f"https://daftar.example/many/{number}", f"نهر {number}", "نهر يجري")
    read = list(csv.DictReader(io.StringIO(room.get(f"/export.csv?q={quote('نهر')}").text)))
    assert len(read) == 30
    lines = room.get(f"/export.jsonl?q={quote('نهر')}&order=newest&page=2").text.splitlines()
    assert len({json.loads(line)["url"] for line in lines}) == 30
    held = zipfile.ZipFile(io.BytesIO(room.get(f"/export.wacz?q={quote('مكتبة')}").content))
    assert "datapackage.json" in held.namelist()


def test_the_filters_of_an_export_hold_however_odd_its_words_are(shelf, room):
    shelf.put("https://other.example/x", "نهر", "نهر")
    for words in ("OR نهر", '"نهر', "نهر OR مكتبة"):
        answer = room.get(f"/export.jsonl?q={quote(words)}&language=en")
        assert answer.status_code == 404, words


def test_an_export_that_is_too_large_is_refused_with_advice(room, monkeypatch):
    monkeypatch.setattr(download, "MOST", {"csv": 1, "jsonl": 1, "wacz": 1})
    answer = room.get(f"/export.csv?q={quote('خطر')}")
    assert answer.status_code == 413
    assert "warraq export --query" in answer.text


def test_several_archives_are_exported_and_counted_as_one(shelf, tmp_path):
    from tests.support.shelf import Shelf

    other = Shelf(tmp_path / "other")
    other.put("https://qalam.example/x", "خطر آخر", "نص خطر", date_published="2026-11-20")
    room = Client(create_app(shelf.collection.folder, other.collection.folder, hosts=("localhost",)))
    try:
        found = room.get(f"/api/words?q={quote('خطر')}").json()["series"][0]
        assert found["articles"] == 3
        assert len(room.get(f"/export.jsonl?q={quote('خطر')}").text.splitlines()) == 3
        assert room.get("/sites/daftar.example").status_code == 200
        assert room.get("/archives/other/calendar").status_code == 200
    finally:
        other.writer.close()
        other.store.close()


def test_unchanged_paragraphs_are_folded_and_changes_are_linked(shelf, room):
    same = [f"فقرة {number} لم تتغير" for number in range(12)]
    url = "https://daftar.example/long"
    old = shelf.put(url, "عنوان", "\n".join(["أول قديم", *same[:6], "وسط قديم", *same[6:], "آخر"]))
    new = shelf.put(url, "عنوان", "\n".join(["أول جديد", *same[:6], "وسط جديد", *same[6:], "آخر"]))
    folded = room.get(f"/compare?old={old}&new={new}").text
    assert folded.count('class="fold"') == 2
    assert 'id="change-1"' in folded
    assert 'href="#change-2"' in folded
    assert "فقرة 3 لم تتغير" not in folded
    whole = room.get(f"/compare?old={old}&new={new}&whole=1").text
    assert 'class="fold"' not in whole
    assert "فقرة 3 لم تتغير" in whole
