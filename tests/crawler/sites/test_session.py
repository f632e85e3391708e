"""Cookies and headers of a site are sent to its own hosts only, and read from files that other users cannot read."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from scrapy import Request
from scrapy.http import Response

from archive import UsageError
from crawler.sites import Site
from crawler.sites.session import SessionMiddleware, load_cookies, load_headers

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SITE = Site.from_url("https://news.example/")


def answered(middleware, url, *cookies):
    middleware.process_response(Request(url), Response(url, headers={"Set-Cookie": list(cookies)}))


def sent(middleware, url):
    request = Request(url)
    middleware.process_request(request)
    return (request.headers.get("Cookie") or b"").decode()


def test_a_cookie_is_sent_only_when_it_is_switched_on_and_to_its_host_alone():
    middleware = SessionMiddleware(SITE, everywhere=False)
    answered(middleware, "https://news.example/", "seen=1; path=/")
    assert sent(middleware, "https://news.example/a") == ""
    assert middleware.switch_on("https://news.example/", "")
    assert not middleware.switch_on("https://news.example/", "seen=1")
    answered(middleware, "https://news.example/", "seen=2; path=/")
    assert sent(middleware, "https://news.example/a") == "seen=2"
    assert sent(middleware, "https://other.example/a") == ""


def test_a_cookie_of_a_domain_goes_to_its_hosts_and_one_of_a_host_to_no_other():
    middleware = SessionMiddleware(SITE, everywhere=False)
    answered(middleware, "https://id.news.example/", "all=1; path=/; Domain=news.example", "own=1; path=/")
    assert [middleware.switch_on(f"https://{host}news.example/", "") for host in ("www.", "id.")] == [True, True]
    assert sent(middleware, "https://www.news.example/a") == "all=1"
    assert sent(middleware, "https://news.example/a") == ""  # not switched on
    assert sorted(sent(middleware, "https://id.news.example/").split("; ")) == ["all=1", "own=1"]
    assert sent(middleware, "https://news.other/a") == ""


def test_a_domain_that_sets_more_cookies_is_switched_on_again():
    middleware = SessionMiddleware(SITE, everywhere=False)
    answered(middleware, "https://news.example/", "a=1; path=/")
    assert middleware.switch_on("https://news.example/", "")
    answered(middleware, "https://news.example/", "a=2; path=/")
    assert not middleware.switch_on("https://news.example/", "a=1")
    answered(middleware, "https://news.example/", "b=1; path=/")
    assert middleware.switch_on("https://news.example/", "a=2")


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_request_that_was_sent_before_the_cookies_came_is_repeated_with_them(everywhere):
    middleware = SessionMiddleware(SITE, everywhere=everywhere)
    answered(middleware, "https://news.example/", "a=1; path=/")
    assert middleware.switch_on("https://news.example/one", "")
    assert middleware.switch_on("https://news.example/two", "")  # sent at the same time as the first
    assert not middleware.switch_on("https://news.example/two", "x=0; a=1")


def test_a_cookie_for_all_sites_of_a_country_and_more_than_a_host_may_have_are_not_kept():
    middleware = SessionMiddleware(SITE, everywhere=True)
    answered(middleware, "https://news.co.uk/", "all=1; Domain=co.uk")
    assert sent(middleware, "https://other.co.uk/") == ""
    answered(middleware, "https://news.example/", *(f"c{n}=1" for n in range(500)))
    assert sent(middleware, "https://news.example/").count("=") == 50


def test_a_host_that_set_none_cannot_be_switched_on():
    assert not SessionMiddleware(SITE, everywhere=False).switch_on("https://news.example/", "")


def test_the_setting_sends_them_from_the_start():
    middleware = SessionMiddleware(SITE, everywhere=True)
    answered(middleware, "https://news.example/", "seen=1; path=/")
    assert sent(middleware, "https://news.example/a") == "seen=1"


def test_what_the_entry_gives_goes_to_the_site_and_nowhere_else():
    site = replace(SITE, cookies=(("consent", "yes"),), headers=(("X-Reader", "7"),), proxy="http://proxy.example/")
    middleware = SessionMiddleware(site, everywhere=False)
    request, other = Request("https://www.news.example/a"), Request("https://cdn.example/a")
    middleware.process_request(request)
    middleware.process_request(other)
    assert (request.headers["Cookie"], request.headers["X-Reader"], request.meta["proxy"]) == (
        b"consent=yes", b"7", "http://proxy.example/",
    )  # fmt: skip
    assert not {"Cookie", "X-Reader"} & set(other.headers.to_unicode_dict())
    assert "proxy" not in other.meta


def test_files_with_credentials_are_refused_when_others_may_read_them(tmp_path):
    path = tmp_path / "cookies.txt"
    path.write_text("# Netscape HTTP Cookie File\n.news.example\tTRUE\t/\tFALSE\t4102444800\tsession\tabc\n")
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        load_cookies(path, now=NOW)
    path.chmod(0o600)
    assert len(load_cookies(path, now=NOW)) == 1
    middleware = SessionMiddleware(replace(SITE, cookies_file=str(path)), everywhere=False)
    assert sent(middleware, "https://news.example/a") == "session=abc"
    assert sent(middleware, "https://elsewhere.example/a") == ""


def test_a_session_that_is_over_is_told_before_the_crawl(tmp_path):
    path = tmp_path / "cookies.txt"
    path.write_text("# Netscape HTTP Cookie File\n.news.example\tTRUE\t/\tFALSE\t946684800\tsession\tabc\n")
    path.chmod(0o600)
    with pytest.raises(UsageError, match="expired"):
        load_cookies(path, now=NOW)


def test_secret_headers_are_named_so_that_the_warc_leaves_them_out(tmp_path):
    path = tmp_path / "headers"
    path.write_text("# of a subscriber\nX-Key: abc\n")
    path.chmod(0o600)
    assert load_headers(path) == (("X-Key", "abc"),)
    middleware = SessionMiddleware(replace(SITE, headers_file=str(path)), everywhere=False)
    request = Request("https://news.example/a")
    middleware.process_request(request)
    assert request.meta["credentials"] == ("x-key",)
    path.write_text("no header\n")
    with pytest.raises(UsageError, match="Name: value"):
        load_headers(path)
