"""Section, tags, site name, canonical URL, pictures and access, and markup that only resembles them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from archive.article import Page
from archive.extract.document import read_document
from archive.extract.metadata.language import primary
from archive.extract.metadata.reading import read_metadata

if TYPE_CHECKING:
    from archive.extract.metadata.reading import Metadata

HEADING = "<h1>Story of the bridge</h1>"
SITE = "https://www.harbour.example"
ADDRESS = f"{SITE}/news/4711"


def read(head: str = "", body: str = "", *, url: str = ADDRESS, heading: str = HEADING) -> Metadata:
    top = f"<head><title>Story of the bridge | Mail</title>{head}</head>"
    html = f"<html lang=en>{top}<body><article>{heading}{body}</article></body></html>"
    return read_metadata(
        read_document(Page(body=html.encode(), url=url, fetched_at=datetime(2026, 11, 28, tzinfo=UTC)))
    )


def ld(*others: object, **fields: object) -> str:
    graph = [{"@type": "NewsArticle", "headline": "Story of the bridge", **fields}, *others]
    return f'<script type="application/ld+json">{json.dumps({"@graph": graph})}</script>'


def crumbs(*items: tuple[int, str, str]) -> object:
    names = [{"@type": "ListItem", "position": place, "name": name, "item": url} for place, name, url in items]
    return {"@type": "BreadcrumbList", "itemListElement": names}


@pytest.mark.parametrize(
    ("head", "body", "section"),
    [
        ("", '<ol itemtype="https://schema.org/BreadcrumbList"><li><a href="/">Home</a><li><a href="/w">World</a></ol>', "World"),
        ("", '<nav aria-label="Breadcrumb"><a href="/">Home</a><a href="/w">World</a></nav>', "World"),
        ("", '<nav aria-label="Main"><a href="/">Home</a><a href="/w">World</a></nav>', ""),
        ("", '<a class="section-label" href="/w">World</a>', "World"),
        (ld(crumbs((2, "World", f"{SITE}/w"), (1, "Mail", f"{SITE}/"))), "", "World"),
        (ld(crumbs((1, "World", f"{SITE}/w"), (2, "Story of the bridge", ADDRESS))), "", "World"),
        (ld(crumbs((1, "Mail", f"{SITE}/"), (2, "Story of the bridge", ADDRESS))), "", ""),
    ],
)  # fmt: skip
def test_breadcrumbs_and_labels_name_the_section(head: str, body: str, section: str) -> None:
    assert read(head, body).article.section == section


TEASER = '<div class="card"><span class="post-category"><a href="/s">Sport</a></span><h3><a href="/other">Other story</a></h3></div>'
LONG = '<p>The bridge opens.</p><p class="x">It rains.</p>' * 30
SITE_NAME = '<meta property="og:site_name" content="Harbour Mail">'
MANY = "".join(f"<a href=/{number}>tag {number}</a>" for number in range(30))
LABEL = '<span class="post-category"><a href="/w">World</a></span>'


@pytest.mark.parametrize(
    ("head", "body", "section"),
    [
        ("", LONG + TEASER, ""),
        ("", LONG + LABEL, "World"),
        ("", LONG + TEASER + LABEL, "World"),
        ("", LABEL + LONG + TEASER, "World"),
        ('<meta property="article:section" content="Featured">', LABEL, "World"),
        ('<meta property="article:section" content="{{ section.name }}">', LABEL, "World"),
        ("", '<span class="post-category">Filed under:</span>', ""),
        ('<meta property="article:section" content="2023/43">', LABEL, "World"),
        ('<meta name="prism.section" content="world">', "", "world"),
        ("", '<a href="/c/w" rel="category tag">World</a><a href="/t/b" rel="tag">bridge</a>', "World"),
        (SITE_NAME, '<ol class="breadcrumb"><a href="/mail">Harbour Mail</a><a href="/w">World</a></ol>', "World"),
        (SITE_NAME, '<ol class="breadcrumb"><a href="/mail">Mail</a><a href="/w">World</a></ol>', "Mail"),
    ],
)  # fmt: skip
def test_the_section_is_the_articles_and_no_teasers(head: str, body: str, section: str) -> None:
    assert read(head, body).article.section == section


@pytest.mark.parametrize(
    ("head", "body", "tags"),
    [
        ("", '<a href="/c/w" rel="category tag">World</a><a href="/t/b" rel="tag">bridge</a>', ("bridge",)),
        ("", '<span class="categories"><a href="/w" rel="tag">World</a></span><a href="/t/b" rel="tag">bridge</a>', ("bridge",)),
        ('<meta name="keywords" content="news, mail">', '<div class="tags"><a href="/b">bridge</a></div>', ("bridge",)),
        ('<meta name="keywords" content="harbour, Bridge">', '<div class="tags"><a href="/b">bridge</a></div>', ("harbour", "Bridge")),
        ('<meta name="keywords" content="harbour, bridge">', "", ("harbour", "bridge")),
        ('<meta name="news_keywords" content="news, mail">', '<div class="tags"><a href="/b">bridge</a></div>', ("news", "mail")),
        ('<meta name="keywords" content="harbour">', f'<div class="tags">{MANY}</div>', ("harbour",)),
        ('<meta name="keywords" content="{{ tags }}">', "", ()),
        ('<meta name="keywords" content="大桥，港口、春天">', "", ("大桥", "港口", "春天")),
        ("", '<span itemprop="keywords">bridge, harbour</span>', ("bridge", "harbour")),
    ],
)  # fmt: skip
def test_tags_are_the_articles_and_no_categories(head: str, body: str, tags: tuple[str, ...]) -> None:
    assert read(head, body).article.tags == tags


def test_breadcrumbs_within_another_node_name_the_section() -> None:
    inner = crumbs((1, "Home", "/"), (2, "World", "/world"))
    assert read(ld({"@type": "WebPage", "breadcrumb": inner})).article.section == "World"
    assert read(ld(breadcrumb=inner)).article.section == "World"
    assert read(ld(breadcrumb={"@id": "#crumbs"})).article.section == ""
    assert read('<meta property="article:section" content="All">', ld(breadcrumb=inner)).article.section == "World"
    long = crumbs((1, "Home", "/"), (2, "World news, interviews and columns of the Harbour Mail", "/world"))
    assert read(ld(breadcrumb=long)).article.section == ""


def test_access_is_read_from_the_pages_own_node_and_referred_parts() -> None:
    page = {"@type": "WebPage", "url": ADDRESS, "isAccessibleForFree": False}
    part = {"@type": "WebPageElement", "@id": "#part", "isAccessibleForFree": "False"}
    assert read(ld(page)).article.is_accessible_for_free is False
    assert read(ld({**page, "url": f"{ADDRESS}-other"})).article.is_accessible_for_free is None
    assert read(ld(page, isAccessibleForFree=True)).article.is_accessible_for_free is True
    assert read(ld(part, hasPart={"@id": "#part"}, isAccessibleForFree=True)).article.is_accessible_for_free is False
    assert read(ld(part, isAccessibleForFree=True)).article.is_accessible_for_free is True
    assert read(ld(isAccessibleForFree={"@value": "False"})).article.is_accessible_for_free is False


def test_a_former_language_code_counts_as_its_successor() -> None:
    assert [primary(tag) for tag in ("iw", "in-ID", "ji", "it", "ina")] == ["he", "id", "yi", "it", "ina"]


def test_a_long_title_at_the_end_of_the_breadcrumbs_is_no_section() -> None:
    title = "Story of the bridge that took longer to build than the harbour itself and cost twice as much"
    for first, section in (("World", "World"), ("Mail", "")):
        place = f"{SITE}/" if first == "Mail" else f"{SITE}/w"
        trail = ld(crumbs((1, first, place), (2, title, ADDRESS)), headline=title)
        assert read(trail, heading=f"<h1>{title}</h1>").article.section == section


def test_tags_are_told_apart_without_regard_to_capitals_and_read_from_topics() -> None:
    assert read(ld(keywords="bridge, Bridge, harbour")).article.tags == ("bridge", "harbour")
    assert read("", '<div class="topics"><a href="/b">bridge</a></div>').article.tags == ("bridge",)
    assert read("", '<div class="hot-topics"><a href="/b">bridge</a></div>').article.tags == ()


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (ld(publisher="Harbour Mail"), "Harbour Mail"),
        (ld(publisher={"@type": "Organization", "name": "Story of the bridge"}), "Mail"),
        ('<meta property="og:site_name" content="Harbour Mail">', "Harbour Mail"),
    ],
)
def test_the_site_is_named_by_its_publisher_and_never_by_the_story(head: str, name: str) -> None:
    assert read(head).article.sitename == name


@pytest.mark.parametrize(
    ("canonical", "page", "read_as"),
    [
        (f"{ADDRESS}/amp", ADDRESS, ADDRESS),
        (f"{SITE}/news/", ADDRESS, ADDRESS),
        (f"{SITE}/index.php", ADDRESS, ADDRESS),
        (f"{SITE}/ar/", ADDRESS, ADDRESS),
        (f"{SITE}/404", ADDRESS, ADDRESS),
        ("{{ page.url }}", ADDRESS, ADDRESS),
        (f"{SITE}/bridges/", f"{SITE}/bridges/page/2", f"{SITE}/bridges/"),
        (f"{SITE}/about", f"{SITE}/about?from=home", f"{SITE}/about"),
        (f"{SITE}/story?utm_source=feed&amp;id=7", ADDRESS, f"{SITE}/story?id=7"),
        (f"{SITE}/?utm_source=feed", ADDRESS, ADDRESS),
        (f"{SITE}/bridge-opened-again-today", f"{SITE}/bridge-opened-again-today/amp", f"{SITE}/bridge-opened-again-today"),
    ],
)  # fmt: skip
def test_a_canonical_of_a_list_or_for_amp_gives_way(canonical: str, page: str, read_as: str) -> None:
    head = f'<link rel="canonical" href="{canonical}"><meta property="og:url" content="{ADDRESS}">'
    assert read(head, url=page).canonical_url == read_as


def test_a_canonical_for_amp_counts_where_no_other_is_named() -> None:
    assert read(f'<link rel="canonical" href="{ADDRESS}/amp">').canonical_url == f"{ADDRESS}/amp"


def test_a_canonical_from_og_url_has_no_tracking_parameters() -> None:
    head = f'<meta property="og:url" content="{ADDRESS}?utm_source=feed&amp;utm_medium=rss">'
    assert read(head).canonical_url == ADDRESS


@pytest.mark.parametrize(
    ("head", "body", "pictures"),
    [
        (f'<meta property="og:image" content="{SITE}/i/mail-logo.png">', "", []),
        (f'<meta property="og:image" content="{SITE}/i/new-logo-of-the-ministry.jpg">', "", ["new-logo-of-the-ministry.jpg"]),
        ("", '<figure><img src="/i/loading.svg" data-lazyload="/i/a.jpg"></figure>', ["a.jpg"]),
        ("", '<figure><amp-img src="/i/a.jpg"></amp-img></figure>', ["a.jpg"]),
        ("", '<figure class="avatar"><img src="/i/a.jpg"></figure>', []),
        ("", '<div class="featured-image"><img src="/i/a.jpg"></div>', ["a.jpg"]),
        (f'<meta property="og:image" content="{SITE}/i/mail-logo.png">', '<div class="lead-image"><img src="/i/a.jpg"></div>', ["a.jpg"]),
        ("", '<div class="post-thumbnail"><a href="/other"><img src="/i/a.jpg"></a></div>', []),
        ("", '<figure><img src="/i/a.jpg"></figure><div class="featured-image"><img src="/i/b.jpg"></div>', ["a.jpg"]),
    ],
)  # fmt: skip
def test_pictures_are_the_articles_and_no_signs(head: str, body: str, pictures: list[str]) -> None:
    assert [image.url.rsplit("/", 1)[-1] for image in read(head, body).article.images] == pictures


def test_a_picture_in_two_sizes_is_one_and_two_pictures_of_one_server_are_two() -> None:
    images = ("/a.jpg?w=1200&amp;q=80", "/a.jpg?w=800&amp;fit=800,600", "/get?id=1&amp;w=800", "/get?id=2&amp;w=800")
    found = read("", "".join(f'<figure><img src="{image}"></figure>' for image in images)).article.images
    assert [image.url.removeprefix(SITE) for image in found] == [
        "/a.jpg?w=1200&q=80",
        "/get?id=1&w=800",
        "/get?id=2&w=800",
    ]


def test_a_picture_in_two_sizes_keeps_the_caption_of_either() -> None:
    figure = '<figure><img src="/i/a.jpg?w=800"><figcaption>The bridge</figcaption></figure>'
    found = read(f'<meta property="og:image" content="{SITE}/i/a.jpg">', figure).article.images
    assert [(image.url, image.caption) for image in found] == [(f"{SITE}/i/a.jpg", "The bridge")]


@pytest.mark.parametrize(
    ("head", "body", "free"),
    [
        (ld(isAccessibleForFree="no"), "", False),
        (ld(isAccessibleForFree=0), "", False),
        (ld(isAccessibleForFree="Yes"), "", True),
        (ld(isAccessibleForFree="perhaps"), "", None),
        ("", '<meta itemprop="isAccessibleForFree" content="False">', False),
        ("", "<p>isAccessibleForFree: false</p>", None),
    ],
)
def test_access_is_what_the_record_says(head: str, body: str, free: bool | None) -> None:
    assert read(head, body).article.is_accessible_for_free is free


@pytest.mark.parametrize(
    "body",
    [
        (
            '<div vocab="https://schema.org/" typeof="BreadcrumbList"><a property="item" href="/">Home</a> &gt; '
            '<a property="item" href="/ports">Ports</a></div>'
        ),
        (
            '<div><span typeof="v:Breadcrumb"><a property="v:title" href="https://www.harbour.example/">Home</a></span> › '
            '<span typeof="v:Breadcrumb"><a property="v:title" href="/ports">Ports</a></span></div>'
        ),
        (
            '<div itemscope itemtype="https://schema.org/BreadcrumbList"><a itemprop="item" href="/">Home</a> '
            '<a itemprop="item" href="/ports">Ports</a></div>'
        ),
    ],
)
def test_breadcrumbs_without_a_class_name_the_section(body: str) -> None:
    assert read(body=body).article.section == "Ports"


def test_items_of_another_type_name_no_section() -> None:
    assert (
        read(body='<div typeof="ItemList"><a href="/">Home</a> <a href="/ports">Ports</a></div>').article.section == ""
    )
