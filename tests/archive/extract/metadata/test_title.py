"""Choose an article's title among those that the page declares and prints."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from archive.article import Page
from archive.extract.document import read_document
from archive.extract.metadata.reading import read_metadata

STORY = "How the ferry was built"


def title_of(head: str, body: str = "", *, url: str = "https://www.harbour.example/2026/11/a-story") -> str:
    html = f"<html lang='en'><head>{head}</head><body>{body}<p>The old bridge was closed in March.</p></body></html>"
    page = Page(body=html.encode(), url=url, fetched_at=datetime(2026, 11, 24, tzinfo=UTC))
    return read_metadata(read_document(page)).article.title


def ld(**node: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **node})}</script>'


def og(text: str) -> str:
    return f'<meta property="og:title" content="{text}">'


@pytest.mark.parametrize(
    ("head", "body"),
    [
        # the h1 is the site's or the section's name, or a slogan
        (f"<title>Silver Notes: {STORY}</title>", f"<h1>Silver Notes</h1><h3 class='post-title'>{STORY}</h3>"),
        (f"<title>{STORY} | Harbour Mail</title>", f"<h1>The voice of the town</h1><h2 class='post-title'>{STORY}</h2>"),
        (f"{og(STORY)}<title>{STORY} - Harbour</title>", "<h1>Menu</h1><h1>Search</h1>"),
        (f"<title>Harbour Mail | Harbour Mail</title>{og('Harbour Mail')}", f"<a href='/'>Harbour Mail</a><h1>{STORY}</h1>"),
        # what stands beside the title
        (f"<title>{STORY}_Science_Harbour Net</title>", ""),
        (f"<title>{STORY}ㅣHarbour Net</title>", ""),
        (f"{og(STORY + ' - National')}<title>{STORY} - National</title>", f"<h1>{STORY}</h1>"),
        (f"{og(STORY)}<title>{STORY}</title>", f"<h1>Dec 18 2025 {STORY}</h1>"),
        (og(f"&lt;script&gt;alert(1)&lt;/script&gt;{STORY}"), ""),
        (f"<title>{STORY} | Harbour</title>", f"<h1><span class='kicker'>Harbour works</span> {STORY}</h1>"),
        (f"{og(STORY)}<title>Works: {STORY}</title>", f"<h2 class='title'><span class='roofline'>Works</span>: {STORY}</h2>"),
        # a title that was cut off for search results
        (f"{og('How the ferry')}<title>How the ferry</title>", f"<h1>{STORY}</h1>"),
        # only the page's title has it beside the site's name, which is the h1
        (f"<title>{STORY} - The Mail</title>", f"<h1>The Mail</h1><b>{STORY}</b>"),
        # the h1 is a label: the last of the breadcrumbs, or a paragraph
        (f"{ld(headline=STORY)}{og('Ferry: what you must know')}<title>Ferry: what you must know</title>",
         f"<nav><ul><li><h1>Ferry: what you must know</h1></li></ul></nav><h2>{STORY}</h2>"),
        (f"{ld(headline=STORY)}{og('Ferry: what you must know')}<title>Ferry: what you must know</title>",
         f"<ol class='bread-crumbs'><li><h1>Ferry: what you must know</h1></li></ol><h2>{STORY}</h2>"),
        (f"{og(STORY)}<title>{STORY}</title>", f"<h1>{'The ferry was built by a few people. ' * 7}</h1>"),
        # whose word counts
        (f"{og('Ferry: what you must know')}<title>Ferry: what you must know</title>", f"<h1>{STORY}</h1>"),
        (f"{ld(headline=STORY)}{og(STORY)}<title>Ferry guide</title>", "<h1>The ferry was built like this</h1>"),
        (f"{ld(headline='The ferry story')}{og(STORY)}<title>The ferry story</title>", f"<h1>{STORY}</h1>"),
        (f"{ld(headline='The ferry story', type=1)}".replace("NewsArticle", "BlogPosting"), f"<h1>{STORY}</h1>"),
        (og(f"\u200f{STORY}"), f"<h1>\u200f{STORY}\u200e</h1>"),
        (f"{ld(name=STORY)}<title>Harbour Mail</title>", ""),
        (f"{ld(headline={'@value': STORY})}<title>Harbour Mail</title>", ""),
    ],
)  # fmt: skip
def test_the_title_is_the_storys(head: str, body: str) -> None:
    assert title_of(head, body) == STORY


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        # signs that are the title's own
        ("<title>rustc_codegen_gcc: report 39</title>", "", "rustc_codegen_gcc: report 39"),
        (f"{og('Berlin: Ferry built')}<title>Berlin: Ferry built</title>", "<h1>Berlin: Ferry built</h1>", "Berlin: Ferry built"),
        ("<title>A &lt;br&gt; tag</title>", "<h1>A &lt;br&gt; tag of thirty years</h1>", "A <br> tag of thirty years"),
        # a list of crumbs that holds the article was never closed; a class alone makes no crumb
        (f"{ld(headline='Another ferry')}{og(STORY)}<title>{STORY}</title>", f"<nav><h1>{STORY}</h1><p>Text.</p>", STORY),
        (f"{ld(headline='Another ferry')}{og(STORY)}<title>{STORY}</title>", f"<div class='breadcrumb'><h1>{STORY}</h1></div>", STORY),
        # a page that says its title in its breadcrumbs alone
        ("", f"<nav><ul><li><h1>{STORY}</h1></li></ul></nav>", STORY),
        # Dublin Core repeats the page's title
        (f"<meta name='dc.title' content='Ferry guide'>{og('Ferry guide')}", "<h1>The ferry: a guide</h1>", "The ferry: a guide"),
        # a kicker that the page's records have as well
        (og(f"Works: {STORY}"), f"<h1><span class='kicker'>Works</span>: {STORY}</h1>", f"Works: {STORY}"),
        ("", "<h1><span class='label'>Ferry built</span></h1>", "Ferry built"),
        # the end of the page's title is the story's, which is printed after the site's name
        ("<title>Mail of the old harbour - Ferry built</title>", "<b>Mail of the old harbour</b><h1>Ferry built</h1>", "Ferry built"),
        # a number of comments is no end of a title
        (f"{og('The ferry was built')}<title>The ferry was built</title>", "<h1>The ferry was built 12 notes</h1>", "The ferry was built"),
        # an h1 with other words is the title where nothing better is printed
        ("<title>Home</title>", "<h1>Time to say goodbye.</h1>", "Time to say goodbye."),
        # a drawing in the page has a title too
        ("<title>Ferry built</title>", "<svg><title>Search icon</title></svg>", "Ferry built"),
        # a headline of another page is not this one's
        (ld(headline="Five held after a fire", url="/news/91/x") + f"<title>{STORY}</title>", "", STORY),
    ],
)  # fmt: skip
def test_what_only_looks_like_another_is_left_alone(head: str, body: str, title: str) -> None:
    assert title_of(head, body) == title


@pytest.mark.parametrize(
    ("slug", "title"),
    [("how-the-ferry-was-built", STORY), ("4711", "The Mail"), ("the-mail-and-the-ferry", "The Mail")],
)
def test_the_address_tells_the_story_from_the_sites_name(slug: str, title: str) -> None:
    head, body = f"<title>The Mail - {STORY}</title>", "<h1>The Mail</h1>"
    assert title_of(head, body, url=f"https://www.harbour.example/{slug}/") == title


def test_a_heading_that_leads_home_from_a_post_with_a_number_is_the_sites_name() -> None:
    body = f"<h1><a href='https://www.harbour.example/'>Notes of the town</a></h1><h1>{STORY}</h1>"
    head = f"<title>{STORY} Notes of the town</title>"
    assert title_of(head, body, url="https://www.harbour.example/?p=4711") == STORY


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("warum-die-faehre-mehr-kostet-als-die-bruecke", "Warum die Fähre mehr kostet als die Brücke"),
        ("12345.warum-die-fahre-mehr-kostet-als-die-brucke.html", "Warum die Fähre mehr kostet als die Brücke"),
        ("faehre-und-bruecke", "Die teure Fähre von Hafenstadt"),
    ],
)
def test_where_no_h1_is_the_title_the_address_tells_it(address: str, title: str) -> None:
    short = "Warum die Fähre mehr kostet als die Brücke"
    head = f"{ld(headline='Die teure Fähre von Hafenstadt')}{og(short)}<title>{short}</title>"
    body = f"<nav><ul><li><h1>{short}</h1></li></ul></nav><h2>Die teure Fähre von Hafenstadt</h2>"
    assert title_of(head, body, url=f"https://hafen.example/2026/{address}") == title


def test_the_address_does_not_outweigh_a_printed_title() -> None:
    head = f"{ld(headline='Why the ferry costs more than ever')}<title>Why the ferry costs more than ever</title>"
    url = "https://www.harbour.example/why-the-ferry-costs-more-than-ever"
    assert title_of(f"{head}{og(STORY)}", f"<h1>{STORY}</h1>", url=url) == STORY


@pytest.mark.parametrize(
    ("declared", "title"),
    [
        ("港口老桥关闭至明年春天-海港日报", "港口老桥关闭至明年春天"),
        ("港口老桥关闭至明年春天-市政府", "港口老桥关闭至明年春天-市政府"),
    ],
)
def test_a_chinese_title_ends_before_a_hyphen_and_the_sites_name(declared: str, title: str) -> None:
    assert title_of(f'{og(declared)}<meta property="og:site_name" content="海港日报">', "") == title


@pytest.mark.parametrize(
    ("body", "title"),
    [
        # an h1 within the text, which shares words with the title that an h2 or h3 prints above it
        ("<h2>{}</h2><p>By Jane</p><h1>What the ferry was for, and how it was built</h1>", STORY),
        ("<h3 class='post-title'>{}</h3><h1>A ferry that was built</h1><h1>How it went on</h1>", STORY),
        # the printed title, although a linked teaser of the same page stands above it, or an h2 below repeats the declared one
        ("<h2><a href='/a'>{}</a></h2><h1>How the ferry was built by ten people</h1>", "How the ferry was built by ten people"),
        ("<h1>How the ferry was built by ten people</h1><h2>{}</h2>", "How the ferry was built by ten people"),
    ],
)  # fmt: skip
def test_a_heading_of_the_text_is_not_the_title_printed_above_it(body: str, title: str) -> None:
    assert title_of(f"{og(STORY)}<title>{STORY} | Harbour Mail</title>", body.format(STORY)) == title


def test_one_word_shared_by_several_headings_makes_none_the_title() -> None:
    head = f"{og('Small ferries for narrow harbours')}<title>Small ferries for narrow harbours</title>"
    assert title_of(head, "<h1>Small is large</h1><h1>Ferries of old</h1>") == "Small ferries for narrow harbours"


@pytest.mark.parametrize(
    ("whole", "title"),
    [
        (f"{STORY} and why it sank | Ports | Harbour Mail", f"{STORY} and why it sank"),
        ("Ferry | How it was built and why it sank", "Ferry | How it was built and why it sank"),
    ],
)
def test_section_and_site_after_bars_are_not_part_of_the_title(whole: str, title: str) -> None:
    assert title_of(f"<title>{whole}</title>") == title


@pytest.mark.parametrize(("section", "title"), [("Ports", STORY), ("Sports", f"Ports: {STORY}")])
def test_the_section_before_the_printed_title_is_not_part_of_it(section: str, title: str) -> None:
    head = ld(headline=f"Ports: {STORY}", articleSection=section) + og(f"Ports: {STORY}")
    assert title_of(head, f"<h1>{STORY}</h1>") == title
