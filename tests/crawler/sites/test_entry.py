from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

from archive import Article
from crawler.sites import load_site
from crawler.sites.entry import Findings, FoundSource, delay_of, entry_text, language_of, locale_of, timezone_of

if TYPE_CHECKING:
    from pathlib import Path

ARTICLE = Article(
    url="https://masr.example/a", title="t", text="x", language="ar", date_published="2026-11-20T10:00:00+02:00"
)
FOUND = Findings(
    seed="https://www.masr.example/",
    day="2026-11-24",
    feeds=(
        FoundSource(url="https://www.masr.example/feed/", found="announced", holds="أخبار: 10 entries"),
        FoundSource(url="https://www.masr.example/comments/feed/", found="announced", holds="comments", use=False),
    ),
    sitemaps=(FoundSource(url="https://www.masr.example/sitemap.xml", found="named by robots.txt", holds="9 pages"),),
    sections=("https://www.masr.example/%D8%B1%D9%8A%D8%A7%D8%B6%D8%A9/",),
    articles=("https://www.masr.example/story/1234", "https://www.masr.example/x"),
    expressions=(r"^https?://[^/]+/story/\d{4,}$",),
    samples=(ARTICLE, ARTICLE),
)


def test_entry_is_read_back_as_the_site_it_describes(tmp_path: Path) -> None:
    file = tmp_path / "sites.toml"
    file.write_text(entry_text(FOUND, "masr"), "utf-8")
    site = load_site(file, "masr")
    assert site.seeds == ("https://www.masr.example/",)
    assert site.feeds == ("https://www.masr.example/feed/",)
    assert site.sections == FOUND.sections
    assert site.is_article("https://www.masr.example/story/99999")
    assert site.language == "ar"
    assert site.delay == 1


def test_comments_say_what_was_found_and_why() -> None:
    text = entry_text(FOUND, "masr")
    assert "# announced; أخبار: 10 entries" in text
    assert "# left out: https://www.masr.example/comments/feed/ (comments)" in text
    assert "# https://www.masr.example/رياضة/" in text
    assert "1 of 2 known addresses of articles" in text
    assert "2 of the 2 articles read" in text


def test_words_of_the_site_cannot_break_out_of_a_comment(tmp_path: Path) -> None:
    evil = 'x\n[site.evil]\nseeds = ["https://evil.example/"]\r\u2028"""\x00'
    found = replace(FOUND, feeds=(FoundSource(url="https://a.example/'\"", found=evil, holds=evil),), language=evil)
    document = tomllib.loads(entry_text(found, "127.0.0.1-80"))
    assert list(document["site"]) == ["127.0.0.1-80"]


def test_site_without_anything_gives_a_valid_entry_that_says_so() -> None:
    text = entry_text(Findings(seed="https://masr.example/", day="2026-11-24"), "masr")
    assert tomllib.loads(text)["site"]["masr"] == {"seeds": ["https://masr.example/"], "delay": 1}
    assert "# feeds: none was announced" in text
    assert "# language: not known" in text


def test_country_of_the_host_gives_locale_and_time_zone() -> None:
    found = replace(FOUND, seed="https://www.masr.eg/")
    assert (locale_of(found, "ar").value, timezone_of(found).value) == ("ar-EG", "Africa/Cairo")
    assert "articles write +02:00" in timezone_of(found).why


def test_declared_region_gives_them_where_the_host_does_not() -> None:
    found = replace(FOUND, language="ar_LB")
    assert (locale_of(found, "ar").value, timezone_of(found).value) == ("ar-LB", "Asia/Beirut")
    assert locale_of(replace(FOUND, language="ar-AR"), "ar").value == ""


def test_month_names_give_the_locale_but_no_time_zone() -> None:
    found = replace(FOUND, text="20 تشرين الثاني … 3 كانون الثاني … 1 شباط … 5 آذار")
    assert locale_of(found, "ar").value == "ar-SY"
    assert timezone_of(found).value == ""
    assert locale_of(replace(FOUND, text="12 جويلية 3 أوت 4 فيفري 1 جانفي"), "ar").value == "ar-DZ"
    assert locale_of(FOUND, "ar").value == ""


def test_language_is_that_of_most_articles_before_what_is_declared() -> None:
    assert language_of(replace(FOUND, language="en")).value == "ar"
    assert language_of(replace(FOUND, samples=(), language="fr-FR")).value == "fr"
    assert language_of(replace(FOUND, samples=(), language="x")).value == ""


def test_pace_is_the_slower_of_ours_and_what_robots_txt_asks() -> None:
    assert delay_of(replace(FOUND, seconds=0.1)).value == "1"
    assert delay_of(replace(FOUND, seconds=1.4)).value == "2.8"
    assert delay_of(replace(FOUND, seconds=60)).value == "10"
    assert delay_of(replace(FOUND, crawl_delay=30)).value == "30"
    assert delay_of(replace(FOUND, crawl_delay=0.05)).value == "1"
