"""`scrapy cluster` on the command line, with daemons that implement scrapyd's API."""

import argparse
import fcntl
import json

import pytest
from scrapy.settings import Settings

from crawler.commands.cluster import Command
from crawler.sites import site_from_json
from tests.crawler.cluster.daemon import Daemon


def write(folder, *daemons, sites=("alpha", "bravo", "charlie"), lease=60, interval=0):
    nodes = [
        f'[node.n{n}]\nurl = "{daemon.url}"\nusername = "warraq"\npassword_env = "NODE_PASSWORD"\n'
        for n, daemon in enumerate(daemons)
    ]
    times = f"lease = {lease}\ngrace = 5\ninterval = {interval}\ntimeout = 1\n"
    (folder / "nodes.toml").write_text("\n".join([times, *nodes]), "utf-8")
    entries = [f'[site.{name}]\nseeds = ["https://{name}-paper.org/"]\ndelay = 1.5\n' for name in sites]
    (folder / "sites.toml").write_text("\n".join(entries), "utf-8")


@pytest.fixture
def cluster(tmp_path, capsys, monkeypatch):
    """Runs the command in this process: one of its own takes seconds to begin."""
    monkeypatch.setenv("NODE_PASSWORD", "secret")

    def run(*words, code=0):
        command = Command()
        command.settings = Settings({"WARRAQ_SITES": str(tmp_path / "sites.toml"), "DOWNLOAD_DELAY": 0.5})
        parser = argparse.ArgumentParser()
        command.add_options(parser)
        opts, args = parser.parse_known_args([*words, "--nodes", str(tmp_path / "nodes.toml")])
        command.run(args, opts)
        said = capsys.readouterr()
        assert command.exitcode == code, said
        return said.out, said.err

    return run


def deployed(cluster, *more, code=0):
    out, _ = cluster("deploy", "--json", *more, code=code)
    return {row["site"]: row for row in json.loads(out)["sites"]}


def test_deploy_starts_each_site_once_with_its_entry_and_its_lease(tmp_path, cluster):
    with Daemon() as one, Daemon() as two:
        write(tmp_path, one, two)
        plan = {row["site"]: row["node"] for row in json.loads(cluster("plan", "--json")[0])["plan"]}
        assert not one.asked
        first = deployed(cluster)
        again = deployed(cluster)
        out, _ = cluster("status")
    assert {name: (row["action"], row["node"]) for name, row in first.items()} == {
        name: ("start", node) for name, node in plan.items()
    }
    assert {row["action"] for row in again.values()} == {"pending"}
    queued = {**one.queue, **two.queue}
    assert len(queued) == 3
    for job, form in queued.items():
        settings = dict(setting.split("=", 1) for setting in form["setting"])
        site = site_from_json(form["site"][0], settings["WARRAQ_SITE_ENTRY"])
        assert (site.name, site.delay) == (job.partition("@")[0], 1.5)
        assert settings["WARRAQ_END_WITH_PARENT"] == "1"
        assert settings["WARRAQ_LEASE_UNTIL"].replace("-", "").replace(":", "")[:15] == job.partition("@")[2][:15]
    assert "n0: 0 running" in out
    assert "pending on n" in out


def test_a_node_that_does_not_answer_or_does_not_let_us_in_costs_the_others_nothing(tmp_path, cluster):
    with Daemon() as one, Daemon(password="other") as two:
        write(tmp_path, one, two, sites=("alpha", "bravo", "charlie", "delta", "echo"))
        rows = deployed(cluster, code=13)
        assert {row["node"] for row in rows.values() if row["action"] == "start"} == {"n0"}
        assert {row["reason"] for row in rows.values() if row["node"] == "n1"} == {"silent"}
        _, error = cluster("deploy", "--dry-run", code=13)
        assert "n1: silent (does not accept our username and password)" in error
        off = deployed(cluster, "--off", "n1", "--dry-run", code=13)
        assert {row["node"] for row in off.values()} == {"n0"}


def test_a_job_that_is_refused_leaves_no_lease_and_one_without_an_answer_does(tmp_path, cluster):
    with Daemon() as one:
        write(tmp_path, one, sites=("alpha",))

        def refuse(handler):
            if handler.path.startswith("/schedule"):
                handler.say({"status": "error", "message": "spider 'news' not found"})
            else:
                handler.ok(one.listed())

        one.misbehave = refuse
        row = deployed(cluster, code=13)["alpha"]
        assert (row["action"], row["detail"]) == ("refused", "n0: answered: spider 'news' not found")
        assert json.loads((tmp_path / "cluster-state.json").read_text())["grants"] == []

        def hang_up(handler):
            if handler.path.startswith("/schedule"):
                handler.close_connection = True
            else:
                handler.ok(one.listed())

        one.misbehave = hang_up
        assert deployed(cluster, code=13)["alpha"]["action"] == "refused"
        one.misbehave = None
        row = deployed(cluster)["alpha"]
        assert (row["action"], row["reason"], row["detail"]) == ("wait", "held", "lost on n0")
        assert not one.queue


def test_a_second_deploy_says_who_is_at_work_and_a_broken_memory_is_told(tmp_path, cluster):
    with Daemon() as one:
        write(tmp_path, one)
        with (tmp_path / "cluster-state.json.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write("process 12345")
            file.flush()
            _, error = cluster("deploy", code=4)
        assert "another deploy is running (process 12345" in error
        (tmp_path / "cluster-state.json").write_text("{")
        _, error = cluster("deploy", code=2)
        assert "is not a cluster state" in error
        assert not one.asked


def test_jobs_of_others_and_a_missing_password_are_shown(tmp_path, cluster):
    with Daemon() as one:
        write(tmp_path, one, sites=("alpha",))
        one.login, one.running = "", ["by-hand", "gone@20991124T000000Z"]
        out, _ = cluster("status")
    assert "ANSWERS WITHOUT A PASSWORD" in out
    assert "jobs that are not ours: by-hand, gone@20991124T000000Z" in out


def test_a_mistake_is_one_line(tmp_path, cluster, capsys):
    write(tmp_path)
    assert "node: needs at least one table" in cluster("plan", code=2)[1].splitlines()[-1]
    with Daemon() as one:
        write(tmp_path, one)
        assert "there is no such site; there are alpha" in cluster("deploy", "--site", "alhpa", code=2)[1]
        with pytest.raises(SystemExit) as ended:
            cluster("go")
        assert ended.value.code == 2
        assert "give plan, deploy or status" in capsys.readouterr().err
