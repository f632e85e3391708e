"""Blocks of an article by the elements of its lines, with pictures and embeds at their positions."""

import lxml.html
import pytest

from archive.body import Block, Span, paragraphs
from archive.extract.page import read_model
from archive.extract.text.structure import make_body

BASE = "https://news.example/2026/bridge"


def body(html: str):
    """The body of a page all of whose lines are the article's, but the captions of its pictures."""
    tree = lxml.html.document_fromstring(f"<html><body><article>{html}</article></body></html>")
    model = read_model(tree)
    kept = [
        index
        for index, block in enumerate(model.blocks)
        if next(block.element.iterancestors("figure"), None) is None and not block.hidden
    ]
    return make_body(model, kept, tree.find("body/article"), BASE)


def one(html: str) -> Block:
    """What stands between two paragraphs."""
    first, *between, last = body(f"<p>First.</p>{html}<p>Last.</p>")
    assert (first, last) == (*paragraphs("First."), *paragraphs("Last."))
    (block,) = between
    return block


def spans(text: str, **more) -> tuple[Span, ...]:
    return (Span(text=text, **more),)


@pytest.mark.parametrize(
    ("html", "block"),
    [
        ("<h1>Title</h1>", Block(kind="heading", level=2, spans=spans("Title"))),
        ("<h4><span>Part</span></h4>", Block(kind="heading", level=4, spans=spans("Part"))),
        ("<pre>if x:\n    y</pre>", Block(kind="code", spans=spans("if x:\n    y"))),
        ("<ol><li>A</li><li>B</li></ol>", Block(kind="list", level=1, items=(paragraphs("A"), paragraphs("B")))),
        ("<ul><li><p>A</p><p>B</p></li></ul>", Block(kind="list", items=(paragraphs("A\nB"),))),
        (
            "<ul><li>A<ol><li>B</li></ol></li></ul>",
            Block(
                kind="list", items=((*paragraphs("A"), Block(kind="list", level=1, items=(paragraphs("B"),))),)
            ),
        ),
        ("<blockquote cite=/s><p>So.</p></blockquote>", Block(kind="quote", blocks=paragraphs("So."), url="https://news.example/s")),
        ("<blockquote><p>So.</p><footer>Ann</footer></blockquote>", Block(kind="quote", blocks=paragraphs("So."), cite="Ann")),
        ("<blockquote><p>So.</p><p>Ann</p></blockquote>", Block(kind="quote", blocks=paragraphs("So.\nAnn"))),
        ("<blockquote><p>So.</p><cite>Ann</cite></blockquote>", Block(kind="quote", blocks=paragraphs("So."), cite="Ann")),
        ("<blockquote><p>So.</p><p>— <cite>Ann</cite></p></blockquote>", Block(kind="quote", blocks=paragraphs("So."), cite="— Ann")),
        (
            "<blockquote><p>So.</p><p>says <cite>Ann</cite></p></blockquote>",
            Block(
                kind="quote",
                blocks=(*paragraphs("So."), Block(kind="paragraph", spans=(Span(text="says "), Span(text="Ann", marks=("em",))))),
            ),
        ),
        ("<dl><dt>Why?</dt></dl>", Block(kind="question", spans=spans("Why?"))),
        ("<dl><dd><p>So.</p></dd></dl>", Block(kind="answer", spans=spans("So."))),
        ("<p class=question>Why</p>", Block(kind="question", spans=spans("Why"))),
        ("<p class=answer>So.</p>", Block(kind="answer", spans=spans("So."))),
        ("<p class=questionable>So.</p>", Block(kind="paragraph", spans=spans("So."))),
        ("<p><b>Why?</b></p>", Block(kind="paragraph", spans=spans("Why?", marks=("strong",)))),
        ("<p><a href=../x>So</a></p>", Block(kind="paragraph", spans=spans("So", href="https://news.example/x"))),
    ],
)  # fmt: skip
def test_a_line_is_what_the_elements_say_that_hold_it(html, block):
    assert one(html) == block


def test_questions_set_in_bold_are_questions_when_they_are_several():
    interview = body("<p><b>Why?</b></p><p>So.</p><p><b>When?</b></p><p>Now. <b>Really?</b></p>")
    assert [block.kind for block in interview] == ["question", "paragraph", "question", "paragraph"]


def test_a_table_has_a_row_for_each_row_and_counts_those_of_its_head():
    table = one(
        "<table><caption>Seats</caption><tr><th>Party<th>Seats</tr><tr><th>Harbour<td><p>3</p><p>4</p></tr><tr><td><td>2</tr></table>"
    )
    assert table.rows == (
        (spans("Party"), spans("Seats")),
        (spans("Harbour"), (Span(text="3"), Span(text=" "), Span(text="4"))),
        ((), spans("2")),
    )
    assert (table.kind, table.level, table.spans) == ("table", 1, spans("Seats"))


def test_the_caption_of_a_figure_is_that_of_its_table():
    tree = lxml.html.document_fromstring(
        "<article><figure><table><tr><td>A<td>B</table><figcaption>Seats</figcaption></figure></article>"
    )
    model = read_model(tree)
    (table,) = make_body(model, [0, 1], tree.find("body/article"), BASE)
    assert (table.rows, table.caption) == (((spans("A"), spans("B")),), spans("Seats"))


QUESTION = (
    "<div itemscope itemtype=https://schema.org/{kind}><p itemprop=name>May they?</p>"
    "<div itemscope itemtype=https://schema.org/{inner}><p>They may.</p></div></div>"
)


def test_questions_and_answers_that_microdata_declare_are_such():
    assert [one.kind for one in body(QUESTION.format(kind="Question", inner="Answer"))] == ["question", "answer"]
    assert [one.kind for one in body(QUESTION.format(kind="Person", inner="Place"))] == ["paragraph", "paragraph"]


def test_a_list_in_a_table_is_part_of_its_cell():
    assert one("<table><tr><td><ul><li>A</li></ul></td><td>B</td></tr></table>").rows == ((spans("A"), spans("B")),)


ENTRY = "<div class=live-entry><time datetime=2026-01-0{n}>Day {n}</time><p>Entry {n}.</p></div>"


def test_entries_of_a_live_blog_have_their_times():
    first, second = body(ENTRY.format(n=1) + ENTRY.format(n=2))
    assert [(entry.kind, entry.time) for entry in (first, second)] == [("entry", "2026-01-01"), ("entry", "2026-01-02")]
    assert [block.kind for block in body(ENTRY.format(n=1))] == ["paragraph", "paragraph"]


PICTURE = Block(kind="figure", url="https://news.example/a.jpg", alt="A pier")


@pytest.mark.parametrize(
    ("html", "block"),
    [
        ("<img src=/a.jpg alt='A  pier'>", PICTURE),
        ("<img src=data:x data-src=/a.jpg alt='A pier'>", PICTURE),
        ("<img srcset='/s.jpg 100w, /a.jpg 900w' alt='A pier' width=900>", PICTURE),
        (
            "<figure><img src=/a.jpg alt='A pier'><figcaption>The pier. <p class=credit>AGENCY</p></figcaption></figure>",
            Block(kind="figure", url=PICTURE.url, alt="A pier", caption=spans("The pier."), credit="AGENCY"),
        ),
        (
            "<figure><img src=/a.jpg alt='A pier'><figcaption>The <i>old</i> pier. <b class=credit>A. Gency</b></figcaption></figure>",
            Block(
                kind="figure", url=PICTURE.url, alt="A pier", credit="A. Gency",
                caption=(Span(text="The "), Span(text="old", marks=("em",)), Span(text=" pier.")),
            ),
        ),
        (
            "<figure><img src=/a.jpg alt='A pier'><figcaption>The pier of <span class=name>Ann</span></figcaption></figure>",
            Block(kind="figure", url=PICTURE.url, alt="A pier", caption=spans("The pier of Ann")),
        ),
        ("<hr>", Block(kind="separator")),
        (
            "<iframe src=https://www.video.example/v/1 title='The pier  at dawn'></iframe>",
            Block(kind="embed", url="https://www.video.example/v/1", provider="video.example", alt="The pier at dawn"),
        ),
        (
            "<iframe src=https://www.video.example/v/1 title='Video player of Example'></iframe>",
            Block(kind="embed", url="https://www.video.example/v/1", provider="video.example"),
        ),
        (
            "<iframe src=https://www.video.example/v/1></iframe>",
            Block(kind="embed", url="https://www.video.example/v/1", provider="video.example"),
        ),
        (
            "<video poster=/p.jpg><source src=/v.mp4></video>",
            Block(kind="embed", url="https://news.example/v.mp4", provider="news.example", poster="https://news.example/p.jpg"),
        ),
    ],
)  # fmt: skip
def test_what_is_no_text_stands_where_it_stood_among_the_lines(html, block):
    assert one(html) == block


@pytest.mark.parametrize(
    "html",
    [
        "<img src=/dot.gif width=1 height=1>",
        "<img src=data:image/gif;base64,R0>",
        "<aside><img src=/a.jpg></aside>",
        "<a href=/x><img src=/a.jpg></a>",
        "<iframe></iframe>",
    ],
)
def test_icons_and_the_pictures_of_furniture_are_left_out(html):
    assert [block.kind for block in body(f"<p>First.</p>{html}<p>Last.</p>")] == ["paragraph", "paragraph"]


def test_a_picture_is_shown_once_whatever_holds_it():
    picture = "<figure><picture><img src=/a.jpg></picture><img src=/b.jpg></figure>"
    assert [block.url for block in body(f"<p>First.</p>{picture}<p>Last.</p>")] == ["", PICTURE.url, ""]


def test_structures_within_structures_are_bounded():
    depth = 0
    (block,) = body("<blockquote>" * 30 + "<p>So.</p>" + "</blockquote>" * 30)
    while block.kind == "quote":
        (block,) = block.blocks
        depth += 1
    assert (depth, block) == (10, *paragraphs("So."))


def test_a_picture_with_its_caption_above_the_first_line_is_part_of_the_body():
    above = "<div><img src=/b.jpg><p>By Ann</p><p>12 March</p></div>"
    page = f"{above}<figure><img src=/a.jpg><figcaption>A pier</figcaption></figure><p>So.</p><p>On.</p>"
    tree = lxml.html.document_fromstring(f"<html><body><article>{page}</article></body></html>")
    model = read_model(tree)
    kept = [index for index, block in enumerate(model.blocks) if block.text in {"So.", "On."}]
    figure, *lines = make_body(model, kept, tree.find("body/article"), BASE)
    assert (figure.kind, figure.url, figure.caption) == ("figure", "https://news.example/a.jpg", spans("A pier"))
    assert tuple(lines) == paragraphs("So.\nOn.")


@pytest.mark.parametrize(
    ("picture", "count"),
    [
        ("<figure><img src=/a.jpg></figure>", 1),
        ("<div class=hero-image><img src=/a.jpg></div>", 1),
        ("<div><img src=/a.jpg></div>", 0),
        ("<figure class=author-avatar><img src=/a.jpg></figure>", 0),
        ("<div class=related><figure><img src=/a.jpg></figure></div>", 0),
    ],
)
def test_a_picture_between_lead_and_text_is_part_of_the_body(picture: str, count: int):
    page = f"<header><p>Lead.</p>{picture}</header><div id=text><p>So.</p><p>On.</p></div>"
    tree = lxml.html.document_fromstring(f"<html><body><article>{page}</article></body></html>")
    model = read_model(tree)
    found = make_body(model, range(len(model.blocks)), tree.get_element_by_id("text"), BASE)
    assert [block.kind for block in found].count("figure") == count
