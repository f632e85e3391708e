"""Snippets: the passage of a text with the words of the query."""

import pytest

from archive.search.query import parse
from archive.search.snippets import snippet


@pytest.mark.parametrize(("text", "is_cut"), [("… " * 400, True), ("… " * 4, False)])
def test_a_text_without_words_is_shown_from_its_beginning(text, is_cut):
    shown = snippet(text, parse("ferry"))
    assert text.startswith(shown.text)
    assert (shown.marks, shown.cut_before, shown.cut_after) == ((), False, is_cut)
