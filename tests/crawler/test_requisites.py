"""Requisites of articles: fetched after the pages, from any host, once, within limits; their errors do not affect articles."""

import pytest

from archive import Archive
from tests.support.cli import warraq
from tests.support.pictures import GIF, database
from tests.support.site import Site, article_page, crawl, list_page

pytestmark = pytest.mark.slow

STORY = "/2024/05/01/story-of-the-harbour"
OTHER = "/2024/05/02/story-of-the-islands"
CSS = {"Content-Type": "text/css"}
LOST = b"<!doctype html><html><head><title>Not found</title></head><body>Not found</body></html>"


def picture(body=GIF, kind="image/gif", **headers):
    return (200, {"Content-Type": kind, **headers}, body)


def site_of(head="", foot="", **more):
    return Site({"/": list_page(STORY), STORY: article_page("Story of the harbour", head=head, foot=foot), **more})


def urls_of(folder):
    with Archive(folder) as archive:
        sql = "SELECT url, kind, outcome, reason FROM urls WHERE kind IN ('stylesheet', 'image', 'font', 'script')"
        return {row["url"].partition("://")[2].partition("/")[2]: row for row in archive.db.query(sql)}


def settings(**more):
    return [word for name, value in more.items() for word in ("-s", f"{name}={value}")]


def test_an_article_is_kept_with_what_it_loads_and_counts_are_those_of_pages(tmp_path):
    head = '<link rel=stylesheet href="/main.css"><script src="/a.js"></script>'
    foot = '<img src="/a.gif"><img src="/a.gif#x"><img data-src="/same.gif"><img src="/moved.gif">'
    pages = {
        "/main.css": (200, CSS, b"@import 'more.css'; p{background:url(b.gif)}"),
        "/more.css": (200, CSS, b"@import '/main.css';"),
        "/moved.gif": (302, {"Location": "/c.gif"}, b""),
        "/same.gif": picture(),
        **{f"/{name}.gif": picture(GIF + name.encode()) for name in "bc"},
        "/a.gif": picture(),
    }
    with site_of(head, foot, **pages) as site:
        summary = crawl(f"{site.url}/", tmp_path / "page")
        asked = [path for path in site.asked if path != "/robots.txt"]
        site.asked.clear()
        alone = crawl(f"{site.url}/", tmp_path / "none", *settings(WARRAQ_REQUISITES="none"))
        assert not {"/main.css", "/a.gif"} & set(site.asked)
    found = urls_of(tmp_path / "page")
    loaded = {"main.css", "more.css", "a.gif", "b.gif", "c.gif", "same.gif", "moved.gif"}
    assert {path: row["outcome"] for path, row in found.items()} == dict.fromkeys(loaded, "requisite")
    assert (found["moved.gif"]["reason"], found["c.gif"]["kind"]) == ("http-302", "image")
    assert asked.index(STORY) < asked.index("/main.css")
    assert all(asked.count(f"/{path}") == 1 for path in loaded)
    assert summary.pop("requisites")["kept"] == {"new": 6, "redirect": 1}
    assert alone.pop("requisites")["fetched"] == 0
    for name in ("bytes_received", "bytes_saved_by_revisits", "folder", "warcs"):
        del summary[name], alone[name]
    assert summary == alone
    with Archive(tmp_path / "page") as whole, Archive(tmp_path / "none") as bare:
        figures, plain = whole.stats(), bare.stats()
        assert (figures["urls"], figures["urls_due_some_day"]) == (plain["urls"], plain["urls_due_some_day"])
        assert (figures["requisites"], plain["requisites"]) == (7, 0)
        sites, others = (each.coverage()["sites"][0] for each in (whole, bare))
        assert all(sites[name] == others[name] for name in ("urls", "visited", "due", "failing", "articles"))
    sql = "SELECT record_type, outcome, reason FROM captures ORDER BY record_id"
    with Archive(tmp_path / "page") as archive:
        equal = archive.db.query(
            "SELECT record_type FROM captures WHERE url LIKE '%/same.gif' OR url LIKE '%/a.gif' ORDER BY 1"
        )
        assert [row["record_type"] for row in equal] == ["response", "revisit"]
        before = list(archive.db.query(sql))
    assert warraq("--archive", str(tmp_path / "page"), "reindex").exit_code == 0
    with Archive(tmp_path / "page") as archive:
        assert list(archive.db.query(sql)) == before


def test_what_cannot_be_had_is_missing_by_its_reason_and_costs_no_article(tmp_path):
    wrong = {
        "lost.png": ((200, {}, LOST), "not-a-picture"),
        "gone.png": ((404, {}, b"gone"), "http-404"),
        "ill.png": ((500, {}, b""), "http-500"),
        "empty.png": ((200, {"Content-Type": "image/png"}, b""), "not-a-picture"),
        "ring.png": ((302, {"Location": "/ring.png"}, b""), "redirect-loop"),
        "large.png": (picture(GIF + bytes(5000)), "too-large"),
        "lost.css": ((200, {}, LOST), "not-a-style-sheet"),
        "lost.woff2": ((200, {}, LOST), "not-a-font"),
    }
    head = '<link rel=stylesheet href="/lost.css"><link rel=preload as=font href="/lost.woff2">'
    foot = (
        "".join(f'<img src="/{name}">' for name in wrong if name.endswith("png"))
        + '<img src="data:image/gif;base64,R0lG">'
    )
    with site_of(head, foot, **{f"/{name}": answer for name, (answer, _) in wrong.items()}) as site:
        summary = crawl(f"{site.url}/", tmp_path / "a", *settings(WARRAQ_MAX_REQUISITE_BYTES=4000))
    found = urls_of(tmp_path / "a")
    assert {name: row["reason"] for name, row in found.items()} == {name: reason for name, (_, reason) in wrong.items()}
    assert {row["outcome"] for row in found.values()} == {"missing"}
    assert (summary["articles_new"], summary["failed"]) == (1, {})
    assert sum(summary["requisites"]["missing"].values()) == len(wrong)


def test_other_hosts_are_asked_by_their_own_rules_and_belong_to_no_scope(tmp_path):
    rules = (200, {}, b"User-agent: *\nDisallow: /no.gif\n")
    busy = {f"/{n}.gif": (429, {"Retry-After": "3600"}, b"") for n in range(6)}
    opened = settings(WARRAQ_OPEN_NETWORKS="127.0.0.0/8,::1/128")
    with Site({"/a.gif": picture(), "/robots.txt": rules, **busy}) as cdn:
        elsewhere = cdn.url.replace("127.0.0.1", "localhost")
        names = ("a.gif", "no.gif", *(f"{n}.gif" for n in range(6)))
        foot = (
            "".join(f'<img src="{elsewhere}/{name}">' for name in names) + '<img src="/own.gif"><img src="/advert.gif">'
        )
        with site_of(foot=foot, **{"/own.gif": picture(), "/advert.gif": picture()}) as site:
            site.pages["/"] = list_page(STORY) + '<img src="/logo.gif">'
            entry = f'[site.harbour]\nseeds = ["{site.url}/"]\ndeny = ["advert"]\nrequisites = "pictures"\n'
            (tmp_path / "sites.toml").write_text(entry)
            more = (*opened, *settings(WARRAQ_SITES=tmp_path / "sites.toml", CONCURRENT_REQUESTS=1))
            summary = crawl("", tmp_path / "a", "-a", "site=harbour", *more)
    assert cdn.asked[:2] == ["/robots.txt", "/a.gif"]
    assert "/no.gif" not in cdn.asked
    assert len(cdn.asked) <= 4, "a host that asks for a rest is left alone"
    found = urls_of(tmp_path / "a")
    assert (found["a.gif"]["outcome"], found["no.gif"]["reason"]) == ("requisite", "robots-disallowed")
    assert found["own.gif"]["outcome"] == "requisite"
    assert not {"advert.gif", "logo.gif"} & found.keys(), "denied by the entry; of a page that is no article"
    assert (summary["articles_new"], summary["failed"], summary["out_of_scope"]) == (1, {}, {})
    with Archive(tmp_path / "a") as archive:
        sql = "SELECT url FROM urls WHERE host = 'localhost' AND kind <> 'image'"
        assert list(archive.db.query(sql)) == []


@pytest.mark.parametrize(("failures", "kept"), [(0, {"unchanged": 1}), (1, {})])
def test_a_style_sheet_is_confirmed_after_long_by_a_conditional_request(tmp_path, failures, kept):
    """After a failure, the request is not conditional, and a 304 no confirmation."""
    asked = []

    def not_modified(headers):
        asked.append(headers.get("If-None-Match"))
        return 304, {}, b""

    head = '<link rel=stylesheet href="/main.css">'
    with site_of(head, **{"/main.css": (200, {**CSS, "ETag": '"1"'}, b"p{color:red}")}) as site:
        crawl(f"{site.url}/", tmp_path / "a")
        site.pages[OTHER] = article_page("Story of the islands", head=head)
        site.pages["/"] = list_page(STORY, OTHER)
        crawl(f"{site.url}/", tmp_path / "a", "-a", "recheck=all")
        assert site.asked.count("/main.css") == 1
        site.pages["/main.css"] = not_modified
        with database(tmp_path / "a") as db:
            db.execute(
                "UPDATE urls SET visited_at = '2020-01-01T00:00:00Z', failures = ? WHERE kind = 'stylesheet'",
                (failures,),
            )
            db.execute("DELETE FROM urls WHERE url LIKE '%islands'")
            db.execute("UPDATE urls SET payload_digest = '' WHERE kind = 'seed'")
        summary = crawl(f"{site.url}/", tmp_path / "a", "-a", "recheck=all")
        assert asked == [None if failures else '"1"']
    assert summary["requisites"]["kept"] == kept


def test_bounds_leave_the_rest_and_say_so(tmp_path):
    def styles(n):
        return (200, CSS, f"@import '/{n + 1}.css'; @import '/{n}.css';".encode())

    foot = "".join(f'<img src="/{n}.gif">' for n in range(9))
    pages = {f"/{n}.gif": picture(GIF + bytes([n]) * 600) for n in range(9)} | {
        f"/{n}.css": styles(n) for n in range(9)
    }
    with site_of('<link rel=stylesheet href="/0.css">', foot, **pages) as site:
        most = crawl(
            f"{site.url}/",
            tmp_path / "a",
            *settings(WARRAQ_MAX_PAGE_REQUISITES=5, WARRAQ_MAX_REQUISITES=5, WARRAQ_MAX_STYLE_DEPTH=1),
        )
        again = crawl(f"{site.url}/", tmp_path / "a", *settings(WARRAQ_MAX_STYLE_DEPTH=1))
        size = crawl(
            f"{site.url}/", tmp_path / "b",
            *settings(WARRAQ_MAX_PAGE_REQUISITES_BYTES=1500, WARRAQ_REQUISITES="pictures", CONCURRENT_REQUESTS=1),
        )  # fmt: skip
        total = crawl(
            f"{site.url}/", tmp_path / "c",
            *settings(WARRAQ_MAX_REQUISITES_BYTES=1500, WARRAQ_REQUISITES="pictures", CONCURRENT_REQUESTS=1),
        )  # fmt: skip
    assert (most["requisites"]["fetched"], most["left_out"]["too-many-requisites"]) == (5, 5)
    assert (most["requisites"]["still_due"], most["urls_still_due"]) == (1, 0)
    assert (again["requisites"]["fetched"], again["requisites"]["still_due"]) == (1, 0)
    assert again["left_out"]["too-deep-requisites"] == 2
    assert size["requisites"]["missing"]["too-many-page-bytes"] >= 5
    assert total["requisites"]["still_due"] >= 5


def test_a_level_that_there_is_none_of_is_refused(tmp_path):
    said = crawl("http://127.0.0.1:9/", tmp_path / "a", *settings(WARRAQ_REQUISITES="everything"), code=2)
    assert "give one of 'none', 'pictures', 'page'" in said
