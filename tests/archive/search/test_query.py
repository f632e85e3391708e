import pytest

from archive.search.expression import date_tokens, match_expression
from archive.search.query import MAX_WORDS, Clause, Phrase, date_span, parse, problem


def phrases(text):
    return [clause.phrases for clause in parse(text).wanted]


def test_words_are_conditions_of_their_own():
    assert phrases("الدار البيضاء") == [(Phrase(words=("الدار",)),), (Phrase(words=("البيضاء",)),)]


@pytest.mark.parametrize("text", ['"الدار البيضاء"', "«الدار البيضاء»", "“الدار البيضاء”", '"الدار البيضاء'])
def test_quotes_of_any_kind_make_a_phrase(text):
    assert phrases(text) == [(Phrase(words=("الدار", "البيضاء")),)]


def test_punctuation_inside_a_word_makes_a_phrase():
    assert phrases("ab-cd 10:30") == [(Phrase(words=("ab", "cd")),), (Phrase(words=("10", "30")),)]


def test_star_makes_a_beginning():
    assert phrases('مدر* "الدار البي"*') == [
        (Phrase(words=("مدر",), prefix=True),),
        (Phrase(words=("الدار", "البي"), prefix=True),),
    ]


@pytest.mark.parametrize("text", ["قط*", "-قط*", '"خبر قط"*', "title:قط*"])
def test_the_star_of_a_beginning_that_is_too_short_is_ignored_and_named(text):
    query = parse(text)
    assert [str(one) for one in query.problems] == ["the star of قط*: the beginning of a word is three letters or more"]
    assert query.clauses == parse(text.replace("*", "")).clauses


@pytest.mark.parametrize("text", ["قطط*", "2024*", "東*", "東京*", "*", "قط *"])
def test_a_star_that_is_used_or_changes_nothing_is_not_named(text):
    assert parse(text).problems == ()


def test_or_binds_closer_than_the_space():
    assert [len(group) for group in phrases("a b OR c d")] == [1, 2, 1]


@pytest.mark.parametrize("text", ["news -sport", "news NOT sport", 'news -"sport"'])
def test_minus_and_not_exclude(text):
    assert parse(text).clauses[1] == Clause(phrases=(Phrase(words=("sport",)),), negated=True)


def test_a_lone_minus_and_a_range_are_no_exclusion():
    assert all(not clause.negated for clause in parse("2019 - 2020-2021").clauses)


def test_filters_with_and_without_quotes():
    query = parse('site:BBC.com section:"أخبار العالم" language:ar author:أحمد')
    assert query.facets == (("site:bbc.com",), ("language:ar",))
    assert [clause.phrases[0].column for clause in query.wanted] == ["section", "author"]


def test_same_filter_twice_means_either():
    assert parse("site:a.com site:b.com").facets == (("site:a.com", "site:b.com"),)


def test_pasted_address_is_its_host():
    assert parse("site:https://www.bbc.com/arabic").facets == (("site:www.bbc.com",),)


def test_excluded_site():
    assert parse("خبر -site:bbc.com").excluded == ("site:bbc.com",)


def test_arabic_names_of_filters():
    query = parse("موقع:bbc.com لغة:ar إلى:٢٠٢٤")
    assert (query.facets, query.date_to) == ((("site:bbc.com",), ("language:ar",)), "2024-12-31")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2024", ("2024-01-01", "2024-12-31")),
        ("2024-02", ("2024-02-01", "2024-02-29")),
        ("٢٠٢٤-٣-٥", ("2024-03-05", "2024-03-05")),
        ("2024/03/05", ("2024-03-05", "2024-03-05")),
        ("2024-13", None),
        ("2023-02-29", None),
        ("yesterday", None),
        ("0000", None),
    ],
)
def test_dates_of_three_lengths(text, span):
    assert date_span(text) == span


def test_a_site_without_a_name_is_told_and_left_out_and_a_word_before_a_colon_is_not():
    assert parse("site: خبر").problems == (problem("no_value", field="site"),)
    assert parse("site: خبر").clauses == parse("خبر").clauses
    assert parse("source: Reuters").clauses == parse("source Reuters").clauses


def test_bad_date_is_told_and_left_out():
    query = parse("from:tomorrow خبر")
    assert query.date_from == ""
    assert query.problems == (problem("no_date", text="from:tomorrow"),)
    assert str(query.problems[0]) == "from:tomorrow is not a date: write YYYY, YYYY-MM or YYYY-MM-DD"


def test_date_range_is_covered_by_few_tokens():
    assert date_tokens("2022-12-30", "2024-02-01") == (
        "date:2022-12-30",
        "date:2022-12-31",
        "date:2023",
        "date:2024-01",
        "date:2024-02-01",
    )


def test_any_date_range_needs_a_bounded_number_of_tokens():
    assert len(date_tokens("", "")) <= 201
    assert len(date_tokens("1900-01-02", "2100-12-30")) <= 201 + 2 * (30 + 11)


def test_long_queries_are_cut_and_say_so():
    query = parse("a OR " * 20_000)
    assert sum(len(clause.phrases) for clause in query.clauses) <= MAX_WORDS
    assert len(query.problems) == 2


def test_nothing_asks_for_nothing():
    assert [match_expression(parse(text)) for text in ("", "   ", '"', "-", "***", "\x00", "\ud800", "OR", "-x")] == [
        ""
    ] * 9
