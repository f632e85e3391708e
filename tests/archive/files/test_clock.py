"""Times: how the archive writes and reads them."""

from datetime import datetime, timedelta, timezone

import pytest

from archive.files.clock import captured_at, iso, timestamp14, warc_moment, warc_timestamp

BAGHDAD = timezone(timedelta(hours=3))


def test_a_moment_is_written_in_utc():
    moment = datetime(2026, 11, 24, 1, 30, 5, 999, BAGHDAD)
    assert iso(moment) == "2026-11-23T22:30:05Z"
    assert timestamp14(moment) == "20261123223005"


@pytest.mark.parametrize(
    ("date", "digits"),
    [
        ("2016", "20160101000000"),
        ("2016-01", "20160101000000"),
        ("2016-01-11", "20160111000000"),
        ("2019-08-15T01:02", "20190815010200"),
        ("2026-11-24T05:30Z", "20261124053000"),
        ("2026-11-24T05:30:00Z", "20261124053000"),
        ("2026-11-24T05:30:00.123456789Z", "20261124053000"),
        ("2026-11-24T01:30:00+02:00", "20261123233000"),
        ("2026-11-24T05:30:00-0330", "20261124090000"),
        ("20110305131200", "20110305131200"),
        ("2016-12-31T23:59:60Z", "20161231235959"),
        ("2016-12-31T24:00:00Z", "20170101000000"),
    ],
)
def test_a_warc_date_of_any_precision_is_its_first_moment_in_utc(date, digits):
    assert warc_timestamp(date) == digits


@pytest.mark.parametrize(
    "date", ["", "yesterday", "2026-13-01", "0016-01-01", "2026-11-24T25:00:00Z", "2026-11-24T24:00:01Z", "2" * 5000]
)
def test_what_is_not_a_date_is_none(date):
    assert warc_moment(date) is None
    assert warc_timestamp(date) == ""
    assert captured_at(date) == ""


def test_a_full_time_in_utc_is_kept_as_written_and_any_other_is_made_one():
    assert captured_at("2026-11-24T05:30:00.123456789Z") == "2026-11-24T05:30:00.123456789Z"
    assert captured_at("2026-11-24T05:30:00.5+01:00") == "2026-11-24T04:30:00.500000Z"
    assert captured_at("2016-01") == "2016-01-01T00:00:00Z"
