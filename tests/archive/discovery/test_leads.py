"""Redirects within pages: refresh, scripts, frames."""

import pytest

from archive.discovery.traps import MAX_LEADS, find_leads, find_refresh
from tests.support import effort


@pytest.mark.parametrize(
    ("page", "lead"),
    [
        (b'<meta http-equiv="refresh" content="0; url=/ar/home.html">', "/ar/home.html"),
        (b"<META CONTENT='3;URL=\"/ar/\"' HTTP-EQUIV=Refresh>", "/ar/"),
        (b'<meta http-equiv=refresh content="0,/a?b=1&amp;c=2">', "/a?b=1&c=2"),
        (b'<script>window.location.href="/ar/";</script>', "/ar/"),
        (b"<script>location.replace( '/ar/' )</script>", "/ar/"),
        (b"<script>location.href = '\\/ar\\/';</script>", "/ar/"),
        (b"<script>window.location = `/ar/`</script>", "/ar/"),
        (b"<script>window.navigate('/ar/')</script>", "/ar/"),
        (b"<script>window.open('/ar/', '_self')</script>", "/ar/"),
        (b"<script><!--\nlocation = '/ar/'\n//--></script>", "/ar/"),
        (b'<base href="/ar/"><meta http-equiv="refresh" content="0; url=home.html">', "/ar/home.html"),
        (b'<frameset><frame src="/top.html"></frameset>', "/top.html"),
        (b'<iframe src="/home.html" width="100%"></iframe>', "/home.html"),
    ],
)
def test_a_page_leads_on(page, lead):
    assert find_leads(b"<html><head>" + page) == (lead,)


@pytest.mark.parametrize(
    "page",
    [
        b'<meta http-equiv="refresh" content="300; url=/">',  # reloads itself for its readers
        b'<meta http-equiv="refresh" content="60">',
        b'<meta http-equiv="refresh" content="60; url=/later">',
        b'<meta name="refresh" content="0; url=/x">',
        b'<!-- <meta http-equiv="refresh" content="0; url=/x"> -->',
        b"<script>location = `/${language}/`; window.open('/ad.html', '_blank')</script>",
        b"<script>var location_name = 'x'; if (location == '/a') {}</script>",
        b'<iframe src="/ad.html"></iframe>',
        b'<iframe src="//ads.example/a" width="100%"></iframe>',
    ],
)
def test_what_leads_nowhere(page):
    assert find_leads(page) == ()


def test_the_refresh_field_counts_and_scripts_only_where_they_may():
    assert find_leads(b"", "0; url=/ar/") == ("/ar/",)
    assert find_leads(b'<script>location = "/ar/"</script><frame src=/x>', scripts=False) == ()


def test_a_page_of_frames_without_end_is_bounded():
    assert (
        len(find_leads(b'<frame src="/%d">' * 3 + b"".join(b"<frame src=/%d>" % n for n in range(10_000)))) == MAX_LEADS
    )


@pytest.mark.parametrize(
    ("page", "target"),
    [
        (b'<meta http-equiv="refresh" content="0; url=/b">', "/b"),
        (b'<base href="/ar/"><meta http-equiv="refresh" content="5; url=b">', "/ar/b"),
        (b'<meta http-equiv="refresh" content="0">', ""),
        (b'<meta http-equiv="refresh" content="1;url=">', ""),
        (b'<meta http-equiv="refresh" content="300">', None),
        (b'<meta http-equiv="refresh" content="0x">', None),
        (b'<noscript><meta http-equiv="refresh" content="0; url=/no-script"></noscript>', None),
        (b"<script>location = '/b'</script>", None),
    ],
)
def test_where_a_page_refreshes_in_every_browser(page, target):
    assert find_refresh(b"<html><head>" + page) == target


def test_tags_without_an_end_cost_no_more_than_reading_them():
    with effort.at_most(0.3):
        assert find_refresh(b"<noscript" * 22_000) is None
