"""Authors: where a page names them, and names that are not authors."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from archive.article import Page
from archive.extract.document import read_document
from archive.extract.metadata.reading import read_metadata

HEADING = "<h1>Who pays for the bridge</h1>"


def authors_of(head: str, body: str) -> tuple[str, ...]:
    html = (
        f"<html><head><title>Who pays for the bridge</title>{head}</head><body><article>{body}</article></body></html>"
    )
    page = Page(
        body=html.encode(), url="https://www.harbour.example/a-12345", fetched_at=datetime(2026, 11, 24, tzinfo=UTC)
    )
    return read_metadata(read_document(page)).article.authors


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("By Jane Doe in Beirut", ("Jane Doe",)),
        ("By Jane Doe and John Roe for the Harbour Mail", ("Jane Doe", "John Roe")),
        ("By Jane Doe with reporting by John Roe", ("Jane Doe", "John Roe")),
        ("By: Jane Doe, Dec 17, 2025", ("Jane Doe",)),
        ("By Marie d'Orsay and Ali el-Sisi", ("Marie d'Orsay", "Ali el-Sisi")),
        ("홍길동 기자 hong@mail.example", ("홍길동",)),
        ("[항구신문=홍길동 기자]", ("홍길동",)),
        ("(서울=항구통신) 홍길동 기자 = 시의회는 공사가 끝날 때까지 다리를 폐쇄한다고 밝혔다.", ("홍길동",)),
        ("홍길동 기자는 다리를 건넜다.", ()),
        ("本报记者 王小明", ("王小明",)),
        ("来源：海港日报 作者：王小明 2026-03-04 08:15", ("王小明",)),
        ("记者 在老桥上看到", ()),
        ("Words by Jane Doe. Photographs by John Roe", ("Jane Doe",)),
        ("By Jane Doe jane.doe@mail.example", ("Jane Doe",)),
        ("Von Jana Müller, dpa", ("Jana Müller",)),
        ("Por Ana Ruiz, corresponsal en Rabat", ("Ana Ruiz",)),
        ("a cura di Anna Rossi", ("Anna Rossi",)),
        ("Oleh: Budi Santoso", ("Budi Santoso",)),
        ("Автор: Анна Петрова", ("Анна Петрова",)),
        ("Γράφει ο Γιώργος Παππάς", ("Γιώργος Παππάς",)),
        ("Muhabir: Ayşe Demir", ("Ayşe Demir",)),
        ("كتب: أحمد علي، منى زكي ووليد حسن", ("أحمد علي", "منى زكي", "وليد حسن")),
        ("إعداد وتقديم: منى زكي", ("منى زكي",)),
        ("تحقيق - منى زكي", ("منى زكي",)),
        ("كتب ـ أحمد علي", ("أحمد علي",)),
        ("بقلم الدكتور أحمد علي", ("الدكتور أحمد علي",)),
        ("كتب التسويق الحديث", ()),
        ("الكاتب: أحمد علي | ترجمة: منى زكي", ("أحمد علي",)),
        ("نویسنده: علی رضایی", ("علی رضایی",)),
        ("תחקיר: עיר הנמל", ()),
        ("מאת: דנה כהן ויוסי לוי", ("דנה כהן", "יוסי לוי")),
        ("作者：王小明 李雷", ("王小明", "李雷")),
        ("文/记者王小明", ("王小明",)),
        ("取材・文：山田太郎", ("山田太郎",)),
        ("글: 홍길동", ("홍길동",)),
        ("लेखक: राम शर्मा", ("राम शर्मा",)),
        ("By air and by sea", ()),
        ("By the numbers", ()),
        ("By Kan Chu Sen, 1721.", ()),
        ("Von Kopf bis Fuß", ()),
        ("Author: the harbour in ten pictures", ()),
        ("تقرير القاهرة القديمة", ()),
        ("تحقيق العدالة مطلب", ()),
        ("作者：我们应该如何理解这座桥", ()),
    ],
)
def test_a_byline_without_markup_is_read_in_many_languages(byline: str, names: tuple[str, ...]) -> None:
    assert authors_of("", f"{HEADING}<p>{byline}</p>") == names


@pytest.mark.parametrize(
    ("label", "names"), [("كُتب بواسطة", ("Ann Berg",)), ("Verfasst von", ("Ann Berg",)), ("Lesezeit", ())]
)
def test_a_card_names_the_author_under_a_label_in_any_language(label: str, names: tuple[str, ...]) -> None:
    head = f'<meta name="twitter:label1" content="{label}"><meta name="twitter:data1" content="Ann Berg">'
    assert authors_of(head, HEADING) == names


def ld(*nodes: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(nodes)}</script>'


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", f'{HEADING}<div data-component="Byline">Ann Berg</div>'),
        ("", f'{HEADING}<span data-testid="author-name">Ann Berg</span>'),
        ("", f'{HEADING}<author>Ann Berg</author>'),
        ("", f'{HEADING}<span class="submitted-by">Submitted by Ann Berg on 5 March 2025</span>'),
        ("", f'{HEADING}<div class="author"><span class="name">Ann Berg</span> <a href="/t">@ann</a> <i>11:57AM</i></div>'),
        ("", f'{HEADING}<aside><span itemprop="author">Ann Berg</span></aside>'),
        ("", f"{HEADING}<p>The bridge was closed.</p><p>Ann Berg contributed to this report.</p>"),
        (ld({"@type": "NewsArticle", "author": {"@type": "Person", "name": {"@type": "Person", "name": "Ann Berg"}}}), HEADING),
        (ld({"@type": "NewsArticle", "author": {"name": {"@value": "Ann Berg"}}}), HEADING),
        (ld({"@type": "NewsArticle", "author": {"@list": [{"@type": "Person", "name": "Ann Berg"}]}}), HEADING),
        ("", f'{HEADING}<div class="meta"><a href="/author/ann/">Ann Berg</a> · 24 Nov 2026</div>'),
        ("", f'{HEADING}<div class="author"><span>Ann Berg</span><span>Staff Writer</span></div>'),
        ("", f"{HEADING}<p><strong>By Ann Berg</strong></p>"),
        ("", f"{HEADING}<p>Propos recueillis par Ann Berg</p>"),
        ("", f"{HEADING}<p>Interview: Ann Berg</p>"),
        ("", f'{HEADING}<div class="columnist"><img src="/a.png"><b>Ann Berg</b><i>Columnist</i></div>'),
        (ld({"@type": "LiveBlogPosting", "headline": "Who pays for the bridge", "author": {"name": "Ann Berg"},
             "liveBlogUpdate": [{"@type": "BlogPosting", "headline": "A baker", "author": {"name": "Tom Wirt"}}]}), HEADING),
        (ld({"@type": "Person", "name": "Ann Berg",
             "@reverse": {"author": {"@type": "NewsArticle", "headline": "Who pays for the bridge"}}}), HEADING),
        (ld({"@type": "schema:NewsArticle", "schema:author": {"schema:name": "Ann Berg"}}), HEADING),
        ('<meta property="dcterms:creator" content="Ann Berg">', HEADING),
        ('<meta name="author" content="ann@harbour.example (Ann Berg)">', HEADING),
        ("""<meta name="parsely-page" content='{"title": "Who pays for the bridge", "authors": ["Ann Berg"]}'>""", HEADING),
        ("""<meta name="parsely-page" content='{"author": "Ida Holm'><meta name="author" content="Ann Berg">""", HEADING),
        ('<meta name="author" content="Ann Berg"><meta property="og:site_name" content="Ann Berg">', HEADING),
        # the name of an account, a house's with its article, a job in an element of its own
        (ld({"@type": "NewsArticle", "author": {"name": "ann.b"}}), f'{HEADING}<div class="byline">Ann Berg</div>'),
        ('<meta name="author" content="Ann Berg, The Harbour Mail"><meta property="og:site_name" content="Harbour Mail">', HEADING),
        ("", f'{HEADING}<div class="author"><p><b class="x__author__name">Ann Berg</b><i>Founder at Oak</i></p></div>'),
        # a link to her page beside the title, in an element that says nothing
        ("", f'{HEADING}<div><a href="/authors/ann">Ann Berg</a></div>'),
        # a byline and a date in one line
        ("", f'{HEADING}<div class="meta">By Ann Berg | 24 November 2026</div>'),
        ("", f'{HEADING}<div>24 November 2026 · By Ann Berg</div>'),
        # an agency beside a person is the source
        ("", f"{HEADING}<p>By Ann Berg, Associated Press</p>"),
        ("", f'{HEADING}<div class="byline">Ann Berg, AFP</div>'),
    ],
)  # fmt: skip
def test_the_author_is_found(head: str, body: str) -> None:
    assert authors_of(head, body) == ("Ann Berg",)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", f'{HEADING}<div class="quote"><p>We shall see.</p><p class="quote-author">— Ida Holm</p></div>'),
        ("", f'{HEADING}<blockquote><p>We shall see.</p><span class="author">Ida Holm</span></blockquote>'),
        ("", f'{HEADING}<figure><img src="a.jpg"><span class="credit">Ida Holm</span></figure>'),
        ("", f'{HEADING}<aside><div itemprop="headline">Other story</div><span itemprop="author">Ida Holm</span></aside>'),
        ("", f'{HEADING}<div class="replies"><div class="reply"><span class="author">Ida Holm</span></div></div>'),
        ("", f'{HEADING}<div class="meta"><a href="/town/">Ida Holm</a> · 24 Nov 2026</div>'),
        ("", f"{HEADING}<p>Interview with Ida Holm</p>"),
        ("", f"{HEADING}<p>The company contributed to this growth.</p>"),
        (ld({"@type": "Review", "itemReviewed": {"name": "camera"}, "author": {"name": "Ida Holm"}}), HEADING),
        (ld({"@type": "VideoObject", "name": "A trailer", "author": {"name": "Ida Holm"}}), HEADING),
        (ld({"@type": "PodcastEpisode", "name": "Episode 7", "author": {"name": "Ida Holm"}}), HEADING),
        (ld({"@type": "NewsArticle", "headline": "Five held after fire", "url": "/n/91", "author": {"name": "Ida Holm"}}), HEADING),
        (ld({"@type": "WebPage", "name": "Harbour Mail", "url": "https://www.harbour.example/", "author": "Ida Holm"}), HEADING),
        ('<meta name="author" content="{{page.author}}">', HEADING),
        ("", f'{HEADING}<p class="author">Фото из архива Анны Петровой</p>'),
    ],
)  # fmt: skip
def test_who_is_named_for_another_reason_is_no_author(head: str, body: str) -> None:
    assert authors_of(head, body) == ()


def test_the_publisher_as_author_gives_way_to_a_person() -> None:
    node = {"@type": "NewsArticle", "headline": "Who pays for the bridge", "publisher": {"name": "Harbour Press"}}
    for author, names in (("Harbour Press", ("Jane Doe",)), ("Coast Press", ("Coast Press",))):
        head = f'<script type="application/ld+json">{json.dumps({**node, "author": {"name": author}})}</script>'
        assert authors_of(head, f'{HEADING}<p class="byline">By Jane Doe</p>') == names
        assert authors_of(head, HEADING) == (author,)


def test_a_citation_gives_the_family_name_first() -> None:
    assert authors_of(
        '<meta name="citation_author" content="Doe, Jane"><meta name="citation_author" content="Roe, John">', HEADING
    ) == (
        "Jane Doe",
        "John Roe",
    )
    assert authors_of('<meta name="author" content="Doe, Roe">', HEADING) == ("Doe", "Roe")


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ({"@type": "Role", "author": {"name": "Jane Doe"}}, ("Jane Doe",)),
        ({"@id": "#profile"}, ("Jane Doe",)),
        ({"@id": "/#jane"}, ("Jane Doe",)),
        ("https://www.harbour.example/#jane", ("Jane Doe",)),
        ({"@id": "#unknown"}, ()),
        ({"@type": "Role", "author": {"author": {"author": {"name": "Jane Doe"}}}}, ()),
    ],
)
def test_an_author_is_found_behind_references_and_roles(author: object, names: tuple[str, ...]) -> None:
    jane = {"@type": "Person", "name": "Jane Doe"}
    graph = [
        {"@type": "NewsArticle", "headline": "Who pays for the bridge", "author": author},
        {**jane, "@id": "https://www.harbour.example/#jane"},
        {"@type": "ProfilePage", "@id": "#profile", "mainEntity": jane},
    ]
    head = f'<script type="application/ld+json">{json.dumps({"@graph": graph})}</script>'
    assert authors_of(head, HEADING) == names


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("<dl><dt>Author</dt><dd>Jane Doe</dd></dl>", ("Jane Doe",)),
        ("<dl><dt>الكاتب</dt><dd>أحمد علي</dd></dl>", ("أحمد علي",)),
        ("<table><tr><td>Author:</td><td>Jane Doe</td></tr></table>", ("Jane Doe",)),
        ("<dl><dt>Author</dt><dd>is unknown to us</dd></dl>", ()),
        ("<p>Von <a>Jana Müller</a> und <a>Karl Weiß</a></p>", ("Jana Müller", "Karl Weiß")),
        ("<p>Von <a>Jana Müller</a> über <a>Karl Weiß</a></p>", ("Jana Müller",)),
        ("<dl><dt>Subject</dt><dd>Jane Doe</dd></dl>", ()),
        ('<div class="author-name">Jane Doe<button>Follow</button></div>', ("Jane Doe",)),
    ],
)
def test_a_name_stands_beside_its_label_or_a_button(body: str, names: tuple[str, ...]) -> None:
    assert authors_of("", HEADING + body) == names


def test_an_account_or_an_agency_that_is_all_a_page_names_is_the_author() -> None:
    assert authors_of('<meta name="author" content="ann.bergmann">', HEADING) == ("ann.bergmann",)
    assert authors_of('<meta name="author" content="AFP">', HEADING) == ("AFP",)
    assert authors_of('<meta name="author" content="Ann Berg; AFP">', HEADING) == ("Ann Berg", "AFP")


@pytest.mark.parametrize("link", ['<a href="/authors/ann">More stories</a>', '<a href="/topics/ann">Ann Berg</a>'])
def test_a_link_that_is_no_name_or_leads_elsewhere_names_no_author(link: str) -> None:
    assert authors_of("", f"{HEADING}<div>{link}</div>") == ()


def test_the_agency_beside_a_person_is_the_source() -> None:
    html = f"<html><head><title>x</title></head><body>{HEADING}<p>By Ann Berg, Associated Press</p></body></html>"
    page = Page(body=html.encode(), url="https://www.harbour.example/a", fetched_at=datetime(2026, 11, 24, tzinfo=UTC))
    article = read_metadata(read_document(page)).article
    assert (article.authors, article.source, article.provenance["source"]) == (("Ann Berg",), "أ ب", "text")


def test_an_arabic_byline_before_a_date_is_read() -> None:
    assert authors_of("", f'{HEADING}<div class="meta">كتبت: منى علي | 24 نوفمبر 2026</div>') == ("منى علي",)
    assert authors_of("", f'{HEADING}<div class="meta">كتب التسويق والإدارة | 14:05</div>') == ()


@pytest.mark.parametrize(
    ("declared", "body", "names"),
    [
        ("World", '<p class="byline">By Jane Doe</p>', ("Jane Doe",)),
        ("World", "", ("World",)),
        ("World, Jane Doe", "", ("World", "Jane Doe")),
        ("News", "", ()),
    ],
)
def test_the_sections_name_as_author_gives_way(declared: str, body: str, names: tuple[str, ...]) -> None:
    head = f'<meta name="author" content="{declared}"><meta property="article:section" content="World">'
    assert authors_of(head, f"{HEADING}{body}") == names


TEXT = "<p class=text>The council argued about it for weeks, and nobody knew who would pay.</p>" * 60
CARD = '<div><h3><a href="/boats">Boats are late again</a></h3><span class="author-name">John Roe</span></div>'


@pytest.mark.parametrize(
    ("body", "names"),
    [
        # labels: alone, after dashes, in lists without classes, of an interview
        ("<div>Text by</div><div><a href='/contributor/jane/'>Jane Doe</a></div>", ("Jane Doe",)),
        ("<h4>Article by</h4><div>Jane Doe</div>", ("Jane Doe",)),
        ("<b>Contributors:</b> Jane Doe", ("Jane Doe",)),
        ("<p>---- by Jane Doe</p>", ("Jane Doe",)),
        ("<ul><li><b>Автор:</b> Анна Петрова</li><li>Просмотров: 301</li></ul>", ("Анна Петрова",)),
        ("<dl><dt>Автор</dt><dd>Анна Петрова</dd><dt>Дата</dt><dd>20.11.2026</dd></dl>", ("Анна Петрова",)),
        ("<p>Das Interview führte Jana Müller</p>", ("Jana Müller",)),
        # far from the title: in a card about the author, signed
        (f"{TEXT}<div class='author-box'><h4 class='author-box__name'>Jane Doe</h4>Writes of boats.</div>", ("Jane Doe",)),
        (f"{TEXT}<h3>Written by Jane Doe</h3>", ("Jane Doe",)),
        (f"{TEXT}<p>This article was written by Jane Doe, who likes boats.</p>", ("Jane Doe",)),
        # the property of a vocabulary
        ('<span property="dc:date" content="2026-11-20" rel="sioc:has_creator">Submitted by <a property="foaf:name">Jane Doe</a></span>',
         ("Jane Doe",)),
        # of other texts: teasers, and two different names
        (f"{TEXT}{CARD}", ()),
        (CARD, ()),
        (f"{TEXT}<i class='story-writer'>John Roe</i>{TEXT}<i class='story-writer'>Ann Poe</i>", ()),
        (f"{TEXT}<p>Written by John Roe</p>{TEXT}<p>Written by Ann Poe</p>", ()),
        (f"{TEXT}<div class='author-card'>John Roe likes boats and goes to sea</div>", ()),
        (f"{TEXT * 60}<div class='post-meta'><a href='/author/roe'>John Roe</a></div>", ()),
        ("<div id='comments'><p>Written by John Roe</p></div>", ()),
        ('<div itemprop="comment" itemscope itemtype="https://schema.org/Comment"><span itemprop="author">John Roe</span></div>', ()),
    ],
)  # fmt: skip
def test_the_author_stands_under_a_label_or_in_a_card_and_never_in_a_teaser_or_comment(
    body: str, names: tuple[str, ...]
) -> None:
    assert authors_of("", f"{HEADING}{body}") == names


def test_a_byline_beside_the_linked_title_is_no_teasers() -> None:
    body = '<h2><a href="/a-12345">Who pays for the bridge</a></h2><span class="author-name">Jane Doe</span>'
    assert authors_of("", f"<div>{body}</div>{TEXT}") == ("Jane Doe",)


@pytest.mark.parametrize(
    ("head", "names"),
    [
        ('<meta name="DC.creator" content="Doe, Jane">', ("Jane Doe",)),
        ('<meta name="DC.creator" content="Jane Doe, John Roe">', ("Jane Doe", "John Roe")),
        ('<meta name="DC.creator" content="AFP, DPA">', ("AFP", "DPA")),
        ('<meta name="citation_authors" content="Doe, Jane; Roe, John">', ("Jane Doe", "John Roe")),
        (('<meta name="twitter:label1" content="Reading time"><meta name="twitter:data1" content="Three Minutes">'
         '<meta name="twitter:label2" content="Written by"><meta name="twitter:data2" content="Jane Doe">'), ("Jane Doe",)),
    ],
)  # fmt: skip
def test_names_in_metas_are_put_in_order(head: str, names: tuple[str, ...]) -> None:
    assert authors_of(head, HEADING) == names


def test_a_person_of_two_types_is_an_author_and_not_the_site() -> None:
    head = ld(
        {"@type": "NewsArticle", "headline": "Who pays for the bridge", "author": [{"@id": "#a"}, {"@id": "#b"}]},
        {"@type": "Person", "@id": "#a", "name": "Jane Doe"},
        {"@type": ["Person", "Organization"], "@id": "#b", "name": "John Roe"},
    )
    assert authors_of(head, HEADING) == ("Jane Doe", "John Roe")


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("<p style='text-align: right'><b>Lê Phương</b></p>", ("Lê Phương",)),
        ("<p align=right>Jane Doe</p>", ("Jane Doe",)),
        ("<p style='text-align: right'>Photo: City Archive, 1958</p>", ()),
        ("<p style='text-align: right'>more of it below</p>", ()),
        ("<p align=right>John Roe</p><p>He said that and left.</p><p align=right>Jane Doe</p>", ("Jane Doe",)),
        ("<div class='comments'><p align=right>John Roe</p></div>", ()),
        ("<p>Jane Doe</p>", ()),
    ],
)
def test_a_name_alone_in_a_paragraph_set_to_the_right_is_a_signature(body: str, names: tuple[str, ...]) -> None:
    assert authors_of("", f"{HEADING}{TEXT}{body}") == names


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("By Jane Doe, Harbour South", ("Jane Doe",)),
        ("By Jane Doe | Harbour Mail | 20 Nov 2026", ("Jane Doe",)),
        ("By Harbour South", ("Harbour South",)),
    ],
)
def test_the_site_and_its_branches_after_a_person_are_no_authors(byline: str, names: tuple[str, ...]) -> None:
    head = '<meta property="og:site_name" content="Harbour Mail">'
    assert authors_of(head, f"{HEADING}<p class=byline>{byline}</p>") == names


def test_a_player_has_its_own_author() -> None:
    player = '<div class="podcast-player"><span class="author">John Roe</span></div>'
    assert authors_of("", f"{HEADING}{player}<p class=byline>By Jane Doe</p>") == ("Jane Doe",)


ONE = '<meta name="author" content="Ann Berg">'
LINKS = '<a rel="author" href="/team/ann">Ann Berg</a>, <a rel="author" href="/team/jan">Jan Falk</a>'


@pytest.mark.parametrize(
    ("head", "byline", "names"),
    [
        # the byline links some of its names, or the meta tag has the first
        ("", f"<address>Von {LINKS}, <span>Ida Holm</span> und <span>Pia Lund</span></address>", "Ann Berg, Jan Falk, Ida Holm, Pia Lund"),
        (ONE, f'<p class="detail__authors">von {LINKS}</p>', "Ann Berg, Jan Falk"),
        ("", '<div class="byline"><div><span>Ann Berg</span> <span>Jan Falk</span></div></div>', "Ann Berg, Jan Falk"),
        # another person's byline, a name in parts, and what is said of the author
        (ONE, '<p class="authors">von <a href="/team/jan">Jan Falk</a></p>', "Ann Berg"),
        ("", '<div class="byline"><span>Ann</span> <span>Berg</span></div>', "Ann Berg"),
        (ONE, '<div class="author"><b>Ann Berg</b> <i>Ann Berg is chief engineer</i></div>', "Ann Berg"),
        (ONE, f'{TEXT}<div class="credit">{LINKS} with Ida Holm</div>', "Ann Berg"),
    ],
)  # fmt: skip
def test_all_names_of_a_byline_are_read(head: str, byline: str, names: str) -> None:
    assert authors_of(head, f"{HEADING}{byline}") == tuple(names.split(", "))
