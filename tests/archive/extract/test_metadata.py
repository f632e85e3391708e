from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from archive.article import Image, Page, SiteProfile
from archive.extract.document import read_document
from archive.extract.metadata.language import identify
from archive.extract.metadata.persons import split_names
from archive.extract.metadata.reading import Metadata, read_metadata, read_source, with_text

URL = "https://www.news.example/politics/2024/05/bridge-opens"
OF_THE_SITE = '<meta name="author" content="أخبار المدينة"><meta property="og:site_name" content="أخبار المدينة">'
TITLE = "افتتاح الجسر الجديد في وسط المدينة"


def metadata(
    head: str = "", body: str = "", *, url: str = URL, site: SiteProfile | None = None, lang: str = "ar"
) -> Metadata:
    html = f'<html lang="{lang}"><head>{head}</head><body>{body}</body></html>'
    page = Page(body=html.encode(), url=url, fetched_at=datetime(2026, 11, 24, 12, tzinfo=UTC))
    return read_metadata(read_document(replace(page, site=site) if site else page))


def ld(script: str) -> str:
    return f'<script type="application/ld+json">{script}</script>'


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (f"<title>{TITLE} - أخبار المدينة</title>", f"<h1>{TITLE}</h1>"),
        (f'<title>{TITLE} | أخبار المدينة</title><meta property="og:site_name" content="أخبار المدينة">', ""),
        (
            f'<meta property="og:title" content="{TITLE}"><title>{TITLE} – أخبار المدينة</title>',
            "<h1>أخبار المدينة</h1>",
        ),
        (ld(f'{{"@type":"NewsArticle","headline":"{TITLE}"}}') + f"<title>{TITLE}</title>", "<h1>القائمة</h1>"),
        (f"<title>{TITLE}</title>", f"<h1>شعار</h1><h1>{TITLE}</h1>"),
        (
            f'<meta property="og:title" content="أخبار المدينة | {TITLE}"><meta property="og:site_name" content="أخبار المدينة">',
            "",
        ),
        (f'<meta property="og:title" content="{TITLE.replace("الجسر", "&amp;quot;الجسر&amp;quot;")}">', ""),
    ],
)
def test_the_title_is_the_form_without_the_name_of_the_site(head: str, body: str) -> None:
    assert metadata(head, body).article.title.replace('"', "") == TITLE


def test_other_forms_of_the_title_are_kept_as_candidates() -> None:
    found = metadata(f'<meta property="og:title" content="الجسر الجديد"><title>{TITLE}</title>', f"<h1>{TITLE}</h1>")
    assert found.article.title == TITLE
    assert found.title_candidates == ("الجسر الجديد",)
    assert found.article.provenance["title"] == "h1"


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("كتبت منى علي", ["منى علي"]),
        ("كتب: أحمد حسن", ["أحمد حسن"]),
        ("بقلم: سارة محمود - آخر تحديث: 12 مايو 2024", ["سارة محمود"]),
        ("حوار: وليد سعيد، هبة كمال", ["وليد سعيد", "هبة كمال"]),
        ("إعداد: وائل وهبي", ["وائل وهبي"]),
        ("By Jane Doe and John Roe", ["Jane Doe", "John Roe"]),
        ("Written by Jane Doe, Senior Political Correspondent", ["Jane Doe"]),
        ("Von Jana Müller | 12.05.2024", ["Jana Müller"]),
        ("Jane Doe (jane@news.example)", ["Jane Doe"]),
        ("jane@news.example", []),
        ("https://news.example/author/jane", []),
        ("Ursula von Leyen", ["Ursula von Leyen"]),
        ("Admin", []),
        ("No Author", []),
        ("بدون كاتب", []),
        ("الأدمن", []),
        ("mdr.de", []),
        ("Jane Doe, PhD", ["Jane Doe"]),
    ],
)
def test_names_are_cut_out_of_bylines(byline: str, names: list[str]) -> None:
    assert list(split_names(byline)) == names


@pytest.mark.parametrize(
    ("head", "body", "names", "source"),
    [
        (ld('{"@type":"Article","headline":"","author":[{"name":"منى علي"},{"name":"سامي نور"}]}'), "", ("منى علي", "سامي نور"), "json-ld"),
        (ld('[{"@type":"Article","headline":"x","author":{"@id":"#p"}},{"@id":"#p","name":"منى علي"}]'), "", ("منى علي",), "json-ld"),
        ('<meta name="author" content="منى علي، سامي نور">', "", ("منى علي", "سامي نور"), "meta"),
        (OF_THE_SITE, "", ("أخبار المدينة",), "meta"),
        (OF_THE_SITE, f'<h1>{TITLE}</h1><p>كتب: سامي نور</p>', ("سامي نور",), "text"),
        ('<meta name="author" content="admin">', f'<h1>{TITLE}</h1><a rel="author" href="/x">منى علي</a>', ("منى علي",), "dom:byline"),
        ("", f'<h1>{TITLE}</h1><span class="writeBy">كتبت منى علي</span>', ("منى علي",), "dom:byline"),
        ("", f'<h1>{TITLE}</h1><p>كتب: سامي نور</p>', ("سامي نور",), "text"),
        ("", f"<h1>{TITLE}</h1><p>كتب التسويق الإلكتروني</p>", (), ""),
        ("", f'<h1>{TITLE}</h1><div class="sidebar"><a rel="author" href="/x">منى علي</a></div>', (), ""),
    ],
)  # fmt: skip
def test_authors_are_read_where_the_page_names_them(head: str, body: str, names: tuple[str, ...], source: str) -> None:
    found = metadata(head, body)
    assert found.article.authors == names
    assert found.article.provenance.get("authors", "") == source


def test_declared_dates_win_over_printed_ones_and_keep_their_zone() -> None:
    script = ld(
        '{"@type":"NewsArticle","headline":"x","datePublished":"2024-05-12T10:00:00+03:00","dateModified":"2024-05-13T08:00:00Z"}'
    )
    found = metadata(script, f'<h1>{TITLE}</h1><span class="date">1 يونيو 2024</span>')
    assert found.article.date_published == "2024-05-12T10:00:00+03:00"
    assert found.article.date_modified == "2024-05-13T08:00:00+00:00"
    assert found.day == "2024-05-12"
    assert found.article.provenance["date_published"] == "json-ld"


@pytest.mark.parametrize(
    ("body", "published"),
    [
        (f'<h1>{TITLE}</h1><div class="date">الأحد 12 أيار / مايو 2024 09:22 مساءً</div>', "2024-05-12T21:22"),
        (f"<h1>{TITLE}</h1><p>١٢ مايو ٢٠٢٤</p><p>نص</p>", "2024-05-12"),
        (f'<b class="date">24 نوفمبر 2026</b>{"<i class=m>x</i>" * 12}<h1>{TITLE}</h1><time>12 مايو 2024</time>', "2024-05-12"),
        (f'<h1>{TITLE}</h1><time datetime="2024-05-12">x</time><p class="comment"><time datetime="2024-06-01">y</time>', "2024-05-12"),
        (f'<h1>{TITLE}</h1><div class="related"><time datetime="2024-06-01">y</time></div>', ""),
        (f"<h1>{TITLE}</h1><p>© 2024</p><p>2024</p>", ""),
    ],
)  # fmt: skip
def test_printed_dates_are_read_near_the_title(body: str, published: str) -> None:
    assert metadata("", body, url="https://news.example/story").article.date_published == published


def test_an_update_is_no_publication() -> None:
    found = metadata(
        "", f'<h1>{TITLE}</h1><div class="date">آخر تحديث: 13 مايو 2024</div>', url="https://news.example/story"
    )
    assert (found.article.date_published, found.article.date_modified, found.day) == ("", "2024-05-13", "2024-05-13")


def test_the_zone_of_the_site_is_added_to_times_without_one_and_no_zone_is_invented() -> None:
    body = f'<h1>{TITLE}</h1><div class="date">12 مايو 2024 21:22</div>'
    assert metadata("", body).article.date_published == "2024-05-12T21:22"
    assert (
        metadata("", body, site=SiteProfile(timezone="Asia/Damascus")).article.date_published
        == "2024-05-12T21:22+03:00"
    )


def test_the_day_is_that_of_the_site() -> None:
    head = '<meta property="article:published_time" content="2024-05-12T23:30:00Z">'
    assert metadata(head, url="https://news.example/story").day == "2024-05-12"
    assert metadata(head, url="https://news.example/2024/05/13/story").day == "2024-05-13"
    assert (
        metadata(head, url="https://news.example/story", site=SiteProfile(timezone="Asia/Riyadh")).day == "2024-05-13"
    )


def test_a_date_in_figures_follows_the_locale_of_the_site() -> None:
    body = "<h1>A bridge opens in the middle of the town</h1><div class='date'>05/06/2024</div>"
    assert metadata("", body, lang="en", url="https://news.example/x").article.date_published == ""
    assert metadata("", body, lang="en-US", url="https://news.example/x").article.date_published == "2024-05-06"
    assert (
        metadata(
            "", body, lang="en", url="https://news.example/x", site=SiteProfile(locale="en-GB")
        ).article.date_published
        == "2024-06-05"
    )


@pytest.mark.parametrize(
    ("head", "body", "section"),
    [
        (ld('{"@type":"NewsArticle","headline":"x","articleSection":["سياسة"]}'), "", "سياسة"),
        ('<meta property="article:section" content="سياسة">', "", "سياسة"),
        ("", f'<span class="post-cat-wrap"><a class="post-cat" href="/c">سياسة</a></span><h1>{TITLE}</h1>', "سياسة"),
        ("", '<ul class="breadcrumb"><li><a href="/">الرئيسية</a></li><li><a href="/p">سياسة</a></li></ul>', "سياسة"),
        (
            ld('{"@type":"BreadcrumbList","itemListElement":[{"name":"Home"},{"item":{"name":"سياسة"}},{"name":"x"}]}'),
            "",
            "سياسة",
        ),
        ('<meta property="article:section" content="غير مصنف">', "", ""),
    ],
)
def test_the_section_is_read_where_it_stands(head: str, body: str, section: str) -> None:
    assert metadata(head, body).article.section == section


def test_tags_are_split_and_each_given_once() -> None:
    assert metadata('<meta name="keywords" content="جسر، مدينة, جسر ,طرق">').article.tags == ("جسر", "مدينة", "طرق")
    assert metadata(
        "", '<div class="post-tags"><a rel="tag" href="/t/1">جسر</a> <a rel="tag" href="/t/2">مدينة</a></div>'
    ).article.tags == ("جسر", "مدينة")


def test_images_have_absolute_addresses_and_captions() -> None:
    body = (
        f'<article><h1>{TITLE}</h1><figure><img src="data:image/gif;base64,x" data-src="/img/2.jpg">'
        "<figcaption>الجسر ليلا</figcaption></figure></article>"
        '<aside><figure><img src="/ad.jpg"></figure></aside>'
    )
    found = metadata('<meta property="og:image" content="//cdn.news.example/1.jpg">', body)
    assert found.article.images == (
        Image(url="https://cdn.news.example/1.jpg"),
        Image(url="https://www.news.example/img/2.jpg", caption="الجسر ليلا"),
    )


@pytest.mark.parametrize(
    ("head", "canonical"),
    [
        ('<link rel="canonical" href="/politics/bridge">', "https://www.news.example/politics/bridge"),
        ('<link rel="canonical" href="https://m.news.example/bridge#top">', "https://m.news.example/bridge"),
        ('<meta property="og:url" content="https://news.example/bridge">', "https://news.example/bridge"),
        ('<link rel="canonical" href="https://www.news.example/">', ""),
        ('<link rel="canonical" href="https://other.example.org/bridge">', ""),
        ('<link rel="canonical" href="javascript:alert(1)">', ""),
        ('<link rel="canonical" href="http://[bad">', ""),
        ('<link rel="canonical" href="HTTPS://News.EXAMPLE/Bridge">', "https://news.example/Bridge"),
        ('<link rel="canonical" href="news.example/bridge">', "https://news.example/bridge"),
        (
            '<link rel="canonical" href="other.example.org/bridge">',
            "https://www.news.example/politics/2024/05/other.example.org/bridge",
        ),
        ('<link rel="canonical" href="/undefined">', ""),
        ("", ""),
    ],
)
def test_the_canonical_address_is_of_the_same_site_and_not_its_home(head: str, canonical: str) -> None:
    assert metadata(head).canonical_url == canonical


@pytest.mark.parametrize(
    ("field", "canonical"),
    [
        ('</politics/bridge>; rel="canonical"', "https://www.news.example/politics/bridge"),
        (
            "</style.css>; rel=preload, <bridge?x=1,2> ; REL=Canonical",
            "https://www.news.example/politics/2024/05/bridge?x=1,2",
        ),
        ('</other>; rel="canonical"; anchor="/elsewhere"', ""),
        ("https://www.news.example/bridge; rel=canonical", ""),
    ],
)
def test_a_link_field_names_the_canonical_address_too(field: str, canonical: str) -> None:
    page = Page(body=b"<html><p>x</p></html>", url=URL, fetched_at=datetime(2026, 11, 24, 12, tzinfo=UTC))
    assert read_metadata(read_document(replace(page, headers=(("link", field),)))).canonical_url == canonical


@pytest.mark.parametrize(
    ("head", "body", "following"),
    [
        (f'<link rel="next" href="{URL}/2">', "", f"{URL}/2"),
        ("", f'<div class="multiple-post-pages"><a class="post-page-numbers" href="{URL}/2/">2</a></div>', f"{URL}/2/"),
        ("", f'<a class="next" href="{URL}?page=2">›</a>', f"{URL}?page=2"),
        ('<link rel="next" href="/politics/2024/05/another-story">', "", ""),
        ("", f'<a class="next" href="{URL}/4">›</a>', ""),
    ],
)
def test_the_next_page_is_this_article_with_a_number_one_higher(head: str, body: str, following: str) -> None:
    assert metadata(head, body).next_page == following


@pytest.mark.parametrize(
    ("head", "free"),
    [
        (ld('{"@type":"NewsArticle","headline":"x","isAccessibleForFree":"False"}'), False),
        (ld('{"@type":"NewsArticle","headline":"x","isAccessibleForFree":true}'), True),
        (ld('{"@type":"NewsArticle","headline":"x","isAccessibleForFree":"http://schema.org/True"}'), True),
        ('<meta property="article:content_tier" content="locked">', False),
        ('<meta property="article:content_tier" content="metered">', False),
        ('<meta property="article:content_tier" content="free">', True),
        ('<meta itemprop="isAccessibleForFree" content="https://schema.org/False">', False),
        ('<meta itemprop="isAccessibleForFree" content="true">', True),
        ("", None),
    ],
)
def test_the_paywall_flag_is_what_the_page_says(head: str, free: bool | None) -> None:
    assert metadata(head).article.is_accessible_for_free is free


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("عمان (بترا) - أعلنت الوزارة\nنص", "بترا"),
        ("نص الخبر\n--(بترا)", "بترا"),
        ("نص الخبر هنا\nالمصدر: وكالة الأناضول", "الأناضول"),
        ("الرياض (واس)\nنص الخبر", "واس"),
        ("نص الخبر هنا\n(أ ف ب)", "أ ف ب"),
        ("نص الخبر هنا\nأ.ف.ب", "أ ف ب"),
        ("نص الخبر انتهى هنا. (رويترز)", "رويترز"),
        ("BERLIN (dpa) - The minister said\ntext", "د ب أ"),
        ("The bridge opens\nBERLIN (dpa) - The minister said\ntext", "د ب أ"),
        ("one\ntwo\nthree\nBERLIN (dpa) - The minister said\nfive\nsix\nseven", ""),
        ("text of the story\n(Reuters)", "رويترز"),
        ("نص الخبر\nالمصدر: صحيفة المدينة", "صحيفة المدينة"),
        ("قالت وكالة رويترز إن الوزير وصل إلى العاصمة صباح اليوم بعد رحلة طويلة.\nنص\nنص\nنص", ""),
        ("وام يا وام\nكلام طويل لا ينتهي هنا ولا يذكر مصدرا له في أي سطر", ""),
        ("", ""),
    ],
)
def test_an_agency_is_credited_at_the_edge_of_the_text_only(text: str, source: str) -> None:
    assert read_source(text) == source


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        ("أعلنت بلدية المدينة عن افتتاح الجسر الجديد بعد عامين من العمل على المشروع.", "en", "ar"),
        (
            "شهرداری اعلام کرد که پل تازه پس از دو سال کار در مرکز شهر باز شده است و رفت و آمد را آسان می‌کند.",
            "ar",
            "fa",
        ),
        ("بلدیہ نے اعلان کیا ہے کہ نیا پل دو سال کے کام کے بعد شہر کے وسط میں کھول دیا گیا ہے۔", "ar", "ur"),
        ("شارەوانی ڕایگەیاند کە پردە نوێیەکە دوای دوو ساڵ کارکردن لە ناوەڕاستی شار کرایەوە.", "ar", "ckb"),
        ("ښاروالۍ وویل چې نوی پل د دوو کلونو کار وروسته د ښار په منځ کې پرانیستل شو.", "ar", "ps"),
        (
            "Le conseil municipal a annoncé l'ouverture du nouveau pont après deux ans de travaux dans le centre de la ville.",
            "en",
            "fr",
        ),
        (
            "The council announced that the new bridge has been opened after two years of work in the middle of the town.",
            "ar",
            "en",
        ),
        (
            "Рада оголосила, що новий міст відкрито після двох років роботи у центрі міста, і рух буде швидшим.",
            "uk",
            "uk",
        ),
        ("市議会は二年間の工事のあと、町の中心にある新しい橋が開通したと発表しました。", "en", "ja"),
        ("خبر", "ar-EG", "ar"),
        ("", "", ""),
    ],
)
def test_the_language_is_that_of_the_text(text: str, declared: str, language: str) -> None:
    assert identify(text, (declared,)) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("سوق المدينة", "ar"),
        ("دولت برنامه تازه‌ای", "fa"),
        ("حکومت نے بجٹ", "ur"),
        ("ښوونځي بیا پرانیستل", "ps"),
        ("قوتابخانەکان دووبارە کرانەوە", "ckb"),
        ("مەكتەپلەر قايتا ئېچىلدى", "ug"),
        ("سنڌ حڪومت نئين", "sd"),
        ("Police close the", "en"),
        ("Une grève est", "fr"),
        ("Рынки снова открылись", "ru"),
        ("המועצה התכנסה ביום", "he"),
        ("市场重新开放后人潮涌动", "zh"),
        ("市場が再開した", "ja"),
        ("Ferry", ""),
    ],
)
def test_a_few_words_have_a_language(text: str, language: str) -> None:
    assert identify(text) == language


@pytest.mark.parametrize("text", ["Der Rat tagte", "Police close the"])
def test_of_a_few_words_the_page_knows_the_language(text: str) -> None:
    assert identify(text, ("nl",)) == "nl"


def test_the_text_decides_language_and_source_once_it_is_known() -> None:
    html = f'<html lang="en"><body><h1>{TITLE}</h1></body></html>'
    document = read_document(Page(body=html.encode(), url=URL, fetched_at=datetime(2026, 11, 24, tzinfo=UTC)))
    before = read_metadata(document)
    after = with_text(before, document, "أعلنت بلدية المدينة عن افتتاح الجسر الجديد بعد عامين من العمل.\n(واس)")
    assert (before.article.language, before.article.source) == ("en", "")
    assert (after.article.language, after.article.source) == ("ar", "واس")
    assert (after.article.provenance["language"], after.article.provenance["source"]) == ("text", "text")


def test_a_heading_that_leads_home_is_the_sites_name_not_the_title():
    html = """<html><head><title>دفتر القرية: جدران الحجر في الجنوب</title></head><body>
        <h1><a href="https://blog.example/">دفتر القرية</a></h1><h3 class="post-title">جدران الحجر في الجنوب</h3></body></html>"""
    document = read_document(
        Page(
            body=html.encode(), url="https://blog.example/2026/11/a.html", fetched_at=datetime(2026, 11, 24, tzinfo=UTC)
        )
    )
    assert read_metadata(document).article.title != "دفتر القرية"


@pytest.mark.parametrize(
    ("byline", "names"),
    [("منى علي - القاهرة", ["منى علي"]), ("منى علي - كريم حسن سعيد", ["منى علي - كريم حسن سعيد"])],
)
def test_a_place_after_an_arabic_name_is_no_part_of_it(byline, names):
    assert list(split_names(byline)) == names


def test_a_part_behind_a_paywall_makes_the_article_not_free():
    node = '{"@type":"NewsArticle","headline":"x","isAccessibleForFree":"True","hasPart":%s}'
    assert metadata(ld(node % '{"isAccessibleForFree":"False"}')).article.is_accessible_for_free is False
    assert (
        metadata(ld(node % '[{"isAccessibleForFree":true},{"cssSelector":".x"}]')).article.is_accessible_for_free
        is True
    )


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (
            '<meta property="og:site_name" content="{{site.name}}"><meta name="application-name" content="Harbour">',
            "Harbour",
        ),
        (
            '<meta property="og:site_name" content="https://www.news.example"><meta name="publisher" content="Harbour">',
            "Harbour",
        ),
        (ld('{"@type":"WebSite","name":"Harbour"}'), "Harbour"),
        ('<meta property="article:publisher" content="https://www.facebook.com/harbour">', ""),
        ('<meta property="article:publisher" content="Harbour">', "Harbour"),
        (f"<title>{TITLE} | أخبار المدينة</title>", "أخبار المدينة"),
        (f"<title>{TITLE}</title>", ""),
    ],
)
def test_the_site_is_named_by_itself(head: str, name: str) -> None:
    assert metadata(head, f"<h1>{TITLE}</h1>").article.sitename == name


@pytest.mark.parametrize(
    ("figure", "url"),
    [
        (
            '<picture><source srcset="/c-600.webp 600w, /c-1200.webp 1200w"><img src="data:image/gif;base64,x=="></picture>',
            "c-1200.webp",
        ),
        ('<img data-srcset="/a,b.jpg 1x, /c.jpg 2x">', "c.jpg"),
        ('<img src="/c.jpg" srcset="/d.jpg 2x">', "c.jpg"),
        ('<img srcset="data:image/gif;base64,x== 1x">', ""),
    ],
)
def test_a_picture_may_stand_in_a_set_only(figure: str, url: str) -> None:
    images = metadata("", f"<article><h1>{TITLE}</h1><figure>{figure}</figure></article>").article.images
    assert [image.url for image in images] == ([f"https://www.news.example/{url}"] if url else [])


def test_a_figure_stands_anywhere_where_nothing_is_marked_as_the_article():
    figure = '<figure><img src="/c.jpg"></figure>'
    assert len(metadata("", f"<div><h1>{TITLE}</h1>{figure}</div>").article.images) == 1
    assert not metadata("", f"<article><h1>{TITLE}</h1></article>{figure}").article.images
    assert not metadata("", f'<h1>{TITLE}</h1><div class="related">{figure}</div>').article.images


ID = (
    "Pemerintah akan memberikan bantuan kepada warga yang terdampak banjir, kata Presiden setelah rapat bersama pejabat daerah pada hari"
    " Senin."
)
HI = "सरकार बाढ़ से प्रभावित नागरिकों की मदद करेगी, प्रधानमंत्री ने सोमवार को स्थानीय अधिकारियों के साथ बैठक के बाद कहा।"
SR = "Vlada će pomoći građanima, rekao je premijer posle sastanka u ponedeljak. Deca su na bezbednom mestu, a sneg je padao ceo dan."
HR = "Vlada će pomoći građanima, rekao je premijer poslije sastanka u ponedjeljak. Djeca su na sigurnom mjestu, snijeg je padao cijeli dan."


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        (ID, "en", "id"),
        (HI, "en", "hi"),
        (HI[:75], "en", "hi"),
        (SR, "en", "sr"),
        (SR, "", "sr"),
        (HR, "", "hr"),
        (HR, "bs", "bs"),
        ("Harbour bridge closed", "de", "de"),
        ("די רעגירונג וועט העלפן בירגער, האט דער פרעמיער געזאגט און איז אוועק", "", "yi"),
        ("הממשלה תסייע לאזרחים שנפגעו מהשיטפונות, אמר ראש הממשלה", "", "he"),
        ("ቀዳማይ ሚኒስተር ምስ ከባብያዊ ሰበስልጣን ድሕሪ ምዝታይ ተዛሪቡ። እቲ ገንዘብ ክኽፈል እዩ።", "", "ti"),
        ("መንግሥት በጎርፍ የተጎዱ ዜጎችን እንደሚረዳ ጠቅላይ ሚኒስትሩ ተናገሩ።", "", "am"),
        ("চৰকাৰে বানপানীত ক্ষতিগ্ৰস্ত নাগৰিকসকলক সহায় কৰিব", "", "as"),
        ("সরকার বন্যায় ক্ষতিগ্রস্ত নাগরিকদের সাহায্য করবে", "", "bn"),
    ],
)
def test_languages_of_one_script_are_told_apart_and_a_declaration_must_be_possible(
    text: str, declared: str, language: str
) -> None:
    assert identify(text, (declared,) if declared else ()) == language
