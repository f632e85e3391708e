from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from archive.extract.dates import parse_moment
from archive.extract.dates.moment import parse_machine, plausible
from tests.support import effort


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-12", "2024-05-12"),
        ("2024-5-2", "2024-05-02"),
        ("2024/05/12 10:30", "2024-05-12T10:30"),
        ("20240512", "2024-05-12"),
        ("20240512T103000Z", "2024-05-12T10:30:00+00:00"),
        ("2024-05-12T10:30", "2024-05-12T10:30"),
        ("2024-05-12T10:30:05", "2024-05-12T10:30:05"),
        ("2024-05-12T10:30:05Z", "2024-05-12T10:30:05+00:00"),
        ("2024-05-12T10:30:05.123456+03:00", "2024-05-12T10:30:05+03:00"),
        ("2024-05-12T10:30:05+0300", "2024-05-12T10:30:05+03:00"),
        ("2024-05-12T10:30:05 -07", "2024-05-12T10:30:05-07:00"),
        ("2024-05-12 10:30:05 UTC", "2024-05-12T10:30:05+00:00"),
        ("2024-05-12 01:30:05 PM", "2024-05-12T13:30:05"),
        ("2024-05-12 10:30:05 CST", "2024-05-12T10:30:05"),
        ("Sun, 12 May 2024 10:30:05 +0300", "2024-05-12T10:30:05+03:00"),
        ("Sun, 12 May 2024 10:30:05 GMT", "2024-05-12T10:30:05+00:00"),
        ("2024-W19-7", "2024-05-12"),
        ("1715509805", "2024-05-12T10:30:05+00:00"),
        ("1715509805000", "2024-05-12T10:30:05+00:00"),
    ],
)
def test_machine_written_times_keep_their_exactness_and_zone(text: str, expected: str) -> None:
    moment = parse_machine(text)
    assert moment is not None
    assert moment.iso() == expected


@pytest.mark.parametrize(
    "text",
    ["", "2024", "2024-13-01", "2024-02-31", "yesterday", "12/05/2024", "0000-00-00", "T10:30", "v2.0.1", "9" * 70],
)
def test_what_is_no_whole_date_is_none(text: str) -> None:
    assert parse_machine(text) is None


def test_an_impossible_time_of_day_leaves_the_day() -> None:
    moment = parse_machine("2024-05-12T25:71")
    assert moment is not None
    assert moment.iso() == "2024-05-12"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-12T24:00:00Z", "2024-05-13T00:00:00+00:00"),
        ("2024-12-31 24:00", "2025-01-01T00:00"),
        ("20240512T240000.000+0300", "2024-05-13T00:00:00+03:00"),
        ("Sun, 12 May 2024 24:00:00 +0300", "2024-05-13T00:00:00+03:00"),
        ("Sun May 12 24:00:00 2024", "2024-05-13T00:00:00"),
    ],
)
def test_24_00_is_the_midnight_that_ends_the_day(text: str, expected: str) -> None:
    for read in (parse_machine, parse_moment):
        moment = read(text)
        assert moment is not None
        assert moment.iso() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-24T00:00:00Z", "2024-05-24T00:00:00+00:00"),
        ("Fri, 24 May 2024 00:00:00 GMT", "2024-05-24T00:00:00+00:00"),
        ("2024-05-12T24:00:01Z", "2024-05-12"),
        ("2024-05-12T24:30Z", "2024-05-12"),
        ("2024-05-12 24:00 pm", "2024-05-12"),
        ("9999-12-31T24:00:00Z", None),
    ],
)
def test_no_other_24_ends_a_day(text: str, expected: str | None) -> None:
    moment = parse_moment(text)
    assert (moment.iso() if moment else None) == expected


def test_the_far_past_and_the_future_are_not_plausible() -> None:
    fetched = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert plausible(date(1990, 1, 1), fetched)
    assert plausible(date(2026, 11, 26), fetched)
    assert not plausible(date(1989, 12, 31), fetched)
    assert not plausible(date(2026, 11, 27), fetched)


@pytest.mark.parametrize("text", ["2024-" * 100_000, "9" * 1_000_000, "Mon, " * 100_000])
def test_junk_costs_nothing(text: str) -> None:
    with effort.at_most(1):
        parse_machine(text)
