"""The limits of what a run spends: each fires, has a name, and leaves what bears fruit alone."""

import sqlite3

import pytest

from crawler.budget import Budget, Limits
from tests.hostile.routes import article, http
from tests.hostile.run import spider_crawl
from tests.server.misbehaving import Server, answer, page


def test_a_shape_of_url_that_bears_nothing_is_given_up() -> None:
    budget = Budget(Limits(depth=4, pattern=5))
    said = [budget.refusal(f"https://a.example/calendar/{n}/{n}", "page") for n in range(7)]
    assert said == ["", "", "", "", "", "fruitless-pattern", "fruitless-pattern"]
    assert budget.refusal("https://a.example/news/1", "article") == ""


def test_a_shape_of_url_that_bears_articles_goes_on() -> None:
    budget = Budget(Limits(depth=4, pattern=5))
    for n in range(50):
        assert budget.refusal(f"https://a.example/news/{n}", "article") == ""
        budget.bore(f"https://a.example/news/{n}", "article" if n % 5 == 0 else "gone")


def test_the_number_of_sitemaps_is_bounded() -> None:
    budget = Budget(Limits(depth=4, sitemaps=2))
    assert [budget.refusal(f"https://a.example/{n}.xml", "sitemap") for n in range(3)] == ["", "", "too-many-sitemaps"]


def test_zero_is_no_limit() -> None:
    budget = Budget(Limits(depth=4, sitemaps=0, pattern=0))
    assert {budget.refusal(f"https://a.example/{n}", kind) for n in range(500) for kind in ("sitemap", "page")} == {""}


async def _redirect(exchange):  # type: ignore[no-untyped-def]
    hop = int(exchange.request.path.rpartition("/")[2]) + 1
    await exchange.send(page(b"", status="302 Found", headers=f"Location: /hop/{hop}"))
    return True


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    links = "".join(f'<a href="/day/{n}">A headline of the day, long enough {n}</a>' for n in range(12))
    long = f'<a href="/{"a" * 2100}">A headline of the day, long enough</a>'
    index = "<sitemapindex><sitemap><loc>/map/%d.xml</loc></sitemap></sitemapindex>"
    routes = {f"/hop/{n}": _redirect for n in range(12)}
    routes |= {f"/map/{n}.xml": answer(http((index % (n + 1)).encode(), "application/xml")) for n in range(6)}
    routes |= {
        "/": answer(http(f"<html><body>{links}{long}</body></html>".encode())),
        "/good": answer(http(article(1))),
    }
    folder = tmp_path_factory.mktemp("limits")
    with Server(routes) as server:
        spider_crawl(
            folder,
            seeds=[server.url("/"), server.url("/hop/0"), server.url("/good")],
            sitemaps=[server.url("/map/0.xml")],
            settings={"WARRAQ_MAX_REDIRECTS": 3, "WARRAQ_MAX_INDEX_DEPTH": 2, "WARRAQ_PATTERN_BUDGET": 4},
        )
        with sqlite3.connect(folder / "archive" / "warraq.db") as db:
            found = db.execute("SELECT url, outcome, reason FROM urls WHERE visits > 0").fetchall()
            left_out = db.execute("SELECT summary FROM runs").fetchone()[0]
        db.close()
        return {
            url.removeprefix(server.url("")): f"{outcome} {reason}".strip() for url, outcome, reason in found
        }, left_out


def test_redirects_end_at_their_limit_by_name(rows):
    assert rows[0]["/hop/2"] == "redirect http-302"
    assert rows[0]["/hop/3"] == "failed too-many-redirects"
    assert "/hop/4" not in rows[0]


def test_a_sitemap_index_is_followed_to_its_depth_and_what_is_deeper_is_counted(rows):
    assert rows[0]["/map/2.xml"] == "sitemap"
    assert "/map/3.xml" not in rows[0]
    assert '"too-deep": 1' in rows[1]


def test_what_is_over_the_budget_of_its_pattern_says_so(rows):
    said = [outcome for path, outcome in rows[0].items() if path.startswith("/day/")]
    assert said.count("gone http-404") == 4
    assert said.count("budget fruitless-pattern") == 8


def test_no_url_over_the_length_limit_becomes_a_row(rows):
    assert max(map(len, rows[0])) < 100
