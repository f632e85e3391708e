"""Pictures: which belong to the article, and which URLs are sizes of one picture."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from archive.article import Page
from archive.extract import extract

SITE = "https://www.harbour.example"
PARAGRAPHS = "".join(
    f"<p>The bridge over the old harbour opens again on day {day}, after two winters of repairs and one of rain.</p>"
    for day in range(1, 5)
)


def pictures(*addresses: str) -> list[str]:
    """Return the addresses of the article's pictures on a page with figures of these."""
    return [url for url, _ in read("".join(f'<figure><img src="{url}"></figure>' for url in addresses))]


def read(figures: str, head: str = "") -> list[tuple[str, str]]:
    body = f"<body><main><article><h1>The bridge opens again</h1>{figures}{PARAGRAPHS}</article></main></body>"
    html = f"<html lang=en><head><title>The bridge opens again</title>{head}</head>{body}</html>"
    page = Page(body=html.encode(), url=f"{SITE}/news/4711", fetched_at=datetime(2026, 11, 28, tzinfo=UTC))
    article = extract(page).article
    assert article is not None
    return [(image.url, image.caption) for image in article.images]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.a.example/u/b.jpg", "http://a.example/u/b.jpg"),
        ("https://a.example:443/u/b.jpg", "https://a.example/u/b.jpg"),
        ("https://a.example/u/b.jpg", "https://a.example/u/b-800x450.jpg"),
        ("https://a.example/u/b.jpg?maxheight=460&amp;maxwidth=638", "https://a.example/u/b.jpg?maxheight=550&amp;maxwidth=550"),
        ("https://p.example/SIG=/960x640/smart/https%3A%2F%2Fa.example%2Fu%2Fb.jpg", "https://a.example/u/b.jpg"),
        ("https://a.example/u/b.jpg", "https://a.example/u/b@2x.jpg"),
        ("https://a.example/u/b.jpg", "https://a.example/u/b.jpg.webp"),
        ("https://a.example/u/b.jpg?crop=0px%2C9px&amp;resize=1200%2C675", "https://a.example/u/b.jpg?strip=all&amp;quality=90"),
        ("https://a.example/u/b?format=jpg&amp;name=small", "https://a.example/u/b?format=jpg&amp;name=4096x4096"),
        ("https://a.example/upload/w_800,c_fill/v1/b.jpg", "https://a.example/upload/w_1200,h_600,q_auto/v1/b.jpg"),
        ("https://a.example/cdn/width=80,quality=75/https://a.example/u/b.jpg", "https://a.example/u/b.jpg"),
        ("https://p.example/get?url=https%3A%2F%2Fa.example%2Fu%2Fb.jpg&amp;w=80", "https://a.example/u/b.jpg"),
        ("https://p.example/get.php?src=https://a.example/u/b.jpg&amp;w=80", "https://a.example/u/b.jpg"),
        ("https://a.example/_next/image?url=%2Fu%2Fb.jpg&amp;w=640&amp;q=75", "https://a.example/u/b.jpg"),
        ("https://www.a.example/_next/image?url=%2Fu%2Fb.jpg&amp;w=640&amp;q=75", "https://a.example/u/b.jpg"),
        ("https://p.example/SIG=/960x640/smart/https%3A%2F%2Fwww.a.example%2Fu%2Fb.jpg", "https://a.example/u/b.jpg"),
        ("https://i0.example/a.com/u/b.jpg?resize=800%2C400&amp;ssl=1", "https://a.com/u/b.jpg"),
        ("https://i0.example/www.a.com/u/b.jpg?resize=800%2C400&amp;ssl=1", "https://www.a.com/u/b.jpg"),
        ("https://a.com/size/SIG=/0x5:16x8/1200x630/b.c.com/u.jpg", "https://a.com/size/GIS=/10x23/smart/b.c.com/u.jpg"),
        ("https://a.example/m/500.jpg?width=620&amp;s=aaa", "https://a.example/m/500.jpg?width=1200&amp;s=bbb"),
        ("https://a.example/styles/large/public/b.jpg?itok=A1", "https://a.example/styles/small/public/b.jpg?itok=B2"),
        ("https://a.example/i/106113552/750/422/image.jpg", "https://a.example/i/106113552/750/562/image.jpg"),
        ("https://a.example/1x1/b.jpg", "https://a.example/16x9_1200/b.jpg"),
        ("https://a.example/u/b-4x3.jpg", "https://a.example/u/16x9_b.jpg"),
        ("https://a.example/u/square/b.jpg", "https://a.example/u/w1200h675/b.jpg"),
        ("https://a.example/u/b-social.jpg", "https://a.example/u/b_1200_675.jpg"),
        ("https://a.example/u/b_w1200_r1.33_fpx50_fpy4.jpg", "https://a.example/u/b_w948_r1_fpx50_fpy4.jpg"),
        ("https://a.example/u/b-articleLarge.jpg", "https://a.example/u/b-mediumSquareAt3X.jpg"),
        ("https://a.example/u/b.jpg?ratio=1x1", "https://a.example/u/b.jpg?c=16x9&amp;q=w_800,c_fill"),
        ("https://a.example/tr:f-jpg,w-1200/u/b.jpg", "https://a.example/tr:w-1200,h-800,fo-auto/u/b.jpg"),
        ("https://a.example/facebook/u/b.jpg", "https://a.example/cfs_landscape_1232w_693h/u/b.jpg"),
        ("https://a.example/w_1000%2Ch_1000/u/b.jpg", "https://a.example/w_147,h_83/u/b.jpg"),
        ("https://a.example/u/b/wide__1300x731", "https://a.example/u/b/square__960x960"),
    ],
)  # fmt: skip
def test_one_picture_in_two_sizes_is_listed_once(one: str, other: str) -> None:
    assert len(pictures(one, other)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/u/b1.jpg", "https://a.example/u/b2.jpg"),
        ("https://a.example/u/plan-2024.jpg", "https://a.example/u/plan-2025.jpg"),
        ("https://a.example/get?id=1&amp;w=800", "https://a.example/get?id=2&amp;w=800"),
        ("https://a.example/get?sig=aa", "https://a.example/get?sig=bb"),
        ("https://a.example/photo?name=bridge", "https://a.example/photo?name=harbour"),
        ("https://a.example/t.php?src=/u/a.jpg&amp;w=80", "https://a.example/t.php?src=/u/b.jpg&amp;w=80"),
        ("https://a.example/my_pictures/a.jpg", "https://a.example/his_pictures/a.jpg"),
        ("https://a.example/files/123/4561/photo.jpg", "https://a.example/files/123/4562/photo.jpg"),
        ("https://a.example/upload/w_800/v1/a.jpg", "https://a.example/upload/w_800/v1/b.jpg"),
        (f"https://a.example/u/b-a{'1' * 60}.jpg", f"https://a.example/u/b-a{'1' * 59}2.jpg"),
        ("https://a.example/landscapes/a.jpg", "https://a.example/portraits/a.jpg"),
        ("https://a.example/a.jpg/alternates/1", "https://a.example/a.jpg/alternates/2"),
    ],
)
def test_two_pictures_with_similar_addresses_are_both_listed(one: str, other: str) -> None:
    assert len(pictures(one, other)) == 2


U = "https://a.example/u"


@pytest.mark.parametrize(
    ("declared", "count"),
    [
        ([f"{U}/b-1-1.jpg", f"{U}/b-4-3.jpg", f"{U}/b-16-9.jpg"], 1),
        ([f"{U}/aaaa/1200/1200/b1.jpg", f"{U}/bbbb/1200/675/b2.jpg"], 1),
        ([{"url": f"{U}/a", "width": 1200, "height": "1200px"}, {"url": f"{U}/b", "width": 1200, "height": 900}], 1),
        ([{"url": f"{U}/a", "width": 1200, "height": 900}, {"url": f"{U}/b", "width": 1200, "height": 900}], 2),
        ([{"url": f"{U}/a", "width": 1200, "height": 1200}, {"url": f"{U}/b", "width": 1201, "height": 317}], 2),
        (
            [
                {"url": f"{U}/a", "width": 900, "height": 900, "caption": "Harbour"},
                {"url": f"{U}/b", "width": 1200, "height": 900, "caption": "Bridge"},
            ],
            2,
        ),
        ([f"{U}/2026-4-3/a.jpg", f"{U}/2026-4-4/b.jpg"], 2),
        ([f"{U}/b-1.jpg", f"{U}/b-2.jpg", f"{U}/b-3.jpg"], 3),
        ([{"url": f"{U}/a", "width": 0, "height": 0}, {"url": f"{U}/b", "width": "x", "height": 9}], 2),
    ],
)
def test_one_picture_declared_in_several_ratios_is_listed_once(declared: list[object], count: int) -> None:
    head = graph({"@type": "NewsArticle", "headline": "The bridge opens again", "image": declared})
    assert len(read("", head)) == count


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (f'<div><img src="{U}/b.jpg"><p class="caption">The bridge</p></div>', [(f"{U}/b.jpg", "The bridge")]),
        (f'<table><tr><td><img src="{U}/b.jpg"><tr><td class="tr-caption">The bridge</table>', [(f"{U}/b.jpg", "The bridge")]),
        (f'<div><div class="caption">The bridge</div><p>{"It opens again. " * 9}</p><img src="{U}/b.jpg" width=9 height=9></div>', []),
        (f'<figure><img src="{U}/b.jpg"><figcaption>The bridge<button>Open</button></figcaption></figure>', [(f"{U}/b.jpg", "The bridge")]),
        (f'<figure><img src="{U}/b.jpg"><figcaption>The bridge<i hidden>More</i></figcaption></figure>', [(f"{U}/b.jpg", "The bridge")]),
        (f'<figure><img src="{U}/b.jpg"><figcaption>The <i>bridge</i></figcaption></figure>', [(f"{U}/b.jpg", "The bridge")]),
    ],
)  # fmt: skip
def test_a_caption_belongs_to_the_picture_in_its_box(box: str, expected: list[tuple[str, str]]) -> None:
    assert read(box) == expected


def test_a_declared_picture_has_the_caption_of_its_box_or_its_description() -> None:
    shared = f'<meta property="og:image" content="{U}/b-social.jpg">'
    other = f'<div><img src="{U}/other.jpg" width=9 height=9><p class="caption">Another</p></div>'
    box = f'<div><img src="{U}/b-800x450.jpg"><p class="caption">The bridge</p></div>'
    assert read(box, shared)[0] == (f"{U}/b-social.jpg", "The bridge")
    assert read(other, shared)[0] == (f"{U}/b-social.jpg", "")
    node = {"@type": "NewsArticle", "headline": "The bridge opens again"}
    described = graph({**node, "image": {"url": f"{U}/b.jpg", "description": "The bridge"}})
    assert read("", described) == [(f"{U}/b.jpg", "The bridge")]


def test_a_picture_of_the_text_without_a_figure_element_is_listed() -> None:
    assert [url for url, _ in read(f'{PARAGRAPHS}<p><img src="/i/a.jpg" alt="The bridge"></p>')] == [f"{SITE}/i/a.jpg"]


@pytest.mark.parametrize(
    "figure",
    [
        '<figure><img src="data:image/gif;base64,R0lG"><noscript><img src="/i/a.jpg"></noscript></figure>',
        '<figure><img src="/i/blank.gif" data-src="/i/a.jpg"></figure>',
        '<figure><img src="/i/blank.gif" srcset="/i/small.jpg 300w, /i/a.jpg 900w"></figure>',
        '<figure><picture><source srcset="/i/a.jpg 900w"><img src="/i/placeholder.png"></picture></figure>',
    ],
)
def test_a_picture_that_a_script_loads_is_listed_by_its_own_address(figure: str) -> None:
    assert [url for url, _ in read(figure)] == [f"{SITE}/i/a.jpg"]


def test_the_next_declaration_counts_where_the_first_is_the_logo() -> None:
    head = '<meta property="og:image" content="/i/logo.png"><meta name="twitter:image" content="/i/a.jpg">'
    assert [url for url, _ in read("", head)] == [f"{SITE}/i/a.jpg"]


def test_a_declared_picture_has_the_caption_of_its_figure_in_another_size() -> None:
    figure = '<figure><img src="/i/a-800x450.jpg"><figcaption>The bridge at dawn</figcaption></figure>'
    assert read(figure, '<meta property="og:image" content="/i/a.jpg">') == [(f"{SITE}/i/a.jpg", "The bridge at dawn")]


@pytest.mark.parametrize(
    "name",
    [
        "mail-logo-twitter-square.png",
        "og-default.png",
        "avatars/88/jane.jpg",
        "divider.gif",
        "FaviconApp.png",
        "logo-main-rgb.svg",
        "logo-white-out.svg",
    ],
)
def test_signs_are_no_pictures(name: str) -> None:
    assert read("", f'<meta property="og:image" content="/i/{name}">') == []


@pytest.mark.parametrize(
    "name",
    [
        "default-of-the-bank.jpg",
        "harbour-divider-wall-opens.jpg",
        "opengraph-image-4711.png",
        "minister-unveils-the-new-harbour-logo.png",
    ],
)
def test_names_that_only_contain_such_a_word_are_pictures(name: str) -> None:
    assert read("", f'<meta property="og:image" content="/i/{name}">') == [(f"{SITE}/i/{name}", "")]


def test_a_declared_thumbnail_counts_only_where_the_page_has_no_picture() -> None:
    head = '<link rel="image_src" href="/i/thumb.jpg">'
    assert [url for url, _ in read("", head)] == [f"{SITE}/i/thumb.jpg"]
    assert [url for url, _ in read('<figure><img src="/i/a.jpg"></figure>', head)] == [f"{SITE}/i/a.jpg"]


def graph(*nodes: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@graph": nodes})}</script>'


STORY = {"@type": "NewsArticle", "headline": "The bridge opens again"}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (graph(STORY | {"image": {"@type": "ImageObject", "@id": f"{SITE}/i/a.jpg"}}), [f"{SITE}/i/a.jpg"]),
        (graph(STORY | {"image": {"@type": "ImageObject", "@id": f"{SITE}/#image"}}), []),
        (
            graph({"@type": "WebPage", "url": f"{SITE}/news/4711", "primaryImageOfPage": {"url": f"{SITE}/i/a.jpg"}}),
            [f"{SITE}/i/a.jpg"],
        ),
        (graph({"@type": "WebPage", "url": f"{SITE}/about", "primaryImageOfPage": {"url": f"{SITE}/i/a.jpg"}}), []),
    ],
)
def test_declared_pictures_are_those_of_this_page(head: str, expected: list[str]) -> None:
    assert [url for url, _ in read("", head)] == expected


def test_addresses_are_resolved_against_the_base_of_the_page():
    assert read('<figure><img src="i/a.jpg"></figure>', '<base href="/archive/2026/">') == [
        (f"{SITE}/archive/2026/i/a.jpg", "")
    ]
