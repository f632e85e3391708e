"""The client of scrapyd's API: responses are read, and errors name the node."""

import pytest

from crawler.cluster import Node
from crawler.cluster.scrapyd import NodeError, is_open, list_jobs, queue_job
from tests.crawler.cluster.daemon import Daemon, drip, flood


def node(daemon, **more):
    return Node(**{"name": "one", "url": daemon.url, "username": "warraq", "password": "secret", **more})


def problem(daemon, ask=list_jobs, **more):
    with pytest.raises(NodeError) as caught:
        ask(node(daemon, **more), timeout=1)
    assert str(caught.value).startswith("one: ")
    return caught.value.problem


def test_jobs_are_listed_and_scheduled():
    with Daemon() as daemon:
        daemon.running, daemon.finished = ["a@1"], ["b@2", "c@3"]
        queue_job(node(daemon), job="d@4", site="d", settings=[("A", "x=y & z"), ("B", "ورّاق")], timeout=5)
        jobs = list_jobs(node(daemon), timeout=5)
    assert (jobs.pending, jobs.running, jobs.finished) == (("d@4",), ("a@1",), ("b@2", "c@3"))
    assert abs(jobs.skew) <= 1
    assert jobs.active == {"a@1", "d@4"}
    assert daemon.queue["d@4"] == {
        "project": ["warraq"], "spider": ["news"], "jobid": ["d@4"], "site": ["d"], "setting": ["A=x=y & z", "B=ورّاق"],
    }  # fmt: skip


def test_a_refusal_is_told_from_silence():
    with Daemon() as daemon:
        for wrong in ({"password": "no"}, {"project": "other"}):
            with pytest.raises(NodeError) as caught:
                queue_job(node(daemon, **wrong), job="a@1", site="a", settings=[], timeout=5)
            assert caught.value.refused
        assert not daemon.queue
        assert "password" in problem(daemon, password="no")
    with pytest.raises(NodeError, match="does not answer") as caught:
        list_jobs(node(daemon), timeout=1)
    assert not caught.value.refused


def test_what_is_no_scrapyd_is_told():
    for body in (
        b"<html>hello</html>",
        b"[1]",
        b"{}",
        b'{"status": "ok"}',
        b'{"status": "ok", "pending": [1]}',
        b"[" * 100_000,
        b"",
    ):
        with Daemon() as daemon:
            daemon.misbehave = lambda handler, body=body: handler.send(200, body)
            assert "is not a scrapyd" in problem(daemon)


@pytest.mark.parametrize(("misbehave", "said"), [(drip, "within 1 s"), (flood, "more than 16,777,216 bytes")])
def test_an_answer_without_end_is_cut_off(misbehave, said):
    with Daemon() as daemon:
        daemon.misbehave = misbehave
        assert said in problem(daemon)


def test_the_password_follows_no_redirect():
    with Daemon() as other, Daemon() as daemon:
        daemon.misbehave = lambda handler: handler.send(302, b"", Location=f"{other.url}listjobs.json")
        assert "is not a scrapyd" in problem(daemon)
        assert not other.asked


def test_a_node_that_lets_everybody_in_is_found_out():
    with Daemon() as daemon, Daemon(username="") as open_daemon:
        assert not is_open(node(daemon), timeout=5)
        assert is_open(node(open_daemon), timeout=5)
        assert {login for *_, login, _ in open_daemon.asked} == {None}


def test_a_clock_that_is_off_is_seen():
    with Daemon() as daemon:
        daemon.date_time_string = None
        for date, low, high in (
            ("Tue, 24 Nov 2020 10:00:00 GMT", -1e12, -1e6),
            ("Fri, 24 Nov 2090 10:00:00 GMT", 1e6, 1e12),
            ("soon", 0, 0),
        ):

            def answer(handler, date=date):
                handler.date_time_string = lambda: date
                handler.ok(daemon.listed())

            daemon.misbehave = answer
            assert low <= list_jobs(node(daemon), timeout=5).skew <= high
