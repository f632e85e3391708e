"""Section, tags, site, address, pictures and access: what of a page says them, and what only looks like it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from archive.article import Page
from archive.extract.document import read_document
from archive.extract.metadata.reading import read_metadata

if TYPE_CHECKING:
    from archive.extract.metadata.reading import Metadata

HEADING = "<h1>Story of the bridge</h1>"
SITE = "https://www.harbour.example"
ADDRESS = f"{SITE}/news/4711"


def read(head: str = "", body: str = "", *, url: str = ADDRESS) -> Metadata:
    top = f"<head><title>Story of the bridge | Mail</title>{head}</head>"
    html = f"<html lang=en>{top}<body><article>{HEADING}{body}</article></body></html>"
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
        (f"{SITE}/bridges/", f"{SITE}/bridges/page/2", f"{SITE}/bridges/"),
        (f"{SITE}/about", f"{SITE}/about?from=home", f"{SITE}/about"),
        (f"{SITE}/bridge-opened-again-today", f"{SITE}/bridge-opened-again-today/amp", f"{SITE}/bridge-opened-again-today"),
    ],
)  # fmt: skip
def test_a_canonical_of_a_list_or_for_amp_gives_way(canonical: str, page: str, read_as: str) -> None:
    head = f'<link rel="canonical" href="{canonical}"><meta property="og:url" content="{ADDRESS}">'
    assert read(head, url=page).canonical_url == read_as


def test_a_canonical_for_amp_counts_where_no_other_is_named() -> None:
    assert read(f'<link rel="canonical" href="{ADDRESS}/amp">').canonical_url == f"{ADDRESS}/amp"


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
