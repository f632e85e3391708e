"""Builds pages around a text as themes print it: title and paragraphs in, the bytes of a page out."""
# ruff: noqa: E501

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from archive.article import Page, SiteProfile

SEED = Path(__file__).with_name("seed-article-ar.txt").read_text(encoding="utf-8")
SECTION, TITLE, _, *PARAGRAPHS, GO_TO_TOP, WPCP = [line for line in SEED.split("\n") if line.strip()]

NAV = "".join(f'<li><a href="/{n}">{name}</a></li>' for n, name in enumerate(["الرئيسية", "سياسة", "اقتصاد", "رياضة"]))
OTHERS = [
    "فوز المنتخب الوطني على ضيفه في الرباط",
    "ارتفاع أسعار النفط في الأسواق العالمية",
    "أمطار غزيرة في مناطق الشمال",
]


def cards(titles: list[str]) -> str:
    return "".join(
        f'<li><a href="/p{n}"><h3>{title}</h3></a><span>منذ يومين</span></li>' for n, title in enumerate(titles)
    )


def paragraphs(texts: list[str]) -> str:
    return "\n".join(f"<p>{text}</p>" for text in texts)


def document(body: str, *, title: str = TITLE, head: str = "", language: str = "ar") -> bytes:
    return (
        f'<!DOCTYPE html><html dir="rtl" lang="{language}"><head><meta charset="utf-8"><title>{title} - صدى الأخبار</title>'
        f'<meta property="og:title" content="{title}"><meta property="og:site_name" content="صدى الأخبار">'
        f'<meta property="article:section" content="{SECTION}">{head}</head><body>{body}</body></html>'
    ).encode()


def jannah(texts: list[str] = PARAGRAPHS, *, title: str = TITLE) -> bytes:
    """A post as the Jannah theme prints it, with the copy-protection plugin's block in the footer."""
    return document(
        f"""<div class="background-overlay"><div id="tie-container"><header id="theme-header"><ul class="menu">{NAV}</ul></header>
<div id="content"><nav id="breadcrumb"><a href="/">الرئيسية</a> / <a href="/m">{SECTION}</a></nav>
<article id="the-post" class="container-wrapper post-content">
<header class="entry-header-outer"><span class="post-cat-wrap"><a class="post-cat" href="/m">{SECTION}</a></span>
<h1 class="post-title entry-title">{title}</h1>
<div class="post-meta"><span class="author-meta"><a href="/a">هيئة التحرير</a></span><span class="date meta-item">20 ديسمبر، 2024</span>
<span class="meta-reading-time meta-item">دقيقتان</span></div></header>
<div class="entry-content entry clearfix"><h2>{title}</h2>{paragraphs(texts)}</div>
<div class="share-links"><span class="share-title">شاركها</span><a>فيسبوك</a><a>تويتر</a></div></article>
<div id="related-posts"><h3 class="the-global-title">مقالات ذات صلة</h3><ul>{cards(OTHERS)}</ul></div>
<div id="check-also-box"><div class="the-subtitle">شاهد أيضاً</div><h3>{OTHERS[0]}</h3></div></div>
<footer id="footer"><p class="copyright-text">© حقوق النشر 2024، جميع الحقوق محفوظة</p></footer>
<a id="go-to-top" class="go-to-top-button" href="#go-to-tie-body"><span class="screen-reader-text">{GO_TO_TOP}</span></a></div></div>
<div id="wpcp-error-message" class="msgmsg-box-wpcp hideme"><span>error: </span>{WPCP.removeprefix("error: ")}</div>"""
    )


def bare(texts: list[str] = PARAGRAPHS, *, title: str = TITLE) -> bytes:
    """A page without a hook, a class or an article element: every line of the seed in a plain division."""
    lines = [SECTION, title, title, *texts, GO_TO_TOP, WPCP]
    return document("<div>" + "".join(f"<div>{line}</div>" for line in lines) + "</div>", title=title)


def newspaper(texts: list[str] = PARAGRAPHS, *, title: str = TITLE) -> bytes:
    """A post as the Newspaper theme (tagDiv) prints it."""
    return document(
        f"""<div id="td-outer-wrap"><div class="td-header-wrap"><ul class="sf-menu">{NAV}</ul></div>
<div class="td-main-content-wrap"><article id="post-7" class="post-7 post type-post"><div class="td-post-header">
<ul class="td-category"><li class="entry-category"><a href="/m">{SECTION}</a></li></ul><header class="td-post-title">
<h1 class="entry-title">{title}</h1><div class="td-module-meta-info"><div class="td-post-author-name">بواسطة <a>هيئة التحرير</a> - </div>
<span class="td-post-date"><time datetime="2024-12-20T10:00:00+00:00">ديسمبر 20, 2024</time></span></div></header></div>
<div class="td-post-content tagdiv-type">{paragraphs(texts)}</div>
<footer><div class="td-post-sharing">مشاركة</div><div class="td-block-row td-post-next-prev">المقالة السابقة</div></footer></article>
<div class="td_block_wrap td_block_related_posts"><h4>مقالات ذات صلة</h4>{cards(OTHERS)}</div></div></div>"""
    )


def sahifa(texts: list[str] = PARAGRAPHS, *, title: str = TITLE) -> bytes:
    """A post as the Sahifa theme prints it, with the share bar and related posts inside the article."""
    return document(
        f"""<div class="wrapper"><header><nav><ul>{NAV}</ul></nav></header><div class="content"><div id="crumbs"><a href="/">الرئيسية</a></div>
<article class="post-listing post"><div class="post-inner"><h1 class="name post-title entry-title" itemprop="headline">{title}</h1>
<p class="post-meta"><span class="tie-date">20 ديسمبر، 2024</span></p>
<div class="entry" itemprop="articleBody">{paragraphs(texts)}<p><a href="/p9">اقرأ أيضا: {OTHERS[1]}</a></p><p>تابعونا على تيليغرام</p></div>
<div class="share-post"><span class="share-text">شاركها</span></div></div></article>
<section id="related_posts"><div class="block-head"><h3>مقالات مشابهة</h3></div>{cards(OTHERS)}</section>
<div id="comments">التعليقات مغلقة</div></div><div id="topcontrol">إلى الأعلى</div></div>"""
    )


def dumped(texts: list[str] = PARAGRAPHS, *, title: str = TITLE) -> bytes:
    """The page of `bare` without one paragraph or heading: text and line breaks only, so that every fallback is tried."""
    lines = [SECTION, title, title, *texts, "شاركها", "مقالات ذات صلة", GO_TO_TOP, WPCP]
    return document("<br>\n".join(lines), title=title)


def page(body: bytes, *, url: str = "https://news.example/2024/12/20/ai", site: SiteProfile | None = None) -> Page:
    return Page(body=body, url=url, fetched_at=datetime(2024, 12, 21, 8, tzinfo=UTC), site=site or SiteProfile())
