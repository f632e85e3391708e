"""nodes.toml is read, and a mistake is reported with its key."""

from pathlib import Path

import pytest

from crawler.cluster import NodesError, load_cluster

ROOT = Path(__file__).parents[3]


def load(tmp_path, text, **environ):
    path = tmp_path / "nodes.toml"
    path.write_text(text, "utf-8")
    return load_cluster(path, environ=environ)


def test_the_file_in_deploy_is_understood():
    cluster = load_cluster(
        ROOT / "deploy" / "cluster" / "nodes.toml", environ={"WARRAQ_NODE_ONE": "a", "WARRAQ_NODE_TWO": "b"}
    )
    assert [(node.name, node.username, node.password, node.weight) for node in cluster.nodes] == [
        ("one", "warraq", "a", 1.0),
        ("two", "warraq", "b", 2.0),
    ]
    assert cluster.patience == cluster.lease + cluster.grace


def test_a_password_comes_from_a_file_and_is_never_shown(tmp_path):
    (tmp_path / "secret").write_text("quiet\n")
    cluster = load(tmp_path, '[node.a]\nurl = "https://a.example:6800/x"\nusername = "u"\npassword_file = "secret"')
    (node,) = cluster.nodes
    assert (node.password, node.url) == ("quiet", "https://a.example:6800/x/")
    assert "quiet" not in repr(cluster)
    assert cluster.state == tmp_path / "cluster-state.json"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "node"),
        ("lese = 1", "lese"),
        ("lease = 1\n[node.a]\nurl = 'http://a:1/'", "lease"),
        ("lease = true\n[node.a]\nurl = 'http://a:1/'", "lease"),
        ("state = 1\n[node.a]\nurl = 'http://a:1/'", "state"),
        ("[node.A]\nurl = 'http://a:1/'", "node.A"),
        ("[node.a]\nurl = 'ftp://a:1/'", "node.a.url"),
        ("[node.a]\nurl = 'http://a:99999/'", "node.a.url"),
        ("[node.a]\nurl = 'http://u:p@a:1/'", "node.a.url"),
        ("[node.a]\nurl = 1", "node.a.url"),
        ("[node.a]\nurl = 'http://a:1/'\n[node.b]\nurl = 'http://a:1'", "node.b.url"),
        ("[node.a]\nurl = 'http://a:1/'\nweight = 0", "node.a.weight"),
        ("[node.a]\nurl = 'http://a:1/'\nwieght = 1", "node.a.wieght"),
        ("[node.a]\nurl = 'http://a:1/'\npassword_env = 'X'", "node.a.username"),
        ("[node.a]\nurl = 'http://a:1/'\nusername = 'u'", "node.a.password_env"),
        ("[node.a]\nurl = 'http://a:1/'\nusername = 'u'\npassword_env = 'X'", "node.a.password_env"),
        ("[node.a]\nurl = 'http://a:1/'\nusername = 'u'\npassword_file = 'none'", "node.a.password_file"),
        ("node = 1", "node"),
        ("[node]\na = 1", "node.a"),
        ("[node.a", ""),
    ],
)
def test_a_mistake_is_told_with_its_key(tmp_path, text, key):
    with pytest.raises(NodesError) as caught:
        load(tmp_path, text)
    assert caught.value.key == key
    assert str(caught.value).startswith(f"{tmp_path / 'nodes.toml'}: {key}")
