"""Plural forms, dates and bars: how the interface shows numbers and days."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.web.charts import HEIGHT, WIDTH, histogram
from archive.web.parameters import SearchParameters
from archive.web.views import choose, day, direction, moment, plural, wording


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "لا مقالات"), (1, "مقال واحد"), (2, "مقالان"), (3, "3 مقالات"), (10, "10 مقالات"), (11, "11 مقالًا"), (99, "99 مقالًا"),
     (100, "100 مقال"), (102, "102 مقال"), (103, "103 مقالات"), (1111, "1,111 مقالًا")],
)  # fmt: skip
def test_arabic_counts_in_six_forms(number, words):
    assert wording("ar").say("search.found", n=number) == words


def test_english_counts_in_two_forms():
    assert [plural("en", n) for n in (0, 1, 2)] == ["other", "one", "other"]


@pytest.mark.parametrize(
    ("text", "english"),
    [("2026-11-22T09:45:00+02:00", "22 November 2026, 09:45 (UTC+2)"), ("2026-11-22T09:45:00Z", "22 November 2026, 09:45 (UTC)"),
     ("2026-11-22T09:45-03:30", "22 November 2026, 09:45 (UTC−3:30)"), ("2026-11-22", "22 November 2026"), ("2026-11", "November 2026"),
     ("2026", "2026"), ("", ""), ("soon", "soon"), ("2026-13-01", "2026-13-01")],
)  # fmt: skip
def test_a_moment_is_said_as_exactly_as_it_is_known(text, english):
    assert moment(wording("en"), text) == english


def test_arabic_months_carry_both_of_their_names():
    assert day(wording("ar"), "2026-11-22") == "22 تشرين الثاني/نوفمبر 2026"


@pytest.mark.parametrize(
    ("wish", "accept", "language"),
    [("en", "ar", "en"), ("xx", "en", "en"), ("", "", "ar"), ("", "fr", "ar"), ("", "en;q=0", "ar"), ("", "en;q=x,ar", "ar"),
     ("", "ar;q=0.5, en-GB;q=0.9", "en")],
)  # fmt: skip
def test_the_language_is_chosen(wish, accept, language):
    assert choose(wish, accept) == language


def test_direction_is_of_the_language_and_unknown_without_one():
    assert [direction(tag) for tag in ("ar-SY", "fa", "en_GB", "")] == ["rtl", "rtl", "ltr", "auto"]


@given(
    st.lists(
        st.tuples(st.dates().map(lambda day: day.isoformat()) | st.text(max_size=12), st.integers(1, 10**6)),
        max_size=30,
    )
)
def test_bars_stay_inside_the_chart_and_show_every_count_of_a_span_that_fits(days):
    chart = histogram(days)
    if chart is None:
        return
    assert len(chart.bars) <= 62
    for bar in chart.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert 0 <= bar.y <= HEIGHT
        assert bar.first <= bar.last


def test_days_become_months_when_there_are_too_many():
    assert histogram([("2026-01-01", 1), ("2026-01-20", 2)]).unit == "day"
    chart = histogram([("2026-01-01", 1), ("2026-06-20", 2)])
    assert (chart.unit, len(chart.bars), chart.bars[-1].last) == ("month", 6, "2026-06-30")
    assert histogram([("1990-01-01", 1), ("2026-06-20", 2)]).unit == "year"


@given(
    st.dictionaries(
        st.sampled_from(["q", "site", "section", "language", "from", "to", "order", "page", "limit", "offset"]),
        st.text(max_size=40),
    )
)
def test_any_parameters_make_a_question_within_bounds_that_its_own_address_repeats(parameters):
    asked = SearchParameters.of(parameters)
    assert 1 <= asked.limit <= 100
    assert 0 <= asked.offset <= 5000
    again = SearchParameters.of(asked.parameters())
    assert (again.words, again.filters, again.order) == (asked.words, asked.filters, asked.order)
