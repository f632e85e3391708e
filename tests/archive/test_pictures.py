"""Pictures: the articles that show them, their records, the properties of their bytes, and other uses."""

import io
import re
from datetime import UTC, datetime

import pytest
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from archive import Archive
from archive.capture import Capture
from archive.parse.requisites import make_thumbnail, read_picture
from archive.web import create_app
from tests.support.cli import warraq
from tests.support.pages import BODY, write_warc
from tests.support.pictures import GIF, png

pytestmark = pytest.mark.slow

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def photo(size=(320, 180), quality=80, *, other=False):
    """A picture with shapes, as JPEG."""
    image = Image.new("RGB", (640, 360), "white")
    draw = ImageDraw.Draw(image)
    for n in range(5):
        draw.ellipse((n * 90, 40 + 30 * n, n * 90 + 200, 200 + 25 * n), fill=(40 * n, 90, 255 - 50 * n))
    if other:
        draw.rectangle((0, 0, 400, 360), fill="black")
    out = io.BytesIO()
    image.resize(size).save(out, "JPEG", quality=quality)
    return out.getvalue()


def answer(path, body, kind, minute, host="news.example"):
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return Capture(
        url=f"https://{host}{path}", started=datetime(2026, 11, 24, 12, minute, tzinfo=UTC),
        request=f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), response=head + body,
    )  # fmt: skip


def story(number, *figures):
    """An article whose figures, (source, alternative text, caption) each, stand in the middle of its text."""
    title = f"عنوان الخبر {number} في هذا الاختبار"
    shown = "".join(
        f'<figure><img src="{src}" alt="{alt}"><figcaption>{caption}</figcaption></figure>'
        for src, alt, caption in figures
    )
    video = '<iframe src="https://www.youtube.com/embed/abc"></iframe>'
    half = BODY.index("<p>", len(BODY) // 2)
    text = f"<h1>{title}</h1>{BODY[:half]}{shown}{video}{BODY[half:]}"
    return f"<!DOCTYPE html><html lang=ar><title>{title}</title><article>{text}</article></html>".encode()


ONE = (("/harbour.jpg", "ميناء", "سفينة في الميناء القديم"), ("/logo.svg", "", ""))
TWO = (("https://cdn.example/small.jpg", "", ""), ("/harbour.jpg", "", "الصورة نفسها"))
THREE = (("/other.jpg", "", "شارع في المدينة"), ("/bomb.png", "", ""), ("/lost.png", "", ""))


@pytest.fixture
def folder(tmp_path):
    captures = [
        answer("/2026/11/one", story("الأول", *ONE), "text/html", 0),
        answer("/harbour.jpg", photo(), "image/jpeg", 1),
        answer("/logo.svg", SVG, "image/svg+xml", 2),
        answer("/2026/11/two", story("الثاني", *TWO), "text/html", 3),
        answer("/small.jpg", photo((160, 90), 40), "image/jpeg", 4, "cdn.example"),
        answer("/2026/11/three", story("الثالث", *THREE), "text/html", 5),
        answer("/other.jpg", photo(other=True), "image/jpeg", 6),
        answer("/bomb.png", png(10_000, 10_000, rows=2), "image/png", 7),
        answer("/lost.png", b"<html><body>Not found</body></html>", "image/png", 8),
    ]
    warraq("--archive", tmp_path / "a", "import", write_warc(tmp_path / "source", captures))
    return tmp_path / "a"


def images(folder):
    with Archive(folder) as archive:
        return {(row["title"].split()[2], row["url"].rpartition("/")[2]): row for row in archive.images(limit=99)}


def test_each_picture_of_an_article_has_a_row_with_its_record_and_facts(folder):
    with Archive(folder) as archive:
        (row,) = [row for row in archive.newest(limit=9) if row["url"].endswith("one")]
        harbour, logo = archive.images_of(row)
        assert (harbour["position"], harbour["place"], harbour["alt"], harbour["caption"]) == (
            1,
            3,
            "ميناء",
            "سفينة في الميناء القديم",
        )
        assert (harbour["type"], harbour["width"], harbour["height"]) == ("image/jpeg", 320, 180)
        assert archive.db.execute(
            "SELECT url FROM captures WHERE record_id = ?", [harbour["record_id"]]
        ).fetchone() == (harbour["url"],)
        assert len(harbour["sha256"]) == 64
        assert len(harbour["phash"]) == 16
        assert (logo["type"], logo["width"], logo["phash"]) == ("image/svg+xml", 0, "")
        (media,) = archive.media_of(row)
        assert (media["type"], media["provider"], media["place"]) == ("video", "youtube.com", 5)


def test_where_else_a_picture_ran_is_one_question_also_when_it_was_scaled_and_compressed(folder):
    with Archive(folder) as archive:
        found = [
            (row["url"].rpartition("/")[2], row["title"].split()[2])
            for row in archive.showings("https://news.example/harbour.jpg")
        ]
        assert sorted(found) == [("harbour.jpg", "الأول"), ("harbour.jpg", "الثاني"), ("small.jpg", "الثاني")]
        assert archive.showings("https://news.example/nowhere.jpg") == []
    printed = warraq("--archive", folder, "images", "--where", "https://cdn.example/small.jpg").stdout
    assert "harbour.jpg" in printed
    assert "other.jpg" not in printed


def test_captions_are_searched_in_all_forms_of_a_word(folder):
    with Archive(folder) as archive:
        assert {row["url"].rpartition("/")[2] for row in archive.images("ميناء")} == {"harbour.jpg"}
        assert {row["url"].rpartition("/")[2] for row in archive.images("المدينة شارع")} == {"other.jpg"}
        assert archive.images("مدينة ميناء") == []
        assert archive.images("100%_") == []
        assert all(row["record_id"] for row in archive.images(held=True))


def test_bombs_and_pages_are_no_pictures_to_decode(folder):
    bomb, lost = images(folder)["الثالث", "bomb.png"], images(folder)["الثالث", "lost.png"]
    assert (bomb["problem"], bomb["phash"], bomb["bytes"] < 5000) == ("too-many-pixels", "", True)
    assert (lost["record_id"], lost["type"]) == ("", "")


def test_reindex_gives_the_same_rows(folder):
    before = images(folder)
    warraq("--archive", folder, "reindex")
    after = images(folder)
    assert before.keys() == after.keys()
    assert all(before[key] | {"article_id": 0} == after[key] | {"article_id": 0} for key in before)


def test_a_redacted_picture_and_a_redacted_article_leave_nothing_behind(folder):
    warraq("--archive", folder, "redact", "https://news.example/harbour.jpg", "--reason", "r", "--yes")
    left = images(folder)["الأول", "harbour.jpg"]
    assert (left["record_id"], left["sha256"], left["caption"]) == ("", "", "سفينة في الميناء القديم")
    warraq("--archive", folder, "redact", "https://news.example/2026/11/one", "--reason", "r", "--yes")
    assert not [key for key in images(folder) if key[0] == "الأول"]
    with Archive(folder) as archive:
        rows = archive.db.execute("SELECT count(*) FROM images WHERE article_id NOT IN (SELECT id FROM articles)")
        assert rows.fetchone() == (0,)


def test_a_merge_takes_pictures_along(folder, tmp_path):
    warraq("merge", folder, tmp_path / "b")
    assert {key: row["sha256"] for key, row in images(tmp_path / "b").items()} == {
        key: row["sha256"] for key, row in images(folder).items()
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"<svg",
        b"\xff\xd8\xff\xe0" + bytes(50),
        b"RIFF\0\0\0\0WEBPVP8 " + bytes(9),
        photo()[:400],
    ],
)
def test_broken_pictures_are_read_without_a_word(body):
    found = read_picture(body)
    assert found is None or found.phash == "" or found.type == "image/jpeg"


def test_sizes_are_read_of_what_browsers_show():
    for name in ("PNG", "WEBP", "AVIF", "GIF"):
        out = io.BytesIO()
        Image.new("RGB", (30, 20), "red").save(out, name)
        assert (read_picture(out.getvalue()).width, read_picture(out.getvalue()).type) == (30, f"image/{name.lower()}")
    assert read_picture(GIF).phash == "0" * 16
    tiff = io.BytesIO()
    Image.new("RGB", (3, 2)).save(tiff, "TIFF")
    assert read_picture(tiff.getvalue()) is None


def test_a_video_is_listed_with_the_picture_that_stands_for_it(tmp_path):
    film = '<video poster="/still.jpg"><source src="/film.mp4" type="video/mp4"></video>'
    page = story("الفيلم", *ONE).replace(b"</figure>", b"</figure>" + film.encode(), 1)
    captures = [
        answer("/2026/11/film", page, "text/html", 0),
        answer("/still.jpg", photo((1600, 900)), "image/jpeg", 1),
    ]
    warraq("--archive", tmp_path / "a", "import", write_warc(tmp_path / "source", captures))
    with Archive(tmp_path / "a") as archive:
        found = {row["url"].rpartition("/")[2]: row["poster"] for row in archive.db["media"].rows}
    assert found["film.mp4"].endswith("/still.jpg")
    assert found["abc"] == ""
    room = TestClient(create_app(tmp_path / "a"), base_url="http://127.0.0.1")
    shown = re.search(r'class="embed"><img src="(/pictures/\d+)"', room.get("/articles/1").text)
    assert room.get(shown[1]).headers["content-type"] == "image/jpeg"
    assert len(room.get(f"{shown[1]}/small").content) < len(room.get(shown[1]).content)


def test_a_photograph_is_made_as_small_as_asked_and_keeps_its_shape():
    small = Image.open(io.BytesIO(make_thumbnail(photo((1600, 900)), 320)))
    assert (small.format, small.size) == ("JPEG", (320, 180))


def test_what_is_transparent_stands_on_white():
    out = io.BytesIO()
    Image.new("RGBA", (400, 400), (0, 0, 0, 0)).save(out, "PNG")
    small = Image.open(io.BytesIO(make_thumbnail(out.getvalue(), 320)))
    assert small.getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize(
    "body", [png(10_000, 10_000, rows=2), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b""]
)
def test_of_a_bomb_a_drawing_and_what_is_no_picture_none_is_made(body):
    assert make_thumbnail(body, 320) == b""
