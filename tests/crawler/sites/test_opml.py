"""Lists of feeds are converted to entries of sites.toml and back, whatever they contain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.sites import SiteError, load_sites
from crawler.sites.opml import add_feeds, read_opml, write_opml

LIST = """<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<opml version="1.0"><body><outline text="Papers">
<outline type="rss" text="A &amp; B" xmlUrl="https://a.example/feed.xml" htmlUrl="https://a.example/"/>
<outline type="rss" text="&x;" xmlUrl="https://a.example/sport.xml" htmlUrl="https://a.example/sport"/>
<outline xmlUrl="http://feeds.example/b?x=1&amp;y=2"/>
<outline xmlUrl="javascript:alert(1)" htmlUrl="https://c.example/"/>
<outline text="no feed"/></outline></body></opml>"""


def test_feeds_become_entries_and_known_sites_stay_as_they_are(tmp_path):
    path = tmp_path / "sites.toml"
    path.write_text('# mine\n[site."feeds.example"]\nseeds = ["http://feeds.example/news"]\n')
    added, there = add_feeds(path, read_opml(LIST.encode()))
    sites = load_sites(path)
    assert [sites[name].seeds for name in added] == [("https://a.example/",)]
    assert sites[added[0]].feeds == ("https://a.example/feed.xml", "https://a.example/sport.xml")
    assert there == ["http://feeds.example/"]
    assert path.read_text().startswith("# mine\n")
    assert add_feeds(path, read_opml(LIST.encode()))[0] == []


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "sites.toml"
    add_feeds(path, read_opml(LIST.encode()))
    assert read_opml(write_opml(load_sites(path).values())) == read_opml(LIST.encode())


@pytest.mark.parametrize("data", [b"", b"<rss/>", b"\0\xff", b"[site.a]"])
def test_what_is_no_list_is_refused(data):
    with pytest.raises(SiteError, match="OPML"):
        read_opml(data)


def test_a_list_that_is_cut_or_empty_names_no_feed():
    assert read_opml(b"<opml") == read_opml(b"<opml/>") == {}


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_address_breaks_the_file(feed, page):
    from lxml import etree

    root = etree.Element("opml")
    try:
        etree.SubElement(root, "outline", xmlUrl=f"https://{feed}", htmlUrl=f"https://{page}")
    except ValueError:
        return  # no XML can hold it
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "sites.toml"
        add_feeds(path, read_opml(etree.tostring(root)))
        assert not path.exists() or load_sites(path)
