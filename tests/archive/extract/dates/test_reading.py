"""Dates of a page: publication, modification, and their time zone."""

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


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Published 4 March 2026, updated 5 March 2026", ("2026-03-04", "2026-03-05")),
        ("Updated 5 March 2026. Published 4 March 2026", ("2026-03-04", "2026-03-05")),
        ("4 March 2026 and 5 March 2026", ("2026-03-04", "")),
    ],
)
def test_both_dates_of_one_line_are_read(line: str, found: tuple[str, str]) -> None:
    assert dates("", f"<p>{line}</p>") == found


def test_a_podcast_that_shares_one_word_with_the_title_is_another_thing():
    podcast = ld(**{"@type": "PodcastEpisode", "name": "Bridge talk", "datePublished": "2020-01-01"})
    assert dates(podcast, '<time datetime="2026-03-04">4 March</time>')[0] == "2026-03-04"
    same = ld(**{"@type": "PodcastEpisode", "name": "Who pays for the bridge", "datePublished": "2020-01-01"})
    assert dates(same)[0] == "2020-01-01"


LATEST = "".join(f"<li><b>Another story {n}</b><i>{n} minutes ago</i></li>" for n in range(4, 8))
OTHERS = '<div class="related-posts"><h3><a href="/x">Other story</a></h3><time>2 January 2026</time></div>'


@pytest.mark.parametrize(
    ("body", "published"),
    [
        (f"<ul>{LATEST}</ul><p>4 March 2026</p>", "2026-03-04"),
        ("<p>5 minutes ago</p><p>4 March 2026</p>", "2026-11-28"),
        (OTHERS, ""),
        (f"<p>2 January 2026</p>{OTHERS}", "2026-01-02"),
        (f"{OTHERS}<p>4 March 2026</p>", "2026-03-04"),
    ],
)
def test_dates_of_teasers_are_not_the_articles(body: str, published: str) -> None:
    assert dates("", body)[0][:10] == published


@pytest.mark.parametrize(
    ("element", "modified"),
    [
        ('<time datetime="2026-03-04">4 March</time> Updated <time datetime="2026-03-05">5 March</time>', "2026-03-05"),
        ('<time datetime="2026-03-04">4 March</time> <b>Updated:</b> <time datetime="2026-03-05">5 March</time>', "2026-03-05"),
        ('<time datetime="2026-03-04">4 March</time> in Rabat <time datetime="2026-03-05">5 March</time>', ""),
    ],
)  # fmt: skip
def test_a_label_before_a_time_says_that_it_is_of_a_change(element: str, modified: str) -> None:
    assert dates("", f"<p>{element}</p>") == ("2026-03-04", modified)


@pytest.mark.parametrize(
    ("body", "modified"),
    [
        ('<time class="updated" datetime="2018-01-27">27 January 2018</time>', ""),
        ('<time class="updated" datetime="2026-03-05">5 March</time>', "2026-03-05"),
        ('<meta itemprop="dateModified" content="2018-01-27">', "2018-01-27"),
    ],
)
def test_a_marked_change_before_the_publication_is_another_articles(body: str, modified: str) -> None:
    assert dates('<meta property="article:published_time" content="2026-03-04">', body)[1] == modified


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


def test_midnight_of_a_day_that_was_declared_in_utc_is_told_on_the_printed_day():
    midnight, evening = declared("2021-11-04T23:00Z"), declared("2021-11-04T23:12Z")
    printed = '<span class="date">5 November 2021</span>'
    assert dates(midnight, printed)[0] == "2021-11-05T00:00+01:00"
    assert dates(evening, printed)[0] == "2021-11-04T23:12+00:00"
    assert dates(midnight, '<span class="date">Updated 5 November 2021</span>')[0] == "2021-11-04T23:00+00:00"
    assert dates(midnight, '<span class="date">8 November 2021</span>')[0] == "2021-11-04T23:00+00:00"


@pytest.mark.parametrize(("modified", "published"), [("2013-04-04", ""), ("2013-11-12", "2013-11-10")])
def test_a_lone_date_that_follows_the_last_change_is_not_the_articles(modified: str, published: str) -> None:
    far = "<p>The council met, and met again.</p>" * 45 + "<p>10 November 2013</p>"
    assert dates(f'<meta name="last-modified" content="{modified}">', far) == (published, modified)


def test_the_day_of_a_box_on_the_weather_is_not_the_articles() -> None:
    far = "<p>The council met, and met again.</p>" * 45
    day = '<span class="date">10 November 2025</span>'
    assert dates("", f"{far}<aside>{day}</aside>") == ("2025-11-10", "")
    assert dates("", f"{far}<aside class=weather>{day}</aside>") == ("", "")


def test_a_relative_time_of_few_signs_is_read_from_a_line_without_markup() -> None:
    assert dates("", "<p>3小时前</p>", lang="zh") == ("2026-11-28T06:00+00:00", "")
    assert dates("", "<p>3 d</p>") == ("", "")


@pytest.mark.parametrize(
    ("body", "published"),
    [
        ("<p>Today</p>", ""),
        ("<p><i>Aujourd’hui</i>, the bridge is open.</p>", ""),
        ("<p>Today at 07:20</p>", "2026-11-28T07:20"),
        ('<p class="date">Today</p>', "2026-11-28"),
    ],
)
def test_a_day_word_alone_is_a_date_only_in_an_element_for_dates(body: str, published: str) -> None:
    assert dates("", body)[0] == published


def test_beside_a_printed_change_a_date_far_away_needs_a_label() -> None:
    far = "<p>The council met, and met again.</p>" * 45
    changed = '<p class="date">Stand: 12.3.2026</p>'
    assert dates("", f"{changed}{far}<p>1. Januar 2018</p>", lang="de") == ("", "2026-03-12")
    assert dates("", f"{changed}{far}<p>Veröffentlicht: 1. Januar 2018</p>", lang="de") == ("2018-01-01", "2026-03-12")


def test_a_sidebar_that_holds_the_article_is_the_layout() -> None:
    date = '<div class="date">29 November 2020</div>'
    html = f"<div class='wrap sidebar'>{HEADING}{date}{TEXT}</div><div class='sidebar'><div class='date'>5 May 2019</div></div>"
    page = Page(body=html.encode(), url="https://www.harbour.example/a", fetched_at=datetime(2026, 11, 28, tzinfo=UTC))
    article = read_metadata(read_document(page)).article
    assert (article.date_published, article.provenance["date_published"]) == ("2020-11-29", "dom:class")


@pytest.mark.parametrize(
    ("body", "published"),
    [
        ('<div class="text__date">August 25, 2024</div>', "2024-08-25"),
        ('Published <time pubdate datetime="2025-08-13">13 August</time>', "2025-08-13"),
        ("<div>Published <span>Apr 26, 2023</span></div><div>Updated <span>Aug 21, 2025</span></div>", "2023-04-26"),
        # the page prints the declared day, that day on another clock, a day without a label, how long ago it was, or a later day
        ('<div class="date">11 November 2026</div><div class="date">3 May 2024</div>', "2026-11-11"),
        ('<div class="date">10 November 2026</div>', "2026-11-11"),
        ("<p>The ferry sank on</p><p>3 May 2024</p>", "2026-11-11"),
        ('<div class="date">3 weeks ago</div>', "2026-11-11"),
        ('<div class="date">20 November 2026</div>', "2026-11-11"),
    ],
)
def test_the_day_of_the_last_change_declared_as_that_of_publication_gives_way_to_a_printed_one(
    body: str, published: str
) -> None:
    declared = ld(**{"@type": "BlogPosting", "datePublished": "2026-11-11", "dateModified": "2026-11-11"})
    assert dates(declared, body)[0] == published


def test_before_a_later_change_the_declared_day_of_publication_stays() -> None:
    declared = ld(**{"@type": "BlogPosting", "datePublished": "2026-11-11", "dateModified": "2026-11-12"})
    assert dates(declared, '<div class="date">August 25, 2024</div>')[0] == "2026-11-11"


def test_a_change_labelled_far_from_the_title_is_the_only_date() -> None:
    text = "<p>The council argued about it.</p>" * 60
    assert dates("", f"{text}<p>Last updated: November 13, 2025</p>") == ("", "2025-11-13")


def test_a_meta_named_published_is_the_date_of_publication() -> None:
    assert dates('<meta name="published" content="July 17, 2025">')[0] == "2025-07-17"


@pytest.mark.parametrize("name", ["data-publish-time", "data-unix", "data-ts"])
def test_a_machine_time_of_a_script_is_read(name: str) -> None:
    assert dates("", f'<time {name}="1606640000000">x</time>')[0] == "2020-11-29T08:53:20+00:00"


@pytest.mark.parametrize(
    "node",
    [
        {"@type": "ItemList", "itemListElement": [{"item": {"@type": "NewsArticle", "name": "Of boats", "datePublished": "2019-02-03"}}]},
        {"@type": "Product", "name": "Boat", "review": {"@type": "Review", "datePublished": "2019-02-03"}},
    ],
)  # fmt: skip
def test_a_date_within_the_data_of_other_things_is_not_the_articles(node: dict[str, object]) -> None:
    assert dates(ld(**node)) == ("", "")


def test_a_comment_of_the_vocabulary_has_its_own_date() -> None:
    comment = '<div itemscope itemtype="https://schema.org/Comment"><time itemprop="datePublished" datetime="2026-11-22">x</time></div>'
    assert dates("", comment) == ("", "")


@pytest.mark.parametrize(
    ("body", "published"),
    [
        # another text's, in a card
        ('<div><h3><a href="/x">Boats are late again</a></h3><time datetime="2026-11-02">x</time></div>', ""),
        ('<a href="/x"><b>Boats are late again today</b><time datetime="2026-11-02">x</time></a>', ""),
        ('<div class="audio-player"><time datetime="2026-11-02">x</time></div>', ""),
        # the article's own, in a link to itself, or under the linked title
        ('<a href="/news/88213" rel="bookmark"><time datetime="2026-11-02">2 November</time></a>', "2026-11-02"),
        (
            '<div><h2><a href="/a">Who pays for the bridge</a></h2><time datetime="2026-11-02">x</time></div>',
            "2026-11-02",
        ),
    ],
)
def test_the_date_in_a_card_is_another_texts(body: str, published: str) -> None:
    assert dates("", body)[0] == published


def test_a_newsroom_declares_its_days_itself() -> None:
    declared = ld(**{"@type": "NewsArticle", "datePublished": "2026-11-11", "dateModified": "2026-11-11"})
    assert dates(declared, '<div class="date">August 25, 2024</div>')[0] == "2026-11-11"
