from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.discovery.traps import MAX_PAGE, pattern_of, trap_reason
from archive.urls import canonicalise

SITE = "https://news.example.com"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/a/b/a/b/page", "repeating-path"),
        ("/news/news/news/", "repeating-path"),
        ("/img/x/img/y/img/z", "repeating-path"),
        ("/" + "/".join(f"s{n}" for n in range(20)), "deep-path"),
        ("/2024/www.facebook.com/page", "embedded-url"),
        ("/news/http://other.example/", "embedded-url"),
        ("/news/{{path}}", "embedded-url"),
        ("/a/undefined", "embedded-url"),
        ("/events/2031-05/", "calendar"),
        ("/calendar/month/2024/05", "calendar"),
        ("/prayer-times/cairo/2024/12/20", "calendar"),
        ("/?month=5&year=2031", "calendar"),
        ("/2031/05/20/", "calendar"),
        (f"/news/page/{MAX_PAGE + 1}/", "pagination"),
        (f"/news?page={MAX_PAGE + 1}", "pagination"),
        ("/news?page=" + "9" * 500, "pagination"),
        ("/news?offset=999999", "pagination"),
        ("/list?sort=date&order=desc", "facets"),
        ("/list?f%5B0%5D=a&f%5B1%5D=b", "facets"),
        ("/(4hqa0555fwsecu455xqckv45)/page.aspx", "session-id"),
        ("/search?q=" + "x" * 500, "long-query"),
        ("/product?add-to-cart=5", "action"),
        ("/w/index.php?title=x&action=edit", "action"),
        ("/news.php?action=edit&id=20345", "action"),
        ("/index.php?option=com_events&task=view&id=12", "action"),
        ("/index.php?option=com_content&view=category&layout=blog&id=3", "facets"),
        ("/cal.php?id=12&month=5&year=2031", "calendar"),
    ],
)
def test_endless_addresses_are_traps(path: str, reason: str) -> None:
    assert trap_reason(canonicalise(SITE + path), this_year=2026) == reason


@pytest.mark.parametrize(
    "path",
    [
        "/2024/12/20/a-headline",
        "/2024/12/20/2024/",
        "/2027/01/01/",
        "/12/12/12/12",
        "/category/news/page/7",
        "/news?page=3",
        "/?p=48123",
        "/news.php?id=7&lang=ar",
        "/events/a-great-event-in-cairo",
        "/politics/politics",
        "/article.aspx?a=1&b=2&c=3",
        "/list?sort=date",
        "/index.php?option=com_content&task=view&id=10234&Itemid=2",
        "/index.php?option=com_content&view=article&layout=blog&id=40567:story",
        "/index.php?do=show&newsid=30456",
        "/story.asp?year=2026&month=11&id=90912",
    ],
)
def test_ordinary_addresses_are_no_traps(path: str) -> None:
    assert trap_reason(canonicalise(SITE + path), this_year=2026) == ""


def test_pages_of_one_kind_share_a_budget() -> None:
    one, other = SITE + "/news/2024/12/20/a-b-c-d-1", SITE + "/news/2025/01/02/%D8%A7-%D8%A8"
    assert pattern_of(one) == pattern_of(other) == "news.example.com/news/0/0/0/*"
    assert pattern_of(SITE + "/list.php?page=2&cat=3") == pattern_of(SITE + "/list.php?cat=9&page=77")
    assert pattern_of(SITE + "/list.php?cat=1") != pattern_of(SITE + "/item.php?cat=1")
    assert pattern_of(SITE + "/s/3f2504e04f89") == "news.example.com/s/#"


@given(st.text(max_size=80))
def test_any_address_has_a_pattern(text: str) -> None:
    url = canonicalise(f"{SITE}/{text}")
    assert trap_reason(url, this_year=2026) is not None
    assert len(pattern_of(url)) <= 300
