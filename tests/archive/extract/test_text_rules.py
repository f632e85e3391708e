"""Rules for lines: for each, a page on which it drops a line and one on which it must not."""

import json
from datetime import UTC, datetime

import pytest

from archive import Page
from archive.extract import extract
from archive.extract.document import read_document
from archive.extract.text.own import own_article

P = [
    "The council of the old harbour agreed on Monday to close the eastern bridge until the spring of next year for repairs.",
    "Engineers had warned for eleven years that the middle pier was sinking, and nobody had found the money to mend it.",
    "Traders on the quay fear that their customers will not come by ferry, which runs only twice an hour in the winter.",
    "The mayor promised that a second boat would be hired before the first snow falls on the islands outside the town.",
]
PARAGRAPHS = "".join(f"<p>{text}</p>" for text in P)


def text_of(body: str, head: str = "", url: str = "https://news.example/2026/bridge") -> str:
    html = f"<html lang=en><head><title>Bridge closes - News</title>{head}</head><body>{body}</body></html>"
    answer = extract(Page(body=html.encode(), url=url, fetched_at=datetime(2026, 1, 1, tzinfo=UTC)))
    return answer.article.text if answer.article else ""


def article(inside: str, before: str = "", after: str = "") -> str:
    return f"<article><h1>Bridge closes</h1><div class=text>{before}{PARAGRAPHS}{inside}{PARAGRAPHS.upper()}{after}</div></article>"


@pytest.mark.parametrize(
    ("inside", "line"),
    [
        ("<div>Nobody paid the fare.</div>", "Nobody paid the fare."),
        ("<center><p>Nobody paid the fare.</p></center>", "Nobody paid the fare."),
        ("<h3>What comes next</h3>", "What comes next"),
        ("<ul><li>Boats wait until May</li><li>Bells ring on Sunday</li></ul>", "Bells ring on Sunday"),
        ("<table><tr><td><ul><li>Boats wait until May</li></ul></td><td>No</td></tr></table>", "Boats wait until May"),
        ("<div class=rating-body><p>" + P[0][::-1] + "</p></div>", P[0][::-1]),
        ("<p>Newsletter writers now earn more than columnists did.</p>", "Newsletter writers now earn more"),
        (
            "<p><a href=/a>The court had heard the case of the three builders a week before that day.</a></p>",
            "three builders",
        ),
        (
            "<p>Seats by party:</p><ul><li><a href=/p/1>Harbour</a> 34</li><li><a href=/p/2>Market</a> 21</li></ul>",
            "Harbour 34",
        ),
    ],
)
def test_what_stands_between_the_paragraphs_is_the_articles(inside, line):
    assert line in text_of(article(inside))


@pytest.mark.parametrize(
    "heading",
    [
        "<h2>Comments by the mayor</h2>",
        "<h2>Kommentar</h2>",
        "<h4 class=comments-link><a href='#c'>Comments (3)</a></h4>",
    ],
)
def test_paragraphs_beside_a_heading_that_names_comments_are_the_articles(heading):
    for inside, before in ((heading, ""), ("", heading)):
        text = text_of(article(inside, before))
        assert all(line in text and line.upper() in text for line in P)


def test_boxes_below_a_heading_of_comments_are_none_of_the_article():
    comments = "".join(f"<div class=c><b>Ann</b><p>{line[::-1]}</p></div>" for line in P)
    text = text_of(article("", after=f"<div><h3>Comments (4)</h3>{comments}</div>"))
    assert P[3].upper() in text
    assert not any(line[::-1] in text for line in P)


@pytest.mark.parametrize(
    ("inside", "line"),
    [
        ("<div class=related><p>Ten boats to see before you die.</p></div>", "Ten boats"),
        ("<div><form><p>Your mail address, please.</p><input></form></div>", "Your mail address"),
        ("<div class=image><img src=a.jpg><p>The pier. Photo: AGENCY</p></div>", "Photo: AGENCY"),
        ("<div hidden><p>Nobody paid the fare.</p></div>", "Nobody paid the fare"),
        ("<blockquote><p>the middle pier was sinking, and nobody had found</p></blockquote>", "\nthe middle pier"),
        (
            "<p>SEE | <a href=/a>Five held after a fire</a></p><p>SEE | <a href=/b>Boats found at sea</a></p>",
            "Five held",
        ),
        ("<p>Read also: <a href=/a>Five held after the fire</a></p>", "Five held"),
    ],
)
def test_what_speaks_for_itself_as_furniture_is_not(inside, line):
    assert line not in text_of(article(inside))


@pytest.mark.parametrize(
    ("after", "line", "is_kept"),
    [
        ("<p>Our Standards: <a href=/s>the trust principles.</a></p>", "Our Standards", False),
        ("<p>Our standards have fallen, she said.</p>", "Our standards", True),
        ("<p>Anna Berg is a writer from the town.</p>", "Anna Berg is", False),
        ("<p>Carl Dahl is a trader from the town.</p>", "Carl Dahl is", True),
        ("<p>You have 5% of this article left to read.</p>", "left to read", False),
        ("<p>This post may contain affiliate links, at no cost to you.</p>", "affiliate links", False),
        ("<p>Affiliate links had paid for it all, she said.</p>", "Affiliate links had", True),
        ("<p>Many boats were sold by affiliate links that year.</p>", "Many boats", True),
        ("<p>“This is for subscribers only.”</p><p>She laughed.</p><p>So did he.</p>", "She laughed", True),
        ("<p>This is for subscribers only.</p><div>Log in to read on.</div>", "Log in", False),
        ("<p><a href=/a.mp3>Listen to it</a></p>", "Listen to it", False),
        ("<p>She <a href=/a.mp3>said so on the radio</a> on Sunday.</p>", "said so", True),
        ("<h3>More</h3>", "More", False),
        (
            "<div class=paywall><h3>Read on with Plus</h3><p>Try it for a month.</p><button>Buy</button></div>",
            "Try it",
            False,
        ),
    ],
)
def test_the_last_lines_are_judged_by_what_they_are(after, line, is_kept):
    head = "<meta name=author content='Anna Berg'>"
    assert (line in text_of(article("", after=after), head)) is is_kept


def test_the_longer_second_article_of_a_page_is_not_its_text():
    second = "".join(f"<p>{text[::-1]}</p>" for text in P * 2)
    text = text_of(
        f"<main><article class=s><h1>Bridge closes</h1><div>{PARAGRAPHS}</div></article>"
        f"<article class=s><h1>Another story</h1><div>{second}</div></article></main>"
    )
    assert text.split("\n") == P


@pytest.mark.parametrize(("title", "is_live"), [("<h1>Bridge closes</h1>", True), ("", False)])
def test_entries_under_one_title_are_one_text_and_stories_with_titles_of_their_own_are_not(title, is_live):
    stories = {"Bridge closes" if not title else "At noon": P[:2], "Bread rises": P[2:3] * 2, "A coach is found": P[3:]}
    entries = "".join(
        f"<article class=s><h3>{name}</h3>{''.join(f'<p>{text}</p>' for text in texts)}</article>"
        for name, texts in stories.items()
    )
    assert (P[3] in text_of(f"<main>{title}{entries}</main>")) is is_live


def test_sections_of_one_article_under_headings_are_all_its_text():
    text = text_of(
        f"<main><section class=hero><h1>Bridge closes</h1><p>{P[0]}</p></section>"
        f"<section><h2>The pier</h2><p>{P[1]}</p><p>{P[2]}</p></section><section><h2>The boat</h2><p>{P[3]}</p></section></main>"
    )
    assert text.split("\n") == [P[0], "The pier", P[1], P[2], "The boat", P[3]]


STATE = {
    "next": "<script id=__NEXT_DATA__ type=application/json>%s</script>",
    "assigned": "<script>window.__INITIAL_STATE__ = %s;</script>",
}


@pytest.mark.parametrize("form", STATE.values(), ids=STATE)
def test_state_under_the_pages_title_is_read_when_the_body_has_none(form):
    html = "".join(f"<p>{text}</p>" for text in P)
    other = {"title": "Another", "body": P[0][::-1] * 9}
    own = json.dumps({"post": {"title": "Bridge closes", "body": html}, "more": [other]})
    text = text_of("<div id=app><h1>Bridge closes</h1></div>" + form % own)
    assert text.split("\n") == P


def test_state_of_another_article_is_not_read():
    state = json.dumps({"post": {"title": "Another", "body": P[0] * 9}})
    assert P[0] not in text_of("<div id=app><h1>Bridge closes</h1></div>" + STATE["next"] % state)


def test_rows_of_server_components_are_drawn():
    drawn = [["$", "h1", None, {"children": "Bridge closes"}], *(["$", "p", None, {"children": text}] for text in P)]
    row = "1:" + json.dumps(["$", "article", None, {"children": drawn}]) + "\n"
    script = f"<script>self.__next_f.push([1,{json.dumps(row)}])</script>"
    assert text_of(f"<div id=app></div>{script}").split("\n") == P


def test_a_page_without_text_is_no_article():
    assert text_of("<div id=app></div>") == ""


def test_a_text_that_another_reading_contradicts_is_marked_doubtful():
    other = f"<div class=b><h3>From the harbour</h3><p>{P[1]}</p><p>{P[2]}</p><p>{P[3]}</p></div>"
    html = f"<html><title>Bridge closes</title><body><main><h1>Bridge closes</h1><div><p>{P[0]}</p></div></main>{other}</body></html>"
    page = Page(body=html.encode(), url="https://a.example/1", fetched_at=datetime(2026, 1, 1, tzinfo=UTC))
    found = extract(page).article
    assert found is not None
    assert found.text == P[0]
    assert found.provenance["text"] == "own (doubtful: a longer text stands elsewhere on the page)"
    plain = extract(Page(body=article("").encode(), url="https://a.example/1", fetched_at=page.fetched_at)).article
    assert plain is not None
    assert "doubtful" not in plain.provenance["text"]


def kept_of(inner: str) -> list[str]:
    """The lines that are kept of what stands between the paragraphs of an article."""
    text = text_of(article(inner)).split("\n")
    return [line for line in text if line not in P and line not in PARAGRAPHS.upper()]


SAYS = "The mayor at the gate"


@pytest.mark.parametrize(
    ("inner", "kept"),
    [
        (f'<figure><img src="/a.jpg" alt="{SAYS}"></figure><div>{SAYS}</div>', []),
        (f'<div><img src="/a.jpg" alt="{SAYS}"><p>{SAYS}</p></div>', []),
        (f'<figure><img src="/a.jpg" alt="{SAYS}"></figure><p>{SAYS}</p>', [SAYS]),
        (f'<h3>{SAYS}</h3><img src="/a.jpg" alt="{SAYS}">', [SAYS]),
        (f'<img src="/a.jpg" alt="The gate"><div>{SAYS}</div>', [SAYS]),
    ],
)
def test_a_line_that_a_picture_says_of_itself_is_its_caption(inner: str, kept: list[str]) -> None:
    assert kept_of(inner) == kept


@pytest.mark.parametrize(
    ("inner", "kept"),
    [
        ('<p><a href="https://a.example/1">Order here</a></p><p><a href="https://a.example/2">Order here</a></p>', []),
        ('<p><a href="/sound.mp3">Hear it</a></p>', []),
        ('<p><a href="https://a.example/1">Order here</a></p>', ["Order here"]),
        ("<p>Order here</p><p>Order here</p>", ["Order here", "Order here"]),
    ],
)
def test_a_link_that_stands_alone_again_and_again_is_a_button(inner: str, kept: list[str]) -> None:
    assert kept_of(inner) == kept


FOLLOW = '<li>Follow us on <a href="https://x.example/us">X</a></li>'


@pytest.mark.parametrize(
    ("inner", "kept"),
    [
        (f'<ul>{FOLLOW}<li>Ask <a href="/ask">our editors</a> a question of yours</li></ul>', []),
        (
            '<ul><li>Ask <a href="/ask">the editors</a> of it</li><li>One more</li></ul>',
            ["Ask the editors of it", "One more"],
        ),
        (
            f"<ul>{FOLLOW}<li>The gate stays open at night, all week</li></ul>",
            ["The gate stays open at night, all week"],
        ),
        (
            (
                f'<ul>{FOLLOW}<li>Give blood at <a href="https://c.example">the clinic</a></li>'
                '<li>Send coats to <a href="https://t.example">the hall</a></li></ul>'
            ),
            ["Give blood at the clinic", "Send coats to the hall"],
        ),
    ],
)
def test_a_list_whose_items_all_lead_elsewhere_one_of_them_to_a_house_s_account_is_a_widget(
    inner: str, kept: list[str]
) -> None:
    assert [line for line in kept_of(inner) if "Follow" not in line] == kept


@pytest.mark.parametrize(
    ("inner", "kept"),
    [
        ('<p><em>[All of it is <a href="/all">here</a>]</em></p>', 0),
        ('<p>[All of it is <a href="/all">here</a>]</p>', 1),
        ("<p><em>[All of it is here]</em></p>", 1),
        ('<p><em>(It was wrong about <a href="/vote">the vote</a>.)</em></p>', 1),
    ],
)
def test_a_line_set_in_brackets_that_leads_to_the_site_is_a_reference(inner: str, kept: int) -> None:
    assert len(kept_of(inner)) == kept


def test_what_a_script_says_does_not_make_a_form_long() -> None:
    script = "<script>" + "var x = 1;" * 90 + "</script>"
    assert kept_of(f"<div><p>One mail a day from this house.</p><form><input name=a>{script}</form></div>") == []


def test_a_list_of_key_points_under_the_title_does_not_replace_the_text() -> None:
    points = "".join(f"<li><div>{text[::-1]}</div></li>" for text in P)
    page = f"<main><h1>Bridge closes</h1><ul>{points}</ul></main><div><h2>What was said</h2>{PARAGRAPHS}</div>"
    document = read_document(
        Page(body=page.encode(), url="https://news.example/", fetched_at=datetime(2026, 1, 1, tzinfo=UTC))
    )
    blocks = document.model.blocks
    found = {index for index, block in enumerate(blocks) if block.text in P}
    assert own_article(found, (), blocks, "Bridge closes".__eq__, is_marked=False) == (found, False)
