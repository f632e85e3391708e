"""Original pages with archived styles, pictures and fonts, in a sandbox, and nothing from elsewhere."""

from __future__ import annotations

import re
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from archive.article import Picture
from archive.index import captures, images
from archive.parse import ReplayTask
from archive.parse.replaying import prepare
from archive.parse.workers import NoWorkerError, WorkerKilledError
from archive.web import replay
from archive.web.replay import KEY
from tests.support.pictures import GIF

PAGE = "https://daftar.example/2026/11/bridge"
CDN = "https://cdn.example"
SVG = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
HTML = f"""<!doctype html><html><head><meta charset="windows-1256"><title>t</title>
<link rel="stylesheet" href="{CDN}/main.css" integrity="sha256-x"><link rel="preload" href="/not.js" as="script">
<script>if (a<b) document.write("<img src=/written.png>")</script></head>
<body onload="x()"><img src="data:image/gif;base64,R0lG" data-src="{CDN}/a.gif" alt="A &amp; B">
<img src="/lost.gif" alt="lost"><img src="/s.gif" srcset="/s.gif 300w, {CDN}/a.gif 900w"><img src="/logo.svg">
<iframe src="https://tracker.example/"></iframe><!-- <img src="/comment.gif"> --><p style="background:url(/b.gif)">text</p></body></html>"""


@pytest.fixture
def bridge(shelf):
    article = shelf.put(PAGE, "الجسر الجديد", "افتتح الجسر.", page=HTML)
    kept = {
        f"{CDN}/main.css": (
            "text/css",
            f"@import 'more.css'; p{{background:url({CDN}/a.gif)}} q{{background:url(/x.gif)}}",
        ),
        f"{CDN}/more.css": ("text/css", "p{color:red}"),
        f"{CDN}/a.gif": ("image/gif", GIF.decode("latin-1")),
        "https://daftar.example/logo.svg": ("image/svg+xml", SVG),
    }
    ids = {url: shelf.capture(url, body, head=f"Content-Type: {kind}", mime=kind) for url, (kind, body) in kept.items()}
    return article, {url.rpartition("/")[2]: number for url, number in ids.items()}


def test_the_page_loads_what_the_archive_holds_and_nothing_else(room, bridge):
    article, ids = bridge
    answer = room.get(f"/shown/{article}")
    shown, here = answer.text, f"/replay/{KEY}"
    assert f'<link rel="stylesheet" href="{here}/{ids["main.css"]}">' in shown
    assert f'<img alt="A &amp; B" src="{here}/{ids["a.gif"]}">' in shown
    assert f'<img alt="lost" src="{here}/missing">' in shown
    assert f'srcset="{here}/{ids["a.gif"]} 900w"' in shown
    assert not re.search(r"integrity|onload|document\.write|tracker|comment|windows-1256|/not\.js", shown)
    addresses = re.findall(r"(?:src|srcset|href)=[\"']?([^\"' >]+)|url\((?:&quot;)?([^&)]+)", shown)
    assert all(one.startswith(here) for pair in addresses for one in pair if one), addresses
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert "script" not in policy
    assert "allow" not in policy


def test_a_style_sheet_leads_on_into_the_archive(room, bridge):
    _, ids = bridge
    answer = room.get(f"/replay/{KEY}/{ids['main.css']}")
    assert answer.headers["Content-Type"].startswith("text/css")
    assert f'@import "/replay/{KEY}/{ids["more.css"]}"' in answer.text
    assert f'url("/replay/{KEY}/missing")' in answer.text
    assert "cdn.example" not in answer.text
    assert "immutable" in answer.headers["Cache-Control"]


def test_what_pages_load_is_given_to_nobody_without_the_key(room, bridge):
    _, ids = bridge
    assert room.get(f"/replay/guess/{ids['a.gif']}").status_code == 404
    assert room.get(f"/replay/{KEY}/{ids['a.gif']}").headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert room.get(f"/pictures/{ids['a.gif']}").headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_only_styles_pictures_and_fonts_are_given_out(room, bridge):
    article, _ = bridge
    for number in range(1, 4):  # pages
        assert room.get(f"/replay/{KEY}/{number}").status_code == 404
    assert room.get(f"/replay/{KEY}/9999").status_code == 404
    assert room.get(f"/replay/{KEY}/missing").status_code == 404
    assert article


@pytest.mark.parametrize("error", [NoWorkerError(OSError("no process")), WorkerKilledError("timeout", "10 s")])
def test_the_picture_itself_is_shown_where_no_worker_makes_a_thumbnail(room, bridge, monkeypatch, error):
    _, ids = bridge
    failed = Future()
    failed.set_exception(error)
    monkeypatch.setattr(replay, "_pool", lambda: SimpleNamespace(submit=lambda task: failed))
    whole, small = (room.get(f"/pictures/{ids['a.gif']}{size}") for size in ("", "/small"))
    assert (whole.status_code, small.status_code) == (200, 200)
    assert (small.content, small.headers["Content-Type"]) == (whole.content, "image/gif")


def test_an_svg_is_a_picture_that_can_run_nothing(room, bridge):
    _, ids = bridge
    for path in (f"/replay/{KEY}/{ids['logo.svg']}", f"/pictures/{ids['logo.svg']}"):
        answer = room.get(path)
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_bomb_is_not_sent_to_a_browser(shelf, room, bridge):
    _, ids = bridge
    with shelf.store.atomic():
        row = captures.get(shelf.store.db, ids["a.gif"])
        picture = Picture(type="image/gif", bytes=9, sha256="0", problem="too-many-pixels")
        columns = captures.CaptureRow.__dataclass_fields__
        images.hold(shelf.store.db, captures.CaptureRow(**{name: row[name] for name in columns}), picture)
    assert room.get(f"/pictures/{ids['a.gif']}").status_code == 404


def test_the_grid_shows_what_was_kept_by_its_caption(shelf, room, bridge):
    assert "<img" not in room.get("/pictures?lang=en").text
    assert "No picture" in room.get("/pictures?lang=en&q=nothing").text
    assert room.get("/pictures?lang=en&where=https://daftar.example/none.jpg").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<",
        b"<img",
        b"<img src=",
        b"<style>@import",
        b"<!--",
        b"<base href=//[>",
        b"<img srcset=',,, ,'>",
        b"\xff\xfe<\x00",
    ],
)
def test_whatever_is_wrong_with_a_page_something_is_shown(body):
    assert isinstance(prepare(ReplayTask(url=PAGE, body=body, addresses={}, missing="/m")).body, bytes)


@pytest.mark.parametrize(
    "piece", [b"<a ", b"<img src='", b"<", b"<!--", b"<style>", b'<a b="', b"<img a=b ", b"url(", b"<style>a{"]
)
def test_a_page_built_to_stall_is_prepared(piece):
    assert len(prepare(ReplayTask(url=PAGE, body=piece * 100_000)).urls) <= 1
