"""An expired subscriber session: pages that were complete are teasers, logins or refusals."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from archive.index import open_store, reports
from archive.index.monitor import alarms_of
from tests.support.simulated import crawl
from tests.support.site import article_page, list_page

pytestmark = pytest.mark.slow

FIRST = datetime(2026, 11, 1, 6, tzinfo=UTC)
PAID = '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false}</script>'
PATHS = [f"https://paper.test/2026/11/0{n}/story-number-{n}-of-the-harbour" for n in range(1, 5)]
LOGIN = '<title>Log in</title><form action="/login"><input name=user><input type=password name=password></form>'


def whole(n, head=PAID):
    return article_page(f"Story number {n} of the harbour", head=head)


def teaser(n):
    title = f"Story number {n} of the harbour"
    return article_page(
        title,
        text=["The council of the harbour town met on Tuesday to decide about the new ferry line to the islands."],
        head=PAID,
    )


WALLS = {
    "a teaser": teaser,
    "a redirect to a login": lambda n: (302, {"Location": f"/account/login?next={n}"}, b""),
    "a redirect to a login's host": lambda n: (303, {"Location": "https://login.paper.test/?back=1"}, b""),
    "a login form": lambda n: LOGIN,
    "a refusal": lambda n: (401, {}, b"log in"),
}


def paper(session, wall):
    """A paper that shows its articles whole to whoever sends `session`."""

    def answer(request):
        if request.url == "https://paper.test/":
            return list_page(*PATHS)
        if request.url not in PATHS:
            return None
        n = PATHS.index(request.url) + 1
        sent = request.headers.get("Cookie", b"") + request.headers.get("X-Key", b"")
        return whole(n) if session and session in sent else wall(n)

    return answer


def entry(tmp_path, **more):
    cookies = tmp_path / "cookies.txt"
    cookies.write_text("# Netscape HTTP Cookie File\n.paper.test\tTRUE\t/\tTRUE\t4102444800\tsid\tmine\n")
    cookies.chmod(0o600)
    return {"seeds": ["https://paper.test/"], "cookies_file": str(cookies), **more}


def days(tmp_path, day):
    with open_store(tmp_path / "a" / "warraq.db", read_only=True) as store:
        return reports.days(store.db, first=date(2026, 11, 1), last=day)


@pytest.mark.parametrize("wall", WALLS)
def test_pages_that_were_whole_are_walled_and_it_is_told(tmp_path, wall):
    given = entry(tmp_path)
    done = crawl(folder=tmp_path / "a", world=paper(b"sid=mine", WALLS[wall]), entry=given, at=FIRST)
    assert (done.code, done.summary["articles_new"], done.summary["session_expired"]) == (0, 4, 0)
    done = crawl(folder=tmp_path / "a", world=paper(b"", WALLS[wall]), entry=given, at=FIRST + timedelta(days=1))
    assert (done.code, done.summary["session_expired"]) == (17, 4)
    assert "session-expired: 4 pages that were complete" in done.summary["warnings"][0]
    assert "cookies_file" in done.summary["problem"]
    history = days(tmp_path, date(2026, 11, 2))
    assert [alarm.kind for alarm in alarms_of(history, date(2026, 11, 2))] == ["session-expired"]
    assert alarms_of(history, date(2026, 11, 1)) == []


@pytest.mark.parametrize("wall", WALLS)
def test_the_text_stays_whole_and_comes_back_with_the_session(tmp_path, wall):
    given = entry(tmp_path)
    for day, session in enumerate((b"sid=mine", b"", b"sid=mine")):
        done = crawl(
            folder=tmp_path / "a",
            world=paper(session, WALLS[wall]),
            entry=given,
            at=FIRST + timedelta(days=2 * day),
            recheck=True,
        )
    assert done.code == 0
    with open_store(tmp_path / "a" / "warraq.db", read_only=True) as store:
        rows = list(store.db.query("SELECT version, paywalled_at, text FROM articles"))
    assert [(row["version"], row["paywalled_at"]) for row in rows] == [(1, None)] * 4
    assert all(len(row["text"].split("\n")) == 4 for row in rows)


def test_a_wall_without_a_session_is_no_expiry(tmp_path):
    for day, session in enumerate((b"", b"never sent")):
        world = paper(session, WALLS["a teaser"]) if day else paper(b"x", whole)
        done = crawl("https://paper.test/", tmp_path / "a", world, at=FIRST + timedelta(days=day))
    assert (done.code, done.summary["session_expired"]) == (0, 0)
    assert done.summary["quarantined"] == {"paywall": 4}


def test_one_page_behind_another_wall_is_no_expiry_while_others_come_whole(tmp_path):
    given = entry(tmp_path)
    crawl(folder=tmp_path / "a", world=paper(b"sid=mine", teaser), entry=given, at=FIRST)

    def edited(request):  # three are whole, with a word more; one has become part of another offer
        n = PATHS.index(request.url) + 1 if request.url in PATHS else 0
        if n:
            return teaser(n) if n == 1 else whole(n).replace("Tuesday", "Tuesday evening")
        return paper(b"sid=mine", teaser)(request)

    done = crawl(folder=tmp_path / "a", world=edited, entry=given, at=FIRST + timedelta(days=1))
    assert done.summary["quarantined"] == {"paywall": 1}
    assert (done.code, done.summary["session_expired"]) == (0, 0)


def test_an_article_that_is_made_shorter_is_no_expiry(tmp_path):
    given = entry(tmp_path)
    free = paper(b"sid=mine", teaser)
    crawl(folder=tmp_path / "a", world=free, entry=given, at=FIRST)

    def shorter(request):
        n = PATHS.index(request.url) + 1 if request.url in PATHS else 0
        text = [
            "The line was given up by the council after all, and nobody said why it had ever been wanted.",
            "A second ship was sold.",
        ]
        return article_page(f"Story number {n} of the harbour", text=text) if n else free(request)

    done = crawl(folder=tmp_path / "a", world=shorter, entry=given, at=FIRST + timedelta(days=1))
    assert (done.code, done.summary["session_expired"], done.summary["articles_changed"]) == (0, 0, 4)


def test_a_start_page_that_asks_for_a_login_is_an_expiry(tmp_path):
    given = entry(tmp_path)
    done = crawl(folder=tmp_path / "a", world={"https://paper.test/": LOGIN}, entry=given, at=FIRST)
    assert (done.code, done.summary["session_expired"]) == (17, 1)


def test_the_session_goes_to_the_site_alone_and_not_into_the_warc(tmp_path):
    headers = tmp_path / "headers"
    headers.write_text("X-Key: secret-key\n")
    headers.chmod(0o600)
    given = entry(
        tmp_path,
        headers_file=str(headers),
        headers={"X-Reader": "7"},
        user_agent="reader/1",
        cookies={"consent": "yes"},
    )
    given |= {"feeds": ["https://feeds.other.test/paper.xml"]}
    done = crawl(folder=tmp_path / "a", world=paper(b"sid=mine", teaser), entry=given, at=FIRST)
    for request in done.requests:
        told = {name: request.headers.get(name, b"") for name in ("Cookie", "X-Key", "X-Reader")}
        assert request.headers["User-Agent"] == b"reader/1"
        if request.url.startswith("https://paper.test/") and not request.url.endswith("/robots.txt"):
            assert told == {"Cookie": b"consent=yes; sid=mine", "X-Key": b"secret-key", "X-Reader": b"7"}
        elif "other.test" in request.url:
            assert not any(told.values())
    assert any("other.test" in request.url for request in done.requests)
    kept = b"".join(capture.request for capture in done.captures)
    assert b"sid=mine" not in kept
    assert b"secret-key" not in kept
    assert b"X-Reader: 7" in kept
    assert json.dumps(done.summary).count("mine") == 0
