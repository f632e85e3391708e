"""The blocks of an article: stored and read back unchanged, rendered without harm, and as plain text."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from archive import body as shape
from archive.body import (
    Block,
    HtmlOptions,
    Span,
    dumps,
    html,
    loads,
    markdown,
    pack,
    paragraphs,
    plain_text,
    unpack,
)

WORDS = st.text(max_size=5) | st.sampled_from(
    ["<script>alert(1)</script>", "الخبر", "a\n b", "](x)", "&lt;", '" onx="']
)
URLS = st.sampled_from(
    [
        "",
        "https://a.org/x?a=1&b='2'",
        "javascript:alert(1)",
        "data:text/html,x",
        " https://a.org",
        "https://[",
        "//a.org",
    ]
)
SPANS = st.lists(
    st.builds(
        lambda text, href, marks: Span(text=text, href=href, marks=tuple(marks)),
        WORDS,
        URLS,
        st.lists(st.sampled_from(sorted(shape.MARKS)), max_size=2, unique=True),
    ),
    max_size=3,
).map(tuple)


def _leaves() -> st.SearchStrategy[Block]:
    return st.builds(
        Block,
        kind=st.sampled_from(["heading", "paragraph", "figure", "embed", "code", "separator", "table", "question"]),
        spans=SPANS,
        level=st.integers(0, 9),
        rows=st.lists(st.lists(SPANS, max_size=2).map(tuple), max_size=2).map(tuple),
        url=URLS,
        caption=SPANS,
        credit=WORDS,
        time=WORDS,
        alt=WORDS,
        provider=WORDS,
    )


def _nested(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    bodies = st.lists(inner, max_size=3).map(tuple)
    return st.builds(
        Block,
        kind=st.sampled_from(["quote", "answer", "entry", "list"]),
        blocks=bodies,
        items=st.lists(bodies, max_size=3).map(tuple),
        cite=WORDS,
        url=URLS,
        time=WORDS,
    )


BODIES = st.lists(st.recursive(_leaves(), _nested, max_leaves=3), max_size=3).map(tuple)
FEW = settings(max_examples=40, deadline=None)
TAGS = frozenset(
    {
        "div",
        "section",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "ul",
        "ol",
        "li",
        "blockquote",
        "footer",
        "cite",
        "table",
        "caption",
        "thead",
    }
    | {"tbody", "tr", "th", "td", "figure", "figcaption", "small", "span", "a", "bdi", "pre", "code", "time", "hr"}
    | {"em", "strong", "sub", "sup", "mark"}
)
ATTRIBUTES = frozenset({"class", "cite", "dir", "href", "rel", "lang", "scope", "datetime"})


def text(words: str) -> tuple[Span, ...]:
    return (Span(text=words),)


@FEW
@given(BODIES)
def test_what_is_stored_comes_back(body: shape.Body) -> None:
    assert loads(dumps(body)) == body


@FEW
@given(BODIES)
def test_plain_text_has_no_empty_line_and_no_space_at_its_ends(body: shape.Body) -> None:
    lines = plain_text(body).split("\n")
    assert lines == [""] or all(line.strip() and line == line.rstrip() for line in lines)


@FEW
@given(BODIES)
def test_html_holds_allowed_tags_and_web_links_alone(body: shape.Body) -> None:
    tree = lxml_html.fragment_fromstring(html(body, language="ar"), create_parent=False)
    for element in tree.iter():
        assert element.tag in TAGS
        assert set(element.attrib) <= ATTRIBUTES
        assert all(element.get(name, "https://").startswith("https://") for name in ("href", "cite"))


@FEW
@given(BODIES)
def test_markdown_is_shown_without_markup_of_the_text(body: shape.Body) -> None:
    renderer = pytest.importorskip("markdown_it").MarkdownIt("commonmark")
    shown = lxml_html.fragment_fromstring(renderer.render(markdown(body)), create_parent="div")
    assert {element.tag for element in shown.iter()}.isdisjoint({"script"})
    assert all(element.get("href").startswith("https://") for element in shown.iter("a"))


@pytest.mark.parametrize(
    "bad",
    [
        "",
        None,
        b"\xff\xfe[",
        "{",
        "null",
        "7",
        '"text"',
        '{"kind":"paragraph"}',
        "[7]",
        "[null]",
        "[{}]",
        '[{"kind":"script"}]',
        '[{"kind":["heading"]}]',
        '[{"kind":"heading","level":true}]',
        '[{"kind":"heading","level":-1}]',
        '[{"kind":"heading","level":1e99}]',
        '[{"kind":"paragraph","spans":"words"}]',
        '[{"kind":"paragraph","spans":[{"href":"x"}]}]',
        '[{"kind":"paragraph","spans":[{"text":"x","marks":["blink"]}]}]',
        '[{"kind":"paragraph","spans":[{"text":"x","marks":[["em"]]}]}]',
        '[{"kind":"paragraph","spans":[{"text":"\\ud800"}]}]',
        '[{"kind":"quote","url":7}]',
        "[" * 100_000,
        '[{"kind":"quote","blocks":' * 17 + "[]" + "}]" * 17,
        "[" + ",".join(['{"kind":"separator"}'] * (shape.MAX_BLOCKS + 1)) + "]",
        " " * (shape.MAX_CHARS + 1),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_no_body_is_an_empty_one(bad: str | None) -> None:
    assert loads(bad) == ()


@FEW
@given(BODIES)
def test_a_packed_body_comes_back(body: shape.Body) -> None:
    said, text = dumps(body), plain_text(body)
    packed = pack(said, text)
    assert said == (unpack(packed, text) if isinstance(packed, bytes) else packed)


def test_a_body_that_says_what_the_text_says_takes_an_eighth_of_it() -> None:
    text = "\n".join(f"Sentence {number} of {number * number} words about the bridge." for number in range(60))
    packed = pack(dumps(paragraphs(text)), text)
    assert isinstance(packed, bytes)
    assert len(packed) < len(text) / 8
    assert unpack(packed, f"{text}!") is None, "it was packed against another text"
    assert unpack(packed[:-1], text) is None


def test_a_text_that_readers_are_given_otherwise_packs_nothing() -> None:
    said = dumps(paragraphs("a\x9bb"))
    assert pack(said, "a\x9bb") == said


def test_a_body_out_of_all_proportion_is_neither_packed_nor_unpacked() -> None:
    bomb = zlib.compressobj(zdict=b"text")
    data = bomb.compress(b"0" * 10_000_000) + bomb.flush()
    assert len(data) < 20_000
    assert unpack(data, "text") is None
    assert pack("0" * 10_000_000, "text") == "0" * 10_000_000


def test_a_body_larger_than_any_that_is_read_is_neither_packed_nor_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    said = dumps(paragraphs("words of a text " * 20))
    packed = pack(said, "text")
    monkeypatch.setattr("archive.body.blocks.MAX_CHARS", len(said) // 5)
    assert isinstance(packed, bytes)
    assert unpack(packed, "text") is None
    assert pack(said, "text") == said


def test_a_body_as_deep_as_allowed_is_read() -> None:
    body: shape.Body = paragraphs("deep")
    for _ in range(shape.MAX_DEPTH - 1):
        body = (Block(kind="quote", blocks=body),)
    assert loads(dumps(body)) == body
    assert loads(dumps((Block(kind="quote", blocks=body),))) == ()


def test_unset_fields_take_no_room() -> None:
    assert json.loads(dumps(paragraphs("One\n\nTwo"))) == [
        {"kind": "paragraph", "spans": [{"text": "One"}]},
        {"kind": "paragraph", "spans": [{"text": "Two"}]},
    ]


def test_plain_text_is_a_line_for_each_thing_that_is_read() -> None:
    body = (
        Block(kind="heading", level=2, spans=text("Results")),
        Block(
            kind="paragraph", spans=(Span(text="A "), Span(text="linked\n", href="https://a.org/"), Span(text="word"))
        ),
        Block(
            kind="list",
            items=((*paragraphs("One"), Block(kind="list", items=(paragraphs("inner"),))), paragraphs("Two")),
        ),
        Block(kind="quote", blocks=paragraphs("Said so"), cite="Someone"),
        Block(kind="table", level=1, rows=((text("Name"), text("Age")), (text("Ali"), ()), ((), ()))),
        Block(kind="figure", url="https://a.org/p.jpg", caption=text("caption"), credit="credit", alt="alt"),
        Block(kind="embed", url="https://v.org/1", spans=text("post")),
        Block(kind="code", spans=text("if x:\n    y\n")),
        Block(kind="question", spans=text("Why?")),
        Block(kind="answer", blocks=paragraphs("Because.")),
        Block(kind="entry", time="2026-11-28T10:00Z", blocks=paragraphs("It began.")),
        Block(kind="separator"),
    )
    assert plain_text(body).split("\n") == [
        "Results",
        "A linked word",
        "One",
        "inner",
        "Two",
        "Said so",
        "Someone",
        "| Name | Age |",
        "| Ali |  |",
        "if x:",
        "    y",
        "Why?",
        "Because.",
        "It began.",
    ]


def test_only_the_block_that_runs_the_other_way_says_so() -> None:
    written = html(
        (*paragraphs("خبر من OpenAI"), *paragraphs("An English quotation"), *paragraphs("2026")), language="ar"
    )
    assert '<div lang="ar" dir="rtl">' in written
    assert "<p>خبر من OpenAI</p>" in written
    assert '<p dir="ltr">An English quotation</p>' in written
    assert "<p>2026</p>" in written


@pytest.mark.parametrize(("body", "side"), [("خبر عاجل", "rtl"), ("News", "ltr"), ("", "ltr")])
def test_without_a_language_the_letters_decide(body: str, side: str) -> None:
    assert f'<div dir="{side}">' in html(paragraphs(body))


@pytest.mark.parametrize(
    ("language", "side"), [("ar-SY", "rtl"), ("az_Arab_IR", "rtl"), ("ku-Latn", "ltr"), ("en", "ltr"), ("", "auto")]
)
def test_direction_of_a_language(language: str, side: str) -> None:
    assert shape.direction(language) == side


def test_a_picture_is_shown_from_our_copy_or_named_as_missing() -> None:
    figure = Block(kind="figure", url="https://a.org/p.jpg", caption=text("The port"), credit="AP", alt="Ships")
    missing = html((figure,))
    assert "<img" not in missing
    assert 'href="https://a.org/p.jpg"' in missing
    assert "The port" in missing
    assert "<small>AP</small>" in missing
    held = html((figure,), options=HtmlOptions(picture=lambda url: f"/pictures?u={url}"))
    assert '<img src="/pictures?u=https://a.org/p.jpg" alt="Ships" loading="lazy">' in held


@pytest.mark.parametrize(
    ("block", "written"),
    [
        (Block(kind="heading", level=3, spans=text("# Part")), "### \\# Part\n"),
        (Block(kind="paragraph", spans=text("12) not a list")), "12\\) not a list\n"),
        (Block(kind="paragraph", spans=text("snake_case [x](y) <b>")), "snake\\_case \\[x\\](y) \\<b\\>\n"),
        (
            Block(kind="paragraph", spans=(Span(text="a "), Span(text="bold ", marks=("strong",)), Span(text="b"))),
            "a **bold** b\n",
        ),
        (
            Block(kind="paragraph", spans=(Span(text="here", href="https://a.org/(x)"),)),
            "[here](https://a.org/%28x%29)\n",
        ),
        (Block(kind="paragraph", spans=(Span(text="a`b", marks=("code",)),)), "``a`b``\n"),
        (Block(kind="list", level=1, items=(paragraphs("A\nB"), paragraphs("C"))), "1. A\n\n   B\n2. C\n"),
        (Block(kind="quote", blocks=paragraphs("A\nB"), cite="C"), "> A\n>\n> B\n>\n> — C\n"),
        (
            Block(kind="table", level=1, rows=((text("a|b"),), (text("c"), text("d")))),
            "| a\\|b |  |\n| --- | --- |\n| c | d |\n",
        ),
        (Block(kind="table", rows=((text("c"),),)), "|  |\n| --- |\n| c |\n"),
        (Block(kind="table", level=1, rows=((text("c"),),), spans=text("Cap")), "Cap\n\n| c |\n| --- |\n"),
        (Block(kind="quote", spans=text("So."), cite="— Ann"), "> So.\n>\n> — Ann\n"),
        (Block(kind="paragraph", spans=text("2026-11-01")), "2026-11-01\n"),
        (
            Block(kind="figure", url="https://a.org/p.jpg", alt="Ships", caption=text("The port"), credit="AP"),
            "![Ships](https://a.org/p.jpg)\n\nThe port\n\nAP\n",
        ),
        (Block(kind="embed", url="https://v.org/1", provider="Video"), "[Video: https://v.org/1](https://v.org/1)\n"),
        (Block(kind="code", spans=text("```\nx")), "````\n```\nx\n````\n"),
        (Block(kind="entry", time="10:00", blocks=paragraphs("Began")), "**10:00**\n\nBegan\n"),
        (Block(kind="question", spans=text("Why?")), "**Why?**\n"),
        (Block(kind="separator"), "---\n"),
    ],
    ids=lambda value: value.kind if isinstance(value, Block) else "",
)
def test_markdown_of_each_kind(block: Block, written: str) -> None:
    assert markdown((block,)) == written


@pytest.mark.parametrize(
    ("block", "written"),
    [
        (Block(kind="heading", level=1, spans=text("A & B")), "<h2>A &amp; B</h2>"),
        (Block(kind="list", items=(paragraphs("A"), paragraphs("B\nC"))), "<ul><li>A</li><li>B<p>C</p></li></ul>"),
        (
            Block(kind="quote", blocks=paragraphs("Said"), cite="Who", url="https://a.org/"),
            (
                '<blockquote cite="https://a.org/"><p>Said</p><footer><a href="https://a.org/" rel="external noreferrer noopener">'
                "<cite>Who</cite></a></footer></blockquote>"
            ),
        ),
        (
            Block(kind="table", rows=((text("c"),),), spans=text("Cap")),
            '<div class="table"><table><caption>Cap</caption><tbody><tr><td>c</td></tr></tbody></table></div>',
        ),
        (
            Block(kind="table", level=1, rows=((text("H"),), (text("c"),)), caption=text("Cap")),
            (
                '<div class="table"><table><caption>Cap</caption><thead><tr><th scope="col">H</th></tr></thead>'
                "<tbody><tr><td>c</td></tr></tbody></table></div>"
            ),
        ),
        (
            Block(kind="embed", url="https://v.org/1", provider="Video", spans=text("A post")),
            '<p class="embed"><a href="https://v.org/1" rel="external noreferrer noopener">Video: <bdi>A post</bdi></a></p>',
        ),
        (Block(kind="code", spans=text("a < b\n")), '<pre dir="ltr"><code>a &lt; b\n</code></pre>'),
        (
            Block(kind="entry", time="2026-11-28T10:00Z", blocks=paragraphs("Began")),
            (
                '<section class="entry"><p class="time"><time datetime="2026-11-28T10:00Z">2026-11-28T10:00Z</time></p>'
                "<p>Began</p></section>"
            ),
        ),
        (Block(kind="question", spans=text("Why?")), '<div class="question"><p>Why?</p></div>'),
        (Block(kind="answer", blocks=paragraphs("So.")), '<div class="answer"><p>So.</p></div>'),
        (Block(kind="separator"), "<hr>"),
    ],
    ids=lambda value: value.kind if isinstance(value, Block) else "",
)
def test_html_of_each_kind(block: Block, written: str) -> None:
    assert html((block,), language="en") == f'<div lang="en" dir="ltr">\n{written}\n</div>\n'
