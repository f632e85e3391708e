from __future__ import annotations

from typing import Any

import pytest

from archive.extract.document import parse_html
from archive.extract.metadata.jsonld import read_jsonld
from tests.support import effort


def nodes(*scripts: str) -> tuple[dict[str, Any], ...]:
    markup = "".join(f'<script type="application/ld+json">{script}</script>' for script in scripts)
    return read_jsonld(parse_html(f"<html><head>{markup}</head><body><p>x</p></body></html>").iter("script"))


def test_graph_lists_and_main_entity_are_flattened_in_order() -> None:
    found = nodes(
        '{"@graph": [{"@type": "WebSite", "name": "a"}, {"@type": "WebPage", "mainEntity": {"@type": "NewsArticle"}}]}',
        '[{"@type": "Person"}, {"@type": "Organization"}]',
    )
    types = [node.get("@type") for node in found]
    assert types == [None, "WebSite", "WebPage", "NewsArticle", "Person", "Organization"]


@pytest.mark.parametrize(
    "script",
    [
        '{"headline": "خبر",}',
        '{"headline": "خبر", "keywords": ["a", "b",],\n}',
        '{"headline": "خبر", "description": "line one\nline two\ttab"}',
        '<!-- {"headline": "خبر"} -->',
        '//<![CDATA[\n{"headline": "خبر"}\n//]]>',
        '/*<![CDATA[*/ {"headline": "خبر"} /*]]>*/',
        '<!--//--><![CDATA[\n{"headline": "خبر"}\n//]]>',
        "{'headline': 'خبر', 'description': 'so \"they\" say'}",
        '{"headline": "خبر", "description": "the town\'s"}',
        '{"@type": "NewsArticle", // the story\n"headline": "خبر", /* and */ "url": "https://a.example/b"}',
        '{@context: "https://schema.org", @type: "NewsArticle", headline:"خبر", author:{name:"Ann"}}',
        '{"headline": "خبر", "articleBody": "he said "stop", note: it /* was */ late // so", "name": "x"}',
        "{&quot;headline&quot;: &quot;خبر&quot;}",
        '{"headline": "خبر"};',
        '{"headline": "خبر"} {"@type": "Other"}',
        '{"headline": "خبر"},\n{"@type": "Other"}',
        '\ufeff{"headline": "خبر"}',
        '{"headline": "خبر", "articleBody": "he said \\" , ] }"}',
        '{"a": ",]", "headline": "خبر",}',
    ],
)
def test_common_damage_is_mended(script: str) -> None:
    assert nodes(script)[0]["headline"] == "خبر"


def test_a_comma_inside_a_string_is_left_alone() -> None:
    assert nodes('{"headline": "one,] two,} three,, four",}')[0]["headline"] == "one,] two,} three,, four"


def test_type_is_matched_in_any_case_and_other_scripts_are_not_read() -> None:
    tree = parse_html(
        '<html><script type="Application/LD+JSON; charset=utf-8">{"a": 1}</script><script>{"b": 2}</script></html>'
    )
    assert read_jsonld(tree.iter("script")) == ({"a": 1},)


@pytest.mark.parametrize(
    "script",
    [
        '{"@type":"NewsArticle","headline":"' + '\\"a' * 200_000,
        '{"@type":"Article","a":' * 50_000 + "1" + "}" * 50_000,
        '{"author":[' + ",".join(f'{{"@type":"Person","name":"A B{i}"}}' for i in range(20_000)) + "]}",
        "[" * 500_000,
        "," * 500_000,
        '{"a":' + " ," * 200_000,
        '{"@graph":[' + '{"@graph":[' * 1_000 + "]}" * 1_001,
        '"' * 500_000,
        '{"n": ' + "9" * 500_000 + "}",
        "{} " * 200_000,
        "&quot;" * 100_000,
    ],
)
def test_hostile_json_costs_little_and_never_raises(script: str) -> None:
    with effort.at_most(3):
        assert len(nodes(script)) <= 400


def test_scripts_are_bounded_in_number() -> None:
    assert len(nodes(*['{"a": 1}'] * 500)) < 100


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (
            '{"headline": "خبر", "author": {"name": "منى"}, "articleBody": "نص مقط',
            {"headline": "خبر", "author": {"name": "منى"}},
        ),
        ('{"headline": "He said "no" again", "a": 1}', {"headline": 'He said "no" again', "a": "1"}),
        ('{"headline": "خبر" "a": ["x", "y"]}', {"headline": "خبر", "a": ["x", "y"]}),
        ('{"headline": "خبر", "free": true, "a": {"b": "c"', {"headline": "خبر", "free": True, "a": {"b": "c"}}),
        ('{"headline": "one\\u0021", "a": }', {"headline": "one!"}),
    ],
)
def test_what_does_not_parse_is_read_as_far_as_it_goes(script: str, found: dict[str, object]) -> None:
    assert nodes(script)[0] == found


def test_what_is_no_json_has_no_nodes():
    assert nodes("var x = 1;") == ()
    assert nodes('"only a string') == ()
