"""JavaScript literals are read without running anything."""

import pytest

from archive.extract.text.literals import read_literal

SAID = "The council closed the market."


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (
            "{title:'A',body:\"B\",list:[1,2,],on:!0,off:!1,none:void 0}",
            {"title": "A", "body": "B", "list": [1, 2], "on": True, "off": False, "none": None},
        ),
        (
            '(function(a,b){return {title:a,data:[{body:b}]}}("T","<p>x</p>"));',
            {"title": "T", "data": [{"body": "<p>x</p>"}]},
        ),
        ('(function(a){return {title:a,next:c}}("T"))', {"title": "T", "next": None}),
        (r"'\u0645\x41\u{1f600}\n\'\\'", "مA😀\n'\\"),
        ("/* state */ { // one\n a : `b` }", {"a": "b"}),
        ("[.5, 007, -3, 2]", [0, 0, -3, 2]),
    ],
)
def test_what_is_a_literal_is_read(source, value):
    assert read_literal(source, 0) == value


@pytest.mark.parametrize(
    "source",
    ["", "fetch('/x')", "{a:", "{a:1", "[1,2}", "(function(a){})", "(function(){return x})()", "{a:b c}", "new Map()"],
)
def test_what_is_none_is_nothing(source):
    assert read_literal(source, 0) is None


def test_a_place_in_a_script_is_where_the_value_begins():
    source = f"window.x = {{body:'{SAID}'}};"
    assert read_literal(source, source.index("{")) == {"body": SAID}


def test_arguments_that_are_used_often_do_not_grow_without_end():
    names = ",".join(["a"] * 3_000)
    source = f'(function(a){{return {{x:[{names}]}}}}("{"y" * 20_000}"))'
    assert read_literal(source, 0) is None


def test_depth_is_bounded():
    assert read_literal("[" * 100_000 + "]" * 100_000, 0) is None
