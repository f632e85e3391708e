"""Pages that need a browser: which look like shells, and how their rendered form is parsed."""

from datetime import UTC, datetime

import pytest

from archive.index.renderings import parse_uri
from archive.outcome import OutcomeKind
from archive.parse import ParseTask
from archive.parse.parse import parse_task
from tests.support.site import article_page

LIST = b"<body class=tag><script src=/a.js></script>" + b"".join(
    b"<h2><a href=/2024/05/0%d/a-story>A story</a></h2>" % number for number in range(1, 7)
)
URL = "https://news.example/2024/05/01/story-of-the-harbour"


def read(body, *, dom=b"", content_type="text/html; charset=windows-1256"):
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\r\n".encode()
    return parse_task(ParseTask(url=URL, response=head + body, fetched_at=datetime(2024, 5, 1, tzinfo=UTC), dom=dom))


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body><div id=root></div><script src=/app.js></script></body></html>",
        b"<html><body><noscript>You need to enable JavaScript to run this app.</noscript><div id=app></div><script>go()</script>",
        b"<html><body><div id=app></div><script src=/app.js></script><script>if (old) location = '/old/'</script></body></html>",
        b"<html><body><header>Harbour News</header><div id=__next></div><script type=module src=a.js></script><footer>2024</footer>",
    ],
)
def test_a_page_with_scripts_and_hardly_any_text_is_a_shell(body):
    assert read(body).is_shell


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body><p>No</p></body></html>",
        LIST,
        b"<html><body><script>location = '/en/'</script></body></html>",
        b'<html><body><script type="application/ld+json">{}</script></body></html>',
        b"<html><body><p>" + b"Words of a page that is no article but says much. " * 20 + b"</p><script>1</script></body></html>",
        article_page("Story of the harbour", foot="<script src=/a.js></script>").encode(),
        b"<html><head><title>Just a moment...</title></head><body>Checking<script src=/cdn-cgi/challenge-platform/x.js></script>",
    ],
)  # fmt: skip
def test_a_page_without_scripts_or_with_text_and_a_wall_are_none(body):
    assert not read(body).is_shell


def test_what_a_browser_made_of_a_page_is_read_in_its_place_as_utf_8_whatever_it_declares():
    dom = article_page("قصة الميناء", head='<meta charset="windows-1256">').encode()
    answer = read(b"<html><body><div id=root></div><script src=/app.js></script></body></html>", dom=dom)
    assert answer.outcome.kind is OutcomeKind.ARTICLE
    assert answer.article.title == "قصة الميناء"
    assert not answer.is_shell


def test_a_dom_does_not_make_a_page_of_a_refusal():
    head = b"HTTP/1.1 404 Not Found\r\n\r\n"
    task = ParseTask(
        url=URL, response=head, fetched_at=datetime(2024, 5, 1, tzinfo=UTC), dom=article_page("A").encode()
    )
    assert parse_task(task).outcome.kind is OutcomeKind.GONE


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("urn:dom:https://a.example/x:y", ("dom", "https://a.example/x:y")),
        ("urn:view:http://a.example/", ("view", "http://a.example/")),
        ("urn:text:https://a.example/", None),
        ("urn:dom:file:///etc/passwd", None),
        ("https://a.example/", None),
    ],
)
def test_the_uri_of_a_rendering_names_its_kind_and_page(uri, found):
    assert parse_uri(uri) == found
