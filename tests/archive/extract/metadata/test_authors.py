"""Where a page names its authors, and whom it names for another reason."""

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
        ('<meta name="author" content="Ann Berg"><meta property="og:site_name" content="Ann Berg">', HEADING),
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
    ],
)  # fmt: skip
def test_who_is_named_for_another_reason_is_no_author(head: str, body: str) -> None:
    assert authors_of(head, body) == ()
