from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.discovery.likeness import ArticlePattern, classify_link, is_feed, shape_of
from archive.urls import canonicalise

SITE = "https://news.example.com"

ARTICLES = [
    "/2024/12/20/some-words-of-a-headline-here",
    "/2024/12/20/قمة-عربية-في-القاهرة-لبحث-الأزمة/",
    "/story/2024/5/20/وزارة-العمل-تفاصيل-تسفير-آلاف/6574622",
    "/news/newsdetails/3126898/1/سر-رحيل",
    "/across-the-uae/news-and-reports/2020-06-03-1.3874341",
    "/arabic/articles/c0abcd1234xo",
    "/archives/1234567",
    "/category/politics/the-president-opens-a-new-bridge-123456.html",
    "/topics/detail/26442071",
    "/people/singer-postpones-tour-after-injury-4389658",
    "/news.php?id=12345",
    "/?p=4711",
    "/article/show/12345678",
    "/2024/12/20241220123456.html",
    "/jobs/hundreds-of-jobs-lost-as-factory-closes",
]
SECTIONS = [
    "/",
    "/politics",
    "/sport/football/",
    "/رياضة",
    "/tag/القاهرة",
    "/tags/egypt/",
    "/author/ahmed-ali-mohamed-hassan",
    "/كاتب/أحمد-علي",
    "/category/news/page/3",
    "/2011_05_01_archive.html",
    "/2024/12/",
    "/2024/12/20/",
    "/news/page/7/",
    "/search?q=cairo",
    "/topics/egypt",
    "/news?page=3",
]
OTHERS = [
    "/uploads/2024/12/a-long-picture-name-here.jpg",
    "/feed/",
    "/rss.xml",
    "/sitemap_news.xml",
    "/login",
    "/wp-login.php",
    "/user/register?next=/a",
    "/wp-json/wp/v2/posts/12345",
    "/privacy-policy",
    "/من-نحن",
    "/about/contact-us/",
]


def test_articles_are_known_by_their_address() -> None:
    for path in ARTICLES:
        assert classify_link(canonicalise(SITE + path)).kind == "article", path


def test_lists_are_told_from_articles() -> None:
    for path in SECTIONS:
        assert classify_link(canonicalise(SITE + path)).kind == "section", path


def test_what_is_surely_no_article_is_left_alone() -> None:
    for path in OTHERS:
        assert classify_link(canonicalise(SITE + path)).kind == "other", path


def test_doubt_is_named_and_lets_the_page_in() -> None:
    assert classify_link(SITE + "/politics/two-words").kind == "unknown"
    assert classify_link(SITE + "/2020/04/26/317/").kind == "article"


def test_headline_as_text_turns_the_scale() -> None:
    url = SITE + "/politics/xyz-12a"
    headline = classify_link(url, "قمة عربية طارئة في القاهرة لبحث الأزمة")
    assert headline.score > classify_link(url, "سياسة").score
    assert classify_link(url, "اقرأ المزيد").score == classify_link(url).score


def test_reason_says_what_was_seen() -> None:
    assert (
        classify_link(SITE + "/2024/12/20/some-more-words-of-a-headline-here").reason == "long slug, date in the path"
    )


def test_site_teaches_the_shape_of_its_articles() -> None:
    articles = [f"{SITE}/{section}/n{n}7x42ab" for n in range(1000, 1010) for section in ("egypt", "world")]
    pattern = ArticlePattern.learn(articles, sections=[f"{SITE}/egypt", f"{SITE}/world/page/2"])
    assert pattern.matches(f"{SITE}/sport/n20007x42ab")
    assert not pattern.matches(f"{SITE}/sport")
    assert classify_link(f"{SITE}/sport/n20007x42ab", pattern=pattern).kind == "article"


def test_shape_that_sections_have_too_is_not_learned() -> None:
    articles = [f"{SITE}/{word}" for word in ("one", "two", "three", "four")]
    assert ArticlePattern.learn(articles).shapes == ()
    shared = [f"{SITE}/x/{n}" for n in range(10_000, 10_010)]
    assert ArticlePattern.learn(shared, sections=[f"{SITE}/y/{n}" for n in range(20_000, 20_005)]).shapes == ()


def test_pattern_is_written_as_expressions_a_person_can_keep() -> None:
    articles = [f"{SITE}/story/2026/11/{day}/%D9%85-%D8%B5-%D8%B1/{day}4711" for day in range(10, 15)]
    articles += [f"{SITE}/news.php?cat={n}&id={n}" for n in range(100, 105)]
    sections = [f"{SITE}/story/", f"{SITE}/news.php?cat=3"]
    found = ArticlePattern.learn(articles, sections).expressions(articles, sections)
    assert len(found) == 2
    assert all(any(re.search(expression, url) for expression in found) for url in articles)
    assert not any(re.search(expression, url) for expression in found for url in sections)
    assert "/story/" in found[0]
    assert not re.search(found[0], f"{SITE}/video/2026/11/10/%D9%85-%D8%B5-%D8%B1/104711")


def test_learned_shape_never_makes_a_picture_an_article() -> None:
    pattern = ArticlePattern.learn([f"{SITE}/a/{n}" for n in range(10_000, 10_010)])
    assert classify_link(f"{SITE}/a/10011", pattern=pattern).kind == "article"
    assert classify_link(f"{SITE}/a/10011.jpg", pattern=pattern).kind == "other"


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/world/2024/12/20/a-long-slug-here", "W/Y/n/n/S"),
        ("/news/2024-12-20-1.html", "W/N.html"),
        ("/story/12345", "W/N"),
        ("/a/some-words-and-123456.html", "W/T.html"),
        ("/news.php?id=7&lang=ar", "W.php?id"),
        ("/c0abcd1234xo", "I"),
        ("/", ""),
    ],
)
def test_shape_of_an_address(path: str, shape: str) -> None:
    assert shape_of(SITE + path) == shape


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_address_is_judged(path: str, text: str) -> None:
    judged = classify_link(canonicalise(f"{SITE}/{path}"), text)
    assert 0 <= judged.score <= 1
    assert judged.reason


@pytest.mark.parametrize("path", ["/report.pdf", "/wp-content/uploads/2026/11/issue-4711.pdf", "/downloads/epaper.pdf"])
def test_a_pdf_file_is_worth_a_visit_wherever_it_lies(path):
    assert classify_link(f"https://news.example{path}").kind in {"article", "unknown"}


@pytest.mark.parametrize("path", ["/archives/2011/05/", "/news/2011/05/24", "/blog/2011/may/"])
def test_a_date_alone_below_a_word_is_a_list(path: str) -> None:
    assert classify_link(f"{SITE}{path}").kind == "section"


@pytest.mark.parametrize("path", ["/bridge-closes-for-repairs/2011/05/24", "/news/2011/05/24/bridge-closes"])
def test_a_date_with_a_headline_or_an_id_is_an_article(path: str) -> None:
    assert classify_link(f"{SITE}{path}").kind == "article"


@pytest.mark.parametrize("path", ["/login.php", "/wp-includes/page.html", "/account.aspx?next=/"])
def test_a_service_with_the_ending_of_a_program_is_one(path: str) -> None:
    assert classify_link(f"{SITE}{path}").kind == "other"


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/rss.xml", True),
        ("/world/feed/", True),
        ("/rss/world.rdf", True),
        ("/sitemap.xml", False),
        ("/comments/feed/", False),
        ("/rss/how-to-read-news", False),
    ],
)
def test_a_feed_is_known_by_its_address(path: str, is_one: bool) -> None:
    assert is_feed(f"https://paper.test{path}") is is_one
