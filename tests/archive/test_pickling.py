"""Pickling of what workers return."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import pytest

from archive.article import Article, Image
from archive.body import Block, Span
from archive.body.pickling import quick_to_pickle
from archive.outcome import Outcome, OutcomeKind
from archive.parse import Outlink, Parsed

LINK = Outlink(url="https://a.example/1", kind="article", by="page", spelling="https://a.example/1?x")
BODY = (
    Block(kind="paragraph", spans=(Span(text="See "), Span(text="here", href="https://a.example/2", marks=("em",)))),
)


@quick_to_pickle
@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    one: str
    other: tuple[str, ...] = ()


@pytest.mark.parametrize(
    "value",
    [
        Pair(one="a", other=("b", "c")),
        LINK,
        BODY,
        Image(url="https://a.example/1.jpg", caption="A bridge"),
        Article(url="https://a.example/1", title="A bridge", text="See here", body=BODY),
        Parsed(outcome=Outcome(kind=OutcomeKind.LISTING), found=(LINK, LINK), lines=("a", "b")),
    ],
)
def test_what_a_worker_returns_arrives_as_it_was(value):
    again = pickle.loads(pickle.dumps(value))
    assert again == value
    assert repr(again) == repr(value)


def test_an_object_of_another_version_is_refused():
    with pytest.raises(ValueError, match="zip"):
        Pair(one="a").__setstate__(("a",))
