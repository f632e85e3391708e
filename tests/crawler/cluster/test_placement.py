"""Assignment of sites to nodes: stable, by weight, with sites that share a host together."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.cluster import Node
from crawler.cluster.dispatch import groups_of, placed, ranked
from crawler.sites import Site

NAMES = st.lists(st.text("abcdefgh", min_size=1, max_size=6), unique=True, min_size=1, max_size=8)
KEYS = st.lists(st.from_regex(r"[a-z]{1,8}\-paper.org", fullmatch=True), unique=True, min_size=1, max_size=20)
WEIGHTS = st.floats(0.1, 10)


def nodes_of(names, weights=()):
    weights = [*weights, *[1.0] * len(names)]
    return [
        Node(name=name, url=f"http://{name}:6800/", weight=weight) for name, weight in zip(names, weights, strict=False)
    ]


def site(name, *hosts, feeds=()):
    return Site(name=name, seeds=tuple(f"https://{host}/" for host in hosts), hosts=hosts, feeds=feeds)


@settings(max_examples=40, deadline=None)
@given(NAMES, KEYS, st.data())
def test_a_node_that_comes_takes_only_what_it_wins(names, keys, data):
    weights = data.draw(st.lists(WEIGHTS, min_size=len(names), max_size=len(names)))
    before, after = nodes_of(names, weights), [*nodes_of(names, weights), Node(name="new", url="http://new/")]
    for key in keys:
        old, new = ranked(key, before)[0], ranked(key, after)[0]
        assert new in {old, after[-1]}


@settings(max_examples=40, deadline=None)
@given(NAMES, KEYS, st.data())
def test_a_node_that_goes_gives_up_only_what_it_had(names, keys, data):
    nodes = nodes_of(names)
    away = data.draw(st.sampled_from(names))
    for group in groups_of(site(f"s{n}", key) for n, key in enumerate(keys)):
        home, use = placed(group, nodes, gone=[away])
        if home.name != away:
            assert use == home
        else:
            assert use != home
            assert (use is None) == (len(nodes) == 1)


@settings(max_examples=40, deadline=None)
@given(NAMES, KEYS, st.randoms(use_true_random=False))
def test_the_order_of_files_changes_nothing(names, keys, shuffler):
    nodes, sites = nodes_of(names), [site(f"s{n}", key) for n, key in enumerate(keys)]
    plan = {group: placed(group, nodes)[0] for group in groups_of(sites)}
    shuffler.shuffle(nodes)
    shuffler.shuffle(sites)
    assert {group: placed(group, nodes)[0] for group in groups_of(sites)} == plan


def test_each_node_gets_its_share_by_weight():
    nodes = nodes_of(["one", "two", "three"], [1, 2, 5])
    counts = Counter(ranked(f"paper{n}-paper.org", nodes)[0].name for n in range(8000))
    assert 900 < counts["one"] < 1100
    assert 1850 < counts["two"] < 2150
    assert 4800 < counts["three"] < 5200


@settings(max_examples=40, deadline=None)
@given(st.lists(st.frozensets(st.sampled_from("abcdefghij"), min_size=1, max_size=3), min_size=1, max_size=12))
def test_sites_that_share_a_registrable_domain_in_any_way_are_one_group(hosts):
    sites = [
        site(f"s{n}", *[f"www{n}.{letter}-paper.org" for letter in sorted(letters)]) for n, letters in enumerate(hosts)
    ]
    groups = groups_of(sites)
    assert sorted(name for group in groups for name in group.sites) == sorted(each.name for each in sites)
    for one in groups:
        assert one.key == min(one.domains)
        for other in groups:
            assert one is other or not set(one.domains) & set(other.domains)
    for each, letters in zip(sites, hosts, strict=True):
        (group,) = [group for group in groups if each.name in group.sites]
        assert {f"{letter}-paper.org" for letter in letters} <= set(group.domains)
    for group in groups:  # and no larger than it must be: whatever part of it is taken, something ties it to the rest
        for n in range(1, len(group.sites)):
            inside, outside = group.sites[:n], group.sites[n:]
            domains = [
                {d for s in sites if s.name in part for d in groups_of([s])[0].domains} for part in (inside, outside)
            ]
            assert domains[0] & domains[1] or len(group.sites) > 2


def test_ports_subdomains_wildcards_and_feeds_of_a_host_count_as_that_host():
    groups = groups_of(
        [
            site("a", "news.bbc.co.uk"),
            site("b", "*.bbc.co.uk"),
            site("c", "127.0.0.9:8000"),
            site("d", "127.0.0.9:9000"),
            site("e", "morning-paper.org", feeds=("https://feeds.shared-paper.org/paper",)),
            site("f", "other-paper.org", feeds=("https://feeds.shared-paper.org/other",)),
            site("g", "alone-paper.org"),
        ]
    )
    assert [group.sites for group in groups] == [("c", "d"), ("g",), ("a", "b"), ("e", "f")]
