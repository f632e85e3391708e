"""Dispatch in a simulated world of nodes that die, hang, return and orphan crawls: never two crawls on a host."""

from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.cluster import Cluster, Grant, Node, State
from crawler.cluster.dispatch import (
    ORPHAN_SECONDS,
    Snapshot,
    decisions,
    free_at,
    gone,
    job_id,
    observe,
    pruned,
    read_job_id,
    without,
)
from crawler.cluster.scrapyd import Jobs
from crawler.sites import Site

LEASE, GRACE, DELAY = 100.0, 5.0, 3.0
START = 1_800_000_000.0


def cluster(tmp="state.json", *, names=("one", "two", "three"), interval=0.0):
    nodes = tuple(Node(name=name, url=f"http://{name}:6800/") for name in names)
    return Cluster(nodes=nodes, state=tmp, lease=LEASE, grace=GRACE, interval=interval)


def site(name, host=""):
    host = host or f"{name}-paper.org"
    return Site(name=name, seeds=(f"https://{host}/",), hosts=(host,))


def jobs(*, pending=(), running=(), finished=(), skew=0.0):
    return Jobs(pending=tuple(pending), running=tuple(running), finished=tuple(finished), skew=skew)


def judged(sites, state, answers, *, now=START, whole=None):
    whole = whole or cluster()
    state = observe(state, answers, now=now, lease=LEASE)
    away = gone(whole, state, answers, now=now)
    delays = {each.name: DELAY for each in sites}
    situation = Snapshot(cluster=whole, state=state, answers=answers, away=away, delays=delays, now=now)
    return {verdict.site: verdict for verdict in decisions(sites, situation)}, state


ALL = {"one": jobs(), "two": jobs(), "three": jobs()}


def test_a_site_starts_at_home_and_only_once():
    found, state = judged([site("a")], State(begun=START), ALL)
    home = found["a"].home
    assert (found["a"].action, found["a"].node) == ("start", home)
    job = job_id("a", START + LEASE)
    grant = Grant(site="a", node=home, job=job, granted=START, until=START + LEASE)
    state = replace(state, grants={job: grant})
    for listed, action in ((jobs(pending=[job]), "pending"), (jobs(running=[job]), "running")):
        found, _ = judged([site("a")], state, {**ALL, home: listed}, now=START + 5)
        assert found["a"].action == action
    found, state = judged([site("a")], state, {**ALL, home: jobs(finished=[job])}, now=START + 9)
    assert (found["a"].action, found["a"].reason, found["a"].at) == ("wait", "held", START + 9 + GRACE + DELAY)
    found, _ = judged([site("a")], state, {**ALL, home: jobs(finished=[job])}, now=START + 9 + GRACE + DELAY)
    assert found["a"].action == "start"


def test_a_job_that_a_node_lists_is_known_even_when_the_memory_is_lost():
    job = job_id("a", START + 40)
    found, state = judged([site("a")], State(begun=START), {**ALL, "two": jobs(running=[job])})
    assert (found["a"].action, found["a"].node) == ("running", "two")
    assert state.grants[job].until == START + 40


def test_a_silent_node_keeps_its_sites_until_all_that_it_was_given_is_over():
    found, _ = judged([site("a")], State(begun=0), ALL)
    home = found["a"].home
    job = job_id("a", START + LEASE)
    state = State(
        begun=0,
        heard=dict.fromkeys(ALL, START),
        grants={job: Grant(site="a", node=home, job=job, granted=START, until=START + LEASE)},
    )
    rest = {name: answer for name, answer in ALL.items() if name != home}
    for seconds, action in ((1, "wait"), (LEASE + GRACE, "wait"), (LEASE + GRACE + DELAY, "start")):
        found, state = judged([site("a")], state, rest, now=START + seconds)
        assert found["a"].action == action
    assert found["a"].node not in {home, ""}


def test_an_idle_silent_node_keeps_its_sites_for_lease_and_grace():
    found, state = judged([site("a")], State(begun=0, heard=dict.fromkeys(ALL, START)), ALL)
    home = found["a"].home
    rest = {name: answer for name, answer in ALL.items() if name != home}
    found, _ = judged([site("a")], state, rest, now=START + 5)
    assert (found["a"].reason, found["a"].at) == ("silent", START + LEASE + GRACE)
    found, _ = judged([site("a")], state, rest, now=START + LEASE + GRACE)
    assert found["a"].action == "start"


def test_with_a_new_memory_a_silent_node_may_have_been_given_anything():
    found, _ = judged([site("a")], State(begun=START), ALL)
    rest = {name: answer for name, answer in ALL.items() if name != found["a"].home}
    found, _ = judged([site("a")], State(begun=START), rest, now=START + LEASE)
    assert found["a"].reason == "silent"


def test_a_job_that_its_node_forgot_is_waited_for_as_long_as_an_orphan_can_live():
    found, _ = judged([site("a")], State(begun=0), ALL)
    home, job = found["a"].home, job_id("a", START + LEASE)
    state = State(begun=0, grants={job: Grant(site="a", node=home, job=job, granted=START, until=START + LEASE)})
    found, state = judged([site("a")], state, ALL, now=START + 4)
    assert (found["a"].reason, found["a"].detail) == ("held", f"lost on {home}")
    assert found["a"].at == START + 4 + ORPHAN_SECONDS + GRACE + DELAY
    found, _ = judged([site("a")], state, ALL, now=START + 4 + ORPHAN_SECONDS + GRACE + DELAY)
    assert found["a"].action == "start"
    found, state = judged([site("a")], state, {**ALL, home: jobs(pending=[job])}, now=START + 30)  # it came in late
    assert found["a"].action == "pending"
    assert state.grants[job].ended == 0


def test_a_job_that_is_listed_holds_its_hosts_whatever_the_clock_says():
    job = job_id("a", START + LEASE)
    for listed, action in ((jobs(running=[job]), "running"), (jobs(pending=[job]), "pending")):
        sites = [site("a", "morning-paper.org"), site("b", "morning-paper.org")]
        found, _ = judged(sites, State(begun=0), {**ALL, "two": listed}, now=START + 10 * LEASE)
        assert (found["a"].action, found["a"].node) == (action, "two")
        assert found["b"].reason == "same-hosts"


def test_the_operator_s_word_frees_a_node_s_sites_after_the_grace():
    found, _ = judged([site("a")], State(begun=0), ALL)
    home, job = found["a"].home, job_id("a", START + LEASE)
    state = State(begun=0, grants={job: Grant(site="a", node=home, job=job, granted=START, until=START + LEASE)})
    state = without(state, home, now=START + 5)
    assert free_at(state.grants[job], grace=GRACE, delay=DELAY) == START + 5 + GRACE + DELAY


def test_sites_of_one_host_take_turns_and_the_one_that_waited_longest_is_first():
    sites = [site("a", "morning-paper.org"), site("b", "www.morning-paper.org")]
    found, _ = judged(sites, State(begun=0), ALL)
    assert sorted(verdict.action for verdict in found.values()) == ["start", "wait"]
    home, job = found["a"].home, job_id("a", START + LEASE)
    grant = Grant(site="a", node=home, job=job, granted=START, until=START + LEASE)
    state = State(begun=0, grants={job: grant})
    found, state = judged(sites, state, {**ALL, home: jobs(running=[job])}, now=START + 1)
    assert (found["a"].action, found["b"].reason) == ("running", "same-hosts")
    found, state = judged(sites, state, {**ALL, home: jobs(finished=[job])}, now=START + 10)
    found, _ = judged(sites, state, {**ALL, home: jobs(finished=[job])}, now=START + 10 + GRACE + DELAY)
    assert (found["b"].action, found["a"].reason) == ("start", "same-hosts")


def test_a_node_whose_clock_is_off_gets_no_jobs():
    found, _ = judged([site("a")], State(begun=0), {name: jobs(skew=-GRACE) for name in ALL})
    assert (found["a"].action, found["a"].reason) == ("wait", "clock")


def test_a_site_is_not_started_again_before_its_interval():
    whole = cluster(interval=600.0)
    job = job_id("a", START + LEASE)
    grant = Grant(site="a", node="one", job=job, granted=START, until=START + LEASE, ended=START + 5, how="finished")
    state = State(begun=0, grants={job: grant})
    found, _ = judged([site("a")], state, ALL, now=START + 599, whole=whole)
    assert (found["a"].reason, found["a"].at) == ("not-due", START + 600)
    found, _ = judged([site("a")], state, ALL, now=START + 600, whole=whole)
    assert found["a"].action == "start"


def test_what_binds_nobody_is_forgotten_but_for_each_site_s_last():
    old, last = (
        Grant(site="a", node="one", job=job_id("a", t + LEASE), granted=t, until=t + LEASE, ended=t + 5, how="finished")
        for t in (START, START + 200)
    )
    state = State(begun=0, grants={old.job: old, last.job: last})
    kept = pruned(state, grace=GRACE, delays={"a": DELAY}, longest=DELAY, now=START + 5000)
    assert list(kept.grants) == [last.job]


@pytest.mark.parametrize(
    "job", ["a", "a@", "a@20261340T000000Z", "A@20261124T000000Z", "../a@20261124T000000Z", "a@20261124T000000Z "]
)
def test_jobs_that_are_not_ours_are_told(job):
    assert read_job_id(job) is None


@given(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True), st.integers(0, 4_000_000_000))
def test_a_job_s_id_says_its_site_and_the_end_of_its_lease(name, until):
    assert read_job_id(job_id(name, until)) == (name, float(until))


# --- a made-up world ---------------------------------------------------------------------------------------------------------------


@dataclass
class Run:
    """A crawl in the world: it asks its host from `start` on, until it is `done`, its lease ends, or its parent's end reaches it."""

    site: str
    start: float
    end: float


@dataclass
class Host:
    """A node: what its scrapyd knows, whether it answers, and the crawls on it, orphans among them."""

    up: bool = True
    reachable: bool = True
    pending: list = field(default_factory=list)
    running: dict = field(default_factory=dict)
    finished: list = field(default_factory=list)


class World:
    def __init__(self, sites, seed):
        self.sites, self.now, self.random = sites, START, seed
        self.cluster = cluster()
        self.hosts = {node.name: Host() for node in self.cluster.nodes}
        self.state = State(begun=START)
        self.runs = []

    def let_time_pass(self, seconds):
        """Crawls end by themselves or by their lease; queued ones begin if their lease is not over."""
        self.now += seconds
        for host in self.hosts.values():
            if not host.up:
                continue
            for job, run in list(host.running.items()):
                if run.end <= self.now:
                    host.finished.insert(0, job)
                    del host.running[job]
            for job in host.pending[: 2 - len(host.running)]:
                host.pending.remove(job)
                name, until = read_job_id(job)
                end = min(self.now + self.random.choice([2.0, 30.0, 400.0]), until)
                if end > self.now:
                    run = Run(name, self.now, end)
                    self.runs.append(run)
                    host.running[job] = run
                else:
                    host.finished.insert(0, job)

    def kill_daemon(self, name):
        """Its crawls are orphans: they end within ORPHAN_SECONDS, or with their lease."""
        host = self.hosts[name]
        for run in host.running.values():
            run.end = min(run.end, self.now + self.random.choice([0.0, 1.0, ORPHAN_SECONDS]))
        host.running.clear()
        host.up = False

    def round(self, *, answer_lost=False):
        answers = {
            name: jobs(pending=host.pending, running=host.running, finished=host.finished)
            for name, host in self.hosts.items()
            if host.up and host.reachable
        }
        found, self.state = judged(self.sites, self.state, answers, now=self.now, whole=self.cluster)
        for verdict in found.values():
            if verdict.action == "start":
                until = float(int(self.now + LEASE))
                job = job_id(verdict.site, until)
                grant = Grant(site=verdict.site, node=verdict.node, job=job, granted=self.now, until=until)
                self.state = replace(self.state, grants={**self.state.grants, job: grant})
                if not answer_lost or self.random.random() < 0.5:
                    self.hosts[verdict.node].pending.append(job)
        self.state = pruned(self.state, grace=GRACE, delays={}, longest=DELAY, now=self.now)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["pass", "pass", "pass", "kill", "restart", "cut", "heal", "lost-answer", "forget"]),
        st.sampled_from(["one", "two", "three"]),
        st.sampled_from([0.5, 3.0, 15.0, 60.0, 130.0]),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.randoms(use_true_random=False))
def test_whatever_happens_to_the_nodes_no_host_is_asked_by_two_crawls(events, seed):
    sites = [site("a"), site("b"), site("c", "shared-paper.org"), site("d", "www.shared-paper.org")]
    world = World(sites, seed)
    for kind, name, seconds in events:
        host = world.hosts[name]
        if kind == "kill" and host.up:
            world.kill_daemon(name)
        elif kind == "restart":
            host.up = True  # with its queue, and without what ran
        elif kind in {"cut", "heal"}:
            host.reachable = kind == "heal"
        elif kind == "forget" and all(each.up and each.reachable for each in world.hosts.values()):
            world.let_time_pass(ORPHAN_SECONDS + DELAY)
            world.state = State(begun=world.now)
        world.let_time_pass(seconds)
        world.round(answer_lost=kind == "lost-answer")
    for group in ({"a"}, {"b"}, {"c", "d"}):
        runs = sorted((run for run in world.runs if run.site in group), key=lambda run: run.start)
        for before, after in pairwise(runs):
            assert after.start >= before.end, (before, after)


@settings(max_examples=15, deadline=None)
@given(EVENTS, st.randoms(use_true_random=False))
def test_when_the_nodes_are_well_again_every_site_is_crawled_again(events, seed):
    sites = [site("a"), site("b"), site("c", "shared-paper.org"), site("d", "www.shared-paper.org")]
    world = World(sites, seed)
    for kind, name, seconds in events:
        if kind == "kill" and world.hosts[name].up:
            world.kill_daemon(name)
        elif kind == "cut":
            world.hosts[name].reachable = False
        world.let_time_pass(seconds)
        world.round()
    for host in world.hosts.values():
        host.up = host.reachable = True
    well = world.now
    for _ in range(200):
        world.let_time_pass(5.0)
        world.round()
    assert {run.site for run in world.runs if run.start > well} == {"a", "b", "c", "d"}
