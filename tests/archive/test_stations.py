"""Where CPU time goes: a station's time is its own, nothing is measured when nobody asks, and samples name the module at work."""

import time
from contextlib import suppress
from datetime import UTC, datetime

from archive.parse.parse import ParseTask, parse
from archive.stations import UNMEASURED, MeasuredStations, sampled_modules

LINE = "هذه الفقرة من خبر كتب للاختبار وفيه ما يكفي من الكلمات ليكون نصاً صحيحاً يقرأه القارئ. "
PAGE = f"<html lang=ar><title>عنوان</title><article><h1>عنوان الخبر الأول</h1><p>{LINE * 6}</p></article></html>"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + PAGE.encode()
TASK = {"url": "https://news.example/2026/11/a", "response": RESPONSE, "fetched_at": datetime(2026, 11, 24, tzinfo=UTC)}


def work(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_the_time_of_a_station_inside_another_is_its_own():
    stations = MeasuredStations()
    with stations.at("outer"):
        work(0.01)
        for _ in range(2):
            with stations.at("inner"):
                work(0.02)
    (outer, outer_calls, outer_seconds), (inner, inner_calls, inner_seconds) = stations.found()
    assert (outer, outer_calls, inner, inner_calls) == ("outer", 1, "inner", 2)
    assert 0.01 <= outer_seconds < 0.03
    assert 0.04 <= inner_seconds < 0.06


def test_a_station_that_raises_is_left():
    stations = MeasuredStations()
    for _ in range(2):
        with suppress(KeyError), stations.at("a"):
            {}["missing"]
        work(0.05)
    ((_, calls, seconds),) = stations.found()
    assert calls == 2
    assert seconds < 0.05


def test_what_nobody_measures_costs_next_to_nothing():
    begun = time.thread_time()
    for _ in range(10_000):
        with UNMEASURED.at("x"):
            pass
    assert time.thread_time() - begun < 0.1
    assert UNMEASURED.found() == ()


def test_samples_name_the_module_of_the_package_that_is_at_work():
    with sampled_modules("archive") as samples:
        work(0.1)
    assert not samples
    with sampled_modules("archive") as samples:
        for _ in range(60):
            parse(ParseTask(**TASK))
    assert samples.most_common(1)[0][0].startswith(("extract", "search", "arabic", "reading", "http"))


def test_a_measured_page_says_where_its_time_went_and_reads_the_same():
    plain, measured = parse(ParseTask(**TASK)), parse(ParseTask(**TASK, measured=True))
    assert plain.spent == ()
    stations = {name: calls for name, calls, _ in measured.spent if not name.startswith("extract: ")}
    assert stations == {"decode": 1, "extract": 1, "discover": 1, "search keys": 1}
    assert (measured.article, measured.keys, measured.found) == (plain.article, plain.keys, plain.found)
