"""Which of a page's dates is that of publication, which that of a change, and on which clock."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from archive.article import Page, SiteProfile
from archive.extract.document import read_document
from archive.extract.metadata.reading import read_metadata

HEADING = "<h1>Who pays for the bridge</h1>"
TEXT = "<p>The old bridge of the town was closed in March, and the council argued for weeks about it.</p>"


def dates(
    head: str = "", body: str = "", *, lang: str = "en", path: str = "/news/88213", zone: str = ""
) -> tuple[str, str]:
    html = f"<html lang={lang}><head>{head}</head><body><article>{HEADING}{body}{TEXT}</article></body></html>"
    page = Page(
        body=html.encode(),
        url=f"https://www.harbour.example{path}",
        fetched_at=datetime(2026, 11, 28, 9, tzinfo=UTC),
        site=SiteProfile(timezone=zone),
    )
    article = read_metadata(read_document(page)).article
    return article.date_published, article.date_modified


def ld(**node: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


@pytest.mark.parametrize(
    ("head", "body", "published"),
    [
        ("", '<time datetime="November 29, 2020">29 Nov</time>', "2020-11-29"),
        ("", '<time datetime="Sun Nov 29 08:49:37 2020">x</time>', "2020-11-29T08:49:37"),
        ("", '<span class="date" title="29 November 2020">six years ago</span>', "2020-11-29"),
        ("", '<span class="date" data-timestamp="1606640000">x</span>', "2020-11-29T08:53:20+00:00"),
        ("", '<span class="ago" data-utime="1606640000">x</span>', "2020-11-29T08:53:20+00:00"),
        (ld(**{"@type": "NewsArticle", "datePublished": "/Date(1606640000000)/"}), "", "2020-11-29T08:53:20+00:00"),
        # a label under the title outweighs the date of something; without one, it does not
        ('<meta name="dc.date" content="2021-01-05">', "<p>Published on:</p><p>29 November 2020</p>", "2020-11-29"),
        ('<meta name="dc.date" content="2021-01-05">', "<p>Seen by 300</p><p>29 November 2020</p>", "2021-01-05"),
        ('<meta name="DC.Issued" content="2020-11-29">', "", "2020-11-29"),
        ('<meta name="published_at" content="2020-11-29T08:00:00+03:00">', "", "2020-11-29T08:00:00+03:00"),
        ('<meta property="article:published_time" datetime="2020-11-29">', "", "2020-11-29"),
        ('<meta property="og:url" content="https://www.harbour.example/2020/11/29/bridge">', "", "2020-11-29"),
        ('<meta name="date" content="2021-01-05">', '<time class="published" datetime="2020-11-29">x</time>', "2020-11-29"),
        ('<meta name="date" content="2020-11-29">', "", "2020-11-29"),
        (ld(**{"@type": "NewsArticle", "datePublished": {"@type": "DateTime", "@value": "2020-11-29"}}), "", "2020-11-29"),
        (ld(**{"@type": "VideoObject", "name": "Who pays for the bridge", "uploadDate": "2020-11-29"}), "", "2020-11-29"),
        (ld(**{"@type": "LiveBlogPosting", "coverageStartTime": "2020-11-29"}), "", "2020-11-29"),
        (ld(**{"@type": "LiveBlogPosting", "datePublished": "2020-11-29", "coverageStartTime": "2020-11-28"}), "", "2020-11-29"),
        # of another thing
        (ld(**{"@type": "VideoObject", "name": "A trailer", "uploadDate": "2015-02-03"}), "", ""),
        (ld(**{"@type": "VideoObject", "uploadDate": "2015-02-03"}), "", ""),
        (ld(**{"@type": "WebPage", "name": "Harbour", "url": "https://www.harbour.example/", "datePublished": "2015-02-03"}), "", ""),
        ("", "<blockquote>We shall see. <a href='/s'>November 19, 2026</a></blockquote>", ""),
        ("", "<blockquote><time datetime='2026-11-19'>x</time></blockquote>", ""),
    ],
)  # fmt: skip
def test_the_date_of_publication_is_the_articles(head: str, body: str, published: str) -> None:
    assert dates(head, body)[0] == published


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ('<meta http-equiv="last-modified" content="2020-05-05">', ""),
        ("", "<p><em>Last updated: 5 May 2020</em></p>"),
        ("", '<div class="date">Updated 5 May 2020</div>'),
        ('<meta name="updated_at" content="2020-05-05">', ""),
    ],
)
def test_a_change_is_no_publication(head: str, body: str) -> None:
    assert dates(head, body) == ("", "2020-05-05")


@pytest.mark.parametrize(
    ("body", "published"),
    [
        ('<div class="date">Fri, 20 Nov, 08:15</div>', "2026-11-20T08:15"),
        ('<div class="date">20 December</div>', "2025-12-20"),
        ('<div class="date">Sat, 20 Nov</div>', "2021-11-20"),
        ("<p>Room 20 November Street is closed</p>", ""),
        ('<div class="date">31 November</div>', ""),
    ],
)
def test_a_date_without_a_year_is_the_latest_one(body: str, published: str) -> None:
    assert dates("", body)[0] == published


def test_the_printed_date_is_the_one_nearest_to_the_title() -> None:
    far = "<p>The council met, and met again.</p>" * 6 + "<p>5 May 2019</p>"
    html = f"<article><p>29 November 2020</p>{HEADING}{far}</article>"
    page = Page(body=html.encode(), url="https://www.harbour.example/a", fetched_at=datetime(2026, 11, 28, tzinfo=UTC))
    assert read_metadata(read_document(page)).article.date_published == "2020-11-29"
    assert dates("", "<p>5 May 2019</p>")[0] == "2019-05-05"


def declared(value: str) -> str:
    return f'<meta property="article:published_time" content="{value}">'


def test_local_time_that_is_declared_as_utc_has_the_zone_of_the_element():
    printed = '<time datetime="2026-03-19T10:04:15+03:00">x</time>'
    assert dates(declared("2026-03-19T10:04:15+00:00"), printed)[0] == "2026-03-19T10:04:15+03:00"
    assert dates(declared("2026-03-19T07:04:15+00:00"), printed)[0] == "2026-03-19T07:04:15+00:00"


def test_an_instant_in_utc_is_told_on_the_day_of_the_site():
    late = declared("2024-05-12T22:30:00Z")
    assert dates(late)[0] == "2024-05-12T22:30:00+00:00"
    assert dates(late, zone="Asia/Riyadh")[0] == "2024-05-13T01:30:00+03:00"
    assert dates(late, path="/2024/05/13/story")[0] == "2024-05-13T00:30:00+02:00"
    assert dates(late, path="/2024/05/11/story")[0] == "2024-05-12T22:30:00+00:00"
    assert dates(declared("2024-05-12T22:30:00+01:00"), zone="Asia/Riyadh")[0] == "2024-05-12T22:30:00+01:00"
